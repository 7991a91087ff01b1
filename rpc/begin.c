/* SPDX-License-Identifier: MIT */
/* The beginning of a call: a ticket, credit and room on a connection, which is the client's only one or is picked. */
#include "rpc/begin.h"

#include <stdio.h>

#include "base/deadline.h"
#include "base/wake.h"
#include "rpc/call/posted.h"
#include "rpc/connection/life.h"
#include "rpc/connection/line.h"
#include "rpc/explain.h"
#include "rpc/later.h"
#include "rpc/pending-call.h"
#include "rpc/pump/look.h"
#include "rpc/pump/wait.h"
#include "rpc/rebind.h"
#include "rpc/serve/workers.h"

/* What is begun. */
enum kind {
    TWO_WAY,
    ONE_WAY,
    STREAMING, /* a call with streams */
};

#define DRAINING "the other side is stopping, and takes no more requests"

static int explain_broken(struct hprpc_stub *stub)
{
    struct hprpc_controller *controller = stub->client->controller;

    /* only the channel may know yet that it is broken; a turn breaks the connection then */
    hprpc__pump_once(controller);
    if (hprpc__state(controller) != HPRPC__BROKEN)
        return hprpc__explain(stub->call, HPRPC_ENOTSENT, DRAINING);
    return hprpc__explain_end(stub, HPRPC_ENOTSENT);
}

/* The code to return for one of start_call. Where the channel is broken or being closed, the request was not sent. */
static int code_of_start(int code)
{
    return code == HPRPC_EAGAIN || code == HPRPC_ENOMEM || code == HPRPC_ETOOBIG ? code : HPRPC_ENOTSENT;
}

/* The request whose handler this thread is in, on this connection; NULL outside handlers. */
static const struct hprpc_request *running_here(const struct hprpc_controller *controller)
{
    const struct hprpc_request *request;

    if (hprpc__pump_is_mine(&controller->pump))
        return controller->running;
    request = controller->workers ? hprpc__workers_running(controller->workers) : NULL;
    return request && request->controller == controller ? request : NULL;
}

static inline struct hprpc_header header_of(const struct hprpc_stub *stub, const struct hprpc_controller *controller,
                                            unsigned numbers, enum kind kind)
{
    const struct hprpc_request *running = running_here(controller);
    struct hprpc_header header = { .type = HPRPC_MESSAGE_REQUEST,
                                   .service = (uint16_t)(numbers >> 16),
                                   .procedure = (uint16_t)numbers };
    uint32_t timeout = stub->call ? stub->call->timeout_ms : 0;

    if (kind == STREAMING) {
        header.flags =
            timeout && timeout != HPRPC_NO_TIMEOUT ? HPRPC_FLAG_STREAM | HPRPC_FLAG_TIMEOUT : HPRPC_FLAG_STREAM;
        header.timeout_ms = header.flags & HPRPC_FLAG_TIMEOUT ? timeout : 0;
    } else if (timeout && timeout != controller->own->timeout_ms) {
        header.flags |= HPRPC_FLAG_TIMEOUT;
        header.timeout_ms = timeout;
    }
    if (running) {
        header.flags |= HPRPC_FLAG_DEPTH;
        header.depth = (uint16_t)(running->header.depth + 1);
    }
    return header;
}

static inline uint32_t timeout_on(const struct hprpc_stub *stub, const struct hprpc_controller *controller)
{
    uint32_t timeout = stub->call ? stub->call->timeout_ms : 0;

    return timeout ? timeout : controller->own->timeout_ms;
}

static uint32_t timeout_of(const struct hprpc_stub *stub)
{
    return timeout_on(stub, stub->client->controller);
}

