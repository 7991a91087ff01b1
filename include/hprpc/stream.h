/* SPDX-License-Identifier: MIT */
/*
 * Streams: elements that follow a request, in one direction or in both, until the answer ends the call. Generated code does the
 * typed part (`_send`, `_next`); this header does the rest.
 */
#ifndef HPRPC_STREAM_H
#define HPRPC_STREAM_H

#include <hprpc/call.h>
#include <hprpc/server.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * ---- How streams behave ----
 *
 * A procedure with a stream has no synchronous form: `_start` sends the request, and elements follow it. The answer, a result or an
 * error, ends the call, in both directions at once; it comes exactly once, and `_finish` collects it. There is no deadline of the whole
 * unless `timeout_ms` of the call says one; `stream_idle_ms` in the options of a client or server ends a call in which nothing moves.
 *
 * `_next` gives 1 and an element; 0 at the end, after which the answer is there or on its way; or a negative code, which is that of
 * the answer where the call has failed. What the other side sent before it answered with an error is read first, but for an element
 * whose pieces still waited to be sent: an error does not wait for them. The views of an element
 * are valid until the next `_next` of the same call or request, until the call is cleared, or until the request is answered.
 *
 * `_send` returns 0 once the element is on its way, in order. Each side allows the other a window: so many elements, and bytes, that
 * were not read yet. Where the window is full, `_send` waits, or is HPRPC_EBUSY. The end of the call, for any reason, ends
 * a wait. Elements of more than 64 KiB travel in pieces, between which other messages pass.
 *
 * Waiting. `_send` and `_next` of a call wait as a synchronous call does, in each pump mode; with HPRPC_CALL_NO_WAIT in `flags` they are
 * HPRPC_EBUSY instead (after pumping once, where no thread pumps all the time). Those of a request wait on a worker's thread, and
 * on a thread of the application that has a deferred request. They never wait on the thread that pumps the connection, which is where
 * handlers run inline and where callbacks run: there they are HPRPC_EBUSY. Such a handler defers the request, and goes on when
 * hprpc_request_notify calls it; or the server has workers.
 *
 * Threads. One thread may send while another one reads, of the same call or request; then `detail` of the call belongs to the one that
 * fails last. Ending a call or request (`_finish`, hprpc_call_clear, an answer) is for one thread, when no other uses it any more.
 */

enum hprpc_stream_event {
    HPRPC_STREAM_READABLE = 1, /* `_next` would not wait: there is an element, or the end */
    HPRPC_STREAM_WRITABLE = 2, /* `_send` would not wait for the window: there is some, or the call has ended */
};

/* ---- Of a call ---- */

/*
 * Says that no further element follows; `_finish` says it too where this did not. Does not wait. 0, also if it was said before or the
 * call has ended. HPRPC_EINVAL: the call has no stream to the other side, or was not started; HPRPC_EFORKED.
 */
HPRPC_API int hprpc_call_end(struct hprpc_call *call);

/*
 * Lets short elements that follow wait for each other: many leave in one system call, or wake the other side once (`corked` not 0). At
 * most 64 of them, or 64 KiB, wait, and only until this thread does something else with the call: `_send` or `_next` that waits or is
 * HPRPC_EBUSY, hprpc_call_notify, hprpc_call_end, `_finish`, or this function with 0, which sends what waits. A thread that corks must not stop
 * sending without one of these. On the thread that pumps elements wait for the end of the turn in any case. Does not wait. 0;
 * HPRPC_EINVAL: the call has no stream to the other side, or was not started; HPRPC_EFORKED.
 */
HPRPC_API int hprpc_call_cork(struct hprpc_call *call, int corked);

/*
 * Registers `notify`, which is called once, with no lock held, when the call is readable or writable (`events`, enum
 * hprpc_stream_event), as it is registered: at once, on this thread, or later on the thread that pumps. It is told what has come of
 * `events`; it may send, read, register again and clear the call. It is called in every case, also where the call ends, fails, or is
 * cleared (then on the thread that clears, and with all of `events`), so what `self` points to must live until then, and
 * can go then. A call has one registration at a time.
 * HPRPC_EINVAL: the call has no streams, or was not started, or `events` is empty, or another registration waits; HPRPC_EFORKED. Then
 * `notify` is not called.
 */
HPRPC_API int hprpc_call_notify(struct hprpc_call *call, uint32_t events, void (*notify)(void *self, uint32_t events),
                                void *self);

/* ---- Of a request ---- */

/*
 * Says that no further element follows, although the answer is still to come: `_next` of the caller gives 0. The answer says it too.
 * Does not wait. 0, also if it was said before. HPRPC_EINVAL: there is no stream to the caller; HPRPC_ECANCELLED, HPRPC_ECLOSED:
 * the caller has given up, or the connection is gone; HPRPC_EFORKED.
 */
HPRPC_API int hprpc_request_end(struct hprpc_request *request);

/*
 * The same as hprpc_call_cork for a request; the answer sends what waits, too. HPRPC_EINVAL: there is no stream to the caller;
 * HPRPC_EFORKED.
 */
HPRPC_API int hprpc_request_cork(struct hprpc_request *request, int corked);

/*
 * The same as hprpc_call_notify for a request, which must be deferred, or run on a worker. It is called on the thread that pumps (or
 * at once), also when the caller has given up or the connection is gone, which is both readable and writable; and by the answer to
 * the request, on the thread that gives it.
 */
HPRPC_API int hprpc_request_notify(struct hprpc_request *request, uint32_t events,
                                   void (*notify)(void *self, uint32_t events), void *self);

#ifdef __cplusplus
}
#endif

#endif
