/* SPDX-License-Identifier: MIT */
/* Messages about the connection itself: acting on those that came. By the pump's owner; 0, or the code that breaks it. */
#ifndef HPRPC_RPC_PUMP_CONTROL_H
#define HPRPC_RPC_PUMP_CONTROL_H

#include "rpc/connection/connection.h"

/* Both sides have said HELLO: tells the log and the host. By the pump's owner, once. */
void hprpc__controller_announce(struct hprpc_controller *controller);

int hprpc__hello_receive(struct hprpc_controller *controller, const struct hprpc_message *message);
int hprpc__credit_receive(struct hprpc_controller *controller, const struct hprpc_message *message);
int hprpc__goodbye_receive(struct hprpc_controller *controller, const struct hprpc_message *message);
int hprpc__drain_receive(struct hprpc_controller *controller, const struct hprpc_message *message);

#endif
