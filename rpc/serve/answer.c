/* SPDX-License-Identifier: MIT */
/* Answers to requests: replies, errors, typed errors. Any thread, exactly one to a request, never blocking. */
#include "rpc/connection/control.h"
#include "rpc/connection/descriptors.h"
#include "rpc/connection/life.h"
#include "rpc/connection/message.h"
#include "rpc/connection/send.h"
#include "rpc/serve/request.h"
#include "base/deadline.h"

/* Whether a body counts against HPRPC__QUEUED_REPLIES_MAX; the sentence of an error does not, and always goes out. */
static bool has_large_body(uint64_t size)
{
    return size > HPRPC__TEXT_MAX + 64;
}

/* An answer must follow the pieces of the last element, which wait for room. */
static __attribute__((noinline)) int follow_pieces(struct hprpc_request *request)
{
    request->stuck = true;
    return HPRPC_EBUSY;
}

/*
 * Reserves room for an answer and leaves the lock held. On failure the lock is free; where is_gone(code) holds, the caller counts
 * the request as answered, because the other side cannot be told.
 */
static inline int begin_answer(struct hprpc_request *request, enum hprpc_message_type type, uint64_t size)
{
    struct hprpc_controller *controller = request->controller;
    struct hprpc_header header = { .call = request->header.call, .type = (uint8_t)type };
    int r;

    if (!hprpc__shared_is_ours(controller->shared))
        return HPRPC_EFORKED;
    hprpc__mutex_lock(&controller->lock);
    if (request->answered || (request->header.flags & HPRPC_FLAG_ONEWAY) || size >= KODOSIS_SIZE_TOO_DEEP)
        r = HPRPC_EINVAL;
    else if (request->told || hprpc__state(controller) != HPRPC__READY)
        r = HPRPC_ECLOSED;
    else if (size > controller->peer.max_message)
        r = HPRPC_ETOOBIG;
    else if (KODOSIS_UNLIKELY(request->stream) && type == HPRPC_MESSAGE_REPLY &&
             hprpc__stream_has_pieces(request->stream))
        r = follow_pieces(request);
    else if (has_large_body(size) && controller->channel->queued &&
             controller->channel->queued + size > HPRPC__QUEUED_REPLIES_MAX)
        r = HPRPC_EBUSY;
    else
        r = controller->channel->ops->start_call(controller->channel, &header, (uint32_t)size, &request->reservation);
    if (KODOSIS_UNLIKELY(r < 0))
        hprpc__mutex_unlock(&controller->lock);
    return r;
}

/* Undoes the beginning of an answer that cannot be encoded or sent, and gives up the lock. Returns `r`. */
static __attribute__((noinline)) int take_back(struct hprpc_request *request, int r)
{
    struct hprpc_controller *controller = request->controller;

    controller->channel->ops->cancel_call(controller->channel, &request->reservation);
    hprpc__mutex_unlock(&controller->lock);
    return r;
}

/* Publishes, under the lock; call id and quota are free before the other side sees the answer. */
static inline int send_answer(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;
    int r;

    hprpc__answered(controller, request->charge);
    /* release: pairs with the acquire in admit (request.c); this request is over when its id comes again */
    atomic_store_explicit(request->cell, NULL, memory_order_release);
    if (request->shared)
        hprpc__request_uncount(request);
    r = hprpc__publish(controller, &request->reservation);
    request->answered = true;
    return r;
}

/* Does what finish_answer does, for a request with streams: a callback that waits is called, and senders may have window now. */
static __attribute__((noinline)) void finish_streams(struct hprpc_request *request, bool over)
{
    struct hprpc_controller *controller = hprpc_controller_keep(request->controller);
    struct hprpc__notice notice = hprpc__stream_take_notice(request->stream);

    hprpc__stream_finish(request->stream);
    hprpc__mutex_unlock(&controller->lock);
    if (over)
        hprpc__request_put_back(request);
    hprpc__notice_give(&notice);
    if (hprpc__shared_is_ours(controller->shared))
        hprpc__streams_tell(controller);
    hprpc_controller_drop(controller);
}

/* Puts a shared request away if its handler has returned, and gives up the lock. */
static __attribute__((noinline)) void finish_shared(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;
    bool over = request->handler_over;

    if (request->stream) {
        finish_streams(request, over);
        return;
    }
    hprpc__mutex_unlock(&controller->lock);
    if (over)
        hprpc__request_put_back(request);
}

