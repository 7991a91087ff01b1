/* SPDX-License-Identifier: MIT */
/* What connections and servers cost when they have nothing to do. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/measure/usage.h"
#include "bench/program/resolve.h"
#include "bench/program/specials.h"

enum { IDLE_FEW = 2000, IDLE_MANY = 10000, IDLE_AFTER_US = 50000, IDLE_WINDOW_US = 500000 };

/* ---- Memory ---- */

/* Returns the server's private memory with `idle` idle connections; 0 with the reason in `ret_why`. */
static double memory_with(const struct bench_subject *subject, uint32_t idle, char *ret_why, size_t capacity)
{
    struct bench_workload workload = BENCH_WORKLOAD_INIT;
    struct bench_pair pair;
    double memory;

    workload.idle = idle;
    if (bench_pair_open(&pair, subject, &workload, BENCH_UNPINNED, ret_why, capacity) != 0)
        return 0;
    memory = (double)bench_usage_memory(pair.server);
    bench_pair_close(&pair);
    return memory;
}

void bench_special_memory(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    struct bench_outcome outcome = { .name = "bytes of server memory per idle TCP connection",
                                     .where = "",
                                     .sense = BENCH_AT_MOST,
                                     .pass = 512,
                                     .aim = 256 };
    const struct bench_subject *subject = bench_resolve("tcp block", options->peers);
    double few = memory_with(subject, IDLE_FEW, outcome.why, sizeof(outcome.why));
    double many = few > 0 ? memory_with(subject, 2 * IDLE_FEW, outcome.why, sizeof(outcome.why)) : 0;

    outcome.measured = many > 0;
    outcome.ratio = bench_special_single((many - few) / IDLE_FEW);
    *ret_outcomes = outcome;
}

/* ---- Many idle connections ---- */

void bench_special_idle(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    struct bench_outcome outcome = { .name = "TCP round trip with 10,000 idle connections / with none",
                                     .where = "split-core",
                                     .sense = BENCH_AT_MOST,
                                     .pass = 1.1,
                                     .aim = 1.02 };
    struct bench_workload workload = BENCH_WORKLOAD_INIT;

    workload.idle = IDLE_MANY;
    *ret_outcomes = bench_special_beside(options, outcome, "tcp block", &workload, BENCH_MIDMEAN);
}

/* ---- Doing nothing ---- */

static struct bench_outcome measure_wakeups(const struct bench_options *options, const char *name, const char *title)
{
    struct bench_outcome outcome = { .name = title, .where = "", .sense = BENCH_AT_MOST };
    const struct bench_subject *subject = bench_resolve(name, options->peers);
    struct bench_workload workload = BENCH_WORKLOAD_INIT;
    struct bench_usage before, after;
    struct bench_pair pair;

    if (bench_pair_open(&pair, subject, &workload, BENCH_UNPINNED, outcome.why, sizeof(outcome.why)) != 0)
        return outcome;
    if (bench_pair_run(&pair, 10000000, 0, outcome.why, sizeof(outcome.why)) == 0) {
        usleep(300000); /* many times the spin budget */
        bench_usage_read(pair.server, &before);
        sleep(2);
        bench_usage_read(pair.server, &after);
        outcome.ratio = bench_special_single((double)(after.switches - before.switches) / 2);
        outcome.measured = true;
    }
    bench_pair_close(&pair);
    return outcome;
}

void bench_special_wakeups(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    ret_outcomes[0] = measure_wakeups(options, "tcp adaptive", "wake-ups a second of an idle TCP server");
    ret_outcomes[1] = measure_wakeups(options, "pipe adaptive", "wake-ups a second of an idle FIFO server");
    ret_outcomes[2] = measure_wakeups(options, "shm adaptive", "wake-ups a second of an idle shm server");
    ret_outcomes[3] = measure_wakeups(options, "unix adaptive", "wake-ups a second of an idle unix server");
}

/* The CPU time of the two sides of a subject in nanoseconds, while there was nothing to do. */
struct idleness {
    uint64_t server, clients;
};

