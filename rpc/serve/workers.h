/*
 * Threads that run handlers, so that a slow one harms only itself. There is one group of threads for each depth of
 * nesting, started as they are first needed: a handler that waits for a call back waits only for deeper groups, so a full
 * group cannot keep a nested call from running, and nesting cannot deadlock.
 */
#ifndef HPRPC_RPC_SERVE_WORKERS_H
#define HPRPC_RPC_SERVE_WORKERS_H

#include "rpc/serve/request.h"

struct hprpc__workers;

/* `count` threads for each depth below `depths`. HPRPC_ENOMEM. */
int hprpc__workers_new(struct hprpc_context *context, uint32_t count, uint32_t depths,
                       struct hprpc__workers **ret_workers);

/* Hands a shared request over. False when no thread could be started for it. Any thread. */
bool hprpc__workers_submit(struct hprpc__workers *workers, struct hprpc_request *request);

/* The request that the calling thread runs, or NULL when it is none of the workers. */
struct hprpc_request *hprpc__workers_running(struct hprpc__workers *workers);

/* Waits until running handlers have returned; requests that still wait are dropped. NULL is accepted. */
void hprpc__workers_free(struct hprpc__workers *workers);

#endif