/* Does the same for any request that is answered. One with streams is always shared. */
static inline void finish_answer(struct hprpc_request *request)
{
    if (KODOSIS_UNLIKELY(request->shared))
        finish_shared(request);
    else
        hprpc__mutex_unlock(&request->controller->lock);
}

/* Ends a request whose answer cannot be sent: the connection is gone, or ends here for lack of memory. */
static void drop_answer(struct hprpc_request *request, bool starved)
{
    hprpc__mutex_lock(&request->controller->lock);
    if (starved)
        hprpc__controller_starve(request->controller);
    request->answered = true;
    if (request->cell)
        atomic_store_explicit(request->cell, NULL, memory_order_relaxed);
    finish_answer(request);
}

/* Whether a code means that no answer can be sent any more; other codes refuse this answer only. */
static bool is_gone(int r)
{
    return r < 0 && r != HPRPC_EINVAL && r != HPRPC_ETOOBIG && r != HPRPC_EBUSY && r != HPRPC_ENOMEM &&
           r != HPRPC_EAGAIN && r != HPRPC_EFORKED;
}

/* Takes note of why no reply could be begun; returns that code. */
static __attribute__((noinline)) int note_refusal(struct hprpc_request *request, uint64_t size, int r)
{
    if (is_gone(r))
        drop_answer(request, false);
    if (r == HPRPC_ETOOBIG || r == HPRPC_EBUSY)
        request->unfit = size;
    return r;
}

int hprpc_request_reply_begin(struct hprpc_request *request, uint64_t size, struct kodosis_writer **ret_writer)
{
    int r = begin_answer(request, HPRPC_MESSAGE_REPLY, size);

    if (KODOSIS_UNLIKELY(r < 0))
        return note_refusal(request, size, r);
    *ret_writer = &request->reservation.writer;
    return 0;
}

static inline int send_and_finish(struct hprpc_request *request)
{
    int r = hprpc__body_complete(request->controller->context, &request->reservation);

    if (KODOSIS_UNLIKELY(r < 0))
        return take_back(request, r);
    r = send_answer(request);
    finish_answer(request);
    return r;
}

/* Sends on a thread that may be the application's own, so it disables cancellation. */
static __attribute__((noinline)) int send_deferred(struct hprpc_request *request)
{
    int cancellation = hprpc__cancellation_disable();
    int r = send_and_finish(request);

    hprpc__cancellation_restore(cancellation);
    return r;
}

int hprpc_request_reply_send(struct hprpc_request *request)
{
    return KODOSIS_UNLIKELY(request->deferred) ? send_deferred(request) : send_and_finish(request);
}

/* Sends an ERROR. Its text fits the other side's limit, so only memory can be missing. */
static int send_error(struct hprpc_request *request, int code, struct kodosis_string text)
{
    struct hprpc__error_body error = { .code = code, .text = text, .raised = kodosis_str("") };
    int r = begin_answer(request, HPRPC_MESSAGE_ERROR, hprpc__error_size(&error));

    if (r == 0) {
        hprpc__error_write(&request->reservation.writer, &error);
        hprpc_request_reply_send(request);
    }
    return r;
}

static int fail(struct hprpc_request *request, int code, const char *text)
{
    char clean[HPRPC__TEXT_MAX + 1];
    struct kodosis_string sentence;
    int r;

    /* in a child of fork the request belongs to its parent, which answers it */
    if (!hprpc__shared_is_ours(request->controller->shared))
        return 0;
    if (code >= 0)
        code = HPRPC_EINTERNAL;
    sentence =
        (struct kodosis_string){ clean, hprpc__sentence_fit(request->controller, text, HPRPC__SENTENCE_REST, clean) };
    r = send_error(request, code, sentence);
    /* no memory for the sentence: sends the code alone */
    if (r < 0 && r != HPRPC_EINVAL && !is_gone(r) && sentence.size)
        r = send_error(request, code, kodosis_str(""));
    if (r < 0 && r != HPRPC_EINVAL)
        drop_answer(request, !is_gone(r));
    return 0;
}

int hprpc_request_fail(struct hprpc_request *request, int code, const char *text)
{
    int cancellation = hprpc__cancellation_disable();
    int r = fail(request, code, text);

    hprpc__cancellation_restore(cancellation);
    return r;
}

