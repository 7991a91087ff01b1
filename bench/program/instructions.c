/* SPDX-License-Identifier: MIT */
/*
 * Makes some calls with both sides on one thread, in turn, so that an instruction counter sees the same path every time:
 * hprpc-instructions URI OPERATION SIZE COUNT WAY. Only the instructions inside bench_count_calls are counted (see
 * bench/instructions).
 */
#include <err.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hprpc/channel/channel.h>

#include "bench/paper/flow.h"
#include "bench/paper/operations.h"
#include "bench/paper/service.h"
#include "examples/usage.h"
#include "rpc/connection/connection.h"
#include "rpc/server.h"

enum { WARM_UP = 64, DEPTH = 64 };

/* A way to make calls. */
struct way {
    const char *name;
    int (*open)(struct paper_caller *caller, const char *uri, const struct bench_workload *workload,
                const struct paper_values *values, struct hprpc_detail *detail);
    int (*serve)(struct hprpc_server *server);
    void (*prepare)(struct paper_caller *caller);
    void (*make)(struct paper_caller *caller, uint64_t first,
                 uint64_t last); /* makes the calls numbered from `first` to `last` */
};

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

/* ---- The server ---- */

/* What the server does between two steps of the client; the way chooses it. */
static int (*serve)(struct hprpc_server *server);

/* Makes a turn as hprpc_server_run does, but never sleeps. */
static int turn(struct hprpc_server *running)
{
    return hprpc__server_turn(running, true, 0);
}

/* ---- The ways ---- */

/* Lets the sides take turns until the call is done. */
static void drive(struct paper_caller *caller, struct hprpc_call *call)
{
    while (!hprpc_pending_call_done(call->pending)) {
        demand(call, serve(server));
        demand(call, hprpc_client_process(caller->client));
    }
}

/* Makes one call after the other in an event loop. */
static void make_looped(struct paper_caller *caller, uint64_t first, uint64_t last)
{
    struct hprpc_call call = HPRPC_CALL_INIT;

    for (uint64_t number = first; number < last; number++) {
        demand(&call, caller->operation->start(caller, &call, number));
        drive(caller, &call);
        demand(&call, caller->operation->finish(caller, &call, number));
        hprpc_call_clear(&call);
    }
}

/* Makes DEPTH calls at a time in an event loop. */
static void make_deep(struct paper_caller *caller, uint64_t first, uint64_t last)
{
    static struct hprpc_call calls[DEPTH];

    for (size_t i = 0; i < DEPTH; i++)
        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
    for (; first < last; first += DEPTH) {
        for (size_t i = 0; i < DEPTH; i++)
            demand(&calls[i], caller->operation->start(caller, &calls[i], first + i));
        for (size_t i = 0; i < DEPTH; i++)
            drive(caller, &calls[i]);
        for (size_t i = 0; i < DEPTH; i++) {
            demand(&calls[i], caller->operation->finish(caller, &calls[i], first + i));
            hprpc_call_clear(&calls[i]);
        }
    }
}

/* Makes one synchronous call after the other. */
static void make_synchronous(struct paper_caller *caller, uint64_t first, uint64_t last)
{
    struct hprpc_call call = HPRPC_CALL_INIT;

    for (uint64_t number = first; number < last; number++) {
        demand(&call, caller->operation->call(caller, &call, number));
        hprpc_call_clear(&call);
    }
}

/* Moves elements of one stream in an event loop, each side as many as it can in its turn. */
static void make_stream(struct paper_caller *caller, uint64_t first, uint64_t last)
{
    static struct hprpc_call call = HPRPC_CALL_INIT;
    static paper_flow_step *step;
    enum bench_operation operation = caller->payload ? BENCH_POUR : BENCH_NUMBERS;

    call.flags = HPRPC_CALL_NO_WAIT;
    if (!step)
        demand(&call, paper_flow_open(caller, &call, operation, &step));
    while (first < last) {
        int result = step(caller, &call, first);

        if (result == HPRPC_EBUSY) {
            demand(&call, serve(server));
            demand(&call, hprpc_client_process(caller->client));
            continue;
        }
        demand(&call, result);
        first++;
    }
}

static const struct hprpc_channel_ops *client_ops;

