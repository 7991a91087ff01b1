/* SPDX-License-Identifier: MIT */
/* What streams move, beside what calls move. */
#include <stdio.h>

#include "bench/measure/usage.h"
#include "bench/program/resolve.h"
#include "bench/program/specials.h"

enum { DEPTH = 64, CROWD = 1000, PART = 32 << 10, MEGABYTE = 1 << 20, FEW_PARTS = 4096, GIBIBYTE_OF_PARTS = 32768 };

static const uint64_t patience_ns = 60000000000u;

static const char *const transports[] = { "shm adaptive", "unix block", "tcp block", "pipe block" };

enum { TRANSPORTS = sizeof(transports) / sizeof(*transports) };

static struct bench_workload work(enum bench_operation operation, uint32_t size, uint32_t depth)
{
    struct bench_workload workload = BENCH_WORKLOAD_INIT;

    workload.operation = operation;
    workload.size = size;
    workload.depth = depth;
    return workload;
}

static struct bench_summary scaled(struct bench_summary summary, double factor)
{
    summary.median *= factor;
    summary.least *= factor;
    summary.most *= factor;
    summary.lower *= factor;
    summary.upper *= factor;
    return summary;
}

/* The ratio of the rates of one subject in two workloads, times `factor`. */
static struct bench_outcome compare(const struct bench_options *options, struct bench_outcome outcome,
                                    const char *subject, const struct bench_workload *left,
                                    const struct bench_workload *right, double factor)
{
    const struct bench_subject *resolved = bench_resolve(subject, options->peers);
    struct bench_plan plan = options->plan;
    struct bench_set set = { 0 };
    struct bench_series *one = bench_set_add(&set, resolved, left, BENCH_SPLIT_CORE);
    struct bench_series *other = bench_set_add(&set, resolved, right, BENCH_SPLIT_CORE);

    plan.title = outcome.name;
    bench_set_measure(&set, &plan);
    snprintf(outcome.why, sizeof(outcome.why), "%.120s", one->error[0] ? one->error : other->error);
    outcome.ratio = scaled(bench_series_ratio(one, other, BENCH_RATE), factor);
    outcome.measured = outcome.ratio.median > 0;
    bench_set_clear(&set);
    return outcome;
}

/* ---- Elements and calls ---- */

void bench_special_elements(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    static const char *const names[] = {
        "elements of a stream of int64 / calls at depth 64, shm",
        "elements of a stream of int64 / calls at depth 64, unix",
        "elements of a stream of int64 / calls at depth 64, TCP",
        "elements of a stream of int64 / calls at depth 64, FIFO",
    };
    const struct bench_workload numbers = work(BENCH_NUMBERS, sizeof(int64_t), DEPTH);
    const struct bench_workload calls = work(BENCH_SAY_HELLO, 0, DEPTH);

    for (size_t i = 0; i < TRANSPORTS; i++) {
        struct bench_outcome outcome = {
            .name = names[i], .where = "split-core", .sense = BENCH_AT_LEAST, .pass = 1, .aim = 2
        };

        ret_outcomes[i] = compare(options, outcome, transports[i], &numbers, &calls, 1);
    }
}

/* ---- Bytes ---- */

/* By how much the memory of both sides is larger after 1 GiB of a stream than after 128 MiB, in MiB. */
static struct bench_outcome measure_growth(const struct bench_options *options, const char *name, const char *subject)
{
    struct bench_outcome outcome = { .name = name, .where = "", .sense = BENCH_AT_MOST, .pass = 2, .aim = 0.5 };
    const struct bench_workload pour = work(BENCH_POUR, PART, 1);
    struct bench_pair pair;
    uint64_t before;

    if (bench_pair_open(&pair, bench_resolve(subject, options->peers), &pour, BENCH_UNPINNED, outcome.why,
                        sizeof(outcome.why)) != 0)
        return outcome;
    if (bench_pair_round(&pair, patience_ns, FEW_PARTS, outcome.why, sizeof(outcome.why)) == 0) {
        before = bench_usage_memory(pair.server) + bench_usage_memory(pair.client);
        if (bench_pair_round(&pair, patience_ns, GIBIBYTE_OF_PARTS, outcome.why, sizeof(outcome.why)) == 0) {
            uint64_t after = bench_usage_memory(pair.server) + bench_usage_memory(pair.client);

            outcome.ratio = bench_special_single(after > before ? (double)(after - before) / MEGABYTE : 0);
            outcome.measured = true;
        }
    }
    bench_pair_close(&pair);
    return outcome;
}

void bench_special_pour(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    static const char *const names[] = {
        "bytes of a stream / of 1 MB bodies, shm",        "bytes of a stream / of 1 MB bodies, unix",
        "bytes of a stream / of 1 MB bodies, TCP",        "bytes of a stream / of 1 MB bodies, FIFO",
        "MiB that 1 GiB of a stream adds to memory, shm", "MiB that 1 GiB of a stream adds to memory, unix",
        "MiB that 1 GiB of a stream adds to memory, TCP", "MiB that 1 GiB of a stream adds to memory, FIFO",
    };
    const struct bench_workload pour = work(BENCH_POUR, PART, 1), put = work(BENCH_PUT, MEGABYTE, 1);

    for (size_t i = 0; i < TRANSPORTS; i++) {
        struct bench_outcome outcome = {
            .name = names[i], .where = "split-core", .sense = BENCH_AT_LEAST, .pass = 0.95, .aim = 1
        };

        ret_outcomes[i] = compare(options, outcome, transports[i], &pour, &put, (double)PART / MEGABYTE);
        ret_outcomes[TRANSPORTS + i] = measure_growth(options, names[TRANSPORTS + i], transports[i]);
    }
}

/* ---- A stream that is never read ---- */

void bench_special_crowd(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    static const char *const names[] = {
        "elements of 1,000 streams, one never read / of one stream, shm",
        "elements of 1,000 streams, one never read / of one stream, unix",
        "elements of 1,000 streams, one never read / of one stream, TCP",
        "elements of 1,000 streams, one never read / of one stream, FIFO",
    };
    const struct bench_workload crowd = work(BENCH_CROWD, CROWD, DEPTH);
    const struct bench_workload numbers = work(BENCH_NUMBERS, sizeof(int64_t), DEPTH);

    for (size_t i = 0; i < TRANSPORTS; i++) {
        struct bench_outcome outcome = {
            .name = names[i], .where = "split-core", .sense = BENCH_AT_LEAST, .pass = 0.25, .aim = 0.5
        };

        ret_outcomes[i] = compare(options, outcome, transports[i], &crowd, &numbers, 1);
    }
}
