/* SPDX-License-Identifier: MIT */
/*
 * Tickets: what becomes of a call between its request and its reply (the paper's PendingCall). The application holds one
 * through struct hprpc_pending_call; the connection finds it by its id.
 *
 *            reserve              the stub publishes           answer, cancel, expire, fail
 *   pooled ----------> RESERVED -------------------> SENT ----------------------------------> ANSWERED
 *      ^                  |                                                                      |
 *      |   release        |                                                                      | finish
 *      +------------------+                                                                      v
 *      ^                                                   retire                              DONE
 *      +------------------------------------------------------------------------------------------+
 *
 * RESERVED: it has an id and took credit. SENT (`sent`): the request was published. ANSWERED (`answered`): the outcome is known,
 * and the id is free or in quarantine; the ticket itself is about to be finished. DONE: the outcome is stored, and the callback
 * runs once (HPRPC__NOTIFY before HPRPC__TOLD), later if its thread waits for room (`untold`). The holder may clear a call in any state; that cancels it first. A ticket of a
 * BIND that cannot be sent yet waits in a queue (enqueue, dequeue) without an id, and so does one of a request that was posted without
 * a connection (posted.h), in a queue of its own.
 */
#ifndef HPRPC_RPC_CALL_TICKET_H
#define HPRPC_RPC_CALL_TICKET_H

#include "base/deadline.h"
#include "rpc/connection/connection.h"
#include "rpc/stream/stream.h"
#include "rpc/connection/life.h"

enum hprpc__ticket_flag {
    HPRPC__DONE = 1,    /* the outcome is stored; only the holder and the callback touch the ticket now */
    HPRPC__NOTIFY = 2,  /* a callback is registered */
    HPRPC__TOLD = 4,    /* the callback has returned */
    HPRPC__DROPPED = 8, /* the holder has cleared the call */
};

#define HPRPC__ORDER_CUT UINT64_MAX

struct hprpc_pending_call {
    struct hprpc__link link; /* in the pool, in the queue, or among the untold */
    struct hprpc_controller *controller;
    atomic_uint flags; /* enum hprpc__ticket_flag */
    int code;          /* the outcome, once DONE */
    uint32_t id;
    uint32_t charge; /* lock: bytes of credit that the request took */
    uint32_t timeout_ms;
    uint64_t order; /* lock: which REQUEST of the connection it was, from 1 on; 0 for a BIND; or HPRPC__ORDER_CUT */
    hprpc__deadline deadline; /* lock: 0 until a thread looks at the clock for it */
    uint8_t answer;           /* type of the message that answered */
    bool held;                /* lock: a caller will clear it */
    bool answered;            /* lock: the id is free again, the outcome is on its way */
    bool sent;                /* lock: the request was published */
    bool untold;              /* lock: its callback waits */
    bool picked;              /* of a BIND: its proxy is to hold a client that picks connections (rpc/rebind.h) */
    const struct hprpc_interface *interface; /* lock: of a BIND that waits in the queue, without an id; else NULL */
    struct hprpc__copy *copy;                /* lock: of a REQUEST that waits to be sent, without an id; else NULL */
    void (*notify)(void *self, struct hprpc_pending_call *pending);
    void *notify_self;
    const struct hprpc_binding *binding; /* of a posted call: names it in the sentence behind a failure; or NULL */
    const char *text;                    /* the sentence behind a failure, or NULL */
    const char *raised;                  /* dotted name of the typed error, or NULL */
    struct hprpc__stream *stream; /* of a call with streams, while its id is in use or its holder has it; else NULL */
    uint16_t procedure;
    const uint8_t *raised_body;
    size_t raised_size;
    struct kodosis_arena arena;
    struct hprpc_detail own_text;
    struct hprpc__body body;
};

static inline struct hprpc_pending_call *hprpc__ticket_of(struct hprpc__link *link)
{
    return (struct hprpc_pending_call *)link;
}

