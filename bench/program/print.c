/* SPDX-License-Identifier: MIT */
/* Prints series as tables. */
#include "bench/program/print.h"

#include "bench/measure/table.h"

void bench_print_machine(const struct bench_machine *machine)
{
    printf("%s, %u CPUs, %.0f GiB; %s; %s; %s; load %.2f\n", machine->processor, machine->cpus, machine->memory_gib,
           machine->kernel, machine->system, machine->compiler, machine->load);
}

static void print_title(const struct bench_series *series)
{
    const struct bench_workload *workload = &series->workload;
    char name[64];

    bench_workload_name(workload, name, sizeof(name));
    printf("\n%s, %s, depth %u, %u connection%s, %u thread%s", name, bench_placement_name(series->placement),
           workload->depth, workload->connections, workload->connections == 1 ? "" : "s", workload->threads,
           workload->threads == 1 ? "" : "s");
    if (workload->idle)
        printf(", %u idle connections", workload->idle);
    if (workload->greedy)
        printf(", among %u greedy connections", workload->greedy);
    if (workload->bulk)
        printf(", beside %u connections with 8 MB bodies", workload->bulk);
    if (workload->rate)
        printf(", %llu calls a second", (unsigned long long)workload->rate);
    printf(", %u rounds\n", series->rounds);
}

static void heading(struct bench_table *table)
{
    static const char *const titles[] = { "subject",    "median",     "midmean",  "p90",      "p99",      "p99.9",
                                          "max",        "calls/s",    "MB/s",     "of floor", "interval", "spread",
                                          "CPU client", "CPU server", "switches", "two CPUs" };

    for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
        bench_table_cell(table, "%s", titles[i]);
}

/* Adds the ratio to the floor: of times at depth 1 on one connection, else of calls per second. */
static void add_ratio(struct bench_table *table, const struct bench_series *series, const struct bench_series *floor)
{
    bool single = series->workload.depth == 1 && series->workload.connections == 1;
    struct bench_summary ratio;

    if (!floor || !floor->rounds) {
        for (int i = 0; i < 3; i++)
            bench_table_cell(table, "-");
        return;
    }
    ratio = bench_series_ratio(series, floor, single ? BENCH_MIDMEAN : BENCH_RATE);
    bench_table_cell(table, "%.2f×", ratio.median);
    bench_table_cell(table, "%.2f–%.2f", ratio.lower, ratio.upper);
    bench_table_cell(table, "%.2f–%.2f", ratio.least, ratio.most);
}

static void add_row(struct bench_table *table, const struct bench_series *series, const struct bench_series *floor)
{
    uint32_t request, reply;
    double rate = bench_series_metric(series, BENCH_RATE).median;

    bench_workload_bytes(&series->workload, &request, &reply);
    bench_table_cell(table, "%s", series->subject->name);
    bench_table_time(table, bench_series_metric(series, BENCH_MEDIAN).median);
    bench_table_time(table, bench_series_metric(series, BENCH_MIDMEAN).median);
    bench_table_time(table, bench_series_quantile(series, 0.9));
    bench_table_time(table, bench_series_quantile(series, 0.99));
    bench_table_time(table, bench_series_quantile(series, 0.999));
    bench_table_time(table, bench_series_metric(series, BENCH_MAX).most);
    bench_table_count(table, rate);
    bench_table_count(table, rate * ((double)request + (double)reply) / 1e6);
    add_ratio(table, series, floor);
    bench_table_time(table, bench_series_metric(series, BENCH_CLIENT_CPU).median);
    bench_table_time(table, bench_series_metric(series, BENCH_SERVER_CPU).median);
    bench_table_cell(table, "%.2f + %.2f", bench_series_metric(series, BENCH_CLIENT_SWITCHES).median,
                     bench_series_metric(series, BENCH_SERVER_SWITCHES).median);
    if (bench_series_crossed(series) < 0)
        bench_table_cell(table, "-");
    else
        bench_table_cell(table, "%.0f %%", 100 * bench_series_crossed(series));
}

void bench_print_set(const struct bench_set *set)
{
    struct bench_table *table;

    if (!set->count)
        return;
    table = bench_table_new("lrrrrrrrrrrrrrrr");
    print_title(set->series[0]);
    heading(table);
    for (size_t i = 0; i < set->count; i++) {
        if (!set->series[i]->error[0])
            add_row(table, set->series[i], set->floors[i]);
    }
    bench_table_print(table, stdout);
    for (size_t i = 0; i < set->count; i++) {
        if (set->series[i]->error[0])
            printf("%s: %s\n", set->series[i]->subject->name, set->series[i]->error);
    }
    fflush(stdout);
}
