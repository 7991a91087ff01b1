/* SPDX-License-Identifier: MIT */
/* What generated clients call once a call has begun (begin.c): publish, wait, and read the reply. */
#include <stdio.h>

#include "base/deadline.h"
#include "rpc/connection/descriptors.h"
#include "rpc/connection/life.h"
#include "rpc/connection/send.h"
#include "rpc/explain.h"
#include "rpc/later.h"
#include "rpc/pending-call.h"
#include "rpc/pump/wait.h"
#include "rpc/stub.h"

enum { TURNS = 16 }; /* of the pump, to hear what was said before a channel broke */

/* ---- Publishing ---- */

/* Undoes the beginning of a request that cannot be encoded or sent. Under the lock. Returns `r`. */
static __attribute__((noinline)) int take_back(struct hprpc_stub *stub, int r)
{
    struct hprpc_channel *channel = stub->client->controller->channel;

    channel->ops->cancel_call(channel, &stub->reservation);
    if (stub->pending)
        hprpc__ticket_release(stub->pending);
    stub->pending = NULL;
    return r;
}

/*
 * Publishes a call, under the lock. `wakes_later`: the wait that follows wakes the other side, unless this thread serves it there. If
 * a value cannot be encoded, or a descriptor cannot be copied, nothing is sent, the ticket is released, and `stub->pending` is NULL.
 */
static inline int publish(struct hprpc_stub *stub, struct hprpc_controller *controller,
                          struct hprpc_pending_call *pending, bool wakes_later)
{
    int r = hprpc__body_complete(controller->context, &stub->reservation);

    if (KODOSIS_UNLIKELY(r < 0))
        return take_back(stub, r);
    hprpc__ticket_mark_sent(pending);
    if (KODOSIS_UNLIKELY(wakes_later))
        r = hprpc__publish_as(controller, &stub->reservation, true);
    else
        r = hprpc__publish(controller, &stub->reservation);
    /* the pump's next turn finds the channel broken, and completes the ticket */
    if (KODOSIS_UNLIKELY(r < 0))
        hprpc__ticket_mark_cut(pending);
    return r;
}

/* Ends what hprpc_stub_begin has begun, for a request that waited: others may wait behind it. */
static __attribute__((noinline)) void unlock_crowded(struct hprpc_controller *controller)
{
    /* no ticket keeps a connection that was picked for a one-way request */
    hprpc_controller_keep(controller);
    hprpc__mutex_unlock(&controller->lock);
    hprpc__pump_make_way(controller);
    hprpc_controller_drop(controller);
}

/* Ends what hprpc_stub_begin has begun. */
static inline void unlock(const struct hprpc_stub *stub, struct hprpc_controller *controller)
{
    if (KODOSIS_UNLIKELY(stub->waited))
        unlock_crowded(controller);
    else
        hprpc__mutex_unlock(&controller->lock);
}

/* The sentence for a deadline that passed: the procedure, how long the wait was, and for what. */
static const char *deadline_text(struct hprpc_stub *stub)
{
    struct hprpc_pending_call *pending = stub->pending;

    if (!stub->binding)
        return NULL;
    if (pending->stream && pending->stream->idle)
        hprpc_detail_set(&pending->own_text, 0, "nothing has moved on the streams of %.100s.%.80s for %lu ms",
                         hprpc__service_of(stub), hprpc__procedure_of(stub),
                         (unsigned long)pending->controller->own->stream_idle_ms);
    else
        hprpc_detail_set(&pending->own_text, 0,
                         pending->sent ? "%.100s.%.80s did not answer within %lu ms"
                                       : "%.100s.%.80s was not sent: there was no connection within %lu ms",
                         hprpc__service_of(stub), hprpc__procedure_of(stub), (unsigned long)pending->timeout_ms);
    return pending->own_text.text;
}

__attribute__((noinline)) int hprpc__stub_explain_failure(struct hprpc_stub *stub)
{
    struct hprpc_pending_call *pending = stub->pending;
    int r = pending->code == 0 ? HPRPC_EPROTOCOL : pending->code;

    if (pending->binding) {
        /* of a posted call: hprpc_stub_collect has left this to a failure */
        stub->client = &pending->controller->client;
        stub->binding = pending->binding;
        stub->procedure = pending->procedure;
    }
    /* a child of fork that came out of a callback, inside its parent's wait */
    if (!hprpc__shared_is_ours(pending->controller->shared))
        return hprpc__explain(stub->call, HPRPC_EFORKED, NULL);
    if (stub->call) {
        stub->call->pending = pending;
        hprpc__explain(stub->call, r, r == HPRPC_EDEADLINE && !pending->text ? deadline_text(stub) : pending->text);
    } else {
        hprpc__pending_call_drop(pending);
    }
    return r;
}

/* Opens the reader over the reply of a complete ticket. */
static inline int open_reply(struct hprpc_stub *stub, struct hprpc_pending_call *pending)
{
    if (KODOSIS_UNLIKELY(pending->code != 0 || pending->answer != HPRPC_MESSAGE_REPLY ||
                         !hprpc__shared_is_ours(pending->controller->shared)))
        return hprpc__stub_explain_failure(stub);
    kodosis_reader_init(&stub->reader, pending->body.data, pending->body.size, &pending->arena);
    hprpc__descriptors_open(&pending->body, &stub->reader);
    return 0;
}