static inline bool hprpc__ticket_is_done(const struct hprpc_pending_call *pending)
{
    /* acquire: pairs with the read-modify-write in hprpc__ticket_finish; a thread that sees DONE sees the outcome */
    return atomic_load_explicit(&((struct hprpc_pending_call *)pending)->flags, memory_order_acquire) & HPRPC__DONE;
}

/* ---- The way of most tickets, inline. Under the lock ---- */

/* Doubles the number of ids, up to what the other side allows. HPRPC_EAGAIN, HPRPC_ENOMEM. */
int hprpc__ticket_more_ids(struct hprpc_controller *controller);

/* Allocates a ticket. NULL: no memory. */
struct hprpc_pending_call *hprpc__ticket_make(struct hprpc_controller *controller);

/* Makes sure that an id is free. HPRPC_EAGAIN, HPRPC_ENOMEM. */
static inline int hprpc__ticket_find_id(struct hprpc_controller *controller)
{
    const struct hprpc__tickets *tickets = &controller->tickets;

    return KODOSIS_LIKELY(tickets->free_id != tickets->capacity) ? 0 : hprpc__ticket_more_ids(controller);
}

/* Gives the ticket an id that is free, and takes credit. */
static inline void hprpc__ticket_take_id(struct hprpc_pending_call *pending, uint32_t charge)
{
    struct hprpc_controller *controller = pending->controller;
    struct hprpc__tickets *tickets = &controller->tickets;
    uint32_t id = tickets->free_id;
    struct hprpc__slot *slot = &tickets->slots[id];

    pending->id = id;
    tickets->free_id = slot->next_free;
    slot->ticket = pending;
    pending->charge = charge;
    controller->calls_out++;
    controller->bytes_out += charge;
}

/* Begins the life of a ticket of the pool, or of a new one. */
static inline void hprpc__ticket_begin(struct hprpc_pending_call *pending, uint32_t timeout_ms)
{
    pending->timeout_ms = timeout_ms;
    pending->order = 0;
    pending->deadline = 0;
    pending->held = true;
    pending->answered = false;
    pending->sent = false;
    pending->binding = NULL;
    pending->text = NULL;
    pending->raised = NULL;
    atomic_store_explicit(&pending->flags, 0, memory_order_relaxed);
}

/* Takes a ticket out of the pool, or makes one; its holder must clear it. NULL: no memory. */
static inline struct hprpc_pending_call *hprpc__ticket_take(struct hprpc_controller *controller, uint32_t timeout_ms)
{
    struct hprpc_pending_call *pending = hprpc__ticket_of(hprpc__list_take(&controller->tickets.pool));

    hprpc__assert_locked(&controller->lock);
    if (KODOSIS_UNLIKELY(!pending))
        pending = hprpc__ticket_make(controller);
    if (KODOSIS_UNLIKELY(!pending))
        return NULL;
    controller->tickets.held++;
    hprpc__ticket_begin(pending, timeout_ms);
    return pending;
}

/* Reserves a ticket with an id and credit. HPRPC_EAGAIN: no id is free; HPRPC_ENOMEM. */
static inline int hprpc__ticket_reserve(struct hprpc_controller *controller, uint32_t charge, uint32_t timeout_ms,
                                        struct hprpc_pending_call **ret_pending)
{
    struct hprpc_pending_call *pending;
    int r = hprpc__ticket_find_id(controller);

    if (KODOSIS_UNLIKELY(r < 0))
        return r;
    pending = hprpc__ticket_take(controller, timeout_ms);
    if (KODOSIS_UNLIKELY(!pending))
        return HPRPC_ENOMEM;
    hprpc__ticket_take_id(pending, charge);
    *ret_pending = pending;
    return 0;
}

/*
 * Reserves for the next call of the same holder: the ticket is answered, and its holder has let it go. HPRPC_EAGAIN, HPRPC_ENOMEM: as
 * hprpc__ticket_reserve, and the ticket is as before.
 */
static inline int hprpc__ticket_renew(struct hprpc_pending_call *pending, uint32_t charge, uint32_t timeout_ms)
{
    int r = hprpc__ticket_find_id(pending->controller);

    hprpc__assert_locked(&pending->controller->lock);
    hprpc__assert(pending->held && pending->answered);
    if (KODOSIS_UNLIKELY(r < 0))
        return r;
    hprpc__ticket_begin(pending, timeout_ms);
    hprpc__ticket_take_id(pending, charge);
    return 0;
}

