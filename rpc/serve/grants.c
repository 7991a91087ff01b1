/* SPDX-License-Identifier: MIT */
/* The grants of a connection: a list of services, each with a bit for each procedure. */
#include "rpc/serve/grants.h"

/* Words for the procedures beyond the first. */
static size_t words_of(const struct hprpc__service *service)
{
    uint32_t count = service->interface->procedure_count;

    return count > HPRPC__GRANT_WORD ? (count - 1) / HPRPC__GRANT_WORD : 0;
}

static void release_rest(struct hprpc_controller *controller, uint64_t *rest)
{
    if (rest)
        hprpc_context_release(controller->context, rest, (1 + (size_t)rest[0]) * sizeof(*rest));
}

/* `*ret_rest` is NULL where the first word suffices. False: no memory. */
static bool make_rest(struct hprpc_controller *controller, size_t words, uint64_t **ret_rest)
{
    uint64_t *rest = NULL;

    if (words) {
        rest = hprpc_context_allocate(controller->context, (1 + words) * sizeof(*rest));
        if (!rest)
            return false;
        memset(rest, 0, (1 + words) * sizeof(*rest));
        rest[0] = words;
    }
    *ret_rest = rest;
    return true;
}

static struct hprpc__grant *find(const struct hprpc_controller *controller, uint16_t service)
{
    for (uint32_t i = 0; i < controller->grant_count; i++) {
        if (controller->grants[i].service->number == service)
            return &controller->grants[i];
    }
    return NULL;
}

/* Makes room for one more grant, and no more: most connections have one or two. */
static bool grow(struct hprpc_controller *controller)
{
    uint32_t count = controller->grant_count;
    struct hprpc__grant *grants;

    grants = hprpc_context_allocate(controller->context, (count + 1) * sizeof(*grants));
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
    uint64_t *rest;

    hprpc__assert_pumping(&controller->pump);
    if (grant)
        return grant;
    if (!make_rest(controller, words_of(service), &rest))
        return NULL;
    if (!grow(controller)) {
        release_rest(controller, rest);
        return NULL;
    }
    grant = &controller->grants[controller->grant_count++];
    *grant = (struct hprpc__grant){ .service = service, .rest = rest };
    return grant;
}

void hprpc__grant_add(struct hprpc__grant *grant, uint16_t procedure)
{
    if (procedure < HPRPC__GRANT_WORD)
        grant->first |= UINT64_C(1) << procedure;
    else
        grant->rest[procedure / HPRPC__GRANT_WORD] |= UINT64_C(1) << procedure % HPRPC__GRANT_WORD;
}

void hprpc__grants_clear(struct hprpc_controller *controller)
{
    uint32_t count = controller->grant_count;

    for (uint32_t i = 0; i < count; i++)
        release_rest(controller, controller->grants[i].rest);
    hprpc_context_release(controller->context, controller->grants, count * sizeof(*controller->grants));
    controller->grants = NULL;
    controller->grant_count = 0;
}
