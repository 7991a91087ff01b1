/* SPDX-License-Identifier: MIT */
/* One call: what the caller asks for, and the ticket for its reply (the paper's PendingCall). */
#ifndef HPRPC_CALL_H
#define HPRPC_CALL_H

#include <hprpc/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hprpc_pending_call;

#define HPRPC_NO_TIMEOUT UINT32_MAX

enum {
    /* HPRPC_EBUSY instead of waiting where there is no credit or no room, or where other requests wait for that */
    HPRPC_CALL_NO_WAIT = 1,
};

/*
 * One call: what the caller asks for, and afterwards what the stub's other outputs do not hold. One thread at a time. A stub
 * that gets one clears what an earlier call left in it. Its owner clears it in the end, also where the call failed, or could not
 * be started: it may hold the sentence.
 */
struct hprpc_call {
    uint32_t
        timeout_ms; /* in: 0 means the client's default, or none for a call with streams; HPRPC_NO_TIMEOUT for none */
    uint32_t flags; /* in: HPRPC_CALL_NO_WAIT */
    const char *detail;                 /* out: after a failure, the sentence behind the code; valid until cleared */
    struct hprpc_pending_call *pending; /* out: the ticket; holds the memory that the reply's views point into */
};

/* clang-format off */
#define HPRPC_CALL_INIT { 0, 0, NULL, NULL }
/* clang-format on */

/* Frees the reply's memory, so its views are gone; cancels a call that is not complete. After it `call` is as new. */
HPRPC_API void hprpc_call_clear(struct hprpc_call *call);

/*
 * Takes a descriptor out of the reply, or the typed error, of a complete call: it is not closed with the call then, and belongs to the
 * caller. Returns `fd`, or HPRPC_EINVAL: it did not come with this answer, or was taken.
 */
HPRPC_API int hprpc_call_fd_take(struct hprpc_call *call, int fd);

/* ---- The ticket for one reply (the paper's PendingCall) ---- */

/* Whether the call is complete: its `_finish` will not block. Does not pump. Any thread. */
HPRPC_API bool hprpc_pending_call_done(const struct hprpc_pending_call *pending);

/*
 * Waits until the call is complete, at most `timeout_ms` (0 only looks, after pumping once; HPRPC_NO_TIMEOUT waits for the
 * call's own deadline). 0 when it is complete, with any outcome; HPRPC_EAGAIN when it is not. Pumps if no other thread does.
 */
HPRPC_API int hprpc_pending_call_wait(struct hprpc_pending_call *pending, uint32_t timeout_ms);

/* Waits for the first of several calls (of one client). Returns its index, or HPRPC_EAGAIN. NULL entries are skipped. */
HPRPC_API int hprpc_pending_call_wait_any(struct hprpc_pending_call *const *pending, size_t count, uint32_t timeout_ms);

/* Completes the call with HPRPC_ECANCELLED unless it is complete, and tells the other side. Any thread. */
HPRPC_API void hprpc_pending_call_cancel(struct hprpc_pending_call *pending);

/*
 * Registers `notify`, which is called once, when the call completes: on the thread that pumps, or that cancels or clears the
 * call, with no lock held; at once, on this thread, if the call is complete already. `notify` may call `_finish` and
 * hprpc_call_clear. A call that waits for credit or room runs no callbacks meanwhile on its thread, but right after it was sent or
 * has failed: they might take, again and again, what it waits for. Clearing the call before, on any thread, completes it: `notify` is still called, perhaps a moment later,
 * and finds the call empty; what `self` points to must live until then. `pending` is valid until `notify` returns.
 */
HPRPC_API void hprpc_pending_call_notify(struct hprpc_pending_call *pending,
                                         void (*notify)(void *self, struct hprpc_pending_call *pending), void *self);

#ifdef __cplusplus
}
#endif

#endif