/* Counts a request as sent, right before it is published. */
static inline void hprpc__ticket_mark_sent(struct hprpc_pending_call *pending)
{
    hprpc__assert_locked(&pending->controller->lock);
    pending->sent = true;
    pending->order = hprpc__count(&pending->controller->requests_sent);
}

/* The channel broke while it took the request: the other side never gets all of it, so it does not run. Under the lock. */
static inline void hprpc__ticket_mark_cut(struct hprpc_pending_call *pending)
{
    hprpc__assert_locked(&pending->controller->lock);
    pending->order = HPRPC__ORDER_CUT;
}

/* The streams of a call end with its answer. Frees them if the holder has let them go before. */
void hprpc__ticket_settle_stream(struct hprpc_pending_call *pending);

/* Frees the id and gives the credit back. */
static inline void hprpc__ticket_settle(struct hprpc_pending_call *pending)
{
    struct hprpc_controller *controller = pending->controller;
    struct hprpc__tickets *tickets = &controller->tickets;
    struct hprpc__slot *slot = &tickets->slots[pending->id];

    hprpc__assert_locked(&controller->lock);
    pending->answered = true;
    if (KODOSIS_UNLIKELY(pending->stream))
        hprpc__ticket_settle_stream(pending);
    slot->ticket = NULL;
    slot->next_free = tickets->free_id;
    slot->depth = HPRPC__NO_DEPTH;
    tickets->free_id = pending->id;
    controller->calls_out--;
    controller->bytes_out -= pending->charge;
    controller->progress++;
}

/* Puts a ticket that nothing refers to into the pool. */
static inline void hprpc__ticket_pool(struct hprpc_pending_call *pending)
{
    hprpc__list_put_in_front(&pending->controller->tickets.pool, &pending->link);
}

/* Starts the clock of a call with streams, whose deadline is the next look at whether something has moved. */
void hprpc__ticket_start_idle_clock(struct hprpc_pending_call *pending, uint64_t now);

/* Sets the ticket's deadline; true if it is now the first deadline of the connection. */
static inline bool hprpc__ticket_start_clock(struct hprpc_pending_call *pending, uint64_t now)
{
    struct hprpc_controller *controller = pending->controller;

    hprpc__assert_locked(&controller->lock);
    if (!pending->deadline)
        pending->deadline = hprpc__deadline_after_ms(now, pending->timeout_ms);
    if (KODOSIS_UNLIKELY(pending->stream))
        hprpc__ticket_start_idle_clock(pending, now);
    if (pending->deadline >= atomic_load_explicit(&controller->next_deadline, memory_order_relaxed))
        return false;
    atomic_store_explicit(&controller->next_deadline, pending->deadline, memory_order_relaxed);
    return true;
}

/* Puts a cleared ticket back into the pool. True: it was the last one, and the caller must destroy the controller. */
static inline bool hprpc__ticket_retire(struct hprpc_pending_call *pending)
{
    struct hprpc_controller *controller = pending->controller;

    hprpc__assert_locked(&controller->lock);
    pending->held = false;
    controller->tickets.held--;
    if (pending->answered)
        hprpc__ticket_pool(pending);
    return KODOSIS_UNLIKELY(controller->tickets.last_frees) && !controller->tickets.held;
}

/* ---- All that may become of one ---- */

/* Makes a ticket without an id. Under the lock. HPRPC_ENOMEM. */
int hprpc__ticket_new(struct hprpc_controller *controller, uint32_t timeout_ms,
                      struct hprpc_pending_call **ret_pending);

/* Gives the ticket an id and takes credit for it. Under the lock. HPRPC_EAGAIN: no id is free; HPRPC_ENOMEM. */
int hprpc__ticket_assign_id(struct hprpc_pending_call *pending, uint32_t charge);

