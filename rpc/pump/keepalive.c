/* SPDX-License-Identifier: MIT */
/* Pings on a silent connection. Only a side that pumps all the time can answer, so other sides are never pinged. */
#include "rpc/pump/keepalive.h"

#include <stdio.h>

#include "rpc/connection/control.h"
#include "rpc/pump/break.h"
#include "base/deadline.h"

enum { SILENT_MAX = 3 }; /* intervals without a sign of life, the first of which ends in a PING */

/* Relaxed: a thread that reads an old `next_look` asks again. */
static void look_next(struct hprpc_controller *controller, uint64_t now)
{
    atomic_store_explicit(&controller->keepalive.next_look,
                          hprpc__deadline_after_ms(now, controller->own->keepalive_ms), memory_order_relaxed);
}

void hprpc__keepalive_start(struct hprpc_controller *controller, bool attentive)
{
    struct hprpc__keepalive *keepalive = &controller->keepalive;

    keepalive->heard = true;
    keepalive->silent = 0;
    if (attentive && controller->own->keepalive_ms && controller->pump.host->pumps_always)
        look_next(controller, hprpc_context_now(controller->context));
}

static void ping(struct hprpc_controller *controller)
{
    hprpc__mutex_lock(&controller->lock);
    hprpc__signal_send(controller, HPRPC_MESSAGE_PING, 0);
    hprpc__mutex_unlock(&controller->lock);
}

void hprpc__keepalive_look(struct hprpc_controller *controller, uint64_t now)
{
    struct hprpc__keepalive *keepalive = &controller->keepalive;
    char reason[100];

    hprpc__assert_pumping(&controller->pump);
    if (now < atomic_load_explicit(&keepalive->next_look, memory_order_relaxed) ||
        hprpc__state(controller) != HPRPC__READY)
        return;
    look_next(controller, now);
    keepalive->silent = keepalive->heard ? 0 : keepalive->silent + 1;
    keepalive->heard = false;
    if (keepalive->silent >= SILENT_MAX) {
        snprintf(reason, sizeof(reason), "no sign of life for %u intervals of %u ms", (unsigned)SILENT_MAX,
                 controller->own->keepalive_ms);
        hprpc__controller_break(controller, HPRPC_EPEERDIED, reason);
    } else if (keepalive->silent) {
        ping(controller);
    }
}
