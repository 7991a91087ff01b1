/* SPDX-License-Identifier: MIT */
/*
 * Rounds. All series of a comparison are open at the same time and take turns: A B C, B C A, C A B ... So each round of a
 * series is close in time to a round of every other series, changes of the machine affect all of them alike, and the ratio of
 * two series is taken round by round.
 */
#ifndef BENCH_MEASURE_SERIES_H
#define BENCH_MEASURE_SERIES_H

#include "bench/measure/pair.h"
#include "bench/measure/statistics.h"

enum {
    BENCH_ROUNDS_MAX = 101,
    BENCH_SLICES =
        5, /* parts of a round, if the sides are not pinned: the scheduler may choose other CPUs in each part */
    BENCH_PARTS_MAX = BENCH_ROUNDS_MAX * BENCH_SLICES,
};

enum bench_metric {
    BENCH_MEDIAN,  /* of the latency, in nanoseconds */
    BENCH_MIDMEAN, /* mean of the middle half: as robust as the median, and not limited to the steps of the clock */
    BENCH_P90,
    BENCH_P99,
    BENCH_P999,
    BENCH_MAX,
    BENCH_MEAN,
    BENCH_RATE,         /* calls a second */
    BENCH_RATE_PER_CPU, /* calls per second of the server's CPU time */
    BENCH_CLIENT_CPU,   /* nanoseconds of CPU time per call */
    BENCH_SERVER_CPU,
    BENCH_CPU,             /* of both sides */
    BENCH_CLIENT_SWITCHES, /* context switches per call */
    BENCH_SERVER_SWITCHES,
    BENCH_TOTAL,   /* of the whole run, in nanoseconds */
    BENCH_CROSSED, /* the share of calls after which the sides were on different CPUs; -1 if not watched */
    BENCH_METRICS,
};

/* Returns the metric's name in JSON and CSV. */
const char *bench_metric_name(enum bench_metric metric);

struct bench_series {
    /* input */
    const struct bench_subject *subject;
    struct bench_workload workload;
    enum bench_placement placement;

    /* results */
    char error[256]; /* empty, or why there are no results */
    uint32_t rounds; /* complete rounds, or parts of them */
    uint64_t calls;  /* in all rounds */
    double values[BENCH_METRICS][BENCH_PARTS_MAX];
    struct bench_histogram latency;        /* of all rounds, in ticks */
    uint64_t server_memory, client_memory; /* bytes after the last round, see bench_usage_resident */
    struct bench_pair pair;
};

struct bench_plan {
    uint32_t rounds;
    uint64_t run_ns;    /* how long each series runs in a round */
    uint64_t run_calls; /* if not 0, the most calls of a round */
    const char *title;  /* for the progress bar */
    uint64_t *expected; /* if not NULL, nothing is measured, and the nanoseconds that it would take are added here */
};

/* Returns about how long bench_measure takes for `count` series. */
uint64_t bench_measure_time(size_t count, const struct bench_plan *plan);

/* Measures `count` series. A series that fails gets an error and takes no part in further rounds; the others continue. */
void bench_measure(struct bench_series *const *series, size_t count, const struct bench_plan *plan);

/* Summarizes a metric over the rounds. For a series without rounds, all values are 0. */
struct bench_summary bench_series_metric(const struct bench_series *series, enum bench_metric metric);

/*
 * Summarizes the ratios left / right, round by round. A round in which one subject kept to one CPU and the other did not
 * compares different things: if enough rounds are alike, only those count.
 */
struct bench_summary bench_series_ratio(const struct bench_series *left, const struct bench_series *right,
                                        enum bench_metric metric);

/* The distance of the two CPUs in a round: the host of a virtual machine may move its CPUs, also during a measurement. */
enum bench_distance {
    BENCH_ANY_DISTANCE,
    BENCH_SEPARATE_CORES, /* a cache line takes long */
    BENCH_SHARED_CORE,    /* a cache line takes little time: both CPUs are threads of one core */
};

/*
 * As bench_series_ratio, but only over the rounds in which the CPUs had this distance. The latency of `right`, which is one
 * cache line there and back, tells it. All values are 0 if there was no such round.
 */
struct bench_summary bench_series_ratio_at(const struct bench_series *left, const struct bench_series *right,
                                           enum bench_metric metric, enum bench_distance distance);

/* Returns the share of all calls after which the two sides were on different CPUs; -1 if that was not watched. */
double bench_series_crossed(const struct bench_series *series);

/* Returns a quantile of the latencies of all rounds together, in nanoseconds. */
double bench_series_quantile(const struct bench_series *series, double quantile);

#endif
