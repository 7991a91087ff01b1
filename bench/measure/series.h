/* SPDX-License-Identifier: MIT */
/*
 * Rounds. All series of a comparison are open at the same time and take turns: A B C, B C A, C A B ... Each round of a
 * series lies close in time to one of every other, so that what the machine does meanwhile hits all of them alike, and the
 * ratio of two series is taken round by round.
 */
#ifndef BENCH_MEASURE_SERIES_H
#define BENCH_MEASURE_SERIES_H

#include "bench/measure/pair.h"
#include "bench/measure/statistics.h"

enum {
    BENCH_ROUNDS_MAX = 101,
    BENCH_SLICES = 5, /* unpinned, a round is divided: the scheduler may choose other CPUs in each part */
    BENCH_PARTS_MAX = BENCH_ROUNDS_MAX * BENCH_SLICES,
};

enum bench_metric {
    BENCH_MEDIAN,  /* latency, in nanoseconds */
    BENCH_MIDMEAN, /* the mean of its middle half: as robust, and not bound to the steps of the clock */
    BENCH_P90,
    BENCH_P99,
    BENCH_P999,
    BENCH_MAX,
    BENCH_MEAN,
    BENCH_RATE,         /* calls a second */
    BENCH_RATE_PER_CPU, /* calls per second of the server's CPU time */
    BENCH_CLIENT_CPU,   /* nanoseconds of CPU time per call */
    BENCH_SERVER_CPU,
    BENCH_CPU,             /* of both */
    BENCH_CLIENT_SWITCHES, /* context switches per call */
    BENCH_SERVER_SWITCHES,
    BENCH_TOTAL,   /* the whole run, in nanoseconds */
    BENCH_CROSSED, /* the share of calls after which the sides were on different CPUs; -1: not watched */
    BENCH_METRICS,
};

/* The metric's name in JSON and CSV. */
const char *bench_metric_name(enum bench_metric metric);

struct bench_series {
    /* in */
    const struct bench_subject *subject;
    struct bench_workload workload;
    enum bench_placement placement;

    /* out */
    char error[256]; /* empty, or why there are no results */
    uint32_t rounds; /* that were completed, or parts of them */
    uint64_t calls;  /* in all of them */
    double values[BENCH_METRICS][BENCH_PARTS_MAX];
    struct bench_histogram latency;        /* of all rounds, in ticks */
    uint64_t server_memory, client_memory; /* bytes after the last round, see bench_usage_resident */
    struct bench_pair pair;
};

struct bench_plan {
    uint32_t rounds;
    uint64_t run_ns;    /* how long each series runs in a round */
    uint64_t run_calls; /* if not 0: at most so many calls in a round */
    const char *title;  /* for the progress bar */
    uint64_t *expected; /* if not NULL: nothing is measured, and the nanoseconds that it would take are added here */
};

/* About how long bench_measure takes for `count` series. */
uint64_t bench_measure_time(size_t count, const struct bench_plan *plan);

/* Measures `count` series. A series that fails gets its error and is left out of further rounds; the others go on. */
void bench_measure(struct bench_series *const *series, size_t count, const struct bench_plan *plan);

/* The median of a metric over the rounds and so on; a series without rounds has zeros. */
struct bench_summary bench_series_metric(const struct bench_series *series, enum bench_metric metric);

/*
 * The same of the ratios left / right, round by round. Rounds in which one of the two kept to one CPU and the other did not
 * are different experiments: where enough rounds are alike, only these count.
 */
struct bench_summary bench_series_ratio(const struct bench_series *left, const struct bench_series *right,
                                        enum bench_metric metric);

/* Which rounds count: the host of a virtual machine moves its CPUs, also in the middle of a measurement. */
enum bench_distance {
    BENCH_ANY_DISTANCE,
    BENCH_SEPARATE_CORES, /* a cache line takes its time */
    BENCH_SHARED_CORE,    /* it is there at once: both CPUs are threads of one core */
};

/*
 * The same, of those rounds alone in which the latency of `right`, which is one cache line there and back, says that the
 * CPUs had this distance. Zeros where there was no such round.
 */
struct bench_summary bench_series_ratio_at(const struct bench_series *left, const struct bench_series *right,
                                           enum bench_metric metric, enum bench_distance distance);

/* The share of all rounds' calls after which the two sides were on different CPUs; -1 if that was not watched. */
double bench_series_crossed(const struct bench_series *series);

/* A quantile of the latencies of all rounds together, in nanoseconds. */
double bench_series_quantile(const struct bench_series *series, double quantile);

#endif