/* Whether a request may be sent: 0; HPRPC_EAGAIN, not now; or the code that it fails with. Under the lock. */
static inline int may_send(const struct hprpc_controller *controller, uint32_t size)
{
    hprpc__assert_locked(&controller->lock);
    if (hprpc__state((struct hprpc_controller *)controller) != HPRPC__READY)
        return hprpc__state((struct hprpc_controller *)controller) == HPRPC__BROKEN ? HPRPC_ENOTSENT : HPRPC_EAGAIN;
    if (controller->draining)
        return HPRPC_ENOTSENT;
    if (size > controller->peer.max_message)
        return HPRPC_ETOOBIG;
    return hprpc__has_credit(controller, size) ? 0 : HPRPC_EAGAIN;
}

/* Takes the credit of a one-way request, which CREDIT gives back. Under the lock. */
static inline void charge_oneway(struct hprpc_controller *controller, uint32_t size)
{
    controller->calls_out++;
    controller->bytes_out += size;
    controller->oneway_calls_out++;
    controller->oneway_bytes_out += size;
}

/* Retires the ticket of the call before, if there is one. Under the lock. */
static inline void retire(struct hprpc_pending_call **former)
{
    if (*former)
        hprpc__ticket_retire(*former);
    *former = NULL;
}

/* Reserves a ticket: the one of the call before, if that is answered, or another one. */
static inline int reserve(struct hprpc_stub *stub, struct hprpc_controller *controller, uint32_t size, uint32_t timeout,
                          struct hprpc_pending_call **former)
{
    int r;

    if (!*former || !(*former)->answered) {
        retire(former);
        return hprpc__ticket_reserve(controller, size, timeout, &stub->pending);
    }
    r = hprpc__ticket_renew(*former, size, timeout);
    if (r < 0)
        return r;
    stub->pending = *former;
    *former = NULL;
    return 0;
}

/* Whether the deadline of the call is that of the waiting for credit and room: not of a call with streams that names none. */
static inline bool counts_from_start(const struct hprpc_stub *stub, enum kind kind)
{
    return kind != STREAMING || stub->call->timeout_ms;
}

/* Reserves a ticket for a call with streams, which has no deadline of the whole unless the call says one. */
static __attribute__((noinline)) int reserve_streams(struct hprpc_stub *stub, struct hprpc_controller *controller,
                                                     uint32_t size, struct hprpc_pending_call **former)
{
    const struct hprpc_procedure *procedure = &stub->binding->interface->procedures[stub->procedure];
    int r = reserve(stub, controller, size, stub->call->timeout_ms ? stub->call->timeout_ms : HPRPC_NO_TIMEOUT, former);

    if (r < 0)
        return r;
    r = hprpc__ticket_add_stream(stub->pending, procedure->flags);
    if (r < 0)
        hprpc__ticket_release(stub->pending);
    return r;
}

/* Whether the request goes to the front of the line, where it would wait for itself or the other side otherwise. */
static bool goes_first(const struct hprpc_controller *controller)
{
    return running_here(controller) || (hprpc__pump_is_mine(&controller->pump) && controller->pump.rooms);
}

/* One attempt to reserve what the request needs, under the lock. `room`: that of a request in the line. HPRPC_EAGAIN: not now. */
static inline __attribute__((always_inline)) int attempt(struct hprpc_stub *stub, struct hprpc_controller *controller,
                                                         unsigned numbers, uint32_t size, enum kind kind,
                                                         struct hprpc_pending_call **former, struct hprpc__room *room)
{
    struct hprpc_header header;
    int r = may_send(controller, size);

    if (room)
        room->lacks_room = false;
    if (r == 0 && hprpc__line_is_behind(controller, room) && !goes_first(controller))
        r = HPRPC_EAGAIN;
    if (r == 0 && kind == STREAMING)
        r = reserve_streams(stub, controller, size, former);
    else if (r == 0 && kind == TWO_WAY)
        r = reserve(stub, controller, size, timeout_on(stub, controller), former);
    retire(former);
    if (r < 0)
        return r;
    header = header_of(stub, controller, numbers, kind);
    if (kind == ONE_WAY) {
        header.flags |= HPRPC_FLAG_ONEWAY;
    } else {
        header.call = stub->pending->id;
        controller->tickets.slots[header.call].depth = header.depth;
    }
    r = controller->channel->ops->start_call(controller->channel, &header, size, &stub->reservation);
    if (r == 0 && kind == ONE_WAY)
        charge_oneway(controller, size);
    if (KODOSIS_LIKELY(r == 0))
        return 0;
    if (kind != ONE_WAY)
        hprpc__ticket_release(stub->pending);
    if (room)
        room->lacks_room = r == HPRPC_EAGAIN;
    return code_of_start(r);
}

