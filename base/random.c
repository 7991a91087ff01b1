/* SPDX-License-Identifier: MIT */
/* Random numbers by getrandom. */
#include "base/random.h"

#include <sys/random.h>

#include "base/clock.h"

uint64_t hprpc__random(void)
{
    uint64_t number;

    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) == (ssize_t)sizeof(number))
        return number;
    /* a multiplier of splitmix64: spreads the low bits of the clock over all bits */
    return hprpc__clock_now() * UINT64_C(0xbf58476d1ce4e5b9);
}
