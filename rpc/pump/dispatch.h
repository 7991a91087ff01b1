/* SPDX-License-Identifier: MIT */
/* Where a received message goes. */
#ifndef HPRPC_RPC_PUMP_DISPATCH_H
#define HPRPC_RPC_PUMP_DISPATCH_H

#include "rpc/connection/connection.h"

/* Takes one received message over and acts on it. 0, or the code to break the connection with. */
int hprpc__dispatch(struct hprpc_controller *controller, struct hprpc_message *message);

#endif