static inline int exchange(struct hprpc_stub *stub)
{
    struct hprpc_controller *controller = stub->client->controller;
    struct hprpc_pending_call *pending = stub->pending;
    hprpc__deadline deadline = pending->deadline; /* of a call that waited for room, else 0 */
    int r = publish(stub, controller, pending, controller->channel->assist != NULL);

    unlock(stub, controller);
    if (KODOSIS_UNLIKELY(!stub->pending))
        return hprpc__explain_value(stub, r);
    hprpc__pending_call_await(pending, deadline);
    return open_reply(stub, pending);
}

static inline int post(struct hprpc_stub *stub)
{
    struct hprpc_controller *controller = stub->client->controller;
    struct hprpc_pending_call *pending = stub->pending;
    int r = publish(stub, controller, pending, false);

    if (KODOSIS_LIKELY(stub->pending != NULL)) {
        stub->call->pending = pending;
        pending->binding = stub->binding;
        pending->procedure = (uint16_t)stub->procedure;
        if (hprpc__ticket_start_clock(pending, hprpc_context_now(controller->context)))
            hprpc__pump_deadline_moved(controller);
    }
    unlock(stub, controller);
    return KODOSIS_UNLIKELY(!stub->pending) ? hprpc__explain_value(stub, r) : 0;
}

/* The channel broke under a one-way request, so the other side never gets all of it. Waits for the reason. */
static __attribute__((noinline)) int explain_cut(struct hprpc_stub *stub)
{
    struct hprpc_controller *controller = stub->client->controller;

    for (int i = 0; i < TURNS && hprpc__state(controller) != HPRPC__BROKEN; i++)
        hprpc__pump_once(controller);
    if (hprpc__state(controller) != HPRPC__BROKEN)
        return hprpc__explain(stub->call, HPRPC_ENOTSENT, "the connection broke while the request was sent");
    return hprpc__explain_end(stub, HPRPC_ENOTSENT);
}

static int send_oneway(struct hprpc_stub *stub)
{
    struct hprpc_controller *controller = stub->client->controller;
    int r = hprpc__body_complete(controller->context, &stub->reservation);
    bool unsendable = r < 0;

    if (KODOSIS_LIKELY(!unsendable)) {
        hprpc__count(&controller->requests_sent);
        r = hprpc__publish_as(controller, &stub->reservation, false);
    } else {
        take_back(stub, r);
        controller->calls_out--;
        controller->bytes_out -= stub->reservation.size;
        controller->oneway_calls_out--;
        controller->oneway_bytes_out -= stub->reservation.size;
        controller->progress++;
    }
    /* no ticket keeps a connection that was picked */
    if (r < 0)
        hprpc_controller_keep(controller);
    unlock(stub, controller);
    if (KODOSIS_LIKELY(r == 0))
        return 0;
    r = unsendable ? hprpc__explain_value(stub, r) : explain_cut(stub);
    hprpc_controller_drop(controller);
    return r;
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
    if (KODOSIS_UNLIKELY(!stub->pending))
        return hprpc__later_exchange(stub);
    return is_cancellable(stub) ? without_cancellation(exchange, stub) : exchange(stub);
}

int hprpc_stub_post(struct hprpc_stub *stub)
{
    if (KODOSIS_UNLIKELY(!stub->pending))
        return hprpc__later_post(stub);
    return is_cancellable(stub) ? without_cancellation(post, stub) : post(stub);
}

int hprpc_stub_send(struct hprpc_stub *stub)
{
    return is_cancellable(stub) ? without_cancellation(send_oneway, stub) : send_oneway(stub);
}

/* ---- The reply ---- */

/* Waits for a call that is not complete. 0, or the code that collecting it fails with. */
static __attribute__((noinline)) int await_posted(struct hprpc_call *call)
{
    int r;

    if (!call->pending)
        return hprpc__explain(call, HPRPC_EINVAL, "the call was not started");
    r = hprpc_pending_call_wait(call->pending, HPRPC_NO_TIMEOUT);
    return r < 0 ? hprpc__explain(call, r == HPRPC_EFORKED ? r : HPRPC_EINTERNAL, NULL) : 0;
}

int hprpc_stub_collect(struct hprpc_stub *stub, struct hprpc_call *call)
{
    struct hprpc_pending_call *pending = call->pending;
    int r = 0;

    if (KODOSIS_UNLIKELY(pending && pending->stream))
        hprpc__stub_part(pending);
    if (KODOSIS_UNLIKELY(!pending || !hprpc__ticket_is_done(pending)))
        r = await_posted(call);
    if (KODOSIS_UNLIKELY(r < 0))
        return r;
    stub->call = call;
    stub->pending = pending;
    return open_reply(stub, pending);
}

int hprpc_stub_end_slowly(struct hprpc_stub *stub)
{
    enum kodosis_status status = kodosis_reader_finish(&stub->reader);
    int r = status == KODOSIS_OK ? 0 : status == KODOSIS_NO_MEMORY ? HPRPC_ENOMEM : HPRPC_EBODY;

    if (stub->call) {
        stub->call->pending = stub->pending;
        if (r < 0)
            hprpc__explain(stub->call, r, kodosis_status_text(status));
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
    hprpc__descriptors_open(&pending->body, ret_reader);
    return 0;
}
