/* SPDX-License-Identifier: MIT */
/* Calibrates the time-stamp counter against CLOCK_MONOTONIC. */
#include "bench/measure/clock.h"

/* Reads both clocks as close to one moment as possible: takes the shortest of some tries. */
static void read_both(uint64_t *ret_ns, uint64_t *ret_ticks)
{
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < 32; i++) {
        uint64_t before = bench_ticks();
        uint64_t ns = bench_now();
        uint64_t after = bench_ticks();

        if (after - before < best) {
            best = after - before;
            *ret_ns = ns;
            *ret_ticks = before + (after - before) / 2;
        }
    }
}

double bench_tick_length(void)
{
    static double length;
    uint64_t ns[2] = { 0 };
    uint64_t ticks[2] = { 0 };

    if (length > 0)
        return length;
    read_both(&ns[0], &ticks[0]);
    while (bench_now() - ns[0] < 20000000u)
        bench_pause();
    read_both(&ns[1], &ticks[1]);
    length = (double)(ns[1] - ns[0]) / (double)(ticks[1] - ticks[0]);
    return length;
}
