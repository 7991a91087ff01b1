/* SPDX-License-Identifier: MIT */
/* What a host and its controllers have in common. A controller that is kept may outlive its host, but not this. */
#ifndef HPRPC_RPC_CONNECTION_SHARED_H
#define HPRPC_RPC_CONNECTION_SHARED_H

#include <hprpc/context.h>

#include "base/fork.h"
#include "base/references.h"
#include "rpc/connection/quota.h"

struct hprpc_controller;
struct hprpc__services;

/* What this side allows itself, and the other one. */
struct hprpc__limits {
    uint32_t max_message;
    uint32_t max_calls;
    uint32_t max_depth;
    uint32_t timeout_ms;
    uint32_t keepalive_ms;
    uint64_t max_call_bytes;
    uint64_t max_decoded;
    uint32_t stream_elements;
    uint32_t stream_idle_ms;
    uint64_t stream_bytes;
    uint64_t max_stream_bytes;
};

struct hprpc__shared {
    struct hprpc_context *context;
    struct hprpc__references references;
    struct hprpc__fork_guard *guard;
    _Atomic uint64_t connections; /* that were made so far */
    atomic_uint living;           /* of those, the ones that are not freed: a request may keep one that has ended */
    struct hprpc__quota quota;
    atomic_size_t copied; /* what requests hold that a client without a connection keeps (rpc/call/posted.h) */

    /* the same for every connection; set before the first one */
    struct hprpc__limits limits;
    struct hprpc__services *services;                         /* the server's, or NULL */
    void (*clear_roles)(struct hprpc_controller *controller); /* frees what calling and serving keep in a controller */
};

/* With one reference. HPRPC_ENOMEM; HPRPC_ESYSTEM, with errno. */
int hprpc__shared_new(struct hprpc_context *context, struct hprpc__shared **ret_shared);

struct hprpc__shared *hprpc__shared_keep(struct hprpc__shared *shared);

/* False in a child of fork(): the handles are its parent's, and it must not touch what they share. */
static inline bool hprpc__shared_is_ours(const struct hprpc__shared *shared)
{
    return hprpc__fork_guard_is_ours(shared->guard);
}

/* NULL is accepted. */
void hprpc__shared_drop(struct hprpc__shared *shared);

#endif
