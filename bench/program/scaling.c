/* SPDX-License-Identifier: MIT */
/* How cost grows: with the size of bodies, with calls in flight, with clients, with threads that share a client. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure/table.h"
#include "bench/program/compare.h"
#include "bench/program/resolve.h"

enum { POINTS_MAX = OPTIONS_LIST_MAX, SUBJECTS_MAX = 8 };

/* A curve for each subject: the same call at each of the points. */
struct curves {
    const char *name, *title, *over; /* `over` is the member of a series in JSON in which the points differ */
    enum bench_operation operation;
    struct list points;
    void (*apply)(struct bench_workload *workload, uint32_t point);
    bool rates; /* the table shows calls per second, not the time of a call */
    const char *const subjects[SUBJECTS_MAX];
};

/* The result of a subject at a point; zeros if not measured. */
struct result {
    double median_ns, rate, cpu_ns;
};

static void apply_size(struct bench_workload *workload, uint32_t point)
{
    workload->size = point;
}

static void apply_depth(struct bench_workload *workload, uint32_t point)
{
    workload->depth = point;
}

/* Each client is a connection with a thread of its own. */
static void apply_clients(struct bench_workload *workload, uint32_t point)
{
    workload->connections = point;
    workload->threads = point;
}

static void apply_threads(struct bench_workload *workload, uint32_t point)
{
    workload->threads = point;
}

static const struct curves all[] = {
    {
        "bodies",
        "Echo of bodies of so many bytes",
        "size",
        BENCH_ECHO,
        { { 8, 64, 512, 4 << 10, 32 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20 }, 10 },
        apply_size,
        false,
        { "shm adaptive", "pipe adaptive", "unix adaptive", "tcp adaptive", "raw FIFO, busy", "raw TCP, busy" },
    },
    {
        "depth",
        "SayHello, so many calls in flight",
        "depth",
        BENCH_SAY_HELLO,
        { { 1, 2, 4, 8, 16, 32, 64, 128, 256 }, 9 },
        apply_depth,
        true,
        { "shm adaptive", "pipe adaptive", "unix adaptive", "tcp adaptive", "raw rings", "raw TCP, batched, busy" },
    },
    {
        "clients",
        "SayHello, so many clients, each with a connection and a thread",
        "connections",
        BENCH_SAY_HELLO,
        { { 1, 2, 4, 8, 16, 32, 64 }, 7 },
        apply_clients,
        true,
        { "shm adaptive", "pipe adaptive", "unix adaptive", "tcp adaptive", "shm block", "pipe block", "unix block",
          "tcp block" },
    },
    {
        "threads",
        "SayHello, so many threads that share one client",
        "threads",
        BENCH_SAY_HELLO,
        { { 1, 2, 3, 4 }, 4 },
        apply_threads,
        true,
        { "shm adaptive", "pipe adaptive", "unix adaptive", "tcp adaptive", "shm block", "pipe block", "unix block",
          "tcp block" },
    },
};

/* Returns the points that the user chose, or the curve's own. */
static const struct list *chosen(const struct curves *curves, const struct bench_options *options)
{
    const struct list *const lists[] = { &options->sizes, &options->depths, &options->connections, &options->threads };
    const struct list *list = lists[curves - all];

    return list->count ? list : &curves->points;
}

static size_t measure_point(const struct curves *curves, uint32_t point, const struct bench_options *options,
                            struct bench_outputs *outputs, struct result ret_results[SUBJECTS_MAX])
{
    struct bench_series *series[SUBJECTS_MAX] = { NULL };
    struct bench_workload workload = BENCH_WORKLOAD_INIT;
    struct bench_plan plan = options->plan;
    struct bench_set set = { 0 };
    size_t failed = 0;