/* Waits for credit or room, after an attempt that found none. */
static int wait_for_room(struct hprpc_stub *stub, struct hprpc__room *room)
{
    struct hprpc_controller *controller = stub->client->controller;
    int r;

    if (stub->call && (stub->call->flags & HPRPC_CALL_NO_WAIT))
        return hprpc__explain(stub->call, HPRPC_EBUSY, "no credit or no room for the request");
    r = hprpc__pump_wait_for_room(controller, room, timeout_of(stub));
    if (!hprpc__shared_is_ours(controller->shared))
        return hprpc__explain(stub->call, HPRPC_EFORKED, NULL);
    if (r == HPRPC_EAGAIN)
        return hprpc__explain(stub->call, HPRPC_EDEADLINE, "the deadline passed before there was room for the request");
    return 0;
}

static int explain_size(struct hprpc_stub *stub, uint64_t size)
{
    struct hprpc_pending_call *pending = hprpc__sentence_ticket(stub, HPRPC_ETOOBIG);

    if (!pending)
        return hprpc__explain(stub->call, HPRPC_ETOOBIG, NULL);
    hprpc_detail_set(&pending->own_text, 0,
                     "%.80s.%.60s: the arguments take %llu bytes, and the other side accepts %lu",
                     hprpc__service_of(stub), hprpc__procedure_of(stub), (unsigned long long)size,
                     (unsigned long)stub->client->controller->peer.max_message);
    return hprpc__explain(stub->call, HPRPC_ETOOBIG, pending->own_text.text);
}

/* Lets go of the ticket of a call that is used again. Returns it, or NULL, as `empty`. */
static __attribute__((noinline)) struct hprpc_pending_call *let_former_go(struct hprpc_pending_call *former,
                                                                          const struct hprpc_controller *controller)
{
    if (!hprpc__pending_call_let_go(former))
        return NULL;
    if (former->controller == controller)
        return former;
    hprpc__ticket_put_away(former);
    return NULL;
}

/* Empties a call that is used again. Returns its ticket if the caller, which takes the lock anyway, must retire it; else NULL. */
static inline struct hprpc_pending_call *empty(struct hprpc_call *call, const struct hprpc_controller *controller)
{
    struct hprpc_pending_call *former;

    if (!call)
        return NULL;
    former = call->pending;
    call->pending = NULL;
    call->detail = NULL;
    return former ? let_former_go(former, controller) : NULL;
}

/* Explains a call that no attempt can send. */
static int refuse(struct hprpc_stub *stub, unsigned numbers, uint64_t size)
{
    const struct hprpc__bound *bound = &stub->binding->procedures[stub->procedure];

    if (stub->call)
        hprpc_call_clear(stub->call);
    if (!hprpc__shared_is_ours(stub->client->controller->shared))
        return hprpc__explain(stub->call, HPRPC_EFORKED, NULL);
    /* acquire: pairs with the release in set_one (binding.c) */
    if (hprpc__is_refused(numbers))
        return hprpc__explain_copy(
            stub, hprpc__refusal_of(numbers),
            atomic_load_explicit((_Atomic(const char *) *)&bound->sentence, memory_order_acquire));
    if (size >= KODOSIS_SIZE_TOO_DEEP)
        return hprpc__explain(stub->call, HPRPC_EINVAL,
                              "the arguments cannot be encoded: they nest too deep, or contain themselves");
    return explain_size(stub, size);
}

