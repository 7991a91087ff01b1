/* SPDX-License-Identifier: MIT */
/* The life of what a host and its controllers have in common. */
#include "rpc/connection/shared.h"

#include <hprpc/channel/transport.h>

int hprpc__shared_new(struct hprpc_context *context, struct hprpc__shared **ret_shared)
{
    struct hprpc__shared *shared = hprpc_context_allocate(context, sizeof(*shared));

    if (!shared)
        return HPRPC_ENOMEM;
    memset(shared, 0, sizeof(*shared));
    shared->context = context;
    shared->guard = hprpc__fork_guard_new();
    if (!shared->guard) {
        hprpc_context_release(context, shared, sizeof(*shared));
        return HPRPC_ESYSTEM;
    }
    hprpc__references_init(&shared->references);
    *ret_shared = shared;
    return 0;
}

struct hprpc__shared *hprpc__shared_keep(struct hprpc__shared *shared)
{
    hprpc__references_take(&shared->references);
    return shared;
}

void hprpc__shared_drop(struct hprpc__shared *shared)
{
    if (!shared || !hprpc__references_drop(&shared->references))
        return;
    hprpc__fork_guard_free(shared->guard);
    hprpc_context_release(shared->context, shared, sizeof(*shared));
}
