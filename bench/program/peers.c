/* SPDX-License-Identifier: MIT */
/*
 * Ours beside other frameworks, as people would run them: not pinned, each with its default wait. Also SayHello with 64 calls
 * in flight, the memory of both sides, and the bytes on the wire.
 */
#include <stdio.h>

#include "bench/measure/progress.h"
#include "bench/measure/table.h"
#include "bench/paper/paper-sizes.h"
#include "bench/program/compare.h"
#include "bench/program/print.h"
#include "bench/program/resolve.h"

enum { RELAYED_CALLS = 800, RELAYED_WARM = 100, BYTES_NS = 300000000, DEPTH = 64 };

static const char *const ours[] = {
    "tcp adaptive", "tcp block", "unix adaptive", "pipe adaptive", "shm adaptive", NULL
};
static const char *const on_tcp[] = { "tcp adaptive", "gRPC TCP",   "Cap'n Proto", "Thrift",
                                      "ONC RPC",      "ZeroMQ TCP", "nng TCP",     NULL };

static void add(struct bench_set *set, const char *const *names, const struct bench_workload *workload,
                const struct bench_options *options)
{
    const struct bench_subject *base = bench_resolve("tcp adaptive", options->peers);
    struct bench_series *floor = bench_set_add(set, base, workload, BENCH_UNPINNED);

    for (size_t i = 0; names[i]; i++) {
        const struct bench_subject *subject = bench_resolve(names[i], options->peers);
        struct bench_series *series = subject ? bench_set_add(set, subject, workload, BENCH_UNPINNED) : NULL;

        if (series && series != floor)
            bench_set_compare(set, series, floor);
    }
}

static double mebibytes(uint64_t bytes)
{
    return (double)bytes / (1 << 20);
}

/* Prints the memory of both sides after the first workload: SayHello, one call at a time. */
static void print_memory(const struct bench_set *set)
{
    struct bench_table *table = bench_table_new("lrr");

    bench_table_cell(table, "memory, MiB");
    bench_table_cell(table, "server");
    bench_table_cell(table, "client");
    for (size_t i = 0; i < set->count; i++) {
        if (set->series[i]->error[0])
            continue;
        bench_table_cell(table, "%s", set->series[i]->subject->name);
        bench_table_cell(table, "%.1f", mebibytes(set->series[i]->server_memory));
        bench_table_cell(table, "%.1f", mebibytes(set->series[i]->client_memory));
    }
    putchar('\n');
    bench_table_print(table, stdout);
}

static void measure(const struct bench_workload *workload, const struct bench_options *options,
                    struct bench_outputs *outputs)
{
    struct bench_plan plan = options->plan;
    struct bench_set set = { 0 };
    char name[64];

    add(&set, ours, workload, options);
    add(&set, bench_peer_names, workload, options);
    bench_workload_name(workload, name, sizeof(name));
    plan.title = name;
    if (bench_set_measure(&set, &plan)) {
        bench_print_set(&set);
        if (workload == &paper_workloads[0])
            print_memory(&set);
        bench_outputs_write(outputs, &set);
    }
    bench_set_clear(&set);
}

/* ---- Bytes on the wire ---- */

struct bytes {
    double request, reply;
};

static int count_bytes(const struct bench_subject *subject, const struct bench_workload *workload,
                       struct bytes *ret_bytes)
{
    struct bench_pair pair;
    char error[256];
    uint64_t before[2];
    int result = bench_pair_open_relayed(&pair, subject, workload, error, sizeof(error));

    if (result != 0)
        return result;
    /* the first bytes of a connection, and the first call of a kind, are not counted */
    result = bench_pair_round(&pair, 10000000000u, RELAYED_WARM, error, sizeof(error));
    before[0] = pair.relay.count->requests;
    before[1] = pair.relay.count->replies;
    if (result == 0)
        result = bench_pair_round(&pair, 10000000000u, RELAYED_CALLS, error, sizeof(error));
    if (result == 0) {
        uint32_t calls = RELAYED_CALLS + RELAYED_CALLS / 8;

        ret_bytes->request = (double)(pair.relay.count->requests - before[0]) / calls;
        ret_bytes->reply = (double)(pair.relay.count->replies - before[1]) / calls;
    }
    bench_pair_close(&pair);
    return result;
}

static void add_bytes(struct bench_table *table, const struct bench_workload *workload,
                      const struct bench_options *options, struct bench_outputs *outputs)
{
    char name[64];

    bench_workload_name(workload, name, sizeof(name));
    bench_table_cell(table, "%s", name);
    for (size_t i = 0; on_tcp[i]; i++) {
        const struct bench_subject *subject = bench_resolve(on_tcp[i], options->peers);
        struct bytes bytes;

        bench_progress_show("bytes on the wire", on_tcp[i]);
        bench_progress_add(BYTES_NS);
        if (!subject || count_bytes(subject, workload, &bytes) != 0) {
            bench_table_cell(table, "-");
            continue;
        }
        bench_table_cell(table, "%.0f + %.0f", bytes.request, bytes.reply);
        if (!outputs->json_file)
            continue;
        bench_json_open(&outputs->json, NULL, '{');
        bench_json_text(&outputs->json, "subject", on_tcp[i]);
        bench_json_text(&outputs->json, "operation", name);
        bench_json_number(&outputs->json, "request_bytes", bytes.request);
        bench_json_number(&outputs->json, "reply_bytes", bytes.reply);
        bench_json_close(&outputs->json, '}');
    }
}

static void count_all(const struct bench_options *options, struct bench_outputs *outputs)
{
    struct bench_table *table = bench_table_new("lrrrrrrr");

    bench_table_cell(table, "bytes on the wire");
    for (size_t i = 0; on_tcp[i]; i++)
        bench_table_cell(table, "%s", on_tcp[i]);
    bench_outputs_open_array(outputs, "bytes");
    for (size_t i = 0; i < paper_workload_count; i++)
        add_bytes(table, &paper_workloads[i], options, outputs);
    bench_outputs_close_array(outputs);
    bench_progress_clear();
    puts("\nRequest and reply of one call, counted by a relay");
    bench_table_print(table, stdout);
}

void bench_peers_run(const struct bench_options *options, struct bench_outputs *outputs)
{
    struct bench_workload many = BENCH_WORKLOAD_INIT;

    for (size_t i = 0; bench_peer_names[i] && !options->plan.expected; i++) {
        if (!bench_resolve(bench_peer_names[i], options->peers))
            printf("%s is left out: it is not built (make bench-peers)\n", bench_peer_names[i]);
    }
    many.depth = DEPTH;
    bench_outputs_open_array(outputs, "series");
    for (size_t i = 0; i < paper_workload_count; i++)
        measure(&paper_workloads[i], options, outputs);
    measure(&many, options, outputs);
    bench_outputs_close_array(outputs);
    if (options->plan.expected)
        *options->plan.expected += paper_workload_count * (sizeof(on_tcp) / sizeof(*on_tcp) - 1) * BYTES_NS;
    else
        count_all(options, outputs);
}
