/* SPDX-License-Identifier: MIT */
/* BIND at the side that asks for a service. */
#ifndef HPRPC_RPC_CALL_BIND_H
#define HPRPC_RPC_CALL_BIND_H

#include "rpc/connection/connection.h"

/* Sends the BINDs that wait, as far as ids and room go. By the pump's owner at the end of a turn, and by the thread that adds one. */
void hprpc__bind_resume(struct hprpc_controller *controller);

#endif
