/* SPDX-License-Identifier: MIT */
/* What generated clients, and applications, call on the streams of a call. */
#include "base/deadline.h"
#include "rpc/explain.h"
#include "rpc/pending-call.h"
#include "rpc/pump/wait.h"
#include "rpc/stream-wait.h"
#include "rpc/stub.h"

/* Makes a stub of a call with streams. HPRPC_EINVAL, HPRPC_EFORKED. */
static int resume(struct hprpc_stub *stub, struct hprpc_call *call)
{
    if (!call->pending || !call->pending->stream)
        return hprpc__explain(call, HPRPC_EINVAL, "the call was not started, or has no streams");
    if (!hprpc__shared_is_ours(call->pending->controller->shared))
        return hprpc__explain(call, HPRPC_EFORKED, NULL);
    stub->client = &call->pending->controller->client;
    stub->call = call;
    stub->pending = call->pending;
    stub->binding = call->pending->binding;
    stub->procedure = call->pending->procedure;
    return 0;
}

/* As resume, for what a caller does that sends elements. */
static int resume_sending(struct hprpc_stub *stub, struct hprpc_call *call)
{
    int r = resume(stub, call);

    if (r < 0 || stub->pending->stream->sends)
        return r;
    return hprpc__explain(call, HPRPC_EINVAL, "the procedure has no stream from this side");
}

/* ---- Waiting ---- */

/* Completes the call if it is late. */
static void look_at_deadline(struct hprpc_pending_call *pending)
{
    hprpc__ticket_expire(pending, hprpc_context_now(pending->controller->context));
}

/* Waits until the ticket is done, whose answer is just being stored, or whose connection just ends. */
static void await_answer(struct hprpc_pending_call *pending)
{
    hprpc__pump_wait(pending->controller, &(struct hprpc__awaited){ .pending = &pending, .count = 1 },
                     HPRPC_NO_TIMEOUT);
}

/* Whether the call may wait now. A call that may not pumps once in place of its first wait, where no thread pumps all the time. */
static bool may_wait(const struct hprpc_stub *stub, bool *pumped)
{
    struct hprpc_controller *controller = stub->pending->controller;

    hprpc__stream_flush(stub->pending->stream);
    if (!(stub->call->flags & HPRPC_CALL_NO_WAIT))
        return true;
    if (*pumped || controller->pump.host->pumps_always)
        return false;
    hprpc__pump_once(controller);
    *pumped = true;
    return true;
}

/* ---- Reading ---- */

/* The code of a call that is done: 0, or why it failed, which is explained. */
static int verdict(struct hprpc_stub *stub)
{
    return stub->pending->code == 0 && stub->pending->answer == HPRPC_MESSAGE_REPLY ? 0
                                                                                    : hprpc__stub_explain_failure(stub);
}

/* Waits for an element. 0: look again. */
static int wait_to_read(struct hprpc_stub *stub, bool *pumped)
{
    struct hprpc_pending_call *pending = stub->pending;
    bool waits = !(stub->call->flags & HPRPC_CALL_NO_WAIT);

    if (!may_wait(stub, pumped))
        return hprpc__explain(stub->call, HPRPC_EBUSY, "no element is there now");
    if (waits && !hprpc__stream_wait(pending->stream, HPRPC_STREAM_READABLE, hprpc__ticket_deadline(pending)))
        look_at_deadline(pending);
    return 0;
}

/* Called when no element was found. HPRPC_EAGAIN: look again; or what `_next` returns. */
static __attribute__((noinline)) int find_no_element(struct hprpc_stub *stub, bool *pumped)
{
    int r = 0;

    switch (hprpc__stream_lack(stub->pending->stream)) {
    case HPRPC__LACK_FAILURE:
        return hprpc__explain(stub->call, HPRPC_ENOMEM, "no memory for an element that came");
    case HPRPC__LACK_END:
        return 0;
    case HPRPC__LACK_OVER:
        await_answer(stub->pending);
        return HPRPC_EAGAIN;
    default:
        r = wait_to_read(stub, pumped);
        return r < 0 ? r : HPRPC_EAGAIN;
    }
}

