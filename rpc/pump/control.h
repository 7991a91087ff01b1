/* SPDX-License-Identifier: MIT */
/* Acting on received messages about the connection itself. By the pump's owner; 0, or the code to break the connection with. */
#ifndef HPRPC_RPC_PUMP_CONTROL_H
#define HPRPC_RPC_PUMP_CONTROL_H

#include "rpc/connection/connection.h"

/* Tells the log and the host that both sides have said HELLO. By the pump's owner, once. */
void hprpc__controller_announce(struct hprpc_controller *controller);

int hprpc__hello_receive(struct hprpc_controller *controller, const struct hprpc_message *message);
int hprpc__credit_receive(struct hprpc_controller *controller, const struct hprpc_message *message);
int hprpc__goodbye_receive(struct hprpc_controller *controller, const struct hprpc_message *message);
int hprpc__drain_receive(struct hprpc_controller *controller, const struct hprpc_message *message);

#endif
