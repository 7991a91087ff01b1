/* SPDX-License-Identifier: MIT */
/* The public face of a controller. */
#include "rpc/handle.h"

#include <stdio.h>

#include "rpc/call/binding.h"
#include "rpc/call/ticket.h"
#include "rpc/connection/identity.h"
#include "rpc/connection/life.h"
#include "rpc/pump/wait.h"
#include "rpc/serve/call-ids.h"
#include "rpc/serve/grants.h"
#include "rpc/serve/request.h"
#include "rpc/serve/services.h"

void hprpc__controller_clear_roles(struct hprpc_controller *controller)
{
    struct hprpc__services *services = atomic_load_explicit(&controller->own_services, memory_order_relaxed);

    hprpc__bindings_clear(controller);
    hprpc__grants_clear(controller);
    hprpc__tickets_clear(controller);
    hprpc__requests_clear(controller);
    hprpc__call_ids_clear(controller);
    hprpc__streams_clear(controller);
    if (!services)
        return;
    hprpc__services_clear(services);
    hprpc_context_release(controller->context, services, sizeof(*services));
}

static void close_connection(struct hprpc_controller *controller)
{
    bool owned;

    if (!hprpc__shared_is_ours(controller->shared))
        return;
    /* takes the pump if it is free: its owner knows how many requests were taken, and completes pending calls */
    owned = !controller->pump.pumps_alone && !hprpc__pump_is_mine(&controller->pump) &&
            hprpc__pump_try_own(&controller->pump);
    hprpc__controller_end(controller);
    if (owned)
        hprpc__pump_disown(&controller->pump);
    hprpc__pump_once(controller);
}

void hprpc_controller_close(struct hprpc_controller *controller)
{
    int cancellation = hprpc__cancellation_disable();

    close_connection(controller);
    hprpc__cancellation_restore(cancellation);
}

struct hprpc_client *hprpc_controller_client(struct hprpc_controller *controller)
{
    return &controller->client;
}

int hprpc_controller_serve(struct hprpc_controller *controller, const struct hprpc_interface *interface,
                           const void *handlers, void *self)
{
    struct hprpc__services *services;
    int r = 0;

    if (!hprpc__shared_is_ours(controller->shared))
        return HPRPC_EFORKED;
    hprpc__mutex_lock(&controller->lock);
    services = atomic_load_explicit(&controller->own_services, memory_order_relaxed);
    if (!services) {
        services = hprpc_context_allocate(controller->context, sizeof(*services));
        if (services) {
            memset(services, 0, sizeof(*services));
            services->context = controller->context;
            /* release: pairs with the acquire in rpc/serve/bind.c; a BIND may come at any time */
            atomic_store_explicit(&controller->own_services, services, memory_order_release);
        }
    }
    r = services ? hprpc__services_add(services, HPRPC__OWN_SERVICES, interface, handlers, self) : HPRPC_ENOMEM;
    hprpc__mutex_unlock(&controller->lock);
    return r;
}

void hprpc_controller_peer(struct hprpc_controller *controller, struct hprpc_peer *ret_peer)
{
    /* in a child of fork the lock may be held for ever */
    bool locks = hprpc__shared_is_ours(controller->shared);

    if (locks)
        hprpc__mutex_lock(&controller->lock);
    controller->channel->ops->describe(controller->channel, ret_peer);
    if (locks)
        hprpc__mutex_unlock(&controller->lock);
}

uint64_t hprpc_controller_number(const struct hprpc_controller *controller)
{
    return controller->number;
}

void hprpc_controller_describe(struct hprpc_controller *controller, char *ret_text, size_t capacity)
{
    struct hprpc__identity identity;

    if (capacity)
        snprintf(ret_text, capacity, "%s", hprpc__identity_full(controller, &identity));
}

static uint64_t counted(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void hprpc_controller_statistics(struct hprpc_controller *controller, struct hprpc_statistics *ret_statistics)
{
    *ret_statistics = (struct hprpc_statistics){
        .calls_sent = counted(&controller->requests_sent),
        .calls_received = counted(&controller->requests_taken),
        .replies_sent = counted(&controller->calls_answered),
        .replies_received = counted(&controller->statistics.replies_received),
        .late_replies = counted(&controller->statistics.late_replies),
        .stray_replies = counted(&controller->statistics.stray_replies),
        .busy = counted(&controller->statistics.busy),
        .expired = counted(&controller->statistics.expired),
        .copied = counted(&controller->statistics.copied),
        .lent = counted(&controller->statistics.lent),
    };
}