/* Replaces the client's `receive`: the server takes a turn if there is nothing to receive. */
static int receive_after_server(struct hprpc_channel *channel, struct hprpc_message *ret_message)
{
    int result = client_ops->receive(channel, ret_message);

    if (result)
        return result;
    if (serve(server) < 0)
        errx(1, "the server has ended");
    return client_ops->receive(channel, ret_message);
}

static void serve_when_waiting(struct paper_caller *caller)
{
    static struct hprpc_channel_ops ops;
    struct hprpc_channel *channel = caller->client->controller->channel;

    client_ops = channel->ops;
    ops = *client_ops;
    ops.receive = receive_after_server;
    channel->ops = &ops;
}

static const struct way ways[] = {
    { "loop", paper_caller_open_looped, hprpc_server_process, NULL, make_looped },
    { "depth-64", paper_caller_open_looped, turn, NULL, make_deep },
    { "stream", paper_caller_open_looped, turn, NULL, make_stream },
    { "caller", paper_caller_open, turn, serve_when_waiting, make_synchronous },
    { "one-thread", paper_caller_open, NULL, NULL, make_synchronous },
};

static const struct way *find_way(const char *name)
{
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(ways[i].name, name) == 0)
            return &ways[i];
    }
    return NULL;
}

/* ---- The program ---- */

/* The counter finds this function by its name, so it is not static, and is called through a pointer. */
void bench_count_calls(const struct way *way, struct paper_caller *caller, uint64_t first, uint64_t last);

void bench_count_calls(const struct way *way, struct paper_caller *caller, uint64_t first, uint64_t last)
{
    way->make(caller, first, last);
}

/* Connects while a thread runs the server, if the way runs it later on. */
static void open_caller(const struct way *way, struct paper_caller *caller, const char *uri,
                        const struct bench_workload *workload, const struct paper_values *values)
{
    struct hprpc_detail detail = { "" };
    char address[HPRPC_URI_MAX + 1];
    pthread_t thread = pthread_self();
    int result = paper_server_new(&uri, 1, &detail, &server);

    if (result == 0)
        result = hprpc_server_address(server, 0, address, sizeof(address));
    /* a way without turns of the server has this thread serve it */
    if (result == 0 && !way->serve)
        result = hprpc_server_process(server);
    if (result == 0 && way->serve && pthread_create(&thread, NULL, run_server, NULL) != 0)
        result = HPRPC_ESYSTEM;
    if (result == 0)
        result = way->open(caller, address, workload, values, &detail);
    if (result != 0)
        errx(1, "%s", detail.text[0] ? detail.text : hprpc_error_text(result));
    atomic_store(&connected, true);
    if (way->serve)
        pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    void (*volatile count_calls)(const struct way *, struct paper_caller *, uint64_t, uint64_t) = bench_count_calls;
    struct bench_workload workload = BENCH_WORKLOAD_INIT;
    struct paper_values values = { 0 };
    struct paper_caller caller;
    const struct way *way = argc == 6 ? find_way(argv[5]) : NULL;

    usage_check(
        argc, argv, argc,
        "hprpc-instructions URI OPERATION SIZE COUNT WAY\n"
        "WAY is loop, depth-64, caller or one-thread, or stream for Numbers and Pour. Makes COUNT calls inside bench_count_calls, for a profiler to count (see bench/instructions).");
    if (!way || !bench_operation_parse(argv[2], &workload.operation))
        errx(2, "usage: hprpc-instructions URI OPERATION SIZE COUNT loop|depth-64|caller|one-thread|stream");
    workload.size = (uint32_t)atoi(argv[3]);
    if (!paper_operation_find(&workload) || !paper_values_make(&values, workload.size))
        errx(2, "there is no such operation of this size");
    if (bench_operation_streams(workload.operation) != (way->make == make_stream))
        errx(2, "streams, and only they, go the way \"stream\"");
    open_caller(way, &caller, argv[1], &workload, &values);
    serve = way->serve;
    if (way->prepare)
        way->prepare(&caller);
    /* the first calls allocate what later calls use */
    way->make(&caller, 0, WARM_UP);
    count_calls(way, &caller, WARM_UP, WARM_UP + (uint64_t)atoi(argv[4]));
    paper_caller_close(&caller);
    hprpc_server_free(server);
    return 0;
}
