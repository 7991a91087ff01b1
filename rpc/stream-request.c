/* SPDX-License-Identifier: MIT */
/* What generated servers, and applications, call on the streams of a request. */
#include "base/deadline.h"
#include "rpc/serve/request.h"
#include "rpc/stream-wait.h"

/* Why the request is at its end: the caller has given up, its deadline has passed, or the connection is gone. 0: it is not. */
static int end_of(struct hprpc_request *request, bool looks_at_clock)
{
    /* relaxed: a hint; the stream says it under the lock */
    if (atomic_load_explicit(&request->cancelled, memory_order_relaxed))
        return hprpc__state(request->controller) == HPRPC__BROKEN ? HPRPC_ECLOSED : HPRPC_ECANCELLED;
    if (hprpc__state(request->controller) == HPRPC__BROKEN)
        return HPRPC_ECLOSED;
    return looks_at_clock && hprpc_request_remaining(request) == 0 ? HPRPC_EDEADLINE : 0;
}

/* Whether a thread may wait here: not the one that pumps the connection, which must go on receiving. */
static bool may_wait(struct hprpc_request *request)
{
    hprpc__stream_flush(request->stream);
    if (!hprpc__pump_is_mine(&request->controller->pump))
        return true;
    request->stuck = true;
    return false;
}

/* Until when a wait lasts: the caller's deadline, or so long that the stream counts as idle. */
static hprpc__deadline deadline_of(const struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;
    uint32_t remaining = hprpc_request_remaining(request), idle = controller->own->stream_idle_ms;

    if (idle && idle < remaining)
        remaining = idle;
    if (remaining == HPRPC_NO_TIMEOUT)
        return HPRPC__NEVER;
    return hprpc__deadline_after_ms(hprpc_context_now(controller->context), remaining);
}

/* ---- Reading ---- */

/* Called when no element was found. HPRPC_EAGAIN: look again; or what `_next` returns. */
static int find_no_element(struct hprpc_request *request)
{
    int r;

    switch (hprpc__stream_lack(request->stream)) {
    case HPRPC__LACK_FAILURE:
        return HPRPC_ENOMEM;
    case HPRPC__LACK_END:
        return 0;
    case HPRPC__LACK_OVER:
        r = end_of(request, true);
        return r < 0 ? r : HPRPC_EINVAL;
    default:
        r = end_of(request, true);
        if (r < 0)
            return r;
        if (!may_wait(request))
            return HPRPC_EBUSY;
        return hprpc__stream_wait(request->stream, HPRPC_STREAM_READABLE, deadline_of(request)) ? HPRPC_EAGAIN
                                                                                                : HPRPC_EDEADLINE;
    }
}

static int next(struct hprpc_request *request, struct kodosis_reader *ret_reader)
{
    struct hprpc__stream *stream = request->stream;
    int r;

    do {
        r = end_of(request, false);
        if (r < 0)
            return r;
        if (hprpc__stream_take(stream)) {
            kodosis_reader_init(ret_reader, stream->queue.current.data, stream->queue.current.size, &stream->arena);
            return 1;
        }
        r = find_no_element(request);
    } while (r == HPRPC_EAGAIN);
    return r;
}

int hprpc_request_next_begin(struct hprpc_request *request, struct kodosis_reader *ret_reader)
{
    int cancellation, r;

    if (!hprpc__shared_is_ours(request->controller->shared))
        return HPRPC_EFORKED;
    if (!request->stream || !request->stream->receives)
        return HPRPC_EINVAL;
    cancellation = hprpc__cancellation_disable();
    r = next(request, ret_reader);
    hprpc__cancellation_restore(cancellation);
    return r;
}

int hprpc_request_next_end(struct hprpc_request *request, struct kodosis_reader *reader)
{
    enum kodosis_status status = kodosis_reader_finish(reader);

    (void)request;
    return status == KODOSIS_OK ? 0 : status == KODOSIS_NO_MEMORY ? HPRPC_ENOMEM : HPRPC_EBODY;
}

/* ---- Sending ---- */

/* The code for an element of a request that has ended. */
static int code_of_ended(struct hprpc_request *request)
{
    struct hprpc__stream *stream = request->stream;
    int r = end_of(request, true);
    bool over;

    if (r < 0)
        return r;
    hprpc__mutex_lock(&stream->controller->lock);
    over = stream->over;
    hprpc__mutex_unlock(&stream->controller->lock);
    /* it is answered; or the channel has broken just now, and no turn has noticed yet */
    return over ? HPRPC_EINVAL : HPRPC_ECLOSED;
}

