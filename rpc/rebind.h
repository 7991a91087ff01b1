/* SPDX-License-Identifier: MIT */
/*
 * The bindings of a client that reconnects. Its proxies hold handles: bindings whose procedures all say HPRPC__PICKED, and that live as
 * long as the client. Numbers and refusals are in a binding of each connection, which a BIND on it brings: one for each handle when
 * the connection is READY, and one more when a call finds none.
 */
#ifndef HPRPC_RPC_REBIND_H
#define HPRPC_RPC_REBIND_H

#include "rpc/reconnect.h"

/* Asks on a connection that is READY for what the handles stand for. By the pump's owner. */
void hprpc__rebind_all(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller);

/*
 * Finds the binding that a handle stands for on the connection of the moment. 0; HPRPC_EAGAIN: it is not known yet, but asked for if
 * that is possible now; or the code with which asking failed for a reason that may pass, and the next call asks again.
 */
int hprpc__rebind_find(struct hprpc__reconnect *reconnect, struct hprpc_binding *handle,
                       struct hprpc_controller *controller, const struct hprpc_binding **ret_binding);

/* Finds or makes the handle for a binding of a connection. Any thread, not under a lock. NULL: no memory. */
struct hprpc_binding *hprpc__rebind_handle(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller,
                                           struct hprpc_binding *binding);

/* Forgets what the handles stood for on a connection that has ended. Under the client's lock. */
void hprpc__rebind_forget(struct hprpc__reconnect *reconnect);

/* Frees the handles. */
void hprpc__rebind_clear(struct hprpc__reconnect *reconnect);

#endif
