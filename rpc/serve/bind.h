/* SPDX-License-Identifier: MIT */
/* Answering BIND. */
#ifndef HPRPC_RPC_SERVE_BIND_H
#define HPRPC_RPC_SERVE_BIND_H

#include "rpc/connection/connection.h"
#include "rpc/serve/services.h"

/* Answers a BIND. */
int hprpc__bind_receive(struct hprpc_controller *controller, const struct hprpc_message *message);

#endif