/* Called after an attempt that failed. 0: try again; or the code that the call fails with. */
static int wait_or_explain(struct hprpc_stub *stub, struct hprpc__room *room, uint64_t size, int r)
{
    switch (r) {
    case HPRPC_EAGAIN:
        return wait_for_room(stub, room);
    case HPRPC_ETOOBIG:
        return explain_size(stub, size);
    case HPRPC_ENOTSENT:
        return explain_broken(stub);
    default:
        return hprpc__explain(stub->call, r, NULL);
    }
}

static __attribute__((noinline)) int wait_or_fail(struct hprpc_stub *stub, struct hprpc__room *room, uint64_t size,
                                                  int r)
{
    int cancellation = hprpc__cancellation_disable();

    r = wait_or_explain(stub, room, size, r);
    hprpc__cancellation_restore(cancellation);
    return r;
}

static bool may_wait(const struct hprpc_stub *stub)
{
    return !stub->call || !(stub->call->flags & HPRPC_CALL_NO_WAIT);
}

/* Takes a request that will not be sent, or not on this connection, out of the line. Not under the lock. */
static void give_up(struct hprpc_controller *controller, struct hprpc__room *room)
{
    /* a child of fork must not take the lock, which may be held for ever there */
    if (!room->in_line || !hprpc__shared_is_ours(controller->shared))
        return;
    hprpc__mutex_lock(&controller->lock);
    hprpc__line_leave(controller, room);
    hprpc__mutex_unlock(&controller->lock);
    hprpc__pump_make_way(controller);
}

/* ---- Where the connection is picked for each call ---- */

/* Explains a call that found no connection: until its deadline, or at once where it may not wait. */
static int explain_absence(struct hprpc_stub *stub, struct hprpc__reconnect *reconnect, int code)
{
    struct hprpc_detail reason, said;

    hprpc__reconnect_reason(reconnect, &reason);
    if (!reason.text[0])
        hprpc_detail_set(
            &reason, 0, "%s",
            hprpc__state(stub->client->controller) == HPRPC__READY ? DRAINING : "the other side has not answered yet");
    if (code == HPRPC_EDEADLINE)
        hprpc_detail_set(&said, 0, "there was no connection within %lu ms: %.160s", (unsigned long)timeout_of(stub),
                         reason.text);
    else
        hprpc_detail_set(&said, 0, "there is no connection now: %.160s", reason.text);
    return hprpc__explain_copy(stub, code, said.text);
}

/* What an attempt on a picked connection stands on. */
struct pick {
    struct hprpc__reconnect *reconnect;
    struct hprpc_binding *handle; /* that the proxy holds */
    uint64_t size;
    enum kind kind;
    bool drains;  /* the last attempt met a side that takes no more requests */
    bool pumped;  /* for a call that does not wait */
    bool unknown; /* the last attempt found no connection, or one for which calls wait already */
    bool waits;   /* the arguments are not encoded into a copy */
    struct hprpc__room room;
    struct hprpc_controller *lined; /* a reference: the connection in whose line `room` stands, or NULL */
};

/* Leaves the line of a connection. Not under the lock. */
static void leave_line(struct pick *pick)
{
    struct hprpc_controller *controller = pick->lined;

    if (!controller)
        return;
    pick->lined = NULL;
    give_up(controller, &pick->room);
    hprpc_controller_drop(controller);
}

/* Joins the line of a connection that has no room now. Under its lock. */
static void join_line(struct pick *pick, struct hprpc_controller *controller)
{
    hprpc__line_join(controller, &pick->room, goes_first(controller));
    hprpc_controller_keep(controller);
    pick->lined = controller;
}

/* Reserves on the connection, under its lock, which is held on success. */
static int attempt_picked(struct hprpc_stub *stub, struct pick *pick, unsigned numbers, bool known)
{
    struct hprpc_controller *controller = stub->client->controller;
    struct hprpc_pending_call *former = NULL;
    int r = HPRPC_EAGAIN;

    hprpc__mutex_lock(&controller->lock);
    /* what was posted before goes first */
    pick->unknown = !known || !hprpc__list_is_empty(&controller->tickets.posted);
    if (known && (!pick->unknown || goes_first(controller)))
        r = attempt(stub, controller, numbers, (uint32_t)pick->size, pick->kind, &former, &pick->room);
    if (r == 0 && pick->lined) {
        hprpc__line_leave(controller, &pick->room);
        stub->waited = true;
    }
    if (r == 0)
        return 0;
    if (r == HPRPC_EAGAIN && !pick->unknown && !pick->lined && may_wait(stub))
        join_line(pick, controller);
    hprpc__room_after(&pick->room, controller);
    pick->drains = controller->draining;
    pick->unknown = pick->unknown && !pick->drains && !goes_first(controller);
    hprpc__mutex_unlock(&controller->lock);
    return r;
}

