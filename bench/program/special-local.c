/* SPDX-License-Identifier: MIT */
/* A synchronous call over local://, with both sides on one thread; and the floor of that, the same work by a direct call. */
#include <stdio.h>
#include <string.h>

#include "bench/paper/operations.h"
#include "bench/paper/service.h"
#include "bench/program/specials.h"

enum { CALLS = 20000 }; /* in a round */

struct both_sides {
    struct hprpc_server *server;
    struct paper_caller caller;
};

static int open_both(struct both_sides *sides, const struct bench_workload *workload, struct hprpc_detail *detail)
{
    static const struct paper_values none;
    static const char *const uri = "local://bench-one-thread";
    int result = paper_server_new(&uri, 1, detail, &sides->server);

    if (result == 0)
        result = hprpc_server_process(sides->server);
    return result == 0 ? paper_caller_open(&sides->caller, uri, workload, &none, detail) : result;
}

static int make_calls(struct both_sides *sides, uint64_t count)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    int result = 0;

    for (uint64_t number = 0; number < count && result == 0; number++) {
        result = sides->caller.operation->call(&sides->caller, &call, number);
        hprpc_call_clear(&call);
    }
    return result;
}

/* What the server does for SayHello, without HPRPC: "Hello " and the name, in memory of the caller. */
static __attribute__((noinline)) size_t greet(const char *name, size_t size, char *ret_text)
{
    memcpy(ret_text, "Hello ", 6);
    memcpy(ret_text + 6, name, size);
    return size + 6;
}

static void call_directly(uint64_t count)
{
    size_t (*volatile call)(const char *, size_t, char *) = greet;
    char text[64];

    for (uint64_t number = 0; number < count; number++) {
        call("king", 4, text);
        __asm__ __volatile__("" : : "r"(text) : "memory");
    }
}

static double since(uint64_t start)
{
    return (double)(bench_ticks() - start) * bench_tick_length() / CALLS;
}

/* Measures rounds of both, in turns. */
static size_t measure(struct both_sides *sides, size_t rounds, double *ret_times, double *ret_floors)
{
    size_t count = 0;

    for (uint64_t start; count < rounds; count++) {
        start = bench_ticks();
        call_directly(CALLS);
        ret_floors[count] = since(start);
        start = bench_ticks();
        if (make_calls(sides, CALLS) != 0)
            break;
        ret_times[count] = since(start);
    }
    return count;
}

void bench_special_local(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    struct bench_outcome local = {
        .name = "ns of local SayHello, one thread", .where = "unpinned", .sense = BENCH_AT_MOST, .pass = 250, .aim = 150
    };
    struct bench_outcome floor = { .name = "ns of the same by a direct call",
                                   .where = "unpinned",
                                   .sense = BENCH_REPORTED };
    const struct bench_workload workload = BENCH_WORKLOAD_INIT;
    double times[BENCH_ROUNDS_MAX], floors[BENCH_ROUNDS_MAX];
    struct hprpc_detail detail = { "" };
    struct both_sides sides = { NULL };
    int result = open_both(&sides, &workload, &detail);
    size_t count = 0;

    if (result == 0 && make_calls(&sides, CALLS) == 0)
        count = measure(&sides, options->plan.rounds, times, floors);
    local.measured = floor.measured = count > 0;
    if (count) {
        local.ratio = bench_summarize(times, count);
        floor.ratio = bench_summarize(floors, count);
    }
    snprintf(local.why, sizeof(local.why), "%.120s", detail.text);
    snprintf(floor.why, sizeof(floor.why), "%.120s", detail.text);
    paper_caller_close(&sides.caller);
    hprpc_server_free(sides.server);
    ret_outcomes[0] = local;
    ret_outcomes[1] = floor;
}
