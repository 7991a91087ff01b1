/* SPDX-License-Identifier: MIT */
/*
 * The paper's experiment: Bağcı & Kara measured the total time of 1,000 repetitions of each operation, theirs against gRPC, and
 * give the results partly in milliseconds, partly as a percentage or a factor.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure/table.h"
#include "bench/paper/paper-sizes.h"
#include "bench/program/compare.h"
#include "bench/program/resolve.h"

enum { REPETITIONS = 1000 };

/* Returns the paper's result in the paper's words. */
static const char *reported(const struct bench_workload *workload)
{
    static const struct {
        enum bench_operation operation;
        uint32_t size;
        const char *text;
    } figures[] = {
        { BENCH_SAY_HELLO, 0, "305 ms : 279 ms" }, { BENCH_AVERAGE, 10, "8.5 %" },
        { BENCH_AVERAGE, 10000, "21.6 %" },        { BENCH_GET_RAND_NUMS, 10, "12.9 %" },
        { BENCH_GET_RAND_NUMS, 10000, "39.2 %" },  { BENCH_LARGE_DATA, 128, "2.7×" },
        { BENCH_LARGE_DATA, 8192, "12.5×" },
    };

    for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
        if (figures[i].operation == workload->operation && figures[i].size == workload->size)
            return figures[i].text;
    }
    return "-";
}

static const char *const names[] = { "tcp adaptive", "tcp block", "shm adaptive", "gRPC TCP" };

enum { SUBJECTS = 4, GRPC = 3 };

/* The results of a row: total times in nanoseconds, and gRPC's divided by each of ours; 0 if not measured. */
struct row {
    char name[64];
    double totals[SUBJECTS], ratios[GRPC];
    const char *reported;
};

static void print_row(struct bench_table *table, const struct row *row)
{
    bench_table_cell(table, "%s", row->name);
    for (size_t i = 0; i < SUBJECTS; i++)
        bench_table_time(table, row->totals[i]);
    for (size_t i = 0; i < GRPC; i++)
        bench_table_cell(table, row->ratios[i] > 0 ? "%.1f×" : "-", row->ratios[i]);
    bench_table_cell(table, "%s", row->reported);
}

static void write_row(struct bench_json *json, const struct row *row)
{
    bench_json_open(json, NULL, '{');
    bench_json_text(json, "operation", row->name);
    bench_json_open(json, "total_ms", '{');
    for (size_t i = 0; i < SUBJECTS; i++) {
        if (row->totals[i] > 0)
            bench_json_number(json, names[i], row->totals[i] / 1e6);
    }
    bench_json_close(json, '}');
    bench_json_open(json, "grpc_ratio", '{');
    for (size_t i = 0; i < GRPC; i++) {
        if (row->ratios[i] > 0)
            bench_json_number(json, names[i], row->ratios[i]);
    }
    bench_json_close(json, '}');
    bench_json_text(json, "paper", row->reported);
    bench_json_close(json, '}');
}

static struct row measure_row(const struct bench_workload *workload, const struct bench_options *options,
                              struct bench_outputs *outputs)
{
    struct bench_series *series[SUBJECTS] = { NULL };
    struct row row = { .reported = reported(workload) };
    struct bench_plan plan = options->plan;
    struct bench_set set = { 0 };

    bench_workload_name(workload, row.name, sizeof(row.name));
    plan.run_calls = REPETITIONS;
    plan.run_ns = 60000000000u;
    plan.title = row.name;
    for (size_t i = 0; i < SUBJECTS; i++) {
        const struct bench_subject *subject = bench_resolve(names[i], options->peers);

        series[i] = subject ? bench_set_add(&set, subject, workload, BENCH_UNPINNED) : NULL;
    }
    if (!bench_set_measure(&set, &plan)) {
        bench_set_clear(&set);
        return row;
    }
    for (size_t i = 0; i < SUBJECTS; i++) {
        if (series[i] && series[i]->rounds)
            row.totals[i] = bench_series_metric(series[i], BENCH_TOTAL).median;
    }
    for (size_t i = 0; i < GRPC; i++) {
        if (series[GRPC] && series[GRPC]->rounds && series[i]->rounds)
            row.ratios[i] = bench_series_ratio(series[GRPC], series[i], BENCH_TOTAL).median;
    }
    bench_outputs_write(outputs, &set);
    bench_set_clear(&set);
    return row;
}

void bench_paper_run(const struct bench_options *options, struct bench_outputs *outputs)
{
    static const char *const titles[] = { "1,000 calls", "TCP",        "TCP, blocking", "shm",      "gRPC",
                                          "gRPC / TCP",  "/ blocking", "/ shm",         "the paper" };
    struct row *rows = calloc(paper_workload_count, sizeof(*rows));
    struct bench_table *table;

    if (!rows)
        abort();
    bench_outputs_open_array(outputs, "series");
    for (size_t i = 0; i < paper_workload_count; i++)
        rows[i] = measure_row(&paper_workloads[i], options, outputs);
    bench_outputs_close_array(outputs);
    if (options->plan.expected) {
        free(rows);
        return;
    }
    bench_outputs_open_array(outputs, "paper");
    for (size_t i = 0; i < paper_workload_count && outputs->json_file; i++)
        write_row(&outputs->json, &rows[i]);
    bench_outputs_close_array(outputs);
    table = bench_table_new("lrrrrrrrr");
    for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
        bench_table_cell(table, "%s", titles[i]);
    for (size_t i = 0; i < paper_workload_count; i++)
        print_row(table, &rows[i]);
    free(rows);
    puts(
        "\nTotal time of 1,000 repetitions, the median of the rounds (the paper: HPRPC : gRPC, or how much longer gRPC "
        "took)");
    bench_table_print(table, stdout);
}
