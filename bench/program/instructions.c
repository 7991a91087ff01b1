/* SPDX-License-Identifier: MIT */
/*
 * Makes some calls with both sides on one thread, in turn, so that an instruction counter sees the same path every time:
 * hprpc-instructions URI OPERATION SIZE COUNT. What is counted is what happens in bench_count_calls (see bench/instructions).
 */
#include <err.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/paper/operations.h"
#include "bench/paper/service.h"
#include "examples/usage.h"

enum { WARM_UP = 50 };

static struct hprpc_server *server;

static atomic_bool connected;

static void *run_server(void *unused)
{
    struct pollfd wait = { hprpc_server_descriptor(server), POLLIN, 0 };

    (void)unused;
    while (!atomic_load(&connected)) {
        poll(&wait, 1, 10);
        if (hprpc_server_process(server) < 0)
            break;
    }
    return NULL;
}

static void demand(const struct hprpc_call *call, int result)
{
    if (result < 0)
        errx(1, "%s", paper_result_text(call, result));
}

static void call_once(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    demand(call, caller->operation->start(caller, call, number));
    while (!hprpc_pending_call_done(call->pending)) {
        demand(call, hprpc_server_process(server));
        demand(call, hprpc_client_process(caller->client));
    }
    demand(call, caller->operation->finish(caller, call, number));
    hprpc_call_clear(call);
}

/* Not static, and called through a pointer below: the counter knows it by its name. */
void bench_count_calls(struct paper_caller *caller, uint64_t first, uint64_t last);

void bench_count_calls(struct paper_caller *caller, uint64_t first, uint64_t last)
{
    struct hprpc_call call = HPRPC_CALL_INIT;

    for (uint64_t number = first; number < last; number++)
        call_once(caller, &call, number);
}

/* Connects while the server runs on a thread of its own; from then on only call_once runs the server. */
static void open_caller(struct paper_caller *caller, const char *uri, const struct bench_workload *workload,
                        const struct paper_values *values)
{
    struct hprpc_detail detail = { "" };
    char address[HPRPC_URI_MAX + 1];
    pthread_t thread;
    int result = paper_server_new(&uri, 1, &detail, &server);

    if (result == 0)
        result = hprpc_server_address(server, 0, address, sizeof(address));
    if (result == 0 && pthread_create(&thread, NULL, run_server, NULL) != 0)
        result = HPRPC_ESYSTEM;
    if (result == 0)
        result = paper_caller_open_looped(caller, address, workload, values, &detail);
    if (result != 0)
        errx(1, "%s", detail.text[0] ? detail.text : hprpc_error_text(result));
    atomic_store(&connected, true);
    pthread_join(thread, NULL);
}

/* The first calls make room that later ones find. */
static void warm_up(struct paper_caller *caller)
{
    struct hprpc_call call = HPRPC_CALL_INIT;

    for (uint64_t number = 0; number < WARM_UP; number++)
        call_once(caller, &call, number);
}

int main(int argc, char **argv)
{
    void (*volatile count_calls)(struct paper_caller *, uint64_t, uint64_t) = bench_count_calls;
    struct bench_workload workload = BENCH_WORKLOAD_INIT;
    struct paper_values values = { 0 };
    struct paper_caller caller;

    usage_check(argc, argv, argc,
                "hprpc-instructions URI OPERATION SIZE COUNT\n"
                "Makes COUNT calls inside bench_count_calls, for a profiler to count (see bench/instructions).");
    if (argc != 5 || !bench_operation_parse(argv[2], &workload.operation))
        errx(2, "usage: hprpc-instructions URI OPERATION SIZE COUNT");
    workload.size = (uint32_t)atoi(argv[3]);
    if (!paper_operation_find(&workload) || !paper_values_make(&values, workload.size))
        errx(2, "there is no such operation of this size");
    open_caller(&caller, argv[1], &workload, &values);
    warm_up(&caller);
    count_calls(&caller, WARM_UP, WARM_UP + (uint64_t)atoi(argv[4]));
    paper_caller_close(&caller);
    hprpc_server_free(server);
    return 0;
}
