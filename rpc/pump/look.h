/* SPDX-License-Identifier: MIT */
/* A look at a connection that was left alone for a while: whether the other side is still there. */
#ifndef HPRPC_RPC_PUMP_LOOK_H
#define HPRPC_RPC_PUMP_LOOK_H

#include "base/clock.h"
#include "rpc/connection/connection.h"

/* Does one turn, unless another thread pumps: it receives what the other side has sent, and sees that it is gone. */
void hprpc__look(struct hprpc_controller *controller);

/*
 * Called before a request: looks, if the last request was so long ago that the other side may be gone unseen. A look calls the
 * system, so calls in quick succession do not look.
 */
static inline void hprpc__look_after_silence(struct hprpc_controller *controller)
{
    uint64_t now, before;

    if (!controller->silence)
        return;
    now = hprpc__silence_now(controller);
    /* relaxed: if two threads store at once, either time is good enough */
    before = atomic_load_explicit(&controller->asked_at, memory_order_relaxed);
    /* signed: another thread may have stored a later time */
    if (KODOSIS_UNLIKELY((int64_t)(now - before) >= (int64_t)controller->silence))
        hprpc__look(controller);
    /* after the look: until it is over, other threads look as well, or wait for this one */
    atomic_store_explicit(&controller->asked_at, now, memory_order_relaxed);
}

#endif
