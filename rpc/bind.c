/* SPDX-License-Identifier: MIT */
/* BIND as generated code uses it: in two halves, the first of which does not wait, or in one step that waits. */
#include "rpc/call/bind.h"

#include "rpc/call/binding.h"
#include "rpc/pending-call.h"
#include "rpc/call/ticket.h"
#include "rpc/connection/waiters.h"
#include "rpc/pump/wait.h"
#include "base/deadline.h"

static int explain(struct hprpc_call *call, int code, const char *text)
{
    call->detail = text ? text : hprpc_error_text(code);
    return code;
}

/* Puts a ticket into the queue, under the lock. Fails where the connection is broken. */
static int enqueue(struct hprpc_controller *controller, const struct hprpc_interface *interface,
                   struct hprpc_call *call)
{
    struct hprpc_pending_call *pending;
    int r;

    hprpc__assert_locked(&controller->lock);
    if (hprpc__state(controller) == HPRPC__BROKEN)
        return explain(call, hprpc__code_of_unsent(controller), controller->reason.text);
    r = hprpc__ticket_new(controller, call->timeout_ms ? call->timeout_ms : controller->own->timeout_ms, &pending);
    if (r < 0)
        return explain(call, r, NULL);
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
                 bool waits)
{
    int r;

    if (!hprpc__shared_is_ours(controller->shared))
        return explain(call, HPRPC_EFORKED, NULL);
    hprpc__mutex_lock(&controller->lock);
    r = enqueue(controller, interface, call);
    if (r == 0 && !waits)
        start_clock(call->pending);
    hprpc__mutex_unlock(&controller->lock);
    if (r == 0)
        hprpc__bind_resume(controller);
    return r;
}

static int bind_post(struct hprpc_client *client, const struct hprpc_interface *interface, struct hprpc_call *call)
{
    if (!call)
        return HPRPC_EINVAL;
    hprpc_call_clear(call);
    return begin(client->controller, interface, call, false);
}

int hprpc_stub_bind_post(struct hprpc_client *client, const struct hprpc_interface *interface, struct hprpc_call *call)
{
    int cancellation = hprpc__cancellation_disable();
    int r = bind_post(client, interface, call);

    hprpc__cancellation_restore(cancellation);
    return r;
}

/* Stores BOUND in the handle of the interface. HPRPC_ENOMEM, HPRPC_EPROTOCOL. */
static int read_bound(struct hprpc_pending_call *pending, const struct hprpc_interface *interface,
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
    if (!hprpc__bound_read(pending->body.data, pending->body.size, count, &service, procedures))
        return HPRPC_EPROTOCOL;
    r = hprpc__binding_set(controller, binding, service, procedures);
    if (r == 0)
        *ret_binding = binding;
    return r;
}

int hprpc_stub_bind_collect(struct hprpc_call *call, const struct hprpc_interface *interface,
                            struct hprpc_client **ret_client, struct hprpc_binding **ret_binding)
{
    struct hprpc_pending_call *pending = call->pending;
    int r;

    if (!pending)
        return explain(call, HPRPC_EINVAL, "nothing was asked for");
    r = hprpc_pending_call_wait(pending, HPRPC_NO_TIMEOUT);
    if (r < 0)
        return explain(call, r == HPRPC_EFORKED ? r : HPRPC_EINTERNAL, NULL);
    if (pending->code < 0)
        return explain(call, pending->code, pending->text);
    r = pending->answer == HPRPC_MESSAGE_BOUND ? read_bound(pending, interface, ret_binding) : HPRPC_EPROTOCOL;
    if (r < 0)
        return explain(call, r, r == HPRPC_ENOMEM ? NULL : "the answer to BIND makes no sense");
    *ret_client = &pending->controller->client;
    return 0;
}

static int bind_and_wait(struct hprpc_client *client, const struct hprpc_interface *interface,
                         struct hprpc_detail *detail, struct hprpc_binding **ret_binding)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    int r = begin(client->controller, interface, &call, true);

    if (call.pending) {
        hprpc__pending_call_await(call.pending, HPRPC__UNSET);
        r = hprpc_stub_bind_collect(&call, interface, &client, ret_binding);
    }
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
