/* SPDX-License-Identifier: MIT */
/* A look at a connection that nobody has looked at for a while: whether the other side is still there. */
#ifndef HPRPC_RPC_PUMP_LOOK_H
#define HPRPC_RPC_PUMP_LOOK_H

#include "base/clock.h"
#include "rpc/connection/connection.h"

/* Takes what the other side has said meanwhile, also that it is gone, unless a thread pumps. */
void hprpc__look(struct hprpc_controller *controller);

/*
 * Before a request: looks where nobody has asked anything for so long that the other side may be gone unseen. A look calls the
 * system, so calls in quick succession do without.
 */
static inline void hprpc__look_after_silence(struct hprpc_controller *controller)
{
    uint64_t now, before;

    if (!controller->silence)
        return;
    now = hprpc__silence_now(controller);
    /* relaxed: where two threads ask at once, either time will do */
    before = atomic_load_explicit(&controller->asked_at, memory_order_relaxed);
    atomic_store_explicit(&controller->asked_at, now, memory_order_relaxed);
    /* signed: another thread may have been later */
    if (KODOSIS_UNLIKELY((int64_t)(now - before) >= (int64_t)controller->silence))
        hprpc__look(controller);
}

#endif