/*
 * Tries once to begin on the connection. 0, and its lock is held; HPRPC_EAGAIN: not now, or on another one; or the code that the call
 * fails with, which is explained.
 */
static int try_picked(struct hprpc_stub *stub, struct pick *pick)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a picked binding's client reconnects, and each of its connections has one */
    struct hprpc_controller *controller = stub->client->controller;
    /* not in the line: a look may run a callback, and that a call, which would wait behind this one */
    bool looks = controller->silence && !pick->lined;
    unsigned numbers = 0;
    uint64_t now = 0;
    int r;

    if (looks)
        now = hprpc__look_if_silent(controller);
    /* the attempt begins here: a turn that binds after this look must end the wait */
    hprpc__room_before(&pick->room, controller);
    r = hprpc__rebind_find(pick->reconnect, pick->handle, controller, &stub->binding);
    if (r < 0 && r != HPRPC_EAGAIN)
        return hprpc__explain(stub->call, r, NULL);
    if (r == 0)
        /* relaxed: the lock of the client has ordered the numbers */
        numbers = atomic_load_explicit(&((struct hprpc_binding *)stub->binding)->procedures[stub->procedure].numbers,
                                       memory_order_relaxed);
    if (r == 0 && (pick->size > UINT32_MAX || hprpc__is_refused(numbers)))
        return refuse(stub, numbers, pick->size);
    r = attempt_picked(stub, pick, numbers, r == 0);
    /* not for calls that are refused here: nothing of them would meet the end of the connection */
    if (r == 0 && looks)
        hprpc__note_asked(controller, now);
    /* only the channel may know yet that it is broken; a turn breaks the connection then */
    if (r == HPRPC_ENOTSENT && !pick->drains)
        hprpc__pump_once(controller);
    if (r == 0 || r == HPRPC_EAGAIN || r == HPRPC_ENOTSENT)
        return r == HPRPC_ENOTSENT ? HPRPC_EAGAIN : r;
    return wait_or_fail(stub, &pick->room, pick->size, r);
}

/* The deadline of the call has passed, or the call may not wait, and there is no connection to wait on. 0, or the code. */
static int give_up_without(struct hprpc_stub *stub, struct pick *pick)
{
    uint64_t now = hprpc_context_now(stub->client->controller->context);

    if (!pick->room.deadline)
        pick->room.deadline = hprpc__deadline_after_ms(now, timeout_of(stub));
    if (!may_wait(stub))
        return explain_absence(stub, pick->reconnect, HPRPC_EBUSY);
    return now < pick->room.deadline ? 0 : explain_absence(stub, pick->reconnect, HPRPC_EDEADLINE);
}

enum { COPIED = 1 }; /* the call has begun in a copy */

/* Whether the call, after an attempt, goes on in a copy: a caller that does not wait must get its thread back. */
static bool may_copy(const struct hprpc_stub *stub, const struct pick *pick)
{
    return pick->unknown && !pick->waits && !pick->lined && stub->call && may_wait(stub) &&
           pick->size <= HPRPC__COPY_MAX;
}

