/* SPDX-License-Identifier: MIT */
/* Whether the other side still gives signs of life. */
#ifndef HPRPC_RPC_PUMP_KEEPALIVE_H
#define HPRPC_RPC_PUMP_KEEPALIVE_H

#include "rpc/connection/connection.h"

/* Called when HELLO came: begins to ping the other side, if that can answer and the limits ask for it. */
void hprpc__keepalive_start(struct hprpc_controller *controller, bool attentive);

/* Pings after an interval of silence, and breaks the connection after several. By the pump's owner. */
void hprpc__keepalive_look(struct hprpc_controller *controller, uint64_t now);

#endif
