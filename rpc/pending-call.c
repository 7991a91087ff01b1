/* SPDX-License-Identifier: MIT */
/* What an application does with a call that it has started: look, wait, cancel, register a callback, and clear it. */
#include "rpc/pending-call.h"

#include "base/single-thread.h"
#include "base/deadline.h"
#include "rpc/connection/descriptors.h"
#include "rpc/connection/life.h"
#include "rpc/pump/wait.h"

/* Cancels a call that is still open; if its answer is just being stored, waits until that is done. */
static __attribute__((noinline)) void call_off(struct hprpc_pending_call *pending)
{
    struct hprpc_pending_call *const awaited[] = { pending };
    int cancellation = hprpc__cancellation_disable();

    if (!hprpc__ticket_cancel(pending, HPRPC_ECANCELLED))
        hprpc__pump_wait(pending->controller, &(struct hprpc__awaited){ .pending = awaited, .count = 1 },
                         HPRPC_NO_TIMEOUT);
    hprpc__cancellation_restore(cancellation);
}

/* Leaves a ticket to its callback, which has not run yet, or runs on another thread. True if it has returned meanwhile. */
static __attribute__((noinline)) bool leave_to_callback(struct hprpc_pending_call *pending)
{
    hprpc__ticket_tell_now(pending);
    /* pairs with hprpc__ticket_notify: a callback that has not returned still has the ticket, and the second one puts it away */
    return hprpc__set_bits(&pending->flags, HPRPC__DROPPED) & HPRPC__TOLD;
}

static inline bool let_go(struct hprpc_pending_call *pending)
{
    struct hprpc_controller *controller = pending->controller;
    unsigned before;

    /*
     * In a child of fork a lent body belongs to the parent, which may still read it; and another thread of the parent may have
     * held the lock, which is never given back here.
     */
    if (KODOSIS_UNLIKELY(!hprpc__shared_is_ours(controller->shared)))
        return false;
    if (KODOSIS_UNLIKELY(!hprpc__ticket_is_done(pending)))
        call_off(pending);

    if (KODOSIS_UNLIKELY(pending->stream))
        hprpc__ticket_leave_stream(pending);
    hprpc__body_drop(&pending->body, controller->channel);
    kodosis_arena_reset(&pending->arena);
    /* acquire: pairs with the read-modify-write in hprpc__ticket_finish */
    before = atomic_load_explicit(&pending->flags, memory_order_acquire);
    return KODOSIS_LIKELY(!(before & HPRPC__NOTIFY)) || leave_to_callback(pending);
}

bool hprpc__pending_call_let_go(struct hprpc_pending_call *pending)
{
    return let_go(pending);
}

void hprpc__pending_call_drop(struct hprpc_pending_call *pending)
{
    if (let_go(pending))
        hprpc__ticket_put_away(pending);
}

void hprpc_call_clear(struct hprpc_call *call)
{
    struct hprpc_pending_call *pending = call->pending;

    /* cleared first: a callback that this runs finds the call empty, and may even free it */
    call->pending = NULL;
    call->detail = NULL;
    if (pending && let_go(pending))
        hprpc__ticket_put_away(pending);
}

void hprpc__pending_call_await(struct hprpc_pending_call *pending, hprpc__deadline deadline)
{
    const struct hprpc__awaited answer = { .pending = &pending, .count = 1 };

    hprpc__pump_wait_on(pending->controller, &answer, pending->timeout_ms, &deadline);
    if (!hprpc__ticket_is_done(pending) && !hprpc__ticket_cancel(pending, HPRPC_EDEADLINE))
        hprpc__pump_wait(pending->controller, &answer, HPRPC_NO_TIMEOUT);
}

bool hprpc_pending_call_done(const struct hprpc_pending_call *pending)
{
    return hprpc__ticket_is_done(pending);
}

int hprpc_pending_call_wait(struct hprpc_pending_call *pending, uint32_t timeout_ms)
{
    int r = hprpc_pending_call_wait_any(&pending, 1, timeout_ms);

    return r < 0 ? r : 0;
}

static int first_done(struct hprpc_pending_call *const *pending, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pending[i] && hprpc__ticket_is_done(pending[i]))
            return (int)i;
    }
    return HPRPC_EAGAIN;
}

/* The first deadline of the tickets. */
static hprpc__deadline first_deadline(const struct hprpc__awaited *awaited)
{
    uint64_t first = HPRPC__NEVER;

    for (size_t i = 0; i < awaited->count; i++) {
        if (awaited->pending[i])
            first = hprpc__deadline_earlier(first, hprpc__ticket_deadline(awaited->pending[i]));
    }
    return first;
}

