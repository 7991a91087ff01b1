/* SPDX-License-Identifier: MIT */
/* Taking the pump for one turn before a request, where no thread has looked at the connection for a while. */
#include "rpc/pump/look.h"

#include <sched.h>

#include "rpc/connection/waiters.h"
#include "rpc/pump/wait.h"

/* After arm and disarm the channel's next `receive` also looks whether the other side is gone. */
static void wake_channel(struct hprpc_channel *channel)
{
    channel->ops->arm(channel);
    channel->ops->disarm(channel);
}

enum {
    ATTEMPTS = 16,  /* to see that the thread that has the pump is looking, rather than waiting */
    PATIENCE = 256, /* while it looks, and no longer: a callback inside the look may wait for this very thread */
};

/* Takes the pump. False: a thread has it that waits, and sees what comes. */
static bool own(struct hprpc_controller *controller)
{
    int attempts = 0;

    while (!hprpc__pump_try_own(&controller->pump)) {
        /* a look is short; without its result this thread would send to a side that is known to be gone a moment later */
        if (++attempts >= (atomic_load(&controller->looking) ? PATIENCE : ATTEMPTS))
            return false;
        sched_yield();
    }
    return true;
}

static void look(struct hprpc_controller *controller)
{
    if (controller->pump.pumps_alone || hprpc__pump_is_mine(&controller->pump) ||
        hprpc__state(controller) == HPRPC__BROKEN || !own(controller))
        return;
    if (hprpc__state(controller) == HPRPC__BROKEN) {
        hprpc__pump_disown(&controller->pump);
        return;
    }
    atomic_store(&controller->looking, true);
    wake_channel(controller->channel);
    hprpc__pump_turn(controller);
}

void hprpc__look(struct hprpc_controller *controller)
{
    int cancellation = hprpc__cancellation_disable();

    look(controller);
    hprpc__cancellation_restore(cancellation);
}
