/* SPDX-License-Identifier: MIT */
/*
 * Time for measurements. Nanoseconds come from CLOCK_MONOTONIC. Calls of less than a microsecond are timed by the CPU's
 * time-stamp counter, which costs a third of a clock_gettime, and is calibrated against that clock.
 */
#ifndef BENCH_MEASURE_CLOCK_H
#define BENCH_MEASURE_CLOCK_H

#include <stdint.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

static inline uint64_t bench_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* A tick is one step of the time-stamp counter, or a nanosecond where there is none. */
static inline uint64_t bench_ticks(void)
{
#if defined(__x86_64__)
    return __rdtsc();
#else
    return bench_now();
#endif
}

static inline void bench_pause(void)
{
#if defined(__x86_64__)
    _mm_pause();
#endif
}

/* Returns the nanoseconds per tick. The first call takes 20 ms to calibrate; forked children inherit the result. */
double bench_tick_length(void);

static inline uint64_t bench_ticks_of(uint64_t ns)
{
    return (uint64_t)((double)ns / bench_tick_length());
}

#ifdef __cplusplus
}
#endif

#endif
