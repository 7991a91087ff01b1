/* SPDX-License-Identifier: MIT */
/* Statistics over the rounds of a measurement, of which there are few: order statistics, which assume no distribution. */
#ifndef BENCH_MEASURE_STATISTICS_H
#define BENCH_MEASURE_STATISTICS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench_summary {
    size_t count; /* of the values */
    double median;
    double least, most;  /* the spread */
    double lower, upper; /* a confidence interval of the median: two of the values themselves */
    double confidence;   /* what it holds with: at least 0.95 where the rounds suffice for that (6 or more) */
};

/* Summarizes `count` (at least 1) values. Sorts them in place. */
struct bench_summary bench_summarize(double *values, size_t count);

#ifdef __cplusplus
}
#endif

#endif
