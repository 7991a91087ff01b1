/* SPDX-License-Identifier: MIT */
/* How a controller begins, is kept, and ends. */
#include "rpc/connection/life.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/context.h"
#include "base/deadline.h"
#include "base/seat.h"
#include "rpc/connection/control.h"
#include "rpc/connection/waiters.h"

#define SILENCE (10 * HPRPC__MILLISECOND)

/* ---- Life ---- */

int hprpc__controller_new(const struct hprpc__controller_setup *setup, struct hprpc_controller **ret_controller)
{
    struct hprpc_controller *controller = hprpc_context_allocate(setup->context, sizeof(*controller));

    if (!controller)
        return HPRPC_ENOMEM;
    memset(controller, 0, sizeof(*controller));
    hprpc__pump_init(&controller->pump, setup->host, setup->wake_fd);
    hprpc__mutex_init(&controller->lock);

    controller->client.controller = controller;
    controller->context = setup->context;
    controller->channel = setup->channel;
    hprpc__seat_give(setup->channel, setup->host->seat, controller);
    controller->shared = hprpc__shared_keep(setup->shared);
    controller->own = &setup->shared->limits;
    controller->quota = setup->has_quota ? &setup->shared->quota : NULL;
    controller->workers = setup->workers;
    atomic_init(&controller->opening_deadline, setup->opening_deadline);
    controller->begins = setup->begins;
    controller->number = atomic_fetch_add_explicit(&setup->shared->connections, 1, memory_order_relaxed) + 1;
    atomic_fetch_add_explicit(&setup->shared->living, 1, memory_order_relaxed);
    controller->born = hprpc_context_now(setup->context);
    controller->turned_away = setup->refusal;
    if (setup->refusal)
        hprpc__reason_copy(&controller->reason, setup->context, setup->refusal, hprpc_error_text(HPRPC_EREFUSED));
    atomic_init(&controller->keepalive.next_look, HPRPC__NEVER);
    controller->has_own_clock = hprpc__context_has_own_clock(setup->context);
    if (!setup->host->pumps_always)
        controller->silence = controller->has_own_clock ? SILENCE : hprpc__ticks_of_silence();
    atomic_init(&controller->asked_at, hprpc__silence_now(controller));
    controller->hungry_until = HPRPC__NEVER;
    controller->taken_there = HPRPC__TAKEN_UNKNOWN;
    hprpc__references_init(&controller->references);
    atomic_init(&controller->state, HPRPC__OPENING);
    atomic_init(&controller->next_deadline, HPRPC__NEVER);
    *ret_controller = controller;
    return 0;
}

void hprpc__controller_set_channel(struct hprpc_controller *controller, struct hprpc_channel *channel)
{
    hprpc__assert_locked(&controller->lock);
    hprpc__assert_pumping(&controller->pump);
    hprpc__assert(hprpc__state(controller) == HPRPC__OPENING);
    controller->channel = channel;
    hprpc__seat_give(channel, controller->pump.host->seat, controller);
    controller->hello_sent = false;
    controller->parted = false;
    controller->taken_there = HPRPC__TAKEN_UNKNOWN;
    hprpc__reason_clear(&controller->reason, controller->context);
}

void hprpc__controller_let_go(struct hprpc_controller *controller)
{
    hprpc__assert_locked(&controller->lock);
    controller->channel->over = true;
    controller->channel->ops->close(controller->channel);
}

/* Whether callers still hold replies, which lie in the channel's memory; then the clear of the last one destroys the controller. */
static bool replies_are_held(struct hprpc_controller *controller)
{
    bool held;

    hprpc__mutex_lock(&controller->lock);
    held = controller->tickets.held > 0;
    controller->tickets.last_frees = held;
    if (held)
        hprpc__controller_let_go(controller);
    hprpc__mutex_unlock(&controller->lock);
    return held;
}

static void destroy(struct hprpc_controller *controller)
{
    controller->shared->clear_roles(controller);
    controller->channel->ops->free(controller->channel);
    hprpc__reason_clear(&controller->reason, controller->context);
    atomic_fetch_sub_explicit(&controller->shared->living, 1, memory_order_relaxed);
    hprpc__shared_drop(controller->shared);
    hprpc_context_release(controller->context, controller, sizeof(*controller));
}

void hprpc__controller_destroy(struct hprpc_controller *controller)
{
    int cancellation = hprpc__cancellation_disable();

    if (!replies_are_held(controller))
        destroy(controller);
    hprpc__cancellation_restore(cancellation);
}

struct hprpc_controller *hprpc_controller_keep(struct hprpc_controller *controller)
{
    hprpc__references_take(&controller->references);
    return controller;
}

void hprpc_controller_drop(struct hprpc_controller *controller)
{
    if (controller && hprpc__references_drop(&controller->references))
        hprpc__controller_destroy(controller);
}

/* ---- The end ---- */

/* Sends GOODBYE, if the other side has said HELLO, and closes the channel; the next turn sees that. Under the lock. */
static void close_channel(struct hprpc_controller *controller, int code, const char *reason)
{
    hprpc__assert_locked(&controller->lock);
    if (hprpc__state(controller) == HPRPC__READY && hprpc__goodbye_send(controller, code, reason) == 0)
        controller->channel->ops->flush(controller->channel);
    controller->channel->ops->close(controller->channel);
    controller->pump.host->watch_changed(controller->pump.host, controller);
}

void hprpc__controller_end(struct hprpc_controller *controller)
{
    hprpc__mutex_lock(&controller->lock);
    if (!controller->closing && hprpc__state(controller) != HPRPC__BROKEN) {
        controller->closing = true;
        if (!controller->starved)
            close_channel(controller, HPRPC_ECLOSED, "");
    }
    hprpc__mutex_unlock(&controller->lock);
}

void hprpc__controller_starve(struct hprpc_controller *controller)
{
    hprpc__assert_locked(&controller->lock);
    if (controller->starved || controller->closing || hprpc__state(controller) == HPRPC__BROKEN)
        return;
    controller->starved = true;
    close_channel(controller, HPRPC_ENOMEM, "no memory for an answer");
}

int hprpc__controller_fault(struct hprpc_controller *controller, int code, const char *format, ...)
{
    struct hprpc_detail said;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(said.text, sizeof(said.text), format, arguments);
    va_end(arguments);
    hprpc__mutex_lock(&controller->lock);
    if (!controller->reason.text)
        hprpc__reason_copy(&controller->reason, controller->context, said.text, hprpc_error_text(code));
    hprpc__mutex_unlock(&controller->lock);
    return code;
}