/* Waits after an attempt. 0: try again; COPIED; or the code that the call fails with. */
static int wait_picked(struct hprpc_stub *stub, struct pick *pick)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a picked binding's client reconnects, and each of its connections has one */
    struct hprpc_controller *controller = stub->client->controller;
    enum hprpc__state state = hprpc__state(controller);
    int r;

    /* a client that is only used by such calls must reconnect all the same */
    if ((!may_wait(stub) || may_copy(stub, pick)) && !pick->pumped && !controller->pump.host->pumps_always) {
        hprpc__pump_once(controller);
        pick->pumped = true;
        return 0;
    }
    if (may_copy(stub, pick) && state != HPRPC__BROKEN) {
        r = hprpc__later_begin(stub, pick->reconnect, pick->handle, pick->size);
        pick->waits = true;
        return r == 0 ? COPIED : r == HPRPC_EAGAIN ? 0 : r;
    }
    if (state == HPRPC__BROKEN)
        return give_up_without(stub, pick);
    r = wait_for_room(stub, &pick->room);
    if ((state == HPRPC__READY && !pick->drains) || (r != HPRPC_EDEADLINE && r != HPRPC_EBUSY))
        return r;
    return explain_absence(stub, pick->reconnect, r);
}

/* Begins on the connection of the moment, which is kept while this runs. HPRPC_EAGAIN: the caller tries again. */
static int begin_once(struct hprpc_stub *stub, struct pick *pick)
{
    struct hprpc_controller *controller;
    int r = hprpc__reconnect_pick(pick->reconnect, &controller);

    if (pick->lined != controller)
        leave_line(pick);
    if (stub->client != &controller->client)
        pick->room.spins = false;
    stub->client = &controller->client;
    if (r == 0)
        r = try_picked(stub, pick);
    else if (r == HPRPC_ENOTSENT)
        r = hprpc__explain_end(stub, hprpc__code_of_unsent(controller));
    else if (r == HPRPC_ENOMEM)
        hprpc__explain(stub->call, r, NULL);
    else
        hprpc__reconnect_let_end(controller);
    if (r == HPRPC_EAGAIN) {
        r = wait_picked(stub, pick);
        r = r == 0 ? HPRPC_EAGAIN : r;
    }
    /* on success its lock is held, and it is READY; so this is not the last reference, see hprpc__reconnect_reap */
    hprpc_controller_drop(controller);
    return r;
}

/*
 * Begins a call of a client that has one connection after the other. On success `stub->client` is that of the connection; or the
 * call has begun in a copy, unless it `waits` (rpc/later.h).
 */
static __attribute__((noinline)) int begin_picked(struct hprpc_stub *stub, uint64_t size, enum kind kind, bool waits)
{
    struct pick pick = { .reconnect = hprpc__reconnect_of(stub->client),
                         .handle = (struct hprpc_binding *)stub->binding,
                         .size = size,
                         .kind = kind,
                         .waits = waits };
    int cancellation, r;

    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a picked binding's client reconnects, and each of its connections has one */
    if (!hprpc__shared_is_ours(pick.reconnect->client->shared))
        return hprpc__explain(stub->call, HPRPC_EFORKED, NULL);
    cancellation = hprpc__cancellation_disable();
    if (stub->call)
        hprpc_call_clear(stub->call);
    do
        r = begin_once(stub, &pick);
    while (r == HPRPC_EAGAIN);
    if (r < 0)
        leave_line(&pick);
    else if (pick.lined)
        /* as in begin_once, this is not the last reference */
        hprpc_controller_drop(pick.lined);
    /* an event loop must ask for its time-out again: the wait may have made attempts, and has taken the kicks */
    if (pick.room.deadline && pick.reconnect->client->pump == HPRPC_PUMP_LOOP)
        hprpc__wake_ring(pick.reconnect->client->wake_fd);
    hprpc__cancellation_restore(cancellation);
    if (r < 0)
        return r;
    stub->writer = &stub->reservation.writer;
    if (stub->pending && counts_from_start(stub, kind))
        stub->pending->deadline = pick.room.deadline;
    return 0;
}

int hprpc__begin_again(struct hprpc_stub *stub, uint64_t size)
{
    return begin_picked(stub, size, false, true);
}

/* ---- Where there is one connection ---- */

/*
 * Waits and tries again, after an attempt that failed with `r`, until the request is begun or cannot be sent. `turns`: the pump's
 * before that attempt. Called under the lock, which is held on success alone.
 */
