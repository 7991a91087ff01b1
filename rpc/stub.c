/* SPDX-License-Identifier: MIT */
/* What generated clients call: begin, publish, wait, and read the reply. */
#include <stdio.h>

#include "rpc/call/binding.h"
#include "rpc/call/ticket.h"
#include "rpc/connection/send.h"
#include "rpc/pending-call.h"
#include "rpc/pump/look.h"
#include "rpc/pump/wait.h"
#include "rpc/serve/workers.h"
#include "base/deadline.h"

enum { TURNS = 16 }; /* of the pump, to hear what was said before a channel broke */

#define DRAINING "the other side is stopping, and takes no more requests"

/* Leaves the sentence behind a code with the call, if there is one, and returns the code. */
static int explain(struct hprpc_call *call, int code, const char *text)
{
    if (call)
        call->detail = text ? text : hprpc_error_text(code);
    return code;
}

/* Makes a finished ticket, whose memory for a sentence lives as long as the call. NULL: there is no call, or no memory. */
static struct hprpc_pending_call *sentence_ticket(struct hprpc_stub *stub, int code)
{
    struct hprpc_controller *controller = stub->client->controller;
    struct hprpc_pending_call *pending = NULL;

    if (!stub->call)
        return NULL;
    hprpc__mutex_lock(&controller->lock);
    if (hprpc__ticket_new(controller, HPRPC_NO_TIMEOUT, &pending) == 0)
        pending->answered = true; /* no answer will come, so clearing the call puts the ticket away */
    hprpc__mutex_unlock(&controller->lock);
    if (pending)
        hprpc__ticket_finish(pending, code);
    stub->call->pending = pending;
    return pending;
}

/* Copies a sentence into a ticket. NULL: no memory. */
static const char *copy_sentence(struct hprpc_pending_call *pending, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = pending->own_text.text;

    if (size > sizeof(pending->own_text.text))
        copy = kodosis_arena_allocate(&pending->arena, size);
    return copy ? memcpy(copy, text, size) : NULL;
}

/* Leaves a copy of a sentence with the call, which may outlive the connection that the sentence belongs to. Returns the code. */
static int explain_copy(struct hprpc_stub *stub, int code, const char *text)
{
    struct hprpc_pending_call *pending = text ? sentence_ticket(stub, code) : NULL;

    return explain(stub->call, code, pending ? copy_sentence(pending, text) : NULL);
}

/* Explains a request that was not sent, or perhaps was, by the reason for which the connection broke. */
static int explain_end(struct hprpc_stub *stub, int code)
{
    const struct hprpc_controller *controller = stub->client->controller;

    /* the reason is written once, before the state says BROKEN; without memory for it, it tells about other requests */
    if (controller->reason.text == hprpc_error_text(controller->code))
        return explain(stub->call, code, NULL);
    return explain_copy(stub, code, controller->reason.text);
}

static int explain_broken(struct hprpc_stub *stub)
{
    struct hprpc_controller *controller = stub->client->controller;

    /* only the channel may know yet that it is broken; a turn breaks the connection then */
    hprpc__pump_once(controller);
    if (hprpc__state(controller) != HPRPC__BROKEN)
        return explain(stub->call, HPRPC_ENOTSENT, DRAINING);
    return explain_end(stub, HPRPC_ENOTSENT);
}

/* ---- Beginning ---- */

/* The code to return for one of start_call. Where the channel is broken or being closed, the request was not sent. */
static int code_of_start(int code)
{
    return code == 0 || code == HPRPC_EAGAIN || code == HPRPC_ENOMEM || code == HPRPC_ETOOBIG ? code : HPRPC_ENOTSENT;
}

