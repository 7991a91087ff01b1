/* SPDX-License-Identifier: MIT */
/*
 * What a client knows of a service that it is bound to: numbers and refusals, behind a handle that proxies hold. A handle
 * belongs to its client and lives as long. Binding an interface again gives the same handle, so copies of a proxy stay valid.
 */
#ifndef HPRPC_RPC_CALL_BINDING_H
#define HPRPC_RPC_CALL_BINDING_H

#include "rpc/connection/connection.h"
#include "rpc/connection/message.h"

#define HPRPC__REFUSED 0xffffu               /* in place of a service's number: the rest is a code */
#define HPRPC__PICKED (HPRPC__REFUSED << 16) /* the numbers are those of a connection, which is picked for each call */

struct hprpc__bound {
    atomic_uint numbers;            /* service << 16 | procedure; or HPRPC__REFUSED << 16 | the low half of the code */
    _Atomic(const char *) sentence; /* of a refusal */
};

struct hprpc_binding {
    struct hprpc_binding *next;
    const struct hprpc_interface *interface;
    struct hprpc__sentence *sentences; /* lock: every sentence that a refusal had so far */

    /* of a handle whose client reconnects, under the lock of that; see rpc/rebind.h */
    struct hprpc_binding *now; /* the binding of the connection of the moment, once it is known */
    int failure;               /* why it is not known; 0: nothing failed */
    bool asked;                /* the other side of that connection was asked, or will be */

    struct hprpc__bound procedures[];
};

/* Finds or makes the handle of an interface. A new one refuses all until hprpc__binding_set. Not under the lock. NULL: no memory. */
struct hprpc_binding *hprpc__binding_of(struct hprpc_controller *controller, const struct hprpc_interface *interface);

/* Stores an answer to BIND in the handle. Not under the lock. HPRPC_ENOMEM. */
int hprpc__binding_set(struct hprpc_controller *controller, struct hprpc_binding *binding, uint16_t service,
                       const struct hprpc__bound_procedure *procedures);

/* Stores that the other side refuses all procedures. Not under the lock. HPRPC_ENOMEM. */
int hprpc__binding_refuse(struct hprpc_controller *controller, struct hprpc_binding *binding, int code,
                          const char *text);

static inline bool hprpc__is_refused(unsigned numbers)
{
    return numbers >> 16 == HPRPC__REFUSED;
}

static inline int hprpc__refusal_of(unsigned numbers)
{
    return (int16_t)(numbers & 0xffff);
}

/* Frees all handles of a connection. */
void hprpc__bindings_clear(struct hprpc_controller *controller);

#endif
