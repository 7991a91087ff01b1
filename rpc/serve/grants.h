/* SPDX-License-Identifier: MIT */
/*
 * Which procedures a connection may call: those that a BIND on it was given. A REQUEST for any other is refused after one look
 * at a bit, so guessing numbers gains nothing. By the pump's owner.
 */
#ifndef HPRPC_RPC_SERVE_GRANTS_H
#define HPRPC_RPC_SERVE_GRANTS_H

#include "rpc/connection/connection.h"
#include "rpc/serve/services.h"

/* The procedures of one service, which may be gone when the grant is cleared. */
struct hprpc__grant {
    const struct hprpc__service *service;
    uint64_t first; /* a bit for each of the first 64 procedures */
    uint64_t *rest; /* bits for the others, or NULL */
    size_t rest_size;
};

/* Finds the grant of a service, or makes an empty one. NULL: no memory. */
struct hprpc__grant *hprpc__grant_of(struct hprpc_controller *controller, const struct hprpc__service *service);

/* Grants a procedure of the service. */
void hprpc__grant_add(struct hprpc__grant *grant, uint16_t procedure);

/* The service with a number, if that procedure of it was granted; NULL otherwise. */
const struct hprpc__service *hprpc__granted(const struct hprpc_controller *controller, uint16_t service,
                                            uint16_t procedure);

void hprpc__grants_clear(struct hprpc_controller *controller);

#endif
