/* SPDX-License-Identifier: MIT */
/* Order statistics of a few values, and confidence intervals of the median. */
#include "bench/measure/statistics.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Returns the probability that at most `k` of `n` fair coins show heads. */
static double binomial_tail(size_t n, size_t k)
{
    double term = 1;
    double sum;

    for (size_t i = 0; i < n; i++)
        term /= 2;
    sum = term;
    for (size_t i = 1; i <= k; i++) {
        term = term * (double)(n - i + 1) / (double)i;
        sum += term;
    }
    return sum;
}

/*
 * The true median is between the k-th smallest and the k-th largest value, unless fewer than k values are on one side of it.
 * This takes the largest k with a confidence of at least 95 %.
 */
static void confide(struct bench_summary *summary, const double *sorted, size_t count)
{
    size_t k = 0;

    while (k + 1 < (count + 1) / 2 && 1 - 2 * binomial_tail(count, k + 1) >= 0.95)
        k++;
    summary->lower = sorted[k];
    summary->upper = sorted[count - 1 - k];
    summary->confidence = count > 1 ? 1 - 2 * binomial_tail(count, k) : 0;
}

struct bench_summary bench_summarize(double *values, size_t count)
{
    struct bench_summary summary = { 0 };

    qsort(values, count, sizeof(*values), compare);
    summary.count = count;
    summary.median = count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
    summary.least = values[0];
    summary.most = values[count - 1];
    confide(&summary, values, count);
    return summary;
}