/* Opens the reader over the next element, or finds out why there is none. HPRPC_EAGAIN: look again. */
static inline int next_once(struct hprpc_stub *stub, bool *pumped)
{
    struct hprpc_pending_call *pending = stub->pending;
    struct hprpc__stream *stream = pending->stream;
    bool done = hprpc__ticket_is_done(pending);

    if (KODOSIS_UNLIKELY(done && stream->cut))
        return verdict(stub);
    if (KODOSIS_LIKELY(hprpc__stream_take(stream))) {
        kodosis_reader_init(&stub->reader, stream->queue.current.data, stream->queue.current.size, &stream->arena);
        return 1;
    }
    /* everything that came before the answer was there when the ticket was done */
    return done && !stream->failure ? verdict(stub) : find_no_element(stub, pumped);
}

static int next(struct hprpc_stub *stub)
{
    bool pumped = false;
    int r;

    do
        r = next_once(stub, &pumped);
    while (r == HPRPC_EAGAIN);
    return r;
}

/* The channel's slots may be cancellation points, so the calling thread must not be cancelled meanwhile. */
static int without_cancellation(int (*what)(struct hprpc_stub *stub), struct hprpc_stub *stub)
{
    int cancellation, r;

    if (KODOSIS_LIKELY(stub->pending->controller->channel->no_cancellation_points))
        return what(stub);
    cancellation = hprpc__cancellation_disable();
    r = what(stub);
    hprpc__cancellation_restore(cancellation);
    return r;
}

int hprpc_stub_next(struct hprpc_stub *stub, struct hprpc_call *call)
{
    int r = resume(stub, call);

    if (r < 0)
        return r;
    if (!stub->pending->stream->receives)
        return hprpc__explain(call, HPRPC_EINVAL, "the procedure has no stream to this side");
    return without_cancellation(next, stub);
}

int hprpc_stub_next_end(struct hprpc_stub *stub)
{
    enum kodosis_status status = kodosis_reader_finish(&stub->reader);
    int r = status == KODOSIS_OK ? 0 : status == KODOSIS_NO_MEMORY ? HPRPC_ENOMEM : HPRPC_EBODY;

    return r < 0 ? hprpc__explain(stub->call, r, kodosis_status_text(stub->reader.status)) : 0;
}

/* ---- Sending ---- */

/* The code for an element of a call that has ended, or is about to. */
static int explain_ended(struct hprpc_stub *stub)
{
    int r;

    if (!hprpc__ticket_is_done(stub->pending))
        await_answer(stub->pending);
    r = verdict(stub);
    return r < 0 ? r
                 : hprpc__explain(stub->call, HPRPC_ECLOSED, "the other side has answered, and takes no more elements");
}

static int explain_send(struct hprpc_stub *stub, int code)
{
    switch (code) {
    case HPRPC_ECLOSED:
        return explain_ended(stub);
    case HPRPC_ETOOBIG:
        return hprpc__explain(stub->call, code, "the element is larger than the other side accepts");
    case HPRPC_EINVAL:
        return hprpc__explain(stub->call, code,
                              "the element cannot be encoded, or the call sends none, or has said that none follows");
    default:
        return hprpc__explain(stub->call, code, NULL);
    }
}

/* Waits after an attempt. 0: try again; or the code that `_send` fails with. */
static int wait_to_send(struct hprpc_stub *stub, struct hprpc__stream_attempt *attempt, bool *pumped)
{
    struct hprpc_pending_call *pending = stub->pending;
    bool waits = !(stub->call->flags & HPRPC_CALL_NO_WAIT);

    if (!may_wait(stub, pumped))
        return hprpc__explain(stub->call, HPRPC_EBUSY, "no window, or no room, for an element");
    if (waits && !hprpc__stream_wait_to_try(attempt, hprpc__ticket_deadline(pending)))
        look_at_deadline(pending);
    return 0;
}

static __attribute__((noinline)) int begin_later(struct hprpc_stub *stub, struct hprpc__stream_attempt *attempt)
{
    bool pumped = false;
    int r = 0;

    while (r == 0 && (attempt->code == HPRPC_EBUSY || attempt->code == HPRPC_EAGAIN)) {
        r = wait_to_send(stub, attempt, &pumped);
        if (r == 0)
            hprpc__stream_try(attempt);
    }
    return r < 0 ? r : attempt->code;
}

