/* How a connection breaks: every call completes, once, with one code and one sentence. */
#include "rpc/pump/break.h"

#include "rpc/call/ticket.h"
#include "rpc/connection/control.h"
#include "rpc/connection/send.h"
#include "rpc/connection/waiters.h"
#include "rpc/serve/request.h"

#define CLOSED_HERE "the connection was closed on this side"
#define STARVED "the connection was closed: no memory for an answer"

static bool set_broken(struct hprpc_controller *controller, int code, const char *reason)
{
    bool first;

    hprpc__mutex_lock(&controller->lock);
    first = hprpc__state(controller) != HPRPC__BROKEN;
    if (first) {
        if (controller->closing || controller->starved)
            code = hprpc__state(controller) == HPRPC__READY ? HPRPC_EMAYBE : HPRPC_ECLOSED;
        controller->code = code;
        controller->progress++;
        if (controller->starved || controller->closing)
            reason = controller->starved ? STARVED : CLOSED_HERE;
        if (reason != controller->reason.text)
            hprpc_detail_set(&controller->reason, 0, "%s", reason);
        if (code == HPRPC_EPROTOCOL && hprpc__goodbye_send(controller, reason) == 0)
            controller->channel->ops->flush(controller->channel);
        hprpc__count_unread(controller, 0);
        controller->channel->ops->close(controller->channel);
        /* release: pairs with hprpc__state */
        atomic_store_explicit(&controller->state, HPRPC__BROKEN, memory_order_release);
    }
    hprpc__mutex_unlock(&controller->lock);
    return first;
}

void hprpc__controller_break(struct hprpc_controller *controller, int code, const char *reason)
{
    if (!set_broken(controller, code, reason))
        return;
    hprpc_context_log(controller->context, controller->code == HPRPC_EPROTOCOL ? HPRPC_LOG_ERROR : HPRPC_LOG_INFO,
                      "a connection ended: %s: %s", hprpc_error_name(controller->code), controller->reason.text);
    hprpc__request_cancel_all(controller);
    hprpc__pending_fail_all(controller, controller->code, controller->reason.text);
    hprpc__pump_stir(controller);
    if (controller->pump.host->changed)
        controller->pump.host->changed(controller->pump.host, controller);
}
