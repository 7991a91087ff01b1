/* SPDX-License-Identifier: MIT */
/* The answer to a BIND, at the side that asked. */
#ifndef HPRPC_RPC_BIND_H
#define HPRPC_RPC_BIND_H

#include "rpc/call/ticket.h"

/* Stores the answer that a ticket got in the connection's binding of the interface. HPRPC_ENOMEM, HPRPC_EPROTOCOL. */
int hprpc__bound_take(struct hprpc_pending_call *pending, const struct hprpc_interface *interface,
                      struct hprpc_binding **ret_binding);

#endif
