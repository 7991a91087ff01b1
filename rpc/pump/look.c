/* SPDX-License-Identifier: MIT */
/* Taking the pump for one turn before a request, where no thread has looked at the connection for a while. */
#include "rpc/pump/look.h"

#include <sched.h>

#include "base/poller.h"
#include "rpc/connection/spin.h"
#include "rpc/connection/waiters.h"
#include "rpc/pump/wait.h"

/* After arm and disarm the channel's next `receive` also looks whether the other side is gone. */
static void wake_channel(struct hprpc_channel *channel)
{
    channel->ops->arm(channel);
    channel->ops->disarm(channel);
}

enum {
    YIELDS = 64, /* while another thread has the pump for one turn: as a rule it is through by then */
    NAPS = 20, /* of a millisecond, after that and no more: a callback inside the turn may wait for this very thread */
};

/* Lets the thread that has the pump run: yields at first, then sleeps a millisecond at a time. */
static void let_run(const struct hprpc_controller *controller, int attempt)
{
    const struct hprpc_watch wake = { .fd = controller->pump.wake_fd };

    if (attempt < YIELDS)
        sched_yield();
    else
        hprpc__poll_last(&wake, 1, HPRPC__NAP_NANOSECONDS);
}

/* Takes the pump. False: a thread has it that waits, and sees what comes. */
static bool own(struct hprpc_controller *controller)
{
    int attempt = 0;

    while (!hprpc__pump_try_own(&controller->pump)) {
        /* a turn is short; without its result this thread would send to a side that is known to be gone a moment later */
        if (atomic_load_explicit(&controller->awaited, memory_order_relaxed) || attempt == YIELDS + NAPS)
            return false;
        let_run(controller, attempt++);
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
    wake_channel(controller->channel);
    hprpc__pump_turn(controller);
}

void hprpc__look(struct hprpc_controller *controller)
{
    int cancellation = hprpc__cancellation_disable();

    look(controller);
    hprpc__cancellation_restore(cancellation);
}
