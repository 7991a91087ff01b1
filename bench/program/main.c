/* SPDX-License-Identifier: MIT */
/*
 * hprpc-bench compares transports with each other, with the machine's floor, with the project's goals, and with other
 * frameworks.
 */
#include <stdio.h>

#include "bench/floor/floor.h"
#include "bench/measure/progress.h"
#include "bench/program/compare.h"
#include "bench/program/goals.h"
#include "bench/program/print.h"
#include "bench/program/resolve.h"

static void list(const struct bench_options *options)
{
    puts("floors:");
    for (size_t i = 0; bench_floors[i]; i++)
        printf("  %s\n", bench_floors[i]->name);
    puts("peers:");
    for (size_t i = 0; bench_peer_names[i]; i++)
        printf("  %s%s\n", bench_peer_names[i],
               bench_resolve(bench_peer_names[i], options->peers) ? "" : " (not built: make bench-peers)");
}

/* Performs the task, or finds out how long that takes: see struct bench_plan. Returns how many series failed. */
static size_t perform(const struct bench_options *options, struct bench_outputs *outputs)
{
    switch (options->task) {
    case BENCH_TASK_GOALS:
        bench_goals_run(options, outputs);
        return 0;
    case BENCH_TASK_PAPER:
        bench_paper_run(options, outputs);
        return 0;
    case BENCH_TASK_PEERS:
        bench_peers_run(options, outputs);
        return 0;
    case BENCH_TASK_CALLS:
        bench_system_calls_run(options, outputs);
        return 0;
    case BENCH_TASK_SCALING:
        return bench_scaling_run(options, outputs);
    case BENCH_TASK_ENGINES:
        return bench_engines_run(options, outputs);
    default:
        return bench_compare(options, outputs);
    }
}

static uint64_t expected_time(const struct bench_options *options)
{
    struct bench_options asking = *options;
    struct bench_outputs nowhere = { 0 };
    uint64_t expected = 0;

    asking.plan.expected = &expected;
    perform(&asking, &nowhere);
    return expected;
}

int main(int argc, char **argv)
{
    struct bench_options options;
    struct bench_outputs outputs;
    struct bench_machine machine;
    size_t failed;

    bench_options_parse(&options, argc, argv);
    if (options.task == BENCH_TASK_LIST) {
        list(&options);
        return 0;
    }
    machine = bench_machine();
    bench_outputs_open(&outputs, options.json, options.csv, &machine);
    bench_print_machine(&machine);
    if (!options.quiet)
        bench_progress_start(expected_time(&options));
    failed = perform(&options, &outputs);
    bench_outputs_close(&outputs);
    return failed > 0;
}
