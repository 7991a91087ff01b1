/* SPDX-License-Identifier: MIT */
/* System calls per call, of every transport that sleeps and of the floors beneath. */
#include <stdio.h>

#include "bench/measure/table.h"
#include "bench/measure/trace.h"
#include "bench/program/compare.h"
#include "bench/program/resolve.h"

static void add_row(struct bench_table *table, const char *name, const struct bench_workload *workload,
                    const struct bench_options *options, struct bench_outputs *outputs)
{
    const struct bench_subject *subject = bench_resolve(name, options->peers);
    struct bench_trace trace;
    char error[256];

    if (!subject)
        return;
    bench_table_cell(table, "%s", name);
    if (bench_trace_count(subject, workload, &trace, error, sizeof(error)) != 0) {
        bench_table_cell(table, "%.40s", error);
        bench_table_cell(table, "-");
        return;
    }
    bench_table_cell(table, "%.2f", trace.client);
    bench_table_cell(table, "%.2f", trace.server);
    if (!outputs->json_file)
        return;
    bench_json_open(&outputs->json, NULL, '{');
    bench_json_text(&outputs->json, "subject", name);
    bench_json_number(&outputs->json, "client_system_calls", trace.client);
    bench_json_number(&outputs->json, "server_system_calls", trace.server);
    bench_json_close(&outputs->json, '}');
}

void bench_system_calls_run(const struct bench_options *options, struct bench_outputs *outputs)
{
    static const char *const names[] = {
        "raw TCP + poll",  "tcp block",  "raw unix + poll",           "unix block",
        "raw FIFO + poll", "pipe block", "raw slot + eventfd + poll", "shm block",
    };
    const struct bench_workload workload = BENCH_WORKLOAD_INIT;
    struct bench_table *table;

    if (options->plan.expected)
        return;
    table = bench_table_new("lrr");
    bench_table_cell(table, "system calls per SayHello");
    bench_table_cell(table, "client");
    bench_table_cell(table, "server");
    bench_outputs_open_array(outputs, "system_calls");
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        add_row(table, names[i], &workload, options, outputs);
    for (size_t i = 0; bench_peer_names[i]; i++)
        add_row(table, bench_peer_names[i], &workload, options, outputs);
    bench_outputs_close_array(outputs);
    bench_table_print(table, stdout);
}