static int begin(struct hprpc__stream_attempt *attempt, struct hprpc_request *request)
{
    int r = hprpc__stream_try(attempt);

    while (r == HPRPC_EBUSY || r == HPRPC_EAGAIN) {
        r = end_of(request, true);
        if (r < 0)
            return r;
        if (!may_wait(request))
            return HPRPC_EBUSY;
        if (!hprpc__stream_wait_to_try(attempt, deadline_of(request)))
            return HPRPC_EDEADLINE;
        r = hprpc__stream_try(attempt);
    }
    return r == HPRPC_ECLOSED ? code_of_ended(request) : r;
}

int hprpc_request_element_begin(struct hprpc_request *request, uint64_t size, struct kodosis_writer **ret_writer)
{
    struct hprpc__stream_attempt attempt = { .size = size };
    int cancellation, r;

    if (!hprpc__shared_is_ours(request->controller->shared))
        return HPRPC_EFORKED;
    if (!request->stream)
        return HPRPC_EINVAL;
    attempt.stream = request->stream;
    cancellation = hprpc__cancellation_disable();
    r = begin(&attempt, request);
    hprpc__cancellation_restore(cancellation);
    if (r == 0)
        *ret_writer = attempt.writer;
    return r;
}

/* Waits until the pieces of a long element are sent, unless this thread may not wait: then the turns of the pump send them. */
static int drain(struct hprpc_request *request)
{
    struct hprpc__stream *stream = request->stream;
    bool drained = false, over = false;

    while (!drained && !hprpc__pump_is_mine(&request->controller->pump)) {
        if (!hprpc__stream_wait(stream, HPRPC__STREAM_DRAINED, deadline_of(request)))
            return HPRPC_EDEADLINE;
        hprpc__mutex_lock(&stream->controller->lock);
        over = stream->over || stream->cut;
        drained = over || !hprpc__stream_has_pieces(stream);
        hprpc__mutex_unlock(&stream->controller->lock);
    }
    return over ? HPRPC_ECLOSED : 0;
}

int hprpc_request_element_send(struct hprpc_request *request)
{
    int cancellation = hprpc__cancellation_disable(), r = hprpc__stream_send(request->stream);

    if (r == HPRPC_EAGAIN)
        r = drain(request);
    if (r == HPRPC_ECLOSED)
        r = code_of_ended(request);
    hprpc__cancellation_restore(cancellation);
    return r;
}

/* ---- The end ---- */

static int say_end(struct hprpc_request *request)
{
    struct hprpc__stream *stream = request->stream;
    int r = end_of(request, false);

    if (r < 0)
        return r;
    hprpc__mutex_lock(&stream->controller->lock);
    hprpc__stream_say_end(stream);
    hprpc__mutex_unlock(&stream->controller->lock);
    return 0;
}

int hprpc_request_end(struct hprpc_request *request)
{
    int cancellation, r;

    if (!hprpc__shared_is_ours(request->controller->shared))
        return HPRPC_EFORKED;
    if (!request->stream || !request->stream->sends)
        return HPRPC_EINVAL;
    cancellation = hprpc__cancellation_disable();
    r = say_end(request);
    hprpc__cancellation_restore(cancellation);
    return r;
}

int hprpc_request_cork(struct hprpc_request *request, int corked)
{
    int cancellation;

    if (!hprpc__shared_is_ours(request->controller->shared))
        return HPRPC_EFORKED;
    if (!request->stream || !request->stream->sends)
        return HPRPC_EINVAL;
    cancellation = hprpc__cancellation_disable();
    hprpc__stream_cork(request->stream, corked);
    hprpc__cancellation_restore(cancellation);
    return 0;
}

int hprpc_request_notify(struct hprpc_request *request, uint32_t events, void (*notify)(void *self, uint32_t events),
                         void *self)
{
    const struct hprpc__notice notice = { notify, self, events };

    if (!hprpc__shared_is_ours(request->controller->shared))
        return HPRPC_EFORKED;
    if (!request->stream || !request->shared || !notify || !events ||
        events & ~(uint32_t)(HPRPC_STREAM_READABLE | HPRPC_STREAM_WRITABLE))
        return HPRPC_EINVAL;
    return hprpc__stream_register(request->stream, &notice);
}