static inline bool has_credit(const struct hprpc_controller *controller, uint64_t size)
{
    return controller->calls_out < controller->peer.max_calls &&
           hprpc__within_credit(controller->bytes_out, size, controller->peer.max_call_bytes);
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

static inline struct hprpc_header header_of(const struct hprpc_stub *stub, unsigned numbers)
{
    const struct hprpc_controller *controller = stub->client->controller;
    const struct hprpc_request *running = running_here(controller);
    struct hprpc_header header = { .type = HPRPC_MESSAGE_REQUEST,
                                   .service = (uint16_t)(numbers >> 16),
                                   .procedure = (uint16_t)numbers };
    uint32_t timeout = stub->call ? stub->call->timeout_ms : 0;

    if (timeout && timeout != controller->own->timeout_ms) {
        header.flags |= HPRPC_FLAG_TIMEOUT;
        header.timeout_ms = timeout;
    }
    if (running) {
        header.flags |= HPRPC_FLAG_DEPTH;
        header.depth = (uint16_t)(running->header.depth + 1);
    }
    return header;
}

static uint32_t timeout_of(const struct hprpc_stub *stub)
{
    uint32_t timeout = stub->call ? stub->call->timeout_ms : 0;

    return timeout ? timeout : stub->client->controller->own->timeout_ms;
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
    return has_credit(controller, size) ? 0 : HPRPC_EAGAIN;
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
static inline int reserve(struct hprpc_stub *stub, uint32_t size, struct hprpc_pending_call **former)
{
    int r;

    if (!*former || !(*former)->answered) {
        retire(former);
        return hprpc__ticket_reserve(stub->client->controller, size, timeout_of(stub), &stub->pending);
    }
    r = hprpc__ticket_renew(*former, size, timeout_of(stub));
    if (r < 0)
        return r;
    stub->pending = *former;
    *former = NULL;
    return 0;
}

/* One attempt to reserve what the request needs, under the lock. HPRPC_EAGAIN: not now. */
static inline __attribute__((always_inline)) int attempt(struct hprpc_stub *stub, unsigned numbers, uint32_t size,
                                                         bool oneway, struct hprpc_pending_call **former)
{
    struct hprpc_controller *controller = stub->client->controller;
    struct hprpc_header header;
    int r = may_send(controller, size);

    if (r == 0 && !oneway)
        r = reserve(stub, size, former);
    retire(former);
    if (r < 0)
        return r;
    header = header_of(stub, numbers);
    if (oneway) {
        header.flags |= HPRPC_FLAG_ONEWAY;
    } else {
        header.call = stub->pending->id;
        controller->tickets.slots[header.call].depth = header.depth;
    }
    r = controller->channel->ops->start_call(controller->channel, &header, size, &stub->reservation);
    if (r == 0 && oneway)
        charge_oneway(controller, size);
    if (r < 0 && !oneway)
        hprpc__ticket_release(stub->pending);
    return code_of_start(r);
}

/* Waits for credit or room, after an attempt that found none. */
static int wait_for_room(struct hprpc_stub *stub, struct hprpc__room *room)
{
    struct hprpc_controller *controller = stub->client->controller;
    int r;

    if (stub->call && (stub->call->flags & HPRPC_CALL_NO_WAIT))
        return explain(stub->call, HPRPC_EBUSY, "no credit or no room for the request");
    r = hprpc__pump_wait_for_room(controller, room, timeout_of(stub));
    if (!hprpc__shared_is_ours(controller->shared))
        return explain(stub->call, HPRPC_EFORKED, NULL);
    if (r == HPRPC_EAGAIN)
        return explain(stub->call, HPRPC_EDEADLINE, "the deadline passed before there was room for the request");
    return 0;
}

/* The names of what a stub calls. */
static const char *service_of(const struct hprpc_stub *stub)
{
    return stub->binding->interface->name;
}

static const char *procedure_of(const struct hprpc_stub *stub)
{
    return stub->binding->interface->procedures[stub->procedure].name;
}

static int explain_size(struct hprpc_stub *stub, uint64_t size)
{
    struct hprpc_pending_call *pending = sentence_ticket(stub, HPRPC_ETOOBIG);

    if (!pending)
        return explain(stub->call, HPRPC_ETOOBIG, NULL);
    hprpc_detail_set(&pending->own_text, 0,
                     "%.80s.%.60s: the arguments take %llu bytes, and the other side accepts %lu", service_of(stub),
                     procedure_of(stub), (unsigned long long)size,
                     (unsigned long)stub->client->controller->peer.max_message);
    return explain(stub->call, HPRPC_ETOOBIG, pending->own_text.text);
}

/* Empties a call that is used again. Returns its ticket if the caller, which takes the lock anyway, must retire it; else NULL. */
static struct hprpc_pending_call *empty(struct hprpc_call *call, const struct hprpc_controller *controller)
{
    struct hprpc_pending_call *former;

    if (!call)
        return NULL;
    former = call->pending;
    call->pending = NULL;
    call->detail = NULL;
    if (!former || !hprpc__pending_call_let_go(former))
        return NULL;
    if (former->controller == controller)
        return former;
    hprpc__ticket_put_away(former);
    return NULL;
}

/* Explains a call that no attempt can send. */
static int refuse(struct hprpc_stub *stub, unsigned numbers, uint64_t size)
{
    const struct hprpc__bound *bound = &stub->binding->procedures[stub->procedure];

    if (stub->call)
        hprpc_call_clear(stub->call);
    if (!hprpc__shared_is_ours(stub->client->controller->shared))
        return explain(stub->call, HPRPC_EFORKED, NULL);
    /* acquire: pairs with the release in set_one (binding.c) */
    if (hprpc__is_refused(numbers))
        return explain_copy(stub, hprpc__refusal_of(numbers),
                            atomic_load_explicit((_Atomic(const char *) *)&bound->sentence, memory_order_acquire));
    if (size >= KODOSIS_SIZE_TOO_DEEP)
        return explain(stub->call, HPRPC_EINVAL,
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
        return explain(stub->call, r, NULL);
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

static inline __attribute__((always_inline)) int begin(struct hprpc_stub *stub, struct hprpc_client *client,
                                                       const struct hprpc_binding *binding, struct hprpc_call *call,
                                                       uint32_t procedure, uint64_t size, bool oneway)
{
    if (KODOSIS_UNLIKELY(!binding))
        return explain(call, HPRPC_EINVAL, "the proxy is not bound to anything");
    /* relaxed: another thread may be binding again, and the old or the new value will do */
    unsigned numbers =
        atomic_load_explicit(&((struct hprpc_binding *)binding)->procedures[procedure].numbers, memory_order_relaxed);
    struct hprpc_controller *controller = client->controller;
    struct hprpc__room room = { 0 };
    struct hprpc_pending_call *former;
    int r;

    hprpc__assert(procedure < binding->interface->procedure_count);
    stub->client = client;
    stub->call = call;
    stub->binding = binding;
    stub->procedure = procedure;
    stub->pending = NULL;
    if (KODOSIS_UNLIKELY(size > UINT32_MAX || hprpc__is_refused(numbers) || !hprpc__shared_is_ours(controller->shared)))
        return refuse(stub, numbers, size);
    hprpc__look_after_silence(controller);
    former = empty(call, controller);
    hprpc__mutex_lock(&controller->lock);
    for (;;) {
        hprpc__room_before(&room, controller);
        r = attempt(stub, numbers, (uint32_t)size, oneway, &former);
        if (KODOSIS_LIKELY(r == 0))
            break;
        hprpc__room_after(&room, controller);
        hprpc__mutex_unlock(&controller->lock);
        r = wait_or_fail(stub, &room, size, r);
        if (r < 0)
            return r;
        hprpc__mutex_lock(&controller->lock);
    }
    stub->writer = &stub->reservation.writer;
    if (stub->pending)
        stub->pending->deadline = room.deadline;
    return 0;
}

int hprpc_stub_begin(struct hprpc_stub *stub, struct hprpc_client *client, const struct hprpc_binding *binding,
                     struct hprpc_call *call, uint32_t procedure, uint64_t size)
{
    return begin(stub, client, binding, call, procedure, size, false);
}

int hprpc_stub_begin_oneway(struct hprpc_stub *stub, struct hprpc_client *client, const struct hprpc_binding *binding,
                            struct hprpc_call *call, uint32_t procedure, uint64_t size)
{
    return begin(stub, client, binding, call, procedure, size, true);
}

/* ---- Publishing ---- */

/* Undoes the beginning of a request that cannot be encoded. Under the lock. HPRPC_EINVAL. */
static __attribute__((noinline)) int take_back(struct hprpc_stub *stub)
{
    struct hprpc_channel *channel = stub->client->controller->channel;

    channel->ops->cancel_call(channel, &stub->reservation);
    if (stub->pending)
        hprpc__ticket_release(stub->pending);
    stub->pending = NULL;
    return HPRPC_EINVAL;
}

/* Publishes, under the lock. HPRPC_EINVAL: a value cannot be encoded; nothing is sent, and the ticket is released. */
static inline int publish(struct hprpc_stub *stub)
{
    struct hprpc_controller *controller = stub->client->controller;

    if (KODOSIS_UNLIKELY(!hprpc__is_written(&stub->reservation)))
        return take_back(stub);
    controller->requests_sent++;
    if (stub->pending) {
        stub->pending->sent = true;
        stub->pending->order = controller->requests_sent;
    }
    hprpc__count(&controller->statistics.calls_sent);
    /* if the channel breaks just now, the pump's next turn completes the ticket */
    return stub->pending ? hprpc__publish(controller, &stub->reservation)
                         : hprpc__publish_now(controller, &stub->reservation);
}

static int explain_value(struct hprpc_stub *stub)
{
    return explain(stub->call, HPRPC_EINVAL,
                   "the arguments cannot be encoded: a string or list is too long, or changed meanwhile");
}

/* The sentence for a deadline that passed: the procedure, and how long the wait was. */
static const char *deadline_text(struct hprpc_stub *stub)
{
    struct hprpc_pending_call *pending = stub->pending;

    if (!stub->binding)
        return NULL;
    hprpc_detail_set(&pending->own_text, 0, "%.100s.%.80s did not answer within %lu ms", service_of(stub),
                     procedure_of(stub), (unsigned long)pending->timeout_ms);
    return pending->own_text.text;
}

/* Opens the reader over the reply of a complete ticket, or explains the failure and drops a ticket that no call holds. */
static int open_reply(struct hprpc_stub *stub)
{
    struct hprpc_pending_call *pending = stub->pending;
    int r;

    /* a child of fork that came out of a callback, inside its parent's wait */
    if (KODOSIS_UNLIKELY(!hprpc__shared_is_ours(pending->controller->shared)))
        return explain(stub->call, HPRPC_EFORKED, NULL);
    r = pending->code;
    if (r == 0 && pending->answer != HPRPC_MESSAGE_REPLY)
        r = HPRPC_EPROTOCOL;
    if (r == 0) {
        kodosis_reader_init(&stub->reader, pending->body.data, pending->body.size, &pending->arena);
        return 0;
    }
    if (stub->call) {
        stub->call->pending = pending;
        explain(stub->call, r, r == HPRPC_EDEADLINE && !pending->text ? deadline_text(stub) : pending->text);
    } else {
        hprpc__pending_call_drop(pending);
    }
    return r;
}

static int exchange(struct hprpc_stub *stub)
{
    struct hprpc_controller *controller = stub->client->controller;
    hprpc__deadline deadline = stub->pending->deadline; /* of a call that waited for room, else 0 */
    int r = publish(stub);

    hprpc__mutex_unlock(&controller->lock);
    if (r == HPRPC_EINVAL)
        return explain_value(stub);
    hprpc__pending_call_await(stub->pending, deadline);
    return open_reply(stub);
}

static int post(struct hprpc_stub *stub)
{
    struct hprpc_controller *controller = stub->client->controller;
    int r = publish(stub);

    if (r != HPRPC_EINVAL) {
        stub->call->pending = stub->pending;
        stub->pending->binding = stub->binding;
        stub->pending->procedure = (uint16_t)stub->procedure;
        if (hprpc__ticket_start_clock(stub->pending, hprpc_context_now(controller->context)))
            hprpc__pump_deadline_moved(controller);
    }
    hprpc__mutex_unlock(&controller->lock);
    return r == HPRPC_EINVAL ? explain_value(stub) : 0;
}

/* The channel broke under a one-way request. What the other side has said before tells whether it took the request. */
static __attribute__((noinline)) int explain_unsent(struct hprpc_stub *stub, uint64_t order)
{
    struct hprpc_controller *controller = stub->client->controller;

    for (int i = 0; i < TURNS && hprpc__state(controller) != HPRPC__BROKEN; i++)
        hprpc__pump_once(controller);
    if (hprpc__state(controller) != HPRPC__BROKEN)
        return explain(stub->call, HPRPC_EMAYBE, "the connection broke while the request was sent");
    return explain_end(stub, order > controller->taken_there ? HPRPC_ENOTSENT : HPRPC_EMAYBE);
}

static int send_oneway(struct hprpc_stub *stub)
{
    struct hprpc_controller *controller = stub->client->controller;
    uint64_t order;
    int r = publish(stub);

    if (r == HPRPC_EINVAL) {
        controller->calls_out--;
        controller->bytes_out -= stub->reservation.size;
        controller->oneway_calls_out--;
        controller->oneway_bytes_out -= stub->reservation.size;
        controller->progress++;
    }
    order = controller->requests_sent;
    hprpc__mutex_unlock(&controller->lock);
    if (r == HPRPC_EINVAL)
        return explain_value(stub);
    return r < 0 ? explain_unsent(stub, order) : 0;
}

/* The channel's slots may be cancellation points, so the calling thread must not be cancelled meanwhile. */
static __attribute__((noinline)) int without_cancellation(int (*what)(struct hprpc_stub *stub), struct hprpc_stub *stub)
{
    int cancellation = hprpc__cancellation_disable();
    int r = what(stub);

    hprpc__cancellation_restore(cancellation);
    return r;
}

static inline bool is_cancellable(const struct hprpc_stub *stub)
{
    return KODOSIS_UNLIKELY(!stub->client->controller->channel->no_cancellation_points);
}

int hprpc_stub_exchange(struct hprpc_stub *stub)
{
    return is_cancellable(stub) ? without_cancellation(exchange, stub) : exchange(stub);
}

int hprpc_stub_post(struct hprpc_stub *stub)
{
    return is_cancellable(stub) ? without_cancellation(post, stub) : post(stub);
}

int hprpc_stub_send(struct hprpc_stub *stub)
{
    return is_cancellable(stub) ? without_cancellation(send_oneway, stub) : send_oneway(stub);
}

/* ---- The reply ---- */

int hprpc_stub_collect(struct hprpc_stub *stub, struct hprpc_call *call)
{
    int r;

    if (!call->pending)
        return explain(call, HPRPC_EINVAL, "the call was not started");
    stub->client = &call->pending->controller->client;
    stub->call = call;
    stub->pending = call->pending;
    stub->binding = call->pending->binding;
    stub->procedure = call->pending->procedure;
    r = hprpc__ticket_is_done(stub->pending) ? 0 : hprpc_pending_call_wait(stub->pending, HPRPC_NO_TIMEOUT);
    if (r < 0)
        return explain(call, r == HPRPC_EFORKED ? r : HPRPC_EINTERNAL, NULL);
    return open_reply(stub);
}

int hprpc_stub_end(struct hprpc_stub *stub)
{
    enum kodosis_status status = kodosis_reader_finish(&stub->reader);
    int r = status == KODOSIS_OK ? 0 : status == KODOSIS_NO_MEMORY ? HPRPC_ENOMEM : HPRPC_EBODY;

    if (stub->call) {
        stub->call->pending = stub->pending;
        if (r < 0)
            explain(stub->call, r, kodosis_status_text(stub->reader.status));
    } else {
        hprpc__pending_call_drop(stub->pending);
    }
    return r;
}

int hprpc_stub_raised(struct hprpc_call *call, const char *name, struct kodosis_reader *ret_reader)
{
    const struct hprpc_pending_call *pending = call->pending;

    if (!pending || !hprpc__ticket_is_done(pending) || !pending->raised || strcmp(pending->raised, name) != 0)
        return HPRPC_EINVAL;
    kodosis_reader_init(ret_reader, pending->raised_body, pending->raised_size, &call->pending->arena);
    return 0;
}
