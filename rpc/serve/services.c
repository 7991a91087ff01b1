/* SPDX-License-Identifier: MIT */
/* The table of services that one side offers: added one by one, looked up without a lock. */
#include "rpc/serve/services.h"

const struct hprpc__service *hprpc__services_at(const struct hprpc__services *services, uint32_t index)
{
    /* acquire: pairs with the release in hprpc__services_add */
    if (index >= atomic_load_explicit(&services->count, memory_order_acquire))
        return NULL;
    return services->entries[index];
}

int hprpc__services_add(struct hprpc__services *services, uint16_t first, const struct hprpc_interface *interface,
                        const void *handlers, void *self)
{
    unsigned count = atomic_load_explicit(&services->count, memory_order_relaxed);
    struct hprpc__service *service;

    if (!interface || !handlers || count == HPRPC__SERVICES_MAX)
        return HPRPC_EINVAL;
    for (unsigned i = 0; i < count; i++) {
        const struct hprpc_interface *other = services->entries[i]->interface;

        if (other->version == interface->version && strcmp(other->name, interface->name) == 0)
            return HPRPC_EINVAL;
    }

    service = hprpc_context_allocate(services->context, sizeof(*service));
    if (!service)
        return HPRPC_ENOMEM;
    *service = (struct hprpc__service){ interface, handlers, self, (uint16_t)(first + count) };
    services->entries[count] = service;
    /* release: pairs with the acquire in hprpc__services_at */
    atomic_store_explicit(&services->count, count + 1, memory_order_release);
    return 0;
}

void hprpc__services_clear(struct hprpc__services *services)
{
    unsigned count = atomic_load_explicit(&services->count, memory_order_relaxed);

    for (unsigned i = 0; i < count; i++)
        hprpc_context_release(services->context, services->entries[i], sizeof(*services->entries[i]));
    atomic_store_explicit(&services->count, 0, memory_order_relaxed);
}

static bool passes_descriptors(const struct hprpc_interface *interface)
{
    for (uint32_t i = 0; i < interface->procedure_count; i++) {
        if (interface->procedures[i].flags & HPRPC_PROCEDURE_DESCRIPTORS)
            return true;
    }
    return false;
}

bool hprpc__services_pass_descriptors(const struct hprpc__services *services)
{
    const struct hprpc__service *service;

    for (uint32_t i = 0; (service = hprpc__services_at(services, i)); i++) {
        if (passes_descriptors(service->interface))
            return true;
    }
    return false;
}