int hprpc_stub_element_begin(struct hprpc_stub *stub, struct hprpc_call *call, uint64_t size)
{
    struct hprpc__stream_attempt attempt = { .size = size };
    int r = resume(stub, call);

    if (r < 0)
        return r;
    attempt.stream = stub->pending->stream;
    hprpc__stream_try(&attempt);
    if (KODOSIS_UNLIKELY(attempt.code < 0)) {
        int cancellation = hprpc__cancellation_disable();

        r = begin_later(stub, &attempt);
        if (r < 0 && r == attempt.code)
            r = explain_send(stub, r);
        hprpc__cancellation_restore(cancellation);
    }
    if (r == 0)
        stub->writer = attempt.writer;
    return r;
}

/* Waits until the pieces of a long element are sent. */
static int drain(struct hprpc_stub *stub)
{
    struct hprpc_pending_call *pending = stub->pending;
    struct hprpc__stream *stream = pending->stream;
    bool drained = stub->call->flags & HPRPC_CALL_NO_WAIT, over = false;

    while (!drained) {
        if (!hprpc__stream_wait(stream, HPRPC__STREAM_DRAINED, hprpc__ticket_deadline(pending)))
            look_at_deadline(pending);
        hprpc__mutex_lock(&stream->controller->lock);
        over = stream->over || stream->cut;
        drained = over || !hprpc__stream_has_pieces(stream);
        hprpc__mutex_unlock(&stream->controller->lock);
    }
    return over ? HPRPC_ECLOSED : 0;
}

static int send_element(struct hprpc_stub *stub)
{
    int r = hprpc__stream_send(stub->pending->stream);

    if (KODOSIS_LIKELY(r == 0))
        return 0;
    if (r == HPRPC_EAGAIN)
        r = drain(stub);
    return r < 0 ? explain_send(stub, r) : 0;
}

int hprpc_stub_element_send(struct hprpc_stub *stub)
{
    return without_cancellation(send_element, stub);
}

/* ---- The end ---- */

void hprpc__stub_part(struct hprpc_pending_call *pending)
{
    struct hprpc_controller *controller = pending->controller;
    int cancellation;

    /* a child of fork must not take the lock, which may be held for ever there */
    if (!hprpc__shared_is_ours(controller->shared))
        return;
    cancellation = hprpc__cancellation_disable();
    hprpc__mutex_lock(&controller->lock);
    hprpc__stream_say_end(pending->stream);
    hprpc__stream_discard(pending->stream, HPRPC__ARRIVAL_DISCARDED);
    hprpc__mutex_unlock(&controller->lock);
    hprpc__cancellation_restore(cancellation);
}

static int say_end(struct hprpc_stub *stub)
{
    struct hprpc__stream *stream = stub->pending->stream;

    hprpc__mutex_lock(&stream->controller->lock);
    hprpc__stream_say_end(stream);
    hprpc__mutex_unlock(&stream->controller->lock);
    return 0;
}

int hprpc_call_end(struct hprpc_call *call)
{
    struct hprpc_stub stub;
    int r = resume_sending(&stub, call);

    if (r < 0)
        return r;
    return without_cancellation(say_end, &stub);
}

static int uncork(struct hprpc_stub *stub)
{
    hprpc__stream_cork(stub->pending->stream, false);
    return 0;
}

int hprpc_call_cork(struct hprpc_call *call, int corked)
{
    struct hprpc_stub stub;
    int r = resume_sending(&stub, call);

    if (r < 0)
        return r;
    if (!corked)
        return without_cancellation(uncork, &stub);
    hprpc__stream_cork(stub.pending->stream, true);
    return 0;
}

int hprpc_call_notify(struct hprpc_call *call, uint32_t events, void (*notify)(void *self, uint32_t events), void *self)
{
    const struct hprpc__notice notice = { notify, self, events };
    struct hprpc_stub stub;
    int r = resume(&stub, call);

    if (r < 0)
        return r;
    if (!notify || !events || events & ~(uint32_t)(HPRPC_STREAM_READABLE | HPRPC_STREAM_WRITABLE) ||
        hprpc__stream_register(stub.pending->stream, &notice) < 0)
        return hprpc__explain(call, HPRPC_EINVAL, "there is nothing to notify of, or a callback waits already");
    return 0;
}
