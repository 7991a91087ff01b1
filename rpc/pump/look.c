/* SPDX-License-Identifier: MIT */
/* Taking the pump for one turn before a request, where no thread has looked at the connection for a while. */
#include "rpc/pump/look.h"

#include "rpc/connection/waiters.h"
#include "rpc/pump/wait.h"

/* After arm and disarm the channel's next `receive` also looks whether the other side is gone. */
static void wake_channel(struct hprpc_channel *channel)
{
    channel->ops->arm(channel);
    channel->ops->disarm(channel);
}

static void look(struct hprpc_controller *controller)
{
    if (controller->pump.pumps_alone || hprpc__state(controller) == HPRPC__BROKEN ||
        hprpc__pump_is_mine(&controller->pump) || !hprpc__pump_try_own(&controller->pump))
        return;
    wake_channel(controller->channel);
    hprpc__pump_disown(&controller->pump);
    hprpc__pump_once(controller);
}

void hprpc__look(struct hprpc_controller *controller)
{
    int cancellation = hprpc__cancellation_disable();

    look(controller);
    hprpc__cancellation_restore(cancellation);
}
