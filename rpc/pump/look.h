/* SPDX-License-Identifier: MIT */
/* A look at a connection that was left alone for a while: whether the other side is still there. */
#ifndef HPRPC_RPC_PUMP_LOOK_H
#define HPRPC_RPC_PUMP_LOOK_H

#include "base/clock.h"
#include "rpc/connection/connection.h"

/* Does one turn, unless another thread pumps: it receives what the other side has sent, and sees that it is gone. */
void hprpc__look(struct hprpc_controller *controller);

/* Notes when a connection was last asked, or looked at. */
static inline void hprpc__note_asked(struct hprpc_controller *controller, uint64_t now)
{
    /* relaxed: if two threads store at once, either time is good enough */
    atomic_store_explicit(&controller->asked_at, now, memory_order_relaxed);
}

/* Looks at a connection that has a `silence`, if it was asked so long ago. Returns the time. */
static inline uint64_t hprpc__look_if_silent(struct hprpc_controller *controller)
{
    uint64_t now = hprpc__silence_now(controller);
    /* relaxed: as above */
    uint64_t before = atomic_load_explicit(&controller->asked_at, memory_order_relaxed);

    /* signed: another thread may have stored a later time */
    if (KODOSIS_UNLIKELY((int64_t)(now - before) >= (int64_t)controller->silence)) {
        hprpc__look(controller);
        /* after the look: until it is over, other threads look as well, or wait for this one */
        hprpc__note_asked(controller, now);
    }
    return now;
}

/*
 * Called before a request: looks, if the last request was so long ago that the other side may be gone unseen. A look calls the
 * system, so calls in quick succession do not look.
 */
static inline void hprpc__look_after_silence(struct hprpc_controller *controller)
{
    if (controller->silence)
        hprpc__note_asked(controller, hprpc__look_if_silent(controller));
}

#endif
