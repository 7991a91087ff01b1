/* SPDX-License-Identifier: MIT */
/*
 * The engines of a server's TCP connections, beside a raw epoll loop: connections, calls in flight, bodies. All four have the same
 * client, so that requests arrive alike (bench/paper/bare.h).
 */
#include <stdio.h>

#include "bench/measure/descriptors.h"
#include "bench/measure/table.h"
#include "bench/paper/ours.h"
#include "bench/program/compare.h"
#include "bench/program/resolve.h"

#define BYTES_MAX (256ull << 20) /* under way at most */

enum {
    RAW,
    EPOLL,
    URING,
    AUTO,
    SUBJECTS,
};

enum {
    HELLO = 14,  /* bytes: the body of SayHello */
    EACH = 5,    /* descriptors of a client for each connection */
    OTHERS = 64, /* that a process has besides */
};

/* The points of the table, unless the options have others. */
static const struct list connections = { { 1, 64, 1000, 10000 }, 4 };
static const struct list depths = { { 1, 16 }, 2 };
static const struct list bodies = { { HELLO, 1024, 16384, 65536, 1048576 }, 5 };

static const struct list *points(const struct list *given, const struct list *otherwise)
{
    return given->count ? given : otherwise;
}

static const struct bench_subject *subject_of(int subject, const struct bench_options *options)
{
    static const char *const uris[] = {
        [EPOLL] = "tcp://127.0.0.1:0?engine=epoll",
        [URING] = "tcp://127.0.0.1:0?engine=uring",
        [AUTO] = "tcp://127.0.0.1:0?engine=auto",
    };

    return subject == RAW ? bench_resolve("raw TCP, epoll", options->peers)
                          : bench_ours_bare(uris[subject], HPRPC_WAIT_BLOCK);
}

/* Adds two ratios of a subject to a floor: of calls per second, and of calls per second of the server's processor. */
static void add_ratios(struct bench_table *table, const struct bench_series *subject, const struct bench_series *floor)
{
    bench_table_cell(table, "%.2f", bench_series_ratio(subject, floor, BENCH_RATE).median);
    bench_table_cell(table, "%.2f", bench_series_ratio(subject, floor, BENCH_RATE_PER_CPU).median);
}

static size_t measure_point(const struct bench_workload *workload, uint32_t body, const struct bench_options *options,
                            struct bench_outputs *outputs, struct bench_table *table)
{
    struct bench_series *series[SUBJECTS];
    struct bench_plan plan = options->plan;
    struct bench_set set = { 0 };
    size_t failed = 0;

    plan.title = "engines";
    for (int i = 0; i < SUBJECTS; i++)
        series[i] =
            bench_set_add(&set, subject_of(i, options), workload, (enum bench_placement)options->placements.values[0]);
    if (bench_set_measure(&set, &plan)) {
        bench_table_cell(table, "%u", workload->connections);
        bench_table_cell(table, "%u", workload->depth);
        bench_table_cell(table, "%u", body);
        for (int i = EPOLL; i < SUBJECTS; i++)
            add_ratios(table, series[i], series[RAW]);
        add_ratios(table, series[URING], series[EPOLL]);
        for (int i = 0; i < SUBJECTS; i++) {
            failed += series[i]->error[0] != '\0';
            if (series[i]->error[0])
                printf("%s, %u connections: %s\n", series[i]->subject->name, workload->connections, series[i]->error);
        }
        bench_outputs_write(outputs, &set);
    }
    bench_set_clear(&set);
    return failed;
}

/* The processes that a client of so many connections needs, where each may have so many descriptors. */
static uint32_t processes_for(uint32_t connection_count, uint64_t descriptors)
{
    uint64_t each = descriptors > OTHERS + EACH ? (descriptors - OTHERS) / EACH : 1;

    return (uint32_t)((connection_count + each - 1) / each);
}

/* Measures the bodies over some connections with so many calls in flight. */
static size_t measure_bodies(uint32_t connection_count, uint32_t depth, const struct bench_options *options,
                             struct bench_outputs *outputs, struct bench_table *table)
{
    const struct list *sizes = points(&options->sizes, &bodies);
    struct bench_workload workload = BENCH_WORKLOAD_INIT;
    uint64_t descriptors = bench_descriptors_raise();
    size_t failed = 0;

    if (descriptors < (uint64_t)connection_count + OTHERS) {
        if (table)
            printf("%u connections: a server may have %llu descriptors here\n", connection_count,
                   (unsigned long long)descriptors);
        return 1;
    }
    workload.connections = connection_count;
    workload.processes = processes_for(connection_count, descriptors);
    workload.depth = depth;
    for (uint32_t i = 0; i < sizes->count; i++) {
        uint32_t body = sizes->values[i];

        if ((uint64_t)connection_count * depth * body > BYTES_MAX)
            continue;
        workload.operation = body == HELLO ? BENCH_SAY_HELLO : BENCH_ECHO;
        workload.size = body == HELLO ? 0 : body;
        failed += measure_point(&workload, body, options, outputs, table);
    }
    return failed;
}

static struct bench_table *new_table(void)
{
    static const char *const heads[] = { "connections", "depth",         "body",    "epoll / raw",
                                         "per CPU",     "uring / raw",   "per CPU", "auto / raw",
                                         "per CPU",     "uring / epoll", "per CPU" };
    struct bench_table *table = bench_table_new("rrrrrrrrrrr");

    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
        bench_table_cell(table, "%s", heads[i]);
    return table;
}

size_t bench_engines_run(const struct bench_options *options, struct bench_outputs *outputs)
{
    const struct list *counts = points(&options->connections, &connections);
    const struct list *flights = points(&options->depths, &depths);
    struct bench_table *table = options->plan.expected ? NULL : new_table();
    size_t failed = 0;

    bench_outputs_open_array(outputs, "engines");
    for (uint32_t i = 0; i < counts->count; i++) {
        for (uint32_t j = 0; j < flights->count; j++)
            failed += measure_bodies(counts->values[i], flights->values[j], options, outputs, table);
    }
    bench_outputs_close_array(outputs);
    if (table)
        bench_table_print(table, stdout);
    return failed;
}