/*
 * Makes some traffic, waits IDLE_AFTER_US, and measures a window without traffic. Returns false with the reason in `ret_why`.
 */
static bool idle_after(const struct bench_subject *subject, const struct bench_workload *workload,
                       struct idleness *ret_idleness, char *ret_why, size_t capacity)
{
    struct bench_usage server[2], clients[2];
    struct bench_pair pair;
    bool done;

    if (bench_pair_open(&pair, subject, workload, BENCH_UNPINNED, ret_why, capacity) != 0)
        return false;
    done = bench_pair_run(&pair, 20000000, 0, ret_why, capacity) == 0;
    if (done) {
        usleep(IDLE_AFTER_US);
        bench_usage_read(pair.server, &server[0]);
        bench_usage_read(pair.client, &clients[0]);
        usleep(IDLE_WINDOW_US);
        bench_usage_read(pair.server, &server[1]);
        bench_usage_read(pair.client, &clients[1]);
        *ret_idleness = (struct idleness){ server[1].cpu_ns - server[0].cpu_ns, clients[1].cpu_ns - clients[0].cpu_ns };
    }
    bench_pair_close(&pair);
    return done;
}

static void keep_worst(struct idleness *worst, const struct idleness *one)
{
    if (one->server > worst->server)
        worst->server = one->server;
    if (one->clients > worst->clients)
        worst->clients = one->clients;
}

/*
 * Keeps the worst result over several numbers of clients and kinds of traffic. Gives two outcomes: of the server, and of its
 * clients.
 */
static void measure_idle_time(const struct bench_options *options, const char *name, const char *const titles[2],
                              struct bench_outcome ret_outcomes[2])
{
    static const uint32_t counts[] = { 1, 2, 3, 8, 150 };
    static const struct {
        enum bench_operation operation;
        uint32_t size, depth;
    } traffic[] = { { BENCH_SAY_HELLO, 0, 1 }, { BENCH_SAY_HELLO, 0, 64 }, { BENCH_ECHO, 1000000, 1 } };
    const struct bench_subject *subject = bench_resolve(name, options->peers);
    struct idleness worst = { 0, 0 }, one;
    char why[sizeof(ret_outcomes->why)] = "";
    bool measured = true;

    for (size_t i = 0; measured && i < 5 * 3; i++) {
        struct bench_workload workload = BENCH_WORKLOAD_INIT;

        workload.operation = traffic[i % 3].operation;
        workload.size = traffic[i % 3].size;
        workload.depth = traffic[i % 3].depth;
        workload.connections = counts[i / 3];
        workload.threads = workload.connections < 8 ? workload.connections : 8;
        measured = idle_after(subject, &workload, &one, why, sizeof(why));
        if (measured)
            keep_worst(&worst, &one);
    }
    for (int side = 0; side < 2; side++) {
        ret_outcomes[side] =
            (struct bench_outcome){ .name = titles[side], .where = "", .sense = BENCH_AT_MOST, .measured = measured };
        snprintf(ret_outcomes[side].why, sizeof(ret_outcomes[side].why), "%s", why);
        ret_outcomes[side].ratio = bench_special_single((double)(side ? worst.clients : worst.server) / 1e6);
    }
}

void bench_special_idle_time(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    static const char *const titles[][2] = {
        { "ms of processor in 500 ms of an idle TCP server, 1 to 150 clients", "the same of its TCP clients" },
        { "ms of processor in 500 ms of an idle FIFO server, 1 to 150 clients", "the same of its FIFO clients" },
        { "ms of processor in 500 ms of an idle shm server, 1 to 150 clients", "the same of its shm clients" },
        { "ms of processor in 500 ms of an idle unix server, 1 to 150 clients", "the same of its unix clients" },
    };

    measure_idle_time(options, "tcp adaptive", titles[0], ret_outcomes);
    measure_idle_time(options, "pipe adaptive", titles[1], ret_outcomes + 2);
    measure_idle_time(options, "shm adaptive", titles[2], ret_outcomes + 4);
    measure_idle_time(options, "unix adaptive", titles[3], ret_outcomes + 6);
}
