/* SPDX-License-Identifier: MIT */
/* Which connection a log line is about: its peer, its number, its age, its calls. */
#include "rpc/connection/identity.h"
#include "base/deadline.h"

#include <inttypes.h>
#include <stdio.h>

const char *hprpc__identity(struct hprpc_controller *controller, struct hprpc__identity *ret_identity)
{
    /* in a child of fork the lock may be held for ever */
    bool locks = hprpc__shared_is_ours(controller->shared);
    struct hprpc_peer peer;

    if (locks)
        hprpc__mutex_lock(&controller->lock);
    controller->channel->ops->describe(controller->channel, &peer);
    if (locks)
        hprpc__mutex_unlock(&controller->lock);
    if (controller->begins)
        snprintf(ret_identity->text, sizeof(ret_identity->text), "connection to %s %s", peer.transport, peer.address);
    else
        snprintf(ret_identity->text, sizeof(ret_identity->text), "connection %" PRIu64 " from %s %s",
                 controller->number, peer.transport, peer.address);
    return ret_identity->text;
}

static uint64_t calls_of(struct hprpc_controller *controller)
{
    return atomic_load_explicit(&controller->requests_sent, memory_order_relaxed) +
           atomic_load_explicit(&controller->requests_taken, memory_order_relaxed);
}

const char *hprpc__identity_full(struct hprpc_controller *controller, struct hprpc__identity *ret_identity)
{
    uint64_t age = (hprpc_context_now(controller->context) - controller->born) / (100 * HPRPC__MILLISECOND);
    uint64_t calls = calls_of(controller);
    size_t length = strlen(hprpc__identity(controller, ret_identity));

    snprintf(ret_identity->text + length, sizeof(ret_identity->text) - length, ", %" PRIu64 ".%u s, %" PRIu64 " call%s",
             age / 10, (unsigned)(age % 10), calls, calls == 1 ? "" : "s");
    return ret_identity->text;
}
