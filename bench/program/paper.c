/*
 * The paper's experiment: Bağcı & Kara measured the total transaction time of 1,000 repetitions of each operation, theirs
 * against gRPC, and give the outcome partly in milliseconds, partly as a percentage or a factor.
 */
#include <stdio.h>

#include "bench/measure/table.h"
#include "bench/paper/paper-sizes.h"
#include "bench/program/compare.h"
#include "bench/program/resolve.h"

enum { REPETITIONS = 1000 };

/* What the paper reports, as it reports it. */
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

static void add_row(struct bench_table *table, const struct bench_workload *workload,
                    const struct bench_options *options, struct bench_outputs *outputs)
{
    static const char *const names[] = { "tcp adaptive", "tcp block", "shm adaptive", "gRPC TCP" };
    struct bench_series *series[4] = { NULL };
    struct bench_plan plan = options->plan;
    struct bench_set set = { 0 };
    char name[64];

    bench_workload_name(workload, name, sizeof(name));
    plan.run_calls = REPETITIONS;
    plan.run_ns = 60000000000u;
    plan.title = name;
    for (size_t i = 0; i < 4; i++) {
        const struct bench_subject *subject = bench_resolve(names[i], options->peers);

        series[i] = subject ? bench_set_add(&set, subject, workload, BENCH_UNPINNED) : NULL;
    }
    bench_set_measure(&set, &plan);
    bench_table_cell(table, "%s", name);
    for (size_t i = 0; i < 4; i++) {
        if (series[i] && series[i]->rounds)
            bench_table_time(table, bench_series_metric(series[i], BENCH_TOTAL).median);
        else
            bench_table_cell(table, "-");
    }
    for (size_t i = 0; i < 3; i++) {
        if (series[3] && series[3]->rounds && series[i]->rounds)
            bench_table_cell(table, "%.1f×", bench_series_ratio(series[3], series[i], BENCH_TOTAL).median);
        else
            bench_table_cell(table, "-");
    }
    bench_table_cell(table, "%s", reported(workload));
    bench_outputs_write(outputs, &set);
    bench_set_clear(&set);
}

void bench_paper_run(const struct bench_options *options, struct bench_outputs *outputs)
{
    static const char *const titles[] = { "1,000 calls", "TCP",        "TCP, blocking", "shm",      "gRPC",
                                          "gRPC / TCP",  "/ blocking", "/ shm",         "the paper" };
    struct bench_table *table = bench_table_new("lrrrrrrrr");

    for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
        bench_table_cell(table, "%s", titles[i]);
    if (outputs->json_file)
        bench_json_open(&outputs->json, "series", '[');
    for (size_t i = 0; i < paper_workload_count; i++)
        add_row(table, &paper_workloads[i], options, outputs);
    if (outputs->json_file)
        bench_json_close(&outputs->json, ']');
    puts(
        "\nTotal time of 1,000 repetitions, the median of the rounds (the paper: HPRPC : gRPC, or how much longer gRPC took)");
    bench_table_print(table, stdout);
}
