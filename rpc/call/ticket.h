/* SPDX-License-Identifier: MIT */
/* Tickets: what becomes of a call between its request and its reply (the paper's PendingCall). */
#ifndef HPRPC_RPC_CALL_TICKET_H
#define HPRPC_RPC_CALL_TICKET_H

#include "rpc/connection/connection.h"

enum hprpc__pending_flag {
    HPRPC__DONE = 1, /* the outcome is there; nothing but the holder, and who tells him, touches the ticket any more */
    HPRPC__NOTIFY = 2,  /* a callback is registered */
    HPRPC__TOLD = 4,    /* it has returned */
    HPRPC__DROPPED = 8, /* the holder is through with it */
};

struct hprpc_pending_call {
    struct hprpc_controller *controller;
    atomic_uint flags; /* enum hprpc__pending_flag */
    int code;          /* the outcome, once DONE */
    uint32_t id;
    uint32_t charge; /* lock: bytes of credit that the request took */
    uint32_t timeout_ms;
    uint64_t order;    /* lock: which REQUEST of the connection it was, from 1 on; 0 for a BIND */
    uint64_t deadline; /* lock: 0 as long as nobody has looked at the clock for it */
    uint8_t answer;    /* type of the message that answered */
    bool held;         /* lock: a caller will clear it */
    bool answered;     /* lock: the id is free again, the outcome is on its way */
    bool sent;         /* lock: the request was published */
    const struct hprpc_interface
        *interface; /* lock: of a BIND that waits to be sent and has no id yet; NULL otherwise */
    void (*notify)(void *self, struct hprpc_pending_call *pending);
    void *notify_self;
    const char *text;                    /* the sentence behind a failure, or NULL */
    const struct hprpc_binding *binding; /* of a posted call: what it was, for the sentence behind a failure; or NULL */
    uint16_t procedure;
    const char *raised; /* dotted name of the typed error, or NULL */
    const uint8_t *raised_body;
    size_t raised_size;
    struct kodosis_arena arena;
    struct hprpc_pending_call *next;
    struct hprpc_detail own_text;
    struct hprpc__body body;
};

static inline bool hprpc__pending_done(const struct hprpc_pending_call *pending)
{
    /* acquire: pairs with the read-modify-write in hprpc__pending_complete; the outcome is visible behind it */
    return atomic_load_explicit(&((struct hprpc_pending_call *)pending)->flags, memory_order_acquire) & HPRPC__DONE;
}

/* Takes a ticket and an id. Under the lock. HPRPC_EAGAIN: no id is free; HPRPC_ENOMEM. */
int hprpc__pending_take(struct hprpc_controller *controller, uint32_t charge, uint32_t timeout_ms,
                        struct hprpc_pending_call **ret_pending);

/* A ticket without an id. Under the lock. HPRPC_ENOMEM. */
int hprpc__pending_new(struct hprpc_controller *controller, uint32_t timeout_ms,
                       struct hprpc_pending_call **ret_pending);

/* Gives it an id, for which it takes credit. Under the lock. HPRPC_EAGAIN: no id is free; HPRPC_ENOMEM. */
int hprpc__pending_number(struct hprpc_pending_call *pending, uint32_t charge);

/* Takes the id and the credit back. Under the lock. */
void hprpc__pending_unnumber(struct hprpc_pending_call *pending);

/* Has a ticket without an id wait until its BIND can be sent; and the end of that. Under the lock. */
void hprpc__pending_queue(struct hprpc_pending_call *pending, const struct hprpc_interface *interface);
void hprpc__pending_unqueue(struct hprpc_pending_call *pending);

/* As if it had never been taken. Under the lock. */
void hprpc__pending_untake(struct hprpc_pending_call *pending);

/* Starts the clock of a ticket; true if nothing else on the connection expires earlier. Under the lock. */
bool hprpc__pending_start_clock(struct hprpc_pending_call *pending, uint64_t now);

/* Gives a ticket its outcome: code, and what was stored in it before. Not under the lock: a callback may run. */
void hprpc__pending_complete(struct hprpc_pending_call *pending, int code);

/* Runs the callback of a complete ticket, which lives on until it returns, whoever clears it meanwhile. */
void hprpc__pending_tell(struct hprpc_pending_call *pending);

/* An answer came (REPLY, ERROR or BOUND). Takes the message over. By the pump's owner. 0, or HPRPC_EPROTOCOL. */
int hprpc__pending_answer(struct hprpc_controller *controller, struct hprpc_message *message);

/* Completes with `code` unless complete or about to be, and tells the other side. Any thread. True if it was this. */
bool hprpc__pending_abandon(struct hprpc_pending_call *pending, int code);

/* The holder is through with it, under the lock: true, and the caller has to destroy the controller, which nobody else refers to. */
bool hprpc__pending_retire(struct hprpc_pending_call *pending);

/* The same by a thread that does not hold the lock; destroys the controller where it has to. */
void hprpc__pending_put_down(struct hprpc_pending_call *pending);

/* Expires what is due. By the pump's owner, not under the lock. */
void hprpc__pending_expire(struct hprpc_controller *controller, uint64_t now);

/* The other side takes no requests beyond the first `taken`: completes what came later, which did not run. By the pump's owner. */
void hprpc__pending_fail_untaken(struct hprpc_controller *controller, uint64_t taken);

/* Completes every ticket of a broken connection. */
void hprpc__pending_fail_all(struct hprpc_controller *controller, int code, const char *reason);

/* Frees what is in the pools. */
void hprpc__tickets_clear(struct hprpc_controller *controller);

#endif
