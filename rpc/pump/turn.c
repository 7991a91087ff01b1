/* SPDX-License-Identifier: MIT */
/* One turn of the pump: it receives a batch of messages and sends what waits. And the deadlines of a connection. */
#include "rpc/pump/turn.h"

#include "rpc/call/bind.h"
#include "rpc/call/posted.h"
#include "rpc/call/ticket.h"
#include "rpc/connection/control.h"
#include "rpc/connection/life.h"
#include "rpc/connection/send.h"
#include "rpc/connection/waiters.h"
#include "rpc/pump/break.h"
#include "rpc/pump/control.h"
#include "rpc/pump/dispatch.h"
#include "rpc/pump/keepalive.h"
#include "base/deadline.h"

#define HUNGER HPRPC__SECOND /* without memory to receive, after which a server ends a connection */

enum { BATCH = 64 }; /* most messages in one turn, so that no connection keeps the others waiting */

/* The reason that hprpc__controller_fault or the channel has noted. */
static const char *reason_of(const struct hprpc_controller *controller, int code)
{
    if (controller->reason.text)
        return controller->reason.text;
    return controller->channel->reason.text ? controller->channel->reason.text : hprpc_error_text(code);
}

/* Sends HELLO, once the channel is open. */
static int say_hello(struct hprpc_controller *controller)
{
    int r;

    hprpc__mutex_lock(&controller->lock);
    r = hprpc__hello_send(controller);
    hprpc__mutex_unlock(&controller->lock);
    controller->hello_sent = r == 0;
    /* without HELLO both sides would wait for each other */
    if (r == HPRPC_ENOMEM)
        hprpc__controller_break(controller, r, "no memory to say HELLO");
    return r == HPRPC_EAGAIN ? 0 : r;
}

/* Sends our HELLO: at once on the side that connected, on the other side as an answer. */
static __attribute__((noinline)) int hello_if_due(struct hprpc_controller *controller)
{
    int r;

    if (hprpc__state(controller) == HPRPC__BROKEN)
        return 0;
    if (controller->begins)
        return say_hello(controller);
    if (hprpc__state(controller) == HPRPC__OPENING)
        return 0;
    r = say_hello(controller);
    if (controller->hello_sent)
        hprpc__controller_announce(controller);
    return r;
}

/* Receives a message; looks up to `looks` times, with nothing else in between. */
static int look(struct hprpc_channel *channel, uint32_t looks, struct hprpc_message *ret_message)
{
    int r = channel->ops->receive(channel, ret_message);

    while (!r && --looks) {
        hprpc__relax();
        r = channel->ops->receive(channel, ret_message);
    }
    return r;
}

static int receive_batch(struct hprpc_controller *controller, uint32_t looks, const struct hprpc_pending_call *until,
                         int *ret_count)
{
    struct hprpc_message message;
    int r = 0, count = 0;

    while (count < BATCH && hprpc__state(controller) != HPRPC__BROKEN) {
        message.holds_nothing = message.followed = false;
        r = look(controller->channel, looks, &message);
        if (r <= 0)
            break;
        looks = 1;
        /* what the only message makes this side send leaves at once: most turns have one, and its handler may go on for long */
        controller->corks = ++count > 1 || message.followed;
        r = hprpc__dispatch(controller, &message);
        /* a child of fork that comes out of a handler or callback must touch nothing of its parent's */
        if (KODOSIS_UNLIKELY(!hprpc__shared_is_ours(controller->shared)))
            return HPRPC_EFORKED;
        if (KODOSIS_UNLIKELY(!controller->hello_sent) && r == 0)
            r = hello_if_due(controller);
        if (r < 0 || (until && hprpc__ticket_is_done(until)))
            break;
    }
    *ret_count = count;
    return r;
}

/* Whether the other side reads so little that the connection must end: too many bytes wait, not counting our own requests. */
static bool reads_too_little(struct hprpc_controller *controller)
{
    uint64_t queued = hprpc__queued(controller), limit = HPRPC__UNREAD_MAX;

    if (KODOSIS_LIKELY(queued <= limit))
        return false;
    hprpc__mutex_lock(&controller->lock);
    limit += controller->bytes_out;
    /* an answer of any size is accepted when none waits */
    if (controller->peer.max_message > HPRPC__QUEUED_REPLIES_MAX)
        limit += controller->peer.max_message - HPRPC__QUEUED_REPLIES_MAX;
    hprpc__mutex_unlock(&controller->lock);
    return queued > limit;
}

static int send_what_waits(struct hprpc_controller *controller)
{
    int r = controller->hello_sent ? 0 : hello_if_due(controller);

    if (r < 0)
        return r;
    r = hprpc__flush(controller);
    if (reads_too_little(controller))
        hprpc__controller_break(controller, HPRPC_EPROTOCOL, "the other side asks, and does not read the answers");
    /* what came before the channel broke, perhaps GOODBYE, is received first; then `receive` says that it is broken */
    return r == HPRPC_ENOMEM ? r : 0;
}

/*
 * What the turn has to do for streams once everything else is sent. Sending may have made room, and no descriptor would tell. False in a
 * child of fork that came out of a callback.
 */
static bool end_streams(struct hprpc_controller *controller)
{
    /* relaxed: a thread that has pieces to send looks for room after it has counted itself, under the lock */
    if (atomic_load_explicit(&controller->tickets.later, memory_order_relaxed))
        hprpc__streams_end_turn(controller);
    return hprpc__shared_is_ours(controller->shared);
}

