/* SPDX-License-Identifier: MIT */
/* BIND as generated code uses it: in two halves, the first of which does not wait, or in one step that waits. */
#include "rpc/bind.h"

#include "base/deadline.h"
#include "rpc/call/bind.h"
#include "rpc/call/binding.h"
#include "rpc/call/ticket.h"
#include "rpc/connection/life.h"
#include "rpc/connection/waiters.h"
#include "rpc/pending-call.h"
#include "rpc/pump/wait.h"
#include "rpc/rebind.h"

static int explain(struct hprpc_call *call, int code, const char *text)
{
    call->detail = text ? text : hprpc_error_text(code);
    return code;
}

/* Puts a ticket into the queue, under the lock. Fails where the connection is broken. */
static int enqueue(struct hprpc_controller *controller, const struct hprpc_interface *interface,
                   struct hprpc_call *call, bool picked)
{
    struct hprpc_pending_call *pending;
    int r;

    hprpc__assert_locked(&controller->lock);
    if (hprpc__state(controller) == HPRPC__BROKEN)
        return explain(call, hprpc__code_of_unsent(controller), controller->reason.text);
    r = hprpc__ticket_new(controller, call->timeout_ms ? call->timeout_ms : controller->own->timeout_ms, &pending);
    if (r < 0)
        return explain(call, r, NULL);
    pending->picked = picked;
    hprpc__ticket_enqueue(pending, interface);
    call->pending = pending;
    return 0;
}

/* Starts the clock of a ticket that perhaps no thread waits for. Under the lock. */
static void start_clock(struct hprpc_pending_call *pending)
{
    struct hprpc_controller *controller = pending->controller;

    hprpc__assert_locked(&pending->controller->lock);
    if (hprpc__ticket_start_clock(pending, hprpc_context_now(controller->context)))
        hprpc__pump_deadline_moved(controller);
}

static int begin(struct hprpc_controller *controller, const struct hprpc_interface *interface, struct hprpc_call *call,
                 bool waits, bool picked)
{
    int r;

    if (!hprpc__shared_is_ours(controller->shared))
        return explain(call, HPRPC_EFORKED, NULL);
    hprpc__mutex_lock(&controller->lock);
    r = enqueue(controller, interface, call, picked);
    if (r == 0 && !waits)
        start_clock(call->pending);
    hprpc__mutex_unlock(&controller->lock);
    if (r == 0)
        hprpc__bind_resume(controller);
    return r;
}

/* ---- Which connection is asked ---- */

/* Asks on the connection of the moment, and keeps it in `ret_controller` for the caller, if a ticket waits for the answer. */
static int begin_picked(struct hprpc__reconnect *reconnect, const struct hprpc_interface *interface,
                        struct hprpc_call *call, bool waits)
{
    struct hprpc_controller *controller;
    int r;

    if (!hprpc__shared_is_ours(reconnect->client->shared))
        return explain(call, HPRPC_EFORKED, NULL);
    do {
        r = hprpc__reconnect_pick(reconnect, &controller);
        if (r == HPRPC_ENOMEM)
            explain(call, r, NULL);
        else if (r == HPRPC_EAGAIN)
            hprpc__reconnect_let_end(controller);
        else
            r = begin(controller, interface, call, waits, true);
        hprpc_controller_drop(controller);
        /* it ended after it was picked: another one has its place, or will have it in a moment */
    } while (r == HPRPC_EAGAIN || (r == HPRPC_ENOTSENT && !hprpc__reconnect_is_over(reconnect)));
    return r;
}

static int begin_any(struct hprpc_client *client, const struct hprpc_interface *interface, struct hprpc_call *call,
                     bool waits)
{
    struct hprpc__reconnect *reconnect = hprpc__reconnect_of(client);

    return reconnect ? begin_picked(reconnect, interface, call, waits)
                     : begin(client->controller, interface, call, waits, false);
}

static int bind_post(struct hprpc_client *client, const struct hprpc_interface *interface, struct hprpc_call *call)
{
    if (!call)
        return HPRPC_EINVAL;
    hprpc_call_clear(call);
    return begin_any(client, interface, call, false);
}

int hprpc_stub_bind_post(struct hprpc_client *client, const struct hprpc_interface *interface, struct hprpc_call *call)
{
    int cancellation = hprpc__cancellation_disable();
    int r = bind_post(client, interface, call);

    hprpc__cancellation_restore(cancellation);
    return r;
}

/* ---- The answer ---- */

int hprpc__bound_take(struct hprpc_pending_call *pending, const struct hprpc_interface *interface,
                      struct hprpc_binding **ret_binding)
{
    struct hprpc_controller *controller = pending->controller;
    uint32_t count = interface->procedure_count;
    struct hprpc__bound_procedure *procedures =
        kodosis_arena_allocate(&pending->arena, (count + 1) * sizeof(*procedures));
    struct hprpc_binding *binding = procedures ? hprpc__binding_of(controller, interface) : NULL;
    uint16_t service;
    int r;

