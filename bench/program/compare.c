/* SPDX-License-Identifier: MIT */
/* Compares transports over all combinations of the options. */
#include "bench/program/compare.h"

#include <stdio.h>
#include <string.h>

#include "bench/paper/ours.h"
#include "bench/program/choose.h"
#include "bench/program/print.h"

/* The sizes that the paper measured, and a large one. */
static const struct list *default_sizes(enum bench_operation operation)
{
    static const struct list lists = { { 10, 100, 1000, 10000 }, 4 };
    static const struct list members = { { 128, 256, 512, 1024, 2048, 4096, 8192 }, 7 };
    static const struct list bytes = { { 1 << 20 }, 1 };
    static const struct list elements = { { 8, 64 }, 2 };
    static const struct list crowd = { { 1000 }, 1 };
    static const struct list none = { { 0 }, 1 };

    switch (operation) {
    case BENCH_AVERAGE:
    case BENCH_GET_RAND_NUMS:
        return &lists;
    case BENCH_LARGE_DATA:
        return &members;
    case BENCH_ECHO:
    case BENCH_PUT:
    case BENCH_POUR:
        return &bytes;
    case BENCH_NUMBERS:
        return &elements;
    case BENCH_CROWD:
        return &crowd;
    default:
        return &none;
    }
}

static void add_transport(struct bench_set *set, const struct bench_options *options, const char *uri,
                          const struct bench_workload *workload, enum bench_placement placement)
{
    for (uint32_t i = 0; i < options->waits.count; i++) {
        enum hprpc_wait wait = (enum hprpc_wait)options->waits.values[i];
        const struct bench_subject *floor = bench_choose_floor(uri, wait, workload);
        struct bench_series *beside = NULL;
        struct bench_series *series;

        if (!bench_choose_allowed(wait, placement))
            continue;
        if (options->floors && floor)
            beside = bench_set_add(set, floor, workload, placement);
        series = bench_set_add(set, bench_ours(uri, wait, options->connect), workload, placement);
        if (series)
            bench_set_compare(set, series, beside);
    }
}

static size_t compare_one(const struct bench_options *options, const struct bench_workload *workload,
                          enum bench_placement placement, struct bench_outputs *outputs)
{
    static const char *const everything[] = { "tcp://127.0.0.1:0", "unix://bench", "pipe://bench", "shm://bench" };
    struct bench_plan plan = options->plan;
    struct bench_set set = { 0 };
    size_t failed = 0;
    char title[64];

    if (options->uri_count) {
        for (uint32_t i = 0; i < options->uri_count; i++)
            add_transport(&set, options, options->uris[i], workload, placement);
    } else {
        for (size_t i = 0; i < sizeof(everything) / sizeof(*everything); i++)
            add_transport(&set, options, everything[i], workload, placement);
    }
    bench_workload_name(workload, title, sizeof(title));
    plan.title = title;
    if (bench_set_measure(&set, &plan)) {
        bench_print_set(&set);
        bench_outputs_write(outputs, &set);
    }
    for (size_t i = 0; i < set.count; i++)
        failed += set.series[i]->error[0] != '\0';
    bench_set_clear(&set);
    return failed;
}

/*
 * Measures all combinations of depth, connections, threads, idle connections and placement: counts through the lists like an
 * odometer.
 */
static size_t compare_all(const struct bench_options *options, struct bench_workload workload,
                          struct bench_outputs *outputs)
{
    const struct list *const lists[] = { &options->depths, &options->connections, &options->threads, &options->idle,
                                         &options->placements };
    enum { WHEELS = sizeof(lists) / sizeof(*lists) };
    uint32_t turns[WHEELS] = { 0 };
    size_t failed = 0;
    size_t wheel;

    do {
        workload.depth = lists[0]->values[turns[0]];
        workload.connections = lists[1]->values[turns[1]];
        workload.threads = lists[2]->values[turns[2]];
        workload.idle = lists[3]->values[turns[3]];
        if (workload.connections < workload.threads && !options->shared)
            workload.connections = workload.threads;
        failed += compare_one(options, &workload, (enum bench_placement)lists[4]->values[turns[4]], outputs);
        for (wheel = 0; wheel < WHEELS && ++turns[wheel] == lists[wheel]->count; wheel++)
            turns[wheel] = 0;
    } while (wheel < WHEELS);
    return failed;
}

size_t bench_compare(const struct bench_options *options, struct bench_outputs *outputs)
{
    size_t failed = 0;

    bench_outputs_open_array(outputs, "series");
    for (uint32_t i = 0; i < options->operations.count; i++) {
        struct bench_workload workload = BENCH_WORKLOAD_INIT;
        const struct list *sizes = &options->sizes;

        workload.operation = (enum bench_operation)options->operations.values[i];
        workload.rate = options->rate;
        workload.greedy = options->greedy;
        workload.bulk = options->bulk;
        if (!sizes->count || workload.operation == BENCH_SAY_HELLO)
            sizes = default_sizes(workload.operation);
        for (uint32_t j = 0; j < sizes->count; j++) {
            workload.size = sizes->values[j];
            failed += compare_all(options, workload, outputs);
        }
    }
    bench_outputs_close_array(outputs);
    return failed;
}
