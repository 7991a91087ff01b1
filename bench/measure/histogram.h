/* SPDX-License-Identifier: MIT */
/*
 * A log-linear histogram: every power of two is divided into 256 equal steps, so any value is known to within 0.4 %, in a fixed
 * amount of memory. Zeroed memory is an empty histogram.
 */
#ifndef BENCH_MEASURE_HISTOGRAM_H
#define BENCH_MEASURE_HISTOGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    BENCH_HISTOGRAM_BITS = 8,
    BENCH_HISTOGRAM_STEPS = 1 << BENCH_HISTOGRAM_BITS,
    BENCH_HISTOGRAM_POWERS = 36, /* values to 2^43 ticks, about an hour; larger values count as 2^43 */
    BENCH_HISTOGRAM_BUCKETS = BENCH_HISTOGRAM_POWERS * BENCH_HISTOGRAM_STEPS,
};

struct bench_histogram {
    uint64_t total;
    uint64_t sum;
    uint64_t max;
    uint64_t buckets[BENCH_HISTOGRAM_BUCKETS];
};

static inline uint32_t bench_histogram_index(uint64_t value)
{
    uint32_t power, index;

    if (value < BENCH_HISTOGRAM_STEPS)
        return (uint32_t)value;
    power = 63u - (uint32_t)__builtin_clzll(value) - BENCH_HISTOGRAM_BITS;
    index = (power + 1) * BENCH_HISTOGRAM_STEPS + (uint32_t)((value >> power) - BENCH_HISTOGRAM_STEPS);
    return index < BENCH_HISTOGRAM_BUCKETS ? index : BENCH_HISTOGRAM_BUCKETS - 1;
}

static inline void bench_histogram_add(struct bench_histogram *histogram, uint64_t value)
{
    histogram->buckets[bench_histogram_index(value)]++;
    histogram->total++;
    histogram->sum += value;
    if (value > histogram->max)
        histogram->max = value;
}

void bench_histogram_merge(struct bench_histogram *histogram, const struct bench_histogram *other);

/*
 * Returns the value that a share `quantile` (0 to 1) of the values does not exceed, interpolated within its step; 0 if empty.
 */
double bench_histogram_quantile(const struct bench_histogram *histogram, double quantile);

/* Returns the mean of the middle half of the values, from the first quartile to the third; 0 if empty. */
double bench_histogram_midmean(const struct bench_histogram *histogram);

#ifdef __cplusplus
}
#endif

#endif
