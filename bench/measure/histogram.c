/* SPDX-License-Identifier: MIT */
/* Quantiles and means of a histogram. */
#include "bench/measure/histogram.h"

void bench_histogram_merge(struct bench_histogram *histogram, const struct bench_histogram *other)
{
    for (uint32_t i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++)
        histogram->buckets[i] += other->buckets[i];
    histogram->total += other->total;
    histogram->sum += other->sum;
    if (other->max > histogram->max)
        histogram->max = other->max;
}

/* Returns the smallest value of a bucket. The bucket ends where the next one starts. */
static double bucket_start(uint32_t index)
{
    uint32_t power = index / BENCH_HISTOGRAM_STEPS;
    uint32_t step = index % BENCH_HISTOGRAM_STEPS;

    if (power == 0)
        return step;
    return (double)((uint64_t)(BENCH_HISTOGRAM_STEPS + step) << (power - 1));
}

/* Returns the mean of the whole numbers in a bucket. */
static double bucket_middle(uint32_t index)
{
    return (bucket_start(index) + bucket_start(index + 1) - 1) / 2;
}

double bench_histogram_quantile(const struct bench_histogram *histogram, double quantile)
{
    double wanted = quantile * (double)histogram->total;
    double before = 0;

    for (uint32_t i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) {
        double here = (double)histogram->buckets[i];

        if (here > 0 && before + here >= wanted) {
            double start = bucket_start(i);
            double value = start + (bucket_start(i + 1) - start) * (wanted - before) / here;

            return value < (double)histogram->max ? value : (double)histogram->max;
        }
        before += here;
    }
    return (double)histogram->max;
}

double bench_histogram_midmean(const struct bench_histogram *histogram)
{
    double first = (double)histogram->total * 0.25;
    double last = (double)histogram->total * 0.75;
    double before = 0;
    double sum = 0;

    for (uint32_t i = 0; i < BENCH_HISTOGRAM_BUCKETS && before < last; i++) {
        double after = before + (double)histogram->buckets[i];
        double low = before > first ? before : first;
        double high = after < last ? after : last;

        if (high > low)
            sum += (high - low) * bucket_middle(i);
        before = after;
    }
    return last > first ? sum / (last - first) : 0;
}
