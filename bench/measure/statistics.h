/* SPDX-License-Identifier: MIT */
/* Statistics of the few rounds of a measurement: order statistics, which assume no distribution. */
#ifndef BENCH_MEASURE_STATISTICS_H
#define BENCH_MEASURE_STATISTICS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench_summary {
    size_t count; /* how many values */
    double median;
    double least, most;  /* the smallest and the largest value */
    double lower, upper; /* a confidence interval of the median: two of the values themselves */
    double confidence;   /* the confidence of that interval: at least 0.95 with 6 values or more */
};

/* Summarizes `count` (at least 1) values. Sorts them in place. */
struct bench_summary bench_summarize(double *values, size_t count);

#ifdef __cplusplus
}
#endif

#endif
