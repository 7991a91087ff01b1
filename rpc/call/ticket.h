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

#include "rpc/connection/connection.h"
#include "base/deadline.h"

enum hprpc__ticket_flag {
    HPRPC__DONE = 1,    /* the outcome is stored; only the holder and the callback touch the ticket now */
    HPRPC__NOTIFY = 2,  /* a callback is registered */
    HPRPC__TOLD = 4,    /* the callback has returned */
    HPRPC__DROPPED = 8, /* the holder has cleared the call */
};

struct hprpc_pending_call {
    struct hprpc__link link; /* in the pool, in the queue, or among the untold */
    struct hprpc_controller *controller;
    atomic_uint flags; /* enum hprpc__ticket_flag */
    int code;          /* the outcome, once DONE */
    uint32_t id;
    uint32_t charge; /* lock: bytes of credit that the request took */
    uint32_t timeout_ms;
    uint64_t order;           /* lock: which REQUEST of the connection it was, from 1 on; 0 for a BIND */
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
    const char *text;                    /* the sentence behind a failure, or NULL */
    const struct hprpc_binding *binding; /* of a posted call: names it in the sentence behind a failure; or NULL */
    uint16_t procedure;
    const char *raised; /* dotted name of the typed error, or NULL */
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

/* Reserves a ticket with an id and credit. Under the lock. HPRPC_EAGAIN: no id is free; HPRPC_ENOMEM. */
int hprpc__ticket_reserve(struct hprpc_controller *controller, uint32_t charge, uint32_t timeout_ms,
                          struct hprpc_pending_call **ret_pending);

/*
 * Reserves for the next call of the same holder: the ticket is answered, and its holder has let it go. Under the lock. HPRPC_EAGAIN,
 * HPRPC_ENOMEM: as hprpc__ticket_reserve, and the ticket is as before.
 */
int hprpc__ticket_renew(struct hprpc_pending_call *pending, uint32_t charge, uint32_t timeout_ms);

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

/* Sets the ticket's deadline; true if it is now the first deadline of the connection. Under the lock. */
bool hprpc__ticket_start_clock(struct hprpc_pending_call *pending, uint64_t now);

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

/* Finishes the ticket with `code` and tells the other side, unless an answer came before. Any thread. True if it did. */
bool hprpc__ticket_cancel(struct hprpc_pending_call *pending, int code);

/* Puts a cleared ticket back into the pool. Under the lock. True: it was the last one, and the caller must destroy the controller. */
bool hprpc__ticket_retire(struct hprpc_pending_call *pending);

/* Does the same, not under the lock, and destroys the controller where that must be done. */
void hprpc__ticket_put_away(struct hprpc_pending_call *pending);

/* Finishes the tickets whose deadlines have passed. By the pump's owner, not under the lock. */
void hprpc__tickets_expire(struct hprpc_controller *controller, uint64_t now);

/* Finishes the requests beyond the first `taken`, which the other side did not take. By the pump's owner. */
void hprpc__tickets_fail_untaken(struct hprpc_controller *controller, uint64_t taken);

/* Finishes every ticket of a broken connection. */
void hprpc__tickets_fail_all(struct hprpc_controller *controller, int code, const char *reason);

/* Frees the pooled tickets. */
void hprpc__tickets_clear(struct hprpc_controller *controller);

#endif
