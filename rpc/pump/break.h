/* SPDX-License-Identifier: MIT */
/* How a connection breaks. */
#ifndef HPRPC_RPC_PUMP_BREAK_H
#define HPRPC_RPC_PUMP_BREAK_H

#include "rpc/connection/connection.h"

/* Breaks the connection with a code and completes everything. By the pump's owner; idempotent. */
void hprpc__controller_break(struct hprpc_controller *controller, int code, const char *reason);

#endif
