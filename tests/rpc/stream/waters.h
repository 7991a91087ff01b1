/* SPDX-License-Identifier: MIT */
/*
 * The fixture of the tests of streams: a context that counts its memory, a server of test.Flow at any URI, and handlers that serve it in
 * one of three ways.
 */
#ifndef RPC_STREAM_WATERS_H
#define RPC_STREAM_WATERS_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/fake.h"
#include "support/fixture.h"
#include "support/flow.h"
#include "support/memory.h"
#include "support/patience.h"

/* How handlers are run. */
enum serving {
    ON_WORKERS,  /* handlers block */
    ON_A_THREAD, /* handlers defer, and a thread of the test goes on, and blocks */
    ON_THE_LOOP, /* handlers defer, and go on in callbacks, which never block */
    SERVINGS,
    INLINE = SERVINGS, /* handlers do all on the loop before they return, or fail */
};

/* What Upload and Chat, and Watch by its count, are asked to do. */
enum what {
    FLOW,                 /* read, or echo, what comes */
    HOLD,                 /* do nothing until the test says so, or the caller gives up; then go on */
    FAIL = 2,             /* read two elements, or send two, and fail */
    WATCH_HOLDS = 1 << 30 /* the count of a Watch that sends one element, and then does nothing as HOLD */
};

struct waters {
    struct memory memory;
    struct hprpc_context *context;
    struct hprpc_server *server;
    enum serving serving;
    pthread_t thread;
    atomic_uint jobs;     /* that are not at their end */
    atomic_int last_code; /* of the last job that failed; 0 */
    atomic_bool released; /* the handlers of HOLD may go on */
    atomic_uint held;     /* how many wait for that */
    char uri[128];
};

/* Makes a context, and a server that runs on a thread of its own. `options` may be NULL; its `workers` are set as `serving` wants. */
void waters_open(struct waters *waters, const char *uri, enum serving serving,
                 const struct hprpc_server_options *options);

/* Ends all of it, and asserts that all memory is back. */
void waters_close(struct waters *waters);

/* Connects a client and binds. */
struct hprpc_client *waters_connect(struct waters *waters, const struct hprpc_client_options *options,
                                    struct flow *ret_flow);

/* Waits until no job is left. */
void waters_settle(struct waters *waters);

#endif
