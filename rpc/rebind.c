/* SPDX-License-Identifier: MIT */
/* Binding again on each new connection, with tickets that no call holds. */
#include "rpc/rebind.h"

#include "rpc/bind.h"
#include "rpc/call/bind.h"
#include "rpc/call/binding.h"
#include "rpc/call/ticket.h"
#include "rpc/connection/waiters.h"
#include "rpc/pending-call.h"

/* ---- Answers ---- */

/* Whether BIND as a whole is refused for good: the other side has no such service. Other failures may pass. */
static bool is_refusal(int code)
{
    return code == HPRPC_EUNIMPLEMENTED || code == HPRPC_ESCHEMA || code == HPRPC_EPERMISSION || code == HPRPC_ETOOBIG;
}

/* Takes what became of a BIND. 0 and the connection's binding; or why there is none. */
static int take_answer(struct hprpc_pending_call *pending, const struct hprpc_interface *interface,
                       struct hprpc_binding **ret_binding)
{
    struct hprpc_controller *controller = pending->controller;

    if (pending->code == 0)
        return hprpc__bound_take(pending, interface, ret_binding);
    if (!is_refusal(pending->code))
        return pending->code;
    *ret_binding = hprpc__binding_of(controller, interface);
    if (!*ret_binding)
        return HPRPC_ENOMEM;
    return hprpc__binding_refuse(controller, *ret_binding, pending->code,
                                 pending->text ? pending->text : hprpc_error_text(pending->code));
}

/* The callback of a ticket that binds again; `self` is the handle. The ticket's holder is this function. */
static void bound(void *self, struct hprpc_pending_call *pending)
{
    struct hprpc__reconnect *reconnect = hprpc__reconnect_behind(pending->controller);
    struct hprpc_binding *handle = self, *binding = NULL;
    int r = take_answer(pending, handle->interface, &binding);

    hprpc__mutex_lock(&reconnect->lock);
    if (reconnect->current == pending->controller && hprpc__state(pending->controller) != HPRPC__BROKEN) {
        handle->now = r == 0 ? binding : NULL;
        handle->failure = r;
    }
    hprpc__mutex_unlock(&reconnect->lock);
    hprpc__pending_call_drop(pending);
}

/* ---- Questions ---- */

/* Queues a BIND for a handle. HPRPC_ENOMEM; HPRPC_EAGAIN, where the connection has just ended. */
static int ask(struct hprpc_controller *controller, struct hprpc_binding *handle)
{
    struct hprpc_pending_call *pending;
    int r = HPRPC_EAGAIN;

    hprpc__mutex_lock(&controller->lock);
    if (hprpc__state(controller) == HPRPC__READY)
        r = hprpc__ticket_new(controller, HPRPC_NO_TIMEOUT, &pending);
    if (r == 0) {
        hprpc_pending_call_notify(pending, bound, handle);
        hprpc__ticket_enqueue(pending, handle->interface);
    }
    hprpc__mutex_unlock(&controller->lock);
    return r;
}

/* Takes a handle that was not asked for on this connection; it counts as asked for then. NULL: there is none. */
static struct hprpc_binding *take_unasked(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller)
{
    struct hprpc_binding *handle;

    hprpc__mutex_lock(&reconnect->lock);
    handle = reconnect->current == controller ? reconnect->face.bindings : NULL;
    while (handle && handle->asked)
        handle = handle->next;
    if (handle)
        handle->asked = true;
    hprpc__mutex_unlock(&reconnect->lock);
    return handle;
}

static void unask(struct hprpc__reconnect *reconnect, struct hprpc_binding *handle)
{
    hprpc__mutex_lock(&reconnect->lock);
    handle->asked = false;
    hprpc__mutex_unlock(&reconnect->lock);
}

static void set_failure(struct hprpc__reconnect *reconnect, struct hprpc_binding *handle, int code)
{
    hprpc__mutex_lock(&reconnect->lock);
    handle->failure = code;
    hprpc__mutex_unlock(&reconnect->lock);
}