int hprpc_request_raise_begin(struct hprpc_request *request, const char *name, uint64_t size,
                              struct kodosis_writer **ret_writer)
{
    struct hprpc__error_body error = { .code = HPRPC_EAPPLICATION,
                                       .text = kodosis_str(""),
                                       .raised = kodosis_str(name) };
    int r = begin_answer(request, HPRPC_MESSAGE_ERROR, hprpc__error_size(&error) + size);

    if (is_gone(r))
        drop_answer(request, false);
    if (r < 0)
        return r;
    hprpc__error_write(&request->reservation.writer, &error);
    *ret_writer = &request->reservation.writer;
    return 0;
}

bool hprpc__request_answer_cancelled(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;
    _Atomic(struct hprpc_request *) *cell = request->cell;

    hprpc__assert_locked(&controller->lock);
    /* a client that cancels without end must not make more and more requests wait here: further ones keep their ids */
    if (!cell || controller->told >= 2 * (uint64_t)controller->own->max_calls)
        return false;
    /* cleared before the other side can see the answer, because the id may come again at once */
    request->cell = NULL;
    atomic_store_explicit(cell, NULL, memory_order_relaxed);
    if (hprpc__error_send(controller, request->header.call, HPRPC_ECANCELLED, NULL) < 0) {
        atomic_store_explicit(cell, request, memory_order_relaxed);
        request->cell = cell;
        return false;
    }
    hprpc__answered(controller, request->charge);
    if (request->stream)
        hprpc__stream_finish(request->stream);
    request->told = true;
    controller->told++;
    return true;
}

/* ---- What a handler may ask ---- */

/* Whether the connection holds as many requests that were answered at their CANCEL as it may. */
static bool is_patience_over(struct hprpc_request *request)
{
    struct hprpc_controller *controller = request->controller;
    bool over;

    hprpc__mutex_lock(&controller->lock);
    over = controller->told >= controller->own->max_calls;
    hprpc__mutex_unlock(&controller->lock);
    return over;
}

static void start_clock(struct hprpc_request *request)
{
    if (!request->arrived)
        request->arrived = hprpc_context_now(request->controller->context);
}

int hprpc__request_share(struct hprpc_request *request)
{
    if (request->shared)
        return 0;
    if (!hprpc__quota_take(request->controller->quota, request->charge))
        return HPRPC_EBUSY;
    start_clock(request);
    hprpc_controller_keep(request->controller);
    request->counted = true;
    request->shared = true;
    return 0;
}

int hprpc_request_defer(struct hprpc_request *request)
{
    int r;

    if (request->header.flags & HPRPC_FLAG_ONEWAY)
        return HPRPC_EINVAL;
    if (is_patience_over(request))
        return HPRPC_EBUSY;
    r = hprpc__request_share(request);
    request->deferred = request->deferred || r == 0;
    return r;
}

bool hprpc_request_cancelled(const struct hprpc_request *request)
{
    struct hprpc_request *asked = (struct hprpc_request *)request;

    return atomic_load_explicit(&asked->cancelled, memory_order_relaxed) ||
           hprpc__state(request->controller) == HPRPC__BROKEN || hprpc_request_remaining(request) == 0;
}

uint32_t hprpc_request_remaining(const struct hprpc_request *request)
{
    struct hprpc_request *asked = (struct hprpc_request *)request;
    uint32_t timeout =
        request->header.flags & HPRPC_FLAG_TIMEOUT ? request->header.timeout_ms : request->controller->peer.timeout_ms;
    uint64_t passed;

    if ((request->header.flags & (HPRPC_FLAG_TIMEOUT | HPRPC_FLAG_STREAM)) == HPRPC_FLAG_STREAM)
        return HPRPC_NO_TIMEOUT;
    if (timeout == HPRPC_NO_TIMEOUT)
        return HPRPC_NO_TIMEOUT;
    start_clock(asked);
    passed = (hprpc_context_now(request->controller->context) - request->arrived) / HPRPC__MILLISECOND;
    return passed >= timeout ? 0 : timeout - (uint32_t)passed;
}

struct hprpc_controller *hprpc_request_controller(struct hprpc_request *request)
{
    return request->controller;
}

void *hprpc_request_allocate(struct hprpc_request *request, size_t size)
{
    return kodosis_arena_allocate(&request->arena, size);
}

int hprpc_request_fd_take(struct hprpc_request *request, int fd)
{
    return hprpc__descriptors_take(&request->body, fd);
}