    if (!binding)
        return HPRPC_ENOMEM;
    if (pending->answer != HPRPC_MESSAGE_BOUND ||
        !hprpc__bound_read(pending->body.data, pending->body.size, count, &service, procedures))
        return HPRPC_EPROTOCOL;
    r = hprpc__binding_set(controller, binding, service, procedures);
    if (r == 0)
        *ret_binding = binding;
    return r;
}

/* Finds what a proxy is to hold: the connection's own client and binding, or those of the client that picks connections. */
static int find_holder(struct hprpc_pending_call *pending, struct hprpc_binding *binding,
                       struct hprpc_client **ret_client, struct hprpc_binding **ret_binding)
{
    struct hprpc__reconnect *reconnect = pending->picked ? hprpc__reconnect_behind(pending->controller) : NULL;
    struct hprpc_binding *held = binding;

    if (reconnect)
        held = hprpc__rebind_handle(reconnect, pending->controller, binding);
    if (!held)
        return HPRPC_ENOMEM;
    *ret_client = reconnect ? &reconnect->face : &pending->controller->client;
    *ret_binding = held;
    return 0;
}

int hprpc_stub_bind_collect(struct hprpc_call *call, const struct hprpc_interface *interface,
                            struct hprpc_client **ret_client, struct hprpc_binding **ret_binding)
{
    struct hprpc_pending_call *pending = call->pending;
    struct hprpc_binding *binding;
    int r;

    if (!pending)
        return explain(call, HPRPC_EINVAL, "nothing was asked for");
    r = hprpc_pending_call_wait(pending, HPRPC_NO_TIMEOUT);
    if (r < 0)
        return explain(call, r == HPRPC_EFORKED ? r : HPRPC_EINTERNAL, NULL);
    if (pending->code < 0)
        return explain(call, pending->code, pending->text);
    r = hprpc__bound_take(pending, interface, &binding);
    if (r == 0)
        r = find_holder(pending, binding, ret_client, ret_binding);
    if (r < 0)
        return explain(call, r, r == HPRPC_ENOMEM ? NULL : "the answer to BIND makes no sense");
    return 0;
}

/* ---- In one step ---- */

/* Asks once, and waits for the answer. */
static int ask_and_wait(struct hprpc_client *client, const struct hprpc_interface *interface, struct hprpc_call *call,
                        struct hprpc_binding **ret_binding)
{
    int r = begin_any(client, interface, call, true);

    if (!call->pending)
        return r;
    hprpc__pending_call_await(call->pending, HPRPC__UNSET);
    return hprpc_stub_bind_collect(call, interface, &client, ret_binding);
}

/*
 * Whether to ask again, because the connection ended before the answer came: BIND changes nothing, so that does no harm. Sets the time
 * that is left until the deadline, which is fixed at the first loss.
 */
static bool asks_again(struct hprpc__reconnect *reconnect, int code, hprpc__deadline *deadline, struct hprpc_call *call)
{
    uint64_t now;

    if (!reconnect || (code != HPRPC_ENOTSENT && code != HPRPC_EMAYBE && code != HPRPC_EPEERDIED) ||
        hprpc__reconnect_is_over(reconnect))
        return false;
    now = hprpc_context_now(reconnect->client->context);
    if (!*deadline)
        *deadline = hprpc__deadline_after_ms(now, reconnect->client->shared->limits.timeout_ms);
    if (now >= *deadline)
        return false;
    if (*deadline != HPRPC__NEVER)
        call->timeout_ms = (uint32_t)((*deadline - now) / HPRPC__MILLISECOND) + 1;
    return true;
}

static int bind_and_wait(struct hprpc_client *client, const struct hprpc_interface *interface,
                         struct hprpc_detail *detail, struct hprpc_binding **ret_binding)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    hprpc__deadline deadline = HPRPC__UNSET;
    int r;

    do {
        hprpc_call_clear(&call);
        r = ask_and_wait(client, interface, &call, ret_binding);
    } while (asks_again(hprpc__reconnect_of(client), r, &deadline, &call));
    if (r < 0)
        hprpc_detail_set(detail, r, "cannot bind %.100s: %s", interface->name, call.detail);
    hprpc_call_clear(&call);
    return r;
}

int hprpc_stub_bind(struct hprpc_client *client, const struct hprpc_interface *interface, struct hprpc_detail *detail,
                    struct hprpc_binding **ret_binding)
{
    int cancellation = hprpc__cancellation_disable();
    int r = bind_and_wait(client, interface, detail, ret_binding);

    hprpc__cancellation_restore(cancellation);
    return r;
}