void hprpc__rebind_all(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller)
{
    struct hprpc_binding *handle;
    int r;

    while ((handle = take_unasked(reconnect, controller))) {
        r = ask(controller, handle);
        if (r < 0 && r != HPRPC_EAGAIN)
            set_failure(reconnect, handle, r);
    }
}

/* Looks what a handle stands for. HPRPC_EAGAIN: not known; `ret_asks`: the caller must ask. */
static int look_up(struct hprpc__reconnect *reconnect, struct hprpc_binding *handle,
                   struct hprpc_controller *controller, const struct hprpc_binding **ret_binding, bool *ret_asks)
{
    int r = HPRPC_EAGAIN;

    hprpc__mutex_lock(&reconnect->lock);
    if (reconnect->current == controller && handle->now) {
        *ret_binding = handle->now;
        r = 0;
    } else if (reconnect->current == controller && handle->failure) {
        /* this call fails with it, and the next one asks again */
        r = handle->failure;
        handle->failure = 0;
        handle->asked = false;
    } else if (reconnect->current == controller && !handle->asked && hprpc__state(controller) == HPRPC__READY) {
        *ret_asks = handle->asked = true;
    }
    hprpc__mutex_unlock(&reconnect->lock);
    return r;
}

int hprpc__rebind_find(struct hprpc__reconnect *reconnect, struct hprpc_binding *handle,
                       struct hprpc_controller *controller, const struct hprpc_binding **ret_binding)
{
    bool asks = false;
    int r = look_up(reconnect, handle, controller, ret_binding, &asks);

    if (!asks)
        return r;
    r = ask(controller, handle);
    if (r == 0)
        hprpc__bind_resume(controller);
    else
        unask(reconnect, handle);
    return r == 0 ? HPRPC_EAGAIN : r;
}

/* ---- Handles ---- */

static size_t size_of(const struct hprpc_interface *interface)
{
    return sizeof(struct hprpc_binding) + interface->procedure_count * sizeof(struct hprpc__bound);
}

static struct hprpc_binding *new_handle(struct hprpc__reconnect *reconnect, const struct hprpc_interface *interface)
{
    struct hprpc_binding *handle = hprpc_context_allocate(reconnect->client->context, size_of(interface));

    if (!handle)
        return NULL;
    memset(handle, 0, size_of(interface));
    handle->interface = interface;
    for (uint32_t i = 0; i < interface->procedure_count; i++)
        atomic_init(&handle->procedures[i].numbers, HPRPC__PICKED);
    handle->next = reconnect->face.bindings;
    reconnect->face.bindings = handle;
    return handle;
}

struct hprpc_binding *hprpc__rebind_handle(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller,
                                           struct hprpc_binding *binding)
{
    struct hprpc_binding *handle;

    hprpc__mutex_lock(&reconnect->lock);
    handle = reconnect->face.bindings;
    while (handle && handle->interface != binding->interface)
        handle = handle->next;
    if (!handle)
        handle = new_handle(reconnect, binding->interface);
    if (handle && reconnect->current == controller) {
        handle->now = binding;
        handle->asked = true;
        handle->failure = 0;
    }
    hprpc__mutex_unlock(&reconnect->lock);
    return handle;
}

void hprpc__rebind_forget(struct hprpc__reconnect *reconnect)
{
    hprpc__assert_locked(&reconnect->lock);
    for (struct hprpc_binding *handle = reconnect->face.bindings; handle; handle = handle->next) {
        handle->now = NULL;
        handle->asked = false;
        handle->failure = 0;
    }
}

void hprpc__rebind_clear(struct hprpc__reconnect *reconnect)
{
    struct hprpc_binding *handle;

    while ((handle = reconnect->face.bindings)) {
        reconnect->face.bindings = handle->next;
        hprpc_context_release(reconnect->client->context, handle, size_of(handle->interface));
    }
}
