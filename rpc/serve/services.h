/* SPDX-License-Identifier: MIT */
/* What one side offers: services by name and version, and by the numbers that BIND hands out. */
#ifndef HPRPC_RPC_SERVE_SERVICES_H
#define HPRPC_RPC_SERVE_SERVICES_H

#include <stdatomic.h>

#include <hprpc/stub.h>

enum { HPRPC__SERVICES_MAX = 256 };

struct hprpc__service {
    const struct hprpc_interface *interface;
    const void *handlers;
    void *self;
    uint16_t number;
};

/*
 * Services are added at any time and never removed, so a number stays valid. The caller serialises adding; looking up needs no
 * lock.
 */
struct hprpc__services {
    struct hprpc_context *context;
    atomic_uint count; /* entries below it are complete: stored with release, loaded with acquire */
    struct hprpc__service *entries[HPRPC__SERVICES_MAX];
};

/* HPRPC_EINVAL: offered already, or too many; HPRPC_ENOMEM. `first` is the number of the first service of this table. */
int hprpc__services_add(struct hprpc__services *services, uint16_t first, const struct hprpc_interface *interface,
                        const void *handlers, void *self);

/* The service with an index, or NULL. */
const struct hprpc__service *hprpc__services_at(const struct hprpc__services *services, uint32_t index);

/* Whether one of the services has a procedure that passes descriptors. Any thread. */
bool hprpc__services_pass_descriptors(const struct hprpc__services *services);

void hprpc__services_clear(struct hprpc__services *services);

#endif
