/* SPDX-License-Identifier: MIT */
/* One call: its circumstances, and the ticket for its reply (the paper's PendingCall). */
#ifndef HPRPC_CALL_H
#define HPRPC_CALL_H

#include <hprpc/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hprpc_pending_call;

#define HPRPC_NO_TIMEOUT UINT32_MAX

enum {
    HPRPC_CALL_NO_WAIT = 1, /* HPRPC_EBUSY instead of waiting where no credit or no room is there */
};

/*
 * The circumstances of one call: what the caller asks for, and afterwards what the generated stub's plain outputs have no
 * place for. One thread at a time. A stub that gets one clears what an earlier call left in it.
 */
struct hprpc_call {
    uint32_t timeout_ms;                /* in: 0 means the client's default; HPRPC_NO_TIMEOUT for none */
    uint32_t flags;                     /* in: HPRPC_CALL_NO_WAIT */
    const char *detail;                 /* out: after a failure, the sentence behind the code; valid until cleared */
    struct hprpc_pending_call *pending; /* out: the ticket; holds the memory that the reply's views point into */
};

/* clang-format off */
#define HPRPC_CALL_INIT { 0, 0, NULL, NULL }
/* clang-format on */

/* Gives the reply's memory back, after which its views are gone; an unfinished call is cancelled. `call` is as new. */
HPRPC_API void hprpc_call_clear(struct hprpc_call *call);

/* ---- The ticket for one reply (the paper's PendingCall) ---- */

/* Whether the call is complete: its `_finish` will not block. Does not pump. Any thread. */
HPRPC_API bool hprpc_pending_call_done(const struct hprpc_pending_call *pending);

/*
 * Waits until the call is complete, at most `timeout_ms` (0 just looks, after pumping once; HPRPC_NO_TIMEOUT waits for the
 * call's own deadline). 0 when it is complete, whatever its outcome; HPRPC_EAGAIN when it is not. Pumps where needed.
 */
HPRPC_API int hprpc_pending_call_wait(struct hprpc_pending_call *pending, uint32_t timeout_ms);

/* The same for the first of several (of one client): its index, or HPRPC_EAGAIN. NULL entries are passed over. */
HPRPC_API int hprpc_pending_call_wait_any(struct hprpc_pending_call *const *pending, size_t count, uint32_t timeout_ms);

/* Completes the call with HPRPC_ECANCELLED unless it is complete, and tells the other side. Any thread. */
HPRPC_API void hprpc_pending_call_cancel(struct hprpc_pending_call *pending);

/*
 * Has `notify` called once, when the call completes: on the thread that pumps, or that cancels or clears the call, with no
 * lock held; at once, on this thread, if it is complete already. `_finish` and hprpc_call_clear may be called from within.
 * A call that is cleared before, by whatever thread, completes with that: `notify` still comes, perhaps a moment later, and
 * finds the call empty; what `self` points to must last until then. `pending` is valid until `notify` returns.
 */
HPRPC_API void hprpc_pending_call_notify(struct hprpc_pending_call *pending,
                                         void (*notify)(void *self, struct hprpc_pending_call *pending), void *self);

#ifdef __cplusplus
}
#endif

#endif
