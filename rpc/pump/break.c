/* SPDX-License-Identifier: MIT */
/* How a connection breaks: every call completes, once, with one code and one sentence. */
#include "rpc/pump/break.h"

#include "rpc/call/ticket.h"
#include "rpc/connection/control.h"
#include "rpc/connection/identity.h"
#include "rpc/connection/send.h"
#include "rpc/connection/waiters.h"
#include "rpc/serve/request.h"

#define CLOSED_HERE "the connection was closed on this side"
#define STARVED "the connection was closed: no memory for an answer"

/* Whether the other side broke the rules. */
static bool is_breach(int code)
{
    return code == HPRPC_EPROTOCOL || code == HPRPC_EVERSION || code == HPRPC_ETWOWAY;
}

/*
 * Whether to send GOODBYE with the reason: the other side broke the rules, is turned away, or is not heard for lack of memory, and
 * has not said GOODBYE itself.
 */
static bool says_why(const struct hprpc_controller *controller, int code)
{
    return !controller->parted && (is_breach(code) || code == HPRPC_ENOMEM || controller->turned_away);
}

/* Puts the peer's address before the reason: a caller that reads it may have many connections. Under the lock. */
static void name_peer(struct hprpc_controller *controller, const char *reason, struct hprpc_detail *ret_named)
{
    struct hprpc_peer peer;

    controller->channel->ops->describe(controller->channel, &peer);
    hprpc_detail_set(ret_named, 0, "%s %s: %s", peer.transport, peer.address, reason);
}

/* Stores the reason in the controller. `otherwise` is static, and is stored where there is no memory. Under the lock. */
static void keep_reason(struct hprpc_controller *controller, const char *reason, const char *otherwise)
{
    struct hprpc_detail named;

    if (controller->begins && hprpc__state(controller) == HPRPC__READY) {
        name_peer(controller, reason, &named);
        hprpc__reason_copy(&controller->reason, controller->context, named.text, otherwise);
    } else if (reason != controller->reason.text) {
        hprpc__reason_copy(&controller->reason, controller->context, reason, otherwise);
    }
}

static bool set_broken(struct hprpc_controller *controller, int code, const char *reason)
{
    const char *otherwise = NULL;
    bool first;

    hprpc__mutex_lock(&controller->lock);
    first = hprpc__state(controller) != HPRPC__BROKEN;
    if (first) {
        if (controller->closing || controller->starved)
            code = hprpc__state(controller) == HPRPC__READY ? HPRPC_EMAYBE : HPRPC_ECLOSED;
        controller->code = code;
        controller->progress++;
        if (controller->starved || controller->closing)
            reason = otherwise = controller->starved ? STARVED : CLOSED_HERE;
        if (says_why(controller, code) && hprpc__goodbye_send(controller, code, reason) == 0)
            controller->channel->ops->flush(controller->channel);
        hprpc__count_unread(controller, 0);
        controller->channel->ops->close(controller->channel);
        keep_reason(controller, reason, otherwise ? otherwise : hprpc_error_text(code));
        /* release: pairs with hprpc__state */
        atomic_store_explicit(&controller->state, HPRPC__BROKEN, memory_order_release);
    }
    hprpc__mutex_unlock(&controller->lock);
    return first;
}

static void log_end(struct hprpc_controller *controller)
{
    struct hprpc__identity identity;
    /* connections that are turned away were logged by the acceptor */
    enum hprpc_log_level level = controller->turned_away       ? HPRPC_LOG_DEBUG
                                 : is_breach(controller->code) ? HPRPC_LOG_ERROR
                                                               : HPRPC_LOG_INFO;

    hprpc_context_log(controller->context, level, "%s: ended: %s: %s", hprpc__identity_full(controller, &identity),
                      hprpc_error_name(controller->code), controller->reason.text);
}

static void break_connection(struct hprpc_controller *controller, int code, const char *reason)
{
    if (!set_broken(controller, code, reason))
        return;
    log_end(controller);
    hprpc__request_cancel_all(controller);
    hprpc__tickets_fail_all(controller, controller->code, controller->reason.text);
    hprpc__tickets_tell(controller);
    hprpc__streams_tell(controller);
    hprpc__pump_stir(controller);
    if (controller->pump.host->state_changed)
        controller->pump.host->state_changed(controller->pump.host, controller);
}

/* Whether the host goes on opening the connection all the same. A connection that has ended may outlive its host. */
static bool opens_again(struct hprpc_controller *controller, int code, const char *reason)
{
    struct hprpc__host *host = controller->pump.host;

    return hprpc__state(controller) == HPRPC__OPENING && host->opening_failed &&
           host->opening_failed(host, controller, code, reason);
}

void hprpc__controller_break(struct hprpc_controller *controller, int code, const char *reason)
{
    int cancellation = hprpc__cancellation_disable();

    if (!opens_again(controller, code, reason))
        break_connection(controller, code, reason);
    hprpc__cancellation_restore(cancellation);
}
