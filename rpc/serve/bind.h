/* Answering BIND. */
#ifndef HPRPC_RPC_SERVE_BIND_H
#define HPRPC_RPC_SERVE_BIND_H

#include "rpc/connection/connection.h"
#include "rpc/serve/services.h"

/* Answers a BIND. */
int hprpc__bind_receive(struct hprpc_controller *controller, const struct hprpc_message *message);

/* The service with a number, or NULL. */
const struct hprpc__service *hprpc__service_find(struct hprpc_controller *controller, uint16_t number);

#endif
