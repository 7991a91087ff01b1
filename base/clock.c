/* SPDX-License-Identifier: MIT */
/* The machine's monotonic clock, by clock_gettime. */
#include "base/clock.h"
#include "base/deadline.h"

#include <time.h>

uint64_t hprpc__clock_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * HPRPC__SECOND + (uint64_t)time.tv_nsec;
}
