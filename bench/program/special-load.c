/* SPDX-License-Identifier: MIT */
/* How a client fares on a server that other clients keep busy, and how long its first calls take. */
#include <stdio.h>

#include "bench/program/resolve.h"
#include "bench/program/specials.h"

enum { GREEDY = 100, BULK = 2, FIRST_CALLS = 1000 };

static const uint64_t patience_ns = 10000000000u;

void bench_special_greedy(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    struct bench_outcome outcome = { .name = "p50 of a polite TCP connection among 100 greedy ones / alone",
                                     .where = "split-core",
                                     .sense = BENCH_AT_MOST,
                                     .pass = 100,
                                     .aim = 50 };
    struct bench_workload workload = BENCH_WORKLOAD_INIT;

    workload.greedy = GREEDY;
    *ret_outcomes = bench_special_beside(options, outcome, "tcp adaptive", &workload, BENCH_MEDIAN);
}

void bench_special_bulk(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    struct bench_outcome outcome = { .name = "p50 of small TCP calls beside 8 MB bodies of two others / alone",
                                     .where = "split-core",
                                     .sense = BENCH_AT_MOST,
                                     .pass = 50,
                                     .aim = 20 };
    struct bench_workload workload = BENCH_WORKLOAD_INIT;

    workload.bulk = BULK;
    *ret_outcomes = bench_special_beside(options, outcome, "tcp adaptive", &workload, BENCH_MEDIAN);
}

/* Returns the nanoseconds of a round of 1,000 calls; 0 with the reason in `ret_why`. */
static double time_calls(struct bench_pair *pair, char *ret_why, size_t capacity)
{
    if (bench_pair_round(pair, patience_ns, FIRST_CALLS, ret_why, capacity) != 0)
        return 0;
    return (double)pair->session.shared->sample.ticks * bench_tick_length();
}

/* Returns the time of the first calls of a new pair. */
static double time_first_calls(const struct bench_subject *subject, char *ret_why, size_t capacity)
{
    const struct bench_workload workload = BENCH_WORKLOAD_INIT;
    struct bench_pair pair;
    double ns;

    if (bench_pair_open(&pair, subject, &workload, BENCH_UNPINNED, ret_why, capacity) != 0)
        return 0;
    pair.session.shared->cold = true;
    ns = time_calls(&pair, ret_why, capacity);
    bench_pair_close(&pair);
    return ns;
}

void bench_special_first_calls(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    struct bench_outcome outcome = { .name = "the first 1,000 calls over shm, unpinned / spinning, split-core",
                                     .where = "unpinned",
                                     .sense = BENCH_AT_MOST,
                                     .pass = 4,
                                     .aim = 2 };
    const struct bench_subject *adaptive = bench_resolve("shm adaptive", options->peers);
    const struct bench_subject *spinning = bench_resolve("shm spin", options->peers);
    const struct bench_workload workload = BENCH_WORKLOAD_INIT;
    double ratios[BENCH_ROUNDS_MAX];
    struct bench_pair spin;
    size_t count = 0;

    if (!bench_placement_possible(BENCH_SPLIT_CORE))
        snprintf(outcome.why, sizeof(outcome.why), "this machine has too few CPUs");
    else if (bench_pair_open(&spin, spinning, &workload, BENCH_SPLIT_CORE, outcome.why, sizeof(outcome.why)) == 0) {
        for (uint32_t round = 0; round < options->plan.rounds && !outcome.why[0]; round++) {
            double first = time_first_calls(adaptive, outcome.why, sizeof(outcome.why));
            double warm = first > 0 ? time_calls(&spin, outcome.why, sizeof(outcome.why)) : 0;

            if (warm > 0)
                ratios[count++] = first / warm;
        }
        bench_pair_close(&spin);
    }
    outcome.measured = count > 0;
    if (count)
        outcome.ratio = bench_summarize(ratios, count);
    *ret_outcomes = outcome;
}
