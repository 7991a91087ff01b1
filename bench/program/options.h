/* SPDX-License-Identifier: MIT */
/* What the user of hprpc-bench asks for. */
#ifndef BENCH_PROGRAM_OPTIONS_H
#define BENCH_PROGRAM_OPTIONS_H

#include "bench/measure/series.h"

enum { OPTIONS_LIST_MAX = 16 };

struct list {
    uint32_t values[OPTIONS_LIST_MAX];
    uint32_t count;
};

enum bench_task {
    BENCH_TASK_COMPARE, /* whatever the other options say */
    BENCH_TASK_GOALS,   /* the project's goals, one by one */
    BENCH_TASK_PAPER,   /* the paper's experiment */
    BENCH_TASK_PEERS,   /* beside other frameworks */
    BENCH_TASK_CALLS,   /* system calls per call */
    BENCH_TASK_SCALING, /* how cost grows */
    BENCH_TASK_LIST,    /* what there is to measure */
};

struct bench_options {
    enum bench_task task;
    const char *uris[OPTIONS_LIST_MAX];
    uint32_t uri_count;
    bool connect;           /* the URIs are of servers that run already */
    bool floors;            /* beside the floors */
    bool shared;            /* threads share the connections */
    struct list operations; /* enum bench_operation */
    struct list sizes;      /* empty, these four, where the user named none: the task chooses */
    struct list depths;
    struct list connections;
    struct list threads;
    struct list idle;
    struct list waits;      /* enum hprpc_wait */
    struct list placements; /* enum bench_placement */
    uint64_t rate;
    uint32_t greedy, bulk; /* connections of other clients */
    struct bench_plan plan;
    bool quiet;        /* without a progress bar */
    const char *peers; /* the folder of the peers' programs */
    const char *json, *csv;
};

/* Reads the command line; prints what is wrong with it, or the help, and exits. */
void bench_options_parse(struct bench_options *options, int argc, char **argv);

#endif
