/* SPDX-License-Identifier: MIT */
/* The options of hprpc-bench. */
#ifndef BENCH_PROGRAM_OPTIONS_H
#define BENCH_PROGRAM_OPTIONS_H

#include "bench/measure/series.h"

enum { OPTIONS_LIST_MAX = 16 };

struct list {
    uint32_t values[OPTIONS_LIST_MAX];
    uint32_t count;
};

enum bench_task {
    BENCH_TASK_COMPARE, /* compares transports as the other options say */
    BENCH_TASK_GOALS,   /* measures the project's goals */
    BENCH_TASK_PAPER,   /* repeats the paper's experiment */
    BENCH_TASK_PEERS,   /* compares with other frameworks */
    BENCH_TASK_CALLS,   /* counts system calls per call */
    BENCH_TASK_SCALING, /* measures how cost grows */
    BENCH_TASK_ENGINES, /* compares the engines of TCP connections */
    BENCH_TASK_LIST,    /* lists what can be measured */
};

struct bench_options {
    enum bench_task task;
    const char *uris[OPTIONS_LIST_MAX];
    uint32_t uri_count;
    bool connect;           /* the URIs are those of running servers */
    bool floors;            /* compare with the floors too */
    bool shared;            /* threads share the connections */
    struct list operations; /* enum bench_operation */
    struct list
        sizes; /* empty if the user gave none; with BENCH_TASK_SCALING and _ENGINES, so are depths, connections and threads */
    struct list depths;
    struct list connections;
    struct list threads;
    struct list idle;
    struct list waits;      /* enum hprpc_wait */
    struct list placements; /* enum bench_placement */
    uint64_t rate;
    uint32_t greedy, bulk; /* connections of other clients */
    struct bench_plan plan;
    bool quiet;        /* no progress bar */
    const char *peers; /* the folder with the peers' programs */
    const char *json, *csv;
};

/* Reads the command line. If it is wrong, or asks for help, prints a text and exits. */
void bench_options_parse(struct bench_options *options, int argc, char **argv);

#endif