/* Frees the ticket's id and gives its credit back. Under the lock. */
void hprpc__ticket_free_id(struct hprpc_pending_call *pending);

/* Puts a ticket without an id into the queue of BINDs that cannot be sent yet; takes it out again. Under the lock. */
void hprpc__ticket_enqueue(struct hprpc_pending_call *pending, const struct hprpc_interface *interface);
void hprpc__ticket_dequeue(struct hprpc_pending_call *pending);

/* Undoes hprpc__ticket_reserve: the request was not published. Under the lock. */
void hprpc__ticket_release(struct hprpc_pending_call *pending);

/* Finishes the ticket with this code and with what was stored in it before. Not under the lock: a callback may run. */
void hprpc__ticket_finish(struct hprpc_pending_call *pending, int code);

/*
 * Runs the callbacks that hprpc__ticket_finish left for later, because their thread waited for room; those that are left meanwhile
 * are the matter of the next turn. Not under the lock. Does nothing inside such a wait, or inside one of those callbacks.
 */
void hprpc__tickets_tell(struct hprpc_controller *controller);

/* Runs the callback of this ticket now if it was left for later. Not under the lock. */
void hprpc__ticket_tell_now(struct hprpc_pending_call *pending);

/* Runs the callback of a finished ticket. The ticket lives until the callback returns, even if the call is cleared meanwhile. */
void hprpc__ticket_notify(struct hprpc_pending_call *pending);

/* Finds the ticket that a REPLY, ERROR or BOUND answers, and takes the message over. By the pump's owner. 0, or HPRPC_EPROTOCOL. */
int hprpc__ticket_answer(struct hprpc_controller *controller, struct hprpc_message *message);

/* Gives the call of a ticket that was reserved its streams. Under the lock. HPRPC_ENOMEM. */
int hprpc__ticket_add_stream(struct hprpc_pending_call *pending, uint32_t procedure_flags);

/* Finds the stream of a call that is open here. Under the lock. NULL: there is none; `ret_known`: there was one of this id. */
struct hprpc__stream *hprpc__ticket_find_stream(struct hprpc_controller *controller, uint32_t call, bool *ret_known);

/* Drops the streams of a call for its holder, who has it no more: what came and was not read, and the callback, which is called. */
void hprpc__ticket_leave_stream(struct hprpc_pending_call *pending);

/* The ticket's deadline, which moves on for calls with streams. Not under the lock. */
hprpc__deadline hprpc__ticket_deadline(const struct hprpc_pending_call *pending);

/*
 * Abandons a call whose deadline has passed (`now`), or that was idle for too long; otherwise its deadline may have moved on. Any thread.
 * True if the call is complete, or about to be.
 */
bool hprpc__ticket_expire(struct hprpc_pending_call *pending, uint64_t now);

/* Finishes the ticket with `code` and tells the other side, unless an answer came before. Any thread. True if it did. */
bool hprpc__ticket_cancel(struct hprpc_pending_call *pending, int code);

/* Puts a cleared ticket away (hprpc__ticket_retire), not under the lock; destroys the controller where that must be done. */
static inline void hprpc__ticket_put_away(struct hprpc_pending_call *pending)
{
    struct hprpc_controller *controller = pending->controller;
    bool frees;

    hprpc__mutex_lock(&controller->lock);
    frees = hprpc__ticket_retire(pending);
    hprpc__mutex_unlock(&controller->lock);
    if (KODOSIS_UNLIKELY(frees))
        hprpc__controller_destroy(controller);
}

/* Finishes the tickets whose deadlines have passed. By the pump's owner, not under the lock. */
void hprpc__tickets_expire(struct hprpc_controller *controller, uint64_t now);

/* Finishes the requests beyond the first `taken`, which the other side did not take. By the pump's owner. */
void hprpc__tickets_fail_untaken(struct hprpc_controller *controller, uint64_t taken);

/* Finishes every ticket of a broken connection. */
void hprpc__tickets_fail_all(struct hprpc_controller *controller, int code, const char *reason);

/* Frees the pooled tickets. */
void hprpc__tickets_clear(struct hprpc_controller *controller);

#endif
