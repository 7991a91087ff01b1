/* SPDX-License-Identifier: MIT */
/* The project's performance goals, one by one. */
#ifndef BENCH_PROGRAM_GOALS_H
#define BENCH_PROGRAM_GOALS_H

#include "bench/program/options.h"
#include "bench/program/set.h"

enum bench_sense {
    BENCH_AT_MOST,
    BENCH_AT_LEAST,
    BENCH_REPORTED, /* a ratio without a goal */
};

/* The result of one goal. */
struct bench_outcome {
    const char *name;
    const char *where; /* the placement, or "" */
    enum bench_sense sense;
    double pass, aim;
    bool measured;
    char why[128];              /* why it was not measured */
    struct bench_summary ratio; /* of times or of rates; or the number itself, if that is the goal */
    char left[64];              /* the best subject, if there were several */
    double crossed[2];          /* see bench_series_crossed, of left and right; -1 if unknown */
};

/* A goal that is a ratio of two subjects in one workload. */
struct bench_goal {
    const char *name;
    struct bench_workload workload;
    enum bench_placement placement;
    /*
     * as for bench_resolve. `left` is one name, or several with '|' between them, of which the best counts. `right` is NULL if
     * the time of `left` itself is the goal.
     */
    const char *left, *right;
    enum bench_metric metric;
    enum bench_sense sense;
    double pass, aim;
    double divisor;               /* if `right` is NULL: the time is divided by this */
    enum bench_distance distance; /* only rounds with this distance of the CPUs count */
};

extern const struct bench_goal bench_goals[];
extern const size_t bench_goal_count;

/* Measures the goals that are not ratios of two subjects in one workload, see specials.h. Returns how many there are. */
size_t bench_special_goals(const struct bench_options *options, struct bench_outcome *ret_outcomes, size_t capacity);

/* Measures all goals, and prints and writes the results. */
void bench_goals_run(const struct bench_options *options, struct bench_outputs *outputs);

#endif
