/* SPDX-License-Identifier: MIT */
/* BIND at the side that offers a service. */
#ifndef HPRPC_RPC_SERVE_BIND_H
#define HPRPC_RPC_SERVE_BIND_H

#include "rpc/connection/connection.h"
#include "rpc/serve/services.h"

/* Answers a BIND. By the pump's owner. 0, or HPRPC_EPROTOCOL. */
int hprpc__bind_receive(struct hprpc_controller *controller, const struct hprpc_message *message);

#endif
