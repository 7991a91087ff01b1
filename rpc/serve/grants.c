/* SPDX-License-Identifier: MIT */
/* The grants of a connection: a list of services, each with a bit for each procedure. */
#include "rpc/serve/grants.h"

enum { GROWTH = 2 };

static size_t rest_size(const struct hprpc__service *service)
{
    uint32_t count = service->interface->procedure_count;

    return count > HPRPC__GRANT_WORD ? (count - 1) / HPRPC__GRANT_WORD * sizeof(uint64_t) : 0;
}

static struct hprpc__grant *find(const struct hprpc_controller *controller, uint16_t service)
{
    for (uint32_t i = 0; i < controller->grant_count; i++) {
        if (controller->grants[i].service->number == service)
            return &controller->grants[i];
    }
    return NULL;
}

/* Makes room for one more grant. */
static bool grow(struct hprpc_controller *controller)
{
    uint32_t count = controller->grant_count;
    struct hprpc__grant *grants;

    if (count % GROWTH)
        return true;
    grants = hprpc_context_allocate(controller->context, (count + GROWTH) * sizeof(*grants));
    if (!grants)
        return false;
    if (count)
        memcpy(grants, controller->grants, count * sizeof(*grants));
    hprpc_context_release(controller->context, controller->grants, count * sizeof(*grants));
    controller->grants = grants;
    return true;
}

struct hprpc__grant *hprpc__grant_of(struct hprpc_controller *controller, const struct hprpc__service *service)
{
    struct hprpc__grant *grant = find(controller, service->number);
    uint64_t *rest = NULL;

    hprpc__assert_pumping(&controller->pump);
    if (grant)
        return grant;
    if (rest_size(service)) {
        rest = hprpc_context_allocate(controller->context, rest_size(service));
        if (!rest)
            return NULL;
        memset(rest, 0, rest_size(service));
    }
    if (!grow(controller)) {
        hprpc_context_release(controller->context, rest, rest_size(service));
        return NULL;
    }
    grant = &controller->grants[controller->grant_count++];
    *grant = (struct hprpc__grant){ .service = service, .rest = rest, .rest_size = rest_size(service) };
    return grant;
}

void hprpc__grant_add(struct hprpc__grant *grant, uint16_t procedure)
{
    if (procedure < HPRPC__GRANT_WORD)
        grant->first |= UINT64_C(1) << procedure;
    else
        grant->rest[procedure / HPRPC__GRANT_WORD - 1] |= UINT64_C(1) << procedure % HPRPC__GRANT_WORD;
}

void hprpc__grants_clear(struct hprpc_controller *controller)
{
    uint32_t count = controller->grant_count;

    for (uint32_t i = 0; i < count; i++)
        hprpc_context_release(controller->context, controller->grants[i].rest, controller->grants[i].rest_size);
    hprpc_context_release(controller->context, controller->grants,
                          (count + count % GROWTH) * sizeof(*controller->grants));
    controller->grants = NULL;
    controller->grant_count = 0;
}
