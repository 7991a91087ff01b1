/* SPDX-License-Identifier: MIT */
/*
 * Requests that were posted while their client had no connection. Each is a ticket without an id and a private copy of the encoded
 * arguments, in the order in which they were posted. The pump sends them once the connection is READY and what their proxy stands for
 * is known there; what was not sent when the connection ends is HPRPC_ENOTSENT.
 */
#ifndef HPRPC_RPC_CALL_POSTED_H
#define HPRPC_RPC_CALL_POSTED_H

#include "rpc/connection/connection.h"

struct hprpc_binding;

enum {
    HPRPC__COPY_MAX = 64 * 1024,         /* bytes of arguments of one request */
    HPRPC__COPIES_MAX = 4 * 1024 * 1024, /* of all requests of a client that wait, with what each needs besides */
};

/* The arguments of a request that waits. */
struct hprpc__copy {
    struct hprpc_binding *handle; /* that the proxy holds */
    uint32_t size;
    struct hprpc_descriptors *descriptors; /* that go with them, or NULL */
    _Alignas(8) uint8_t bytes[];
};

/* Makes room for the arguments of a request. HPRPC_EAGAIN: there is too much already; HPRPC_ENOMEM. */
int hprpc__copy_new(struct hprpc__shared *shared, struct hprpc_binding *handle, uint32_t size,
                    struct hprpc__copy **ret_copy);

void hprpc__copy_free(struct hprpc__shared *shared, struct hprpc__copy *copy);

/* Puts a ticket without an id behind the others that wait; it owns the copy then. Under the lock. */
void hprpc__posted_enqueue(struct hprpc_pending_call *pending, struct hprpc__copy *copy);

/* Takes it out again, and frees the copy. Under the lock. */
void hprpc__posted_dequeue(struct hprpc_pending_call *pending);

/* Sends what waits, as far as credit and room go. By the pump's owner, and by the thread that posts. Not under the lock. */
void hprpc__posted_send(struct hprpc_controller *controller);

#endif
