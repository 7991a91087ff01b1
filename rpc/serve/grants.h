/* SPDX-License-Identifier: MIT */
/*
 * Which procedures a connection may call: those that a BIND on it was given. A REQUEST for any other is refused after one look
 * at a bit, so guessing numbers gains nothing. By the pump's owner.
 */
#ifndef HPRPC_RPC_SERVE_GRANTS_H
#define HPRPC_RPC_SERVE_GRANTS_H

#include "rpc/connection/connection.h"
#include "rpc/serve/services.h"

enum { HPRPC__GRANT_WORD = 64 }; /* bits of a word */

/* The procedures of one service, which may be gone when the grant is cleared. */
struct hprpc__grant {
    const struct hprpc__service *service;
    uint64_t first; /* a bit for each of the first 64 procedures */
    uint64_t *rest; /* the number of words that follow, and in them bits for the others; or NULL */
};

/* Finds the grant of a service, or makes an empty one. NULL: no memory. */
struct hprpc__grant *hprpc__grant_of(struct hprpc_controller *controller, const struct hprpc__service *service);

/* Grants a procedure of the service. */
void hprpc__grant_add(struct hprpc__grant *grant, uint16_t procedure);

/* Whether the grant holds a procedure, whose number may be any. */
static inline bool hprpc__grant_has(const struct hprpc__grant *grant, uint16_t procedure)
{
    if (KODOSIS_LIKELY(procedure < HPRPC__GRANT_WORD))
        return grant->first >> procedure & 1;
    if (procedure >= grant->service->interface->procedure_count)
        return false;
    return grant->rest[procedure / HPRPC__GRANT_WORD] >> procedure % HPRPC__GRANT_WORD & 1;
}

/* The service with a number, if that procedure of it was granted; NULL otherwise. */
static inline const struct hprpc__service *hprpc__granted(const struct hprpc_controller *controller, uint16_t service,
                                                          uint16_t procedure)
{
    hprpc__assert_pumping(&controller->pump);
    for (uint32_t i = 0; i < controller->grant_count; i++) {
        const struct hprpc__grant *grant = &controller->grants[i];

        if (grant->service->number == service)
            return hprpc__grant_has(grant, procedure) ? grant->service : NULL;
    }
    return NULL;
}

void hprpc__grants_clear(struct hprpc_controller *controller);

#endif
