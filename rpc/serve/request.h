/* SPDX-License-Identifier: MIT */
/* Requests: what becomes of a call on the side that serves it. */
#ifndef HPRPC_RPC_SERVE_REQUEST_H
#define HPRPC_RPC_SERVE_REQUEST_H

#include "rpc/connection/connection.h"
#include "rpc/stream/stream.h"

struct hprpc_request {
    struct hprpc__link link; /* in one list at a time */
    struct hprpc_controller *controller;
    const struct hprpc__service *service; /* the one whose procedure it calls; NULL: it was not granted */
    struct hprpc_header header;
    uint32_t charge;                       /* bytes of the caller's credit */
    _Atomic(struct hprpc_request *) *cell; /* where its call id is marked as in use; NULL for one-way requests */
    atomic_bool cancelled;

    /* the fields down to `arrived` are zero to begin with */
    bool told;     /* lock: the caller got its answer at the CANCEL; handler or application still hold the request */
    bool shared;   /* other threads may know it: it keeps the controller */
    bool counted;  /* lock, once shared: it has a place in the quota */
    bool deferred; /* set by the handler: it will be answered later */
    bool answered; /* lock, once shared */
    bool handler_over; /* lock, once shared */
    bool
        stuck; /* set by the handler's thread: an element, or the answer, would have had to wait on the thread that pumps */
    uint64_t unfit;               /* bytes of a reply that was too large, or for which too much waited; 0 */
    uint64_t arrived;             /* 0 until a thread looks at the clock for it */
    struct hprpc__stream *stream; /* of a procedure with streams, as long as the request lives; else NULL */
    struct kodosis_reader reader;
    struct kodosis_arena arena;
    struct hprpc_reservation reservation;
    struct hprpc_request *outer; /* while it runs: the request whose handler it is nested in */
    struct hprpc__body body;
};

static inline struct hprpc_request *hprpc__request_of(struct hprpc__link *link)
{
    return (struct hprpc_request *)link;
}

/* Acts on a REQUEST and takes the message over; may run the handler. 0, or the code that breaks. By the pump's owner. */
int hprpc__request_receive(struct hprpc_controller *controller, struct hprpc_message *message);

/*
 * Finds the stream of a request that is not answered. Under the lock, by the pump's owner. NULL: there is none; `ret_known`: a request of
 * this id had one.
 */
struct hprpc__stream *hprpc__request_find_stream(struct hprpc_controller *controller, uint32_t call, bool *ret_known);

/* Acts on a CANCEL: answers a shared request at once, so that its id and credit are free. By the pump's owner. */
void hprpc__request_cancel(struct hprpc_controller *controller, uint32_t call);

/* Cancels the requests of a broken connection: running ones are marked, waiting ones are dropped. By the pump's owner. */
void hprpc__request_cancel_all(struct hprpc_controller *controller);

/* Makes a request known to other threads; called on the thread that has it. HPRPC_EBUSY: the quota is used up. */
int hprpc__request_share(struct hprpc_request *request);

/* Gives its place in the quota back, once. Under the lock, or where no other thread knows the request any more. */
void hprpc__request_uncount(struct hprpc_request *request);

/*
 * Answers a shared request in place of its handler, whose later answer is dropped. Under the lock. False: there is no memory for
 * it now, or too many such requests are still held.
 */
bool hprpc__request_answer_cancelled(struct hprpc_request *request);

/*
 * Runs a shared request's handler on this thread, unless its caller has given up. hprpc__request_leave_shared must follow. False
 * in a child of fork that came out of the handler: everything belongs to the parent, and locks may be held for ever.
 */
bool hprpc__request_run_shared(struct hprpc_request *request);

/* Notes that the handler of a shared request is over. This, or another thread, may free the request and its connection. */
void hprpc__request_leave_shared(struct hprpc_request *request);

/* Fails a shared request that never ran. */
void hprpc__request_drop_shared(struct hprpc_request *request);

/* Puts a shared request into the pool once it is answered and its handler has returned. Any thread; may free the controller. */
void hprpc__request_put_back(struct hprpc_request *request);

/* Frees the pooled requests. */
void hprpc__requests_clear(struct hprpc_controller *controller);

#endif
