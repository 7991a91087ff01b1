/* SPDX-License-Identifier: MIT */
/* Acting on messages of streams. */
#ifndef HPRPC_RPC_PUMP_STREAM_H
#define HPRPC_RPC_PUMP_STREAM_H

#include "rpc/connection/connection.h"

/*
 * Acts on a DATA, an END, or a CREDIT for a stream, and takes the message over. 0, or the code that breaks the connection. By the pump's
 * owner.
 */
int hprpc__stream_receive(struct hprpc_controller *controller, struct hprpc_message *message);

#endif
