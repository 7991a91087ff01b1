/* SPDX-License-Identifier: MIT */
/* The machine's monotonic clock. */
#ifndef HPRPC_BASE_CLOCK_H
#define HPRPC_BASE_CLOCK_H

#include <stdint.h>

#include "base/deadline.h"

/* Nanoseconds since an origin that does not change while the machine runs; setting the time of day does not move it. */
uint64_t hprpc__clock_now(void);

/* A counter that goes up evenly and is cheaper to read than the clock. Only differences mean anything, on one machine. */
static inline uint64_t hprpc__ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;

    __asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return hprpc__clock_now();
#endif
}

/* The ticks of ten milliseconds; where the counter goes faster than assumed here, of a few milliseconds. */
static inline uint64_t hprpc__ticks_of_silence(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return 8000000; /* no such machine counts fewer than 800 million ticks a second */
#elif defined(__aarch64__)
    uint64_t frequency;

    __asm__ __volatile__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return frequency / 100;
#else
    return 10 * HPRPC__MILLISECOND;
#endif
}

#endif