static __attribute__((noinline)) int begin_later(struct hprpc_stub *stub, unsigned numbers, uint64_t size,
                                                 enum kind kind, uint32_t turns, int r)
{
    struct hprpc_controller *controller = stub->client->controller;
    struct hprpc_pending_call *former = NULL; /* the first attempt has put it away */
    struct hprpc__room room = { .turns = turns };

    while (r < 0) {
        if (r == HPRPC_EAGAIN && !room.in_line && may_wait(stub))
            hprpc__line_join(controller, &room, goes_first(controller));
        hprpc__room_after(&room, controller);
        hprpc__mutex_unlock(&controller->lock);
        r = wait_or_fail(stub, &room, size, r);
        if (r < 0) {
            give_up(controller, &room);
            return r;
        }
        hprpc__mutex_lock(&controller->lock);
        hprpc__room_before(&room, controller);
        r = attempt(stub, controller, numbers, (uint32_t)size, kind, &former, &room);
    }
    hprpc__line_leave(controller, &room);
    stub->waited = true;
    if (stub->pending && counts_from_start(stub, kind))
        stub->pending->deadline = room.deadline;
    return 0;
}

static inline __attribute__((always_inline)) int begin(struct hprpc_stub *stub, struct hprpc_client *client,
                                                       const struct hprpc_binding *binding, struct hprpc_call *call,
                                                       uint32_t procedure, uint64_t size, enum kind kind)
{
    if (KODOSIS_UNLIKELY(!binding))
        return hprpc__explain(call, HPRPC_EINVAL, "the proxy is not bound to anything");
    /* relaxed: another thread may be binding again, and the old or the new value will do */
    unsigned numbers =
        atomic_load_explicit(&((struct hprpc_binding *)binding)->procedures[procedure].numbers, memory_order_relaxed);
    struct hprpc_controller *controller = client->controller;
    struct hprpc_pending_call *former;
    uint32_t turns;
    int r;

    hprpc__assert(procedure < binding->interface->procedure_count);
    stub->client = client;
    stub->call = call;
    stub->binding = binding;
    stub->procedure = procedure;
    stub->pending = NULL;
    stub->waited = false;
    if (KODOSIS_UNLIKELY(size > UINT32_MAX || hprpc__is_refused(numbers) || !hprpc__shared_is_ours(controller->shared)))
        return numbers == HPRPC__PICKED ? begin_picked(stub, size, kind, kind != TWO_WAY) : refuse(stub, numbers, size);
    hprpc__look_after_silence(controller);
    former = empty(call, controller);
    hprpc__mutex_lock(&controller->lock);
    turns = atomic_load_explicit(&controller->turns, memory_order_relaxed);
    r = attempt(stub, controller, numbers, (uint32_t)size, kind, &former, NULL);
    if (KODOSIS_UNLIKELY(r < 0)) {
        r = begin_later(stub, numbers, size, kind, turns, r);
        if (r < 0)
            return r;
    }
    stub->writer = &stub->reservation.writer;
    return 0;
}

int hprpc_stub_begin(struct hprpc_stub *stub, struct hprpc_client *client, const struct hprpc_binding *binding,
                     struct hprpc_call *call, uint32_t procedure, uint64_t size)
{
    return begin(stub, client, binding, call, procedure, size, TWO_WAY);
}

int hprpc_stub_begin_oneway(struct hprpc_stub *stub, struct hprpc_client *client, const struct hprpc_binding *binding,
                            struct hprpc_call *call, uint32_t procedure, uint64_t size)
{
    return begin(stub, client, binding, call, procedure, size, ONE_WAY);
}

int hprpc_stub_begin_stream(struct hprpc_stub *stub, struct hprpc_client *client, const struct hprpc_binding *binding,
                            struct hprpc_call *call, uint32_t procedure, uint64_t size)
{
    if (!call)
        return HPRPC_EINVAL;
    return begin(stub, client, binding, call, procedure, size, STREAMING);
}