    workload.operation = curves->operation;
    curves->apply(&workload, point);
    plan.title = curves->title;
    for (size_t i = 0; i < SUBJECTS_MAX && curves->subjects[i]; i++)
        series[i] = bench_set_add(&set, bench_resolve(curves->subjects[i], options->peers), &workload,
                                  (enum bench_placement)options->placements.values[0]);
    if (bench_set_measure(&set, &plan)) {
        for (size_t i = 0; i < SUBJECTS_MAX && series[i]; i++) {
            failed += series[i]->error[0] != '\0';
            if (series[i]->error[0])
                printf("%s, %u: %s\n", curves->subjects[i], point, series[i]->error);
            ret_results[i].median_ns = bench_series_metric(series[i], BENCH_MEDIAN).median;
            ret_results[i].rate = bench_series_metric(series[i], BENCH_RATE).median;
            ret_results[i].cpu_ns = bench_series_metric(series[i], BENCH_CLIENT_CPU).median +
                                    bench_series_metric(series[i], BENCH_SERVER_CPU).median;
        }
        bench_outputs_write(outputs, &set);
    }
    bench_set_clear(&set);
    return failed;
}

static void add_results(struct bench_table *table, const struct curves *curves, const struct result *results, bool cpu)
{
    for (size_t i = 0; i < SUBJECTS_MAX && curves->subjects[i]; i++) {
        if (cpu)
            bench_table_time(table, results[i].cpu_ns);
        else if (curves->rates)
            bench_table_count(table, results[i].rate);
        else
            bench_table_time(table, results[i].median_ns);
    }
}

/* Adds a point as a cell: "256", "64 KiB". */
static void add_point(struct bench_table *table, uint32_t point)
{
    if (point >= 1 << 20 && point % (1 << 20) == 0)
        bench_table_cell(table, "%u MiB", point >> 20);
    else if (point >= 1 << 10 && point % (1 << 10) == 0)
        bench_table_cell(table, "%u KiB", point >> 10);
    else
        bench_table_cell(table, "%u", point);
}

static void print_curves(const struct curves *curves, const struct list *points, struct result (*results)[SUBJECTS_MAX],
                         bool cpu)
{
    static const char *const alignments[] = { "r",      "rr",      "rrr",      "rrrr",     "rrrrr",
                                              "rrrrrr", "rrrrrrr", "rrrrrrrr", "rrrrrrrrr" };
    struct bench_table *table;
    size_t subjects = 0;

    while (subjects < SUBJECTS_MAX && curves->subjects[subjects])
        subjects++;
    table = bench_table_new(alignments[subjects]);
    bench_table_cell(table, "%s", curves->over);
    for (size_t i = 0; i < subjects; i++)
        bench_table_cell(table, "%s", curves->subjects[i]);
    for (uint32_t i = 0; i < points->count; i++) {
        add_point(table, points->values[i]);
        add_results(table, curves, results[i], cpu);
    }
    printf("\n%s: %s\n", curves->title,
           cpu             ? "processor time of both sides per call"
           : curves->rates ? "calls per second"
                           : "median round trip");
    bench_table_print(table, stdout);
}

static size_t measure_curves(const struct curves *curves, const struct bench_options *options,
                             struct bench_outputs *outputs)
{
    struct result results[POINTS_MAX][SUBJECTS_MAX] = { { { 0 } } };
    const struct list *points = chosen(curves, options);
    size_t failed = 0;

    if (outputs->json_file) {
        bench_json_open(&outputs->json, NULL, '{');
        bench_json_text(&outputs->json, "name", curves->name);
        bench_json_text(&outputs->json, "title", curves->title);
        bench_json_text(&outputs->json, "over", curves->over);
    }
    bench_outputs_open_array(outputs, "series");
    for (uint32_t i = 0; i < points->count; i++)
        failed += measure_point(curves, points->values[i], options, outputs, results[i]);
    bench_outputs_close_array(outputs);
    if (outputs->json_file)
        bench_json_close(&outputs->json, '}');
    if (!options->plan.expected) {
        print_curves(curves, points, results, false);
        print_curves(curves, points, results, true);
    }
    return failed;
}

size_t bench_scaling_run(const struct bench_options *options, struct bench_outputs *outputs)
{
    size_t failed = 0;

    bench_outputs_open_array(outputs, "scaling");
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        failed += measure_curves(&all[i], options, outputs);
    bench_outputs_close_array(outputs);
    return failed;
}
