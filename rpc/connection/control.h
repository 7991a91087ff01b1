/* Messages about the connection itself: sending them. Under the lock. */
#ifndef HPRPC_RPC_CONNECTION_CONTROL_H
#define HPRPC_RPC_CONNECTION_CONTROL_H

#include "rpc/connection/connection.h"

int hprpc__signal_send(struct hprpc_controller *controller, enum hprpc_message_type type, uint32_t call);
int hprpc__hello_send(struct hprpc_controller *controller);
int hprpc__credit_send(struct hprpc_controller *controller, uint32_t calls, uint64_t bytes);
int hprpc__goodbye_send(struct hprpc_controller *controller, const char *text);
int hprpc__error_send(struct hprpc_controller *controller, uint32_t call, int code, const char *text);

#endif