/* Abandons the tickets that are due; waits for one whose answer is just being stored. */
static void expire_due(struct hprpc_controller *controller, const struct hprpc__awaited *awaited)
{
    uint64_t now = hprpc_context_now(controller->context);

    for (size_t i = 0; i < awaited->count; i++) {
        struct hprpc_pending_call *pending = awaited->pending[i];

        if (!pending || hprpc__ticket_deadline(pending) > now)
            continue;
        if (hprpc__ticket_expire(pending, now) && !hprpc__ticket_is_done(pending))
            hprpc__pump_wait(controller, &(struct hprpc__awaited){ .pending = &pending, .count = 1 }, HPRPC_NO_TIMEOUT);
    }
}

/* Waits for one of the tickets, or until one of them is due. True: there is none yet, and it is not time to give up. */
static bool wait_on_any(struct hprpc_controller *controller, const struct hprpc__awaited *awaited, uint32_t timeout_ms,
                        hprpc__deadline given)
{
    hprpc__deadline until = first_deadline(awaited);
    bool own = until <= given;

    if (!own)
        until = given;
    if (hprpc__pump_wait_on(controller, awaited, timeout_ms, &until) != HPRPC_EAGAIN || !own)
        return false;
    expire_due(controller, awaited);
    return first_done(awaited->pending, awaited->count) < 0;
}

/* Waits for one of the tickets. Their deadlines hold even if the thread that pumps is too busy to see them pass. */
static void wait_for_any(struct hprpc_controller *controller, const struct hprpc__awaited *awaited, uint32_t timeout_ms)
{
    hprpc__deadline given = HPRPC__NEVER;

    if (timeout_ms != HPRPC_NO_TIMEOUT)
        given = hprpc__deadline_after_ms(hprpc_context_now(controller->context), timeout_ms);
    while (wait_on_any(controller, awaited, timeout_ms, given))
        continue;
}

/*
 * The connection to wait on. Tickets of several connections belong to a client that reconnects: all but one of these have ended, and
 * what is still open on them is just being completed, so such a connection goes first. NULL: there is no ticket.
 */
static struct hprpc_controller *connection_of(struct hprpc_pending_call *const *pending, size_t count)
{
    struct hprpc_controller *controller = NULL;

    for (size_t i = 0; i < count; i++) {
        if (pending[i] && (!controller || hprpc__state(controller) != HPRPC__BROKEN))
            controller = pending[i]->controller;
    }
    return controller;
}

int hprpc_pending_call_wait_any(struct hprpc_pending_call *const *pending, size_t count, uint32_t timeout_ms)
{
    struct hprpc_controller *controller;
    int first = first_done(pending, count);

    if (first >= 0)
        return first;
    controller = connection_of(pending, count);
    if (!controller)
        return HPRPC_EINVAL;
    if (!hprpc__shared_is_ours(controller->shared))
        return HPRPC_EFORKED;
    /* a callback may clear the last ticket of a connection that has ended, and this thread still looks at both */
    hprpc_controller_keep(controller);
    if (timeout_ms)
        wait_for_any(controller, &(struct hprpc__awaited){ .pending = pending, .count = count }, timeout_ms);
    else
        hprpc__pump_once(controller);
    first = first_done(pending, count);
    hprpc_controller_drop(controller);
    return first;
}

void hprpc_pending_call_cancel(struct hprpc_pending_call *pending)
{
    int cancellation = hprpc__cancellation_disable();

    hprpc__ticket_cancel(pending, HPRPC_ECANCELLED);
    hprpc__cancellation_restore(cancellation);
}

void hprpc_pending_call_notify(struct hprpc_pending_call *pending,
                               void (*notify)(void *self, struct hprpc_pending_call *pending), void *self)
{
    pending->notify = notify;
    pending->notify_self = self;
    /* sequentially consistent: pairs with the read-modify-write in hprpc__ticket_finish; the second of the two runs `notify` */
    if (atomic_fetch_or(&pending->flags, HPRPC__NOTIFY) & HPRPC__DONE)
        hprpc__ticket_notify(pending);
}

int hprpc_call_fd_take(struct hprpc_call *call, int fd)
{
    struct hprpc_pending_call *pending = call->pending;

    return pending && hprpc__ticket_is_done(pending) ? hprpc__descriptors_take(&pending->body, fd) : HPRPC_EINVAL;
}