/* Does what waited for the end of a turn, as `tickets.later` says. False in a child of fork that came out of a callback. */
static __attribute__((noinline)) bool do_what_waited(struct hprpc_controller *controller)
{
    hprpc__bind_resume(controller);
    hprpc__posted_send(controller);
    hprpc__tickets_tell(controller);
    if (!hprpc__shared_is_ours(controller->shared))
        return false;
    hprpc__streams_tell(controller);
    return hprpc__shared_is_ours(controller->shared) && end_streams(controller);
}

/* Notes whether the turn found memory to receive and to send. A server that finds none for long tells its clients so. */
static __attribute__((noinline)) void set_hungry(struct hprpc_controller *controller)
{
    bool hungry = controller->needs_memory;

    atomic_store_explicit(&controller->hungry, hungry, memory_order_relaxed);
    if (!controller->quota)
        return;
    controller->hungry_until = hungry ? hprpc_context_now(controller->context) + HUNGER : HPRPC__NEVER;
    if (hungry && controller->pump.host->deadline_moved)
        controller->pump.host->deadline_moved(controller->pump.host, controller);
}

/* Called when a turn failed, or the one before it had no memory: breaks the connection, or notes the shortage of memory. */
static __attribute__((noinline)) void take_failure(struct hprpc_controller *controller, int r)
{
    bool needed = controller->needs_memory;

    controller->needs_memory = r == HPRPC_ENOMEM;
    if (r < 0 && r != HPRPC_EAGAIN && r != HPRPC_ENOMEM)
        hprpc__controller_break(controller, r, reason_of(controller, r));
    if (controller->needs_memory != needed)
        set_hungry(controller);
}

int hprpc__controller_turn(struct hprpc_controller *controller, uint32_t looks, const struct hprpc_pending_call *until)
{
    bool outer = controller->corks;
    int count = 0, r;

    hprpc__assert_pumping(&controller->pump);
    if (KODOSIS_UNLIKELY(!hprpc__shared_is_ours(controller->shared)))
        return HPRPC_EFORKED;
    r = receive_batch(controller, looks, until, &count);
    controller->corks = outer;
    if (KODOSIS_UNLIKELY(r == HPRPC_EFORKED))
        return r;
    /* relaxed: a thread that queues a BIND tries to send it after that, under the lock */
    if (KODOSIS_UNLIKELY(atomic_load_explicit(&controller->tickets.later, memory_order_relaxed)) &&
        !do_what_waited(controller))
        return HPRPC_EFORKED;
    if (r >= 0 && KODOSIS_UNLIKELY(!controller->hello_sent || hprpc__queued(controller))) {
        r = send_what_waits(controller);
        if (!end_streams(controller))
            return HPRPC_EFORKED;
    }
    if (KODOSIS_UNLIKELY(r < 0 || controller->needs_memory))
        take_failure(controller, r);
    if (count)
        controller->keepalive.heard = true;
    /* relaxed: one writer; may_have_room reads it under the lock, which the pump takes before it sleeps */
    atomic_store_explicit(&controller->turns, atomic_load_explicit(&controller->turns, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    hprpc__pump_stir(controller);
    if (KODOSIS_LIKELY(hprpc__state(controller) != HPRPC__BROKEN))
        return count;
    /* a callback of the break may wait for other tickets, and this nested turn must complete those */
    hprpc__tickets_fail_all(controller, controller->code, controller->reason.text);
    return controller->code;
}

/* The time at which the host ends this connection. */
static hprpc__deadline end_of(struct hprpc_controller *controller)
{
    struct hprpc__host *host = controller->pump.host;

    /* a connection that has ended may outlive its host */
    return hprpc__state(controller) != HPRPC__BROKEN && host->stop_deadline ? host->stop_deadline(host) : HPRPC__NEVER;
}

/* When the opening is looked at again: as a rule it has failed then. */
static hprpc__deadline opening_deadline(struct hprpc_controller *controller)
{
    /* relaxed: an event loop that asks too early is kicked */
    return atomic_load_explicit(&controller->opening_deadline, memory_order_relaxed);
}

hprpc__deadline hprpc__controller_deadline(struct hprpc_controller *controller)
{
    uint64_t next = atomic_load_explicit(&controller->next_deadline, memory_order_relaxed);

    if (hprpc__state(controller) == HPRPC__OPENING)
        next = hprpc__deadline_earlier(next, opening_deadline(controller));
    next = hprpc__deadline_earlier(next, atomic_load_explicit(&controller->keepalive.next_look, memory_order_relaxed));
    next = hprpc__deadline_earlier(next, controller->hungry_until);
    return hprpc__deadline_earlier(next, end_of(controller));
}

static void break_late_opening(struct hprpc_controller *controller)
{
    if (atomic_load_explicit(&controller->hungry, memory_order_relaxed))
        hprpc__controller_break(controller, HPRPC_ENOMEM, "no memory to receive what the other side says");
    else
        hprpc__controller_break(controller, HPRPC_EDEADLINE,
                                controller->channel->waits_for ? controller->channel->waits_for
                                                               : "the other side did not say HELLO in time");
}

void hprpc__controller_expire(struct hprpc_controller *controller, uint64_t now)
{
    hprpc__assert_pumping(&controller->pump);
    if (hprpc__state(controller) == HPRPC__OPENING && now >= opening_deadline(controller))
        break_late_opening(controller);
    else
        hprpc__tickets_expire(controller, now);
    hprpc__keepalive_look(controller, now);
    if (KODOSIS_UNLIKELY(now >= controller->hungry_until))
        hprpc__controller_break(controller, HPRPC_ENOMEM, "no memory to receive what the other side says");
    /* also inside a handler that waits: the break ends the wait */
    if (now >= end_of(controller)) {
        hprpc__controller_end(controller);
        hprpc__controller_break(controller, HPRPC_EMAYBE, "the server stopped");
    }
}
