/* SPDX-License-Identifier: MIT */
/* The project's performance goals, one by one. */
#ifndef BENCH_PROGRAM_GOALS_H
#define BENCH_PROGRAM_GOALS_H

#include "bench/program/options.h"
#include "bench/program/set.h"

enum bench_sense {
    BENCH_AT_MOST,
    BENCH_AT_LEAST,
    BENCH_REPORTED, /* a ratio to know, without a goal */
};

/* What one goal came to. */
struct bench_outcome {
    const char *name;
    const char *where; /* the placement, or "" */
    enum bench_sense sense;
    double pass, aim;
    bool measured;
    char why[128];              /* it was not measured */
    struct bench_summary ratio; /* of times, of rates, or the number itself where the goal is one */
    char left[64];              /* the subject that counts, where it was one of several */
    double crossed[2];          /* see bench_series_crossed, of left and right; -1 where it is not known */
};

/* A goal that is a ratio of two subjects in one workload. */
struct bench_goal {
    const char *name;
    struct bench_workload workload;
    enum bench_placement placement;
    /* as for bench_resolve, `left` of one or several, with '|' between them, of which the best counts; `right` is NULL
       where the left one's time itself is the goal */
    const char *left, *right;
    enum bench_metric metric;
    enum bench_sense sense;
    double pass, aim;
    double divisor;               /* of a time itself */
    enum bench_distance distance; /* of the CPUs in the rounds that count */
};

extern const struct bench_goal bench_goals[];
extern const size_t bench_goal_count;

/* Goals that are not ratios of two subjects in one workload, see specials.h. Their number. */
size_t bench_special_goals(const struct bench_options *options, struct bench_outcome *ret_outcomes, size_t capacity);

/* Measures all of them, prints and writes them. */
void bench_goals_run(const struct bench_options *options, struct bench_outputs *outputs);

#endif
