/* SPDX-License-Identifier: MIT */
/*
 * Threads that run handlers, so that a slow handler delays no other. Their number has one bound for the whole server; they are
 * started as they are needed, and end after a while without work.
 *
 * A handler may wait for a call to its caller, from which further requests follow: nested ones. Nested requests leave one worker
 * to requests that are not nested. Where no worker is free for them, they run on the thread of a handler that waits on their
 * connection. So a handler that waits never waits for a thread, and nesting cannot deadlock, however few threads there are.
 */
#ifndef HPRPC_RPC_SERVE_WORKERS_H
#define HPRPC_RPC_SERVE_WORKERS_H

#include "rpc/serve/request.h"

struct hprpc__workers;

/* At most `count` threads, each of which ends after `idle_ns` without work. HPRPC_ENOMEM. */
int hprpc__workers_new(struct hprpc_context *context, uint32_t count, uint64_t idle_ns,
                       struct hprpc__workers **ret_workers);

/*
 * Hands a shared request to the workers; `nested`: it follows from a call that this side has open on its connection. False when
 * there is no worker and none can be started. By the pump's owner.
 */
bool hprpc__workers_submit(struct hprpc__workers *workers, struct hprpc_request *request, bool nested);

/* The request that the calling thread runs, or NULL when the thread is no worker. */
struct hprpc_request *hprpc__workers_running(struct hprpc__workers *workers);

/* Whether a nested request waits that may run inside the handler of `outer`. Any thread. */
bool hprpc__workers_has_nested(struct hprpc__workers *workers, const struct hprpc_request *outer);

/* Runs one of them on this thread, inside the handler of `outer`, which waits. False: there was none. */
bool hprpc__workers_run_nested(struct hprpc__workers *workers, struct hprpc_request *outer);

/* Notes that the calling thread, a worker inside a handler, waits on that handler's connection, or no longer waits. */
void hprpc__workers_set_waiting(struct hprpc__workers *workers, bool waits);

/* Waits until running handlers have returned; requests that still wait are dropped. NULL is accepted. */
void hprpc__workers_free(struct hprpc__workers *workers);

#endif
