/* SPDX-License-Identifier: MIT */
/* A client inside an application's event loop: its descriptor, its time-out, and what it does when it is asked. */
#include "base/deadline.h"
#include "rpc/host.h"
#include "rpc/connection/waiters.h"
#include "rpc/pump/turn.h"
#include "rpc/pump/watcher.h"
#include "rpc/reconnect.h"

enum {
    TURNS = 16,         /* of the pump in one hprpc_client_process */
    CONNECTIONS = 4,    /* that end in one, and are replaced */
    NO_MEMORY_MS = 100, /* until the next attempt to make a connection object */
};

static struct hprpc__client *host_of(struct hprpc_controller *controller)
{
    return (struct hprpc__client *)controller->pump.host;
}

int hprpc_client_descriptor(struct hprpc_client *handle)
{
    struct hprpc__reconnect *reconnect = hprpc__reconnect_of(handle);
    const struct hprpc__client *client = reconnect ? reconnect->client : host_of(handle->controller);

    return client->poller.fd >= 0 ? client->poller.fd : HPRPC_EINVAL;
}

/* ---- Handing over ---- */

/* Registers the channel's descriptors in the set; false where not all of them wake the loop, or must not: without memory, at the end. */
static bool watch(struct hprpc__client *client, struct hprpc_controller *controller)
{
    bool wakes = false;

    hprpc__mutex_lock(&controller->lock);
    if (controller->needs_memory || hprpc__state(controller) == HPRPC__BROKEN)
        hprpc__watcher_remove(&client->poller, controller);
    else
        wakes = hprpc__watcher_update(&client->poller, controller);
    hprpc__mutex_unlock(&controller->lock);
    return wakes;
}

/* Arms the channel, so that from now on descriptor and time-out tell when there is work. True: only the time-out tells. */
static bool hand_over(struct hprpc__client *client, struct hprpc_controller *controller)
{
    bool wakes = watch(client, controller);
    bool naps = !wakes && hprpc__state(controller) != HPRPC__BROKEN;

    hprpc__pump_stir(controller);
    /* relaxed: a thread that asks for the time-out too early is kicked */
    atomic_store_explicit(&client->nap_end, naps ? hprpc_context_now(client->context) + HPRPC__NAP_NANOSECONDS : 0,
                          memory_order_relaxed);
    if (hprpc__state(controller) == HPRPC__BROKEN ||
        (!controller->needs_memory && controller->channel->ops->arm(controller->channel)))
        hprpc__pump_kick(&controller->pump);
    return naps;
}

/*
 * Whether the next attempt to connect is due before the time that the loop was told last; it counts as told then, because the caller
 * kicks. A thread that goes on waiting takes that kick, and kicks once more when it is through (begin_picked).
 */
static bool is_early(struct hprpc__client *client, struct hprpc_controller *controller)
{
    hprpc__deadline deadline;

    if (!client->reconnect)
        return false;
    deadline = hprpc__controller_deadline(controller);
    /* relaxed: a loop that asks meanwhile gets the new time */
    if (deadline >= atomic_load_explicit(&client->told_deadline, memory_order_relaxed))
        return false;
    atomic_store_explicit(&client->told_deadline, deadline, memory_order_relaxed);
    return true;
}

void hprpc__client_handed_back(struct hprpc__host *host, struct hprpc_controller *controller)
{
    struct hprpc__client *client = (struct hprpc__client *)host;

    if (hand_over(client, controller) || is_early(client, controller))
        hprpc__pump_kick(&controller->pump);
}

/* ---- The time-out ---- */

/* The time-out of a connection that has not ended. */
static int timeout_of(struct hprpc__client *client, struct hprpc_controller *controller)
{
    hprpc__deadline deadline = hprpc__controller_deadline(controller);
    hprpc__deadline nap_end = atomic_load_explicit(&client->nap_end, memory_order_relaxed);
    uint64_t now;

    if (nap_end && nap_end < deadline)
        deadline = nap_end;
    if (client->reconnect)
        atomic_store_explicit(&client->told_deadline, deadline, memory_order_relaxed);
    if (deadline == HPRPC__NEVER)
        return -1;
    now = hprpc_context_now(client->context);
    return deadline <= now ? 0 : hprpc__milliseconds(deadline - now);
}

static int timeout_of_picked(struct hprpc__reconnect *reconnect)
{
    struct hprpc_controller *controller;
    int r;

    if (!hprpc__shared_is_ours(reconnect->client->shared))
        return -1;
    r = hprpc__reconnect_pick(reconnect, &controller);
    r = r == 0 ? timeout_of(reconnect->client, controller) : r == HPRPC_ENOMEM ? NO_MEMORY_MS : -1;
    hprpc_controller_drop(controller);
    return r;
}

int hprpc_client_timeout(struct hprpc_client *handle)
{
    struct hprpc_controller *controller = handle->controller;

    if (KODOSIS_UNLIKELY(!controller))
        return timeout_of_picked(hprpc__reconnect_of(handle));
    return hprpc__state(controller) == HPRPC__BROKEN ? -1 : timeout_of(host_of(controller), controller);
}

/* ---- Processing ---- */

enum { REPLACED = 1 }; /* the connection has ended, and the client has not */

/*
 * Makes the descriptor quiet after the connection has ended: the application's loop has nothing more to do, or asks for another
 * connection now. REPLACED, or the code that the client has ended with.
 */
static __attribute__((noinline)) int fall_silent(struct hprpc__client *client, struct hprpc_controller *controller)
{
    hprpc__mutex_lock(&controller->lock);
    hprpc__watcher_remove(&client->poller, controller);
    hprpc__mutex_unlock(&controller->lock);
    /* a thread that has just ended a connection in a wait, and is not through with that, kicks again */
    hprpc__watcher_clear(&client->poller, client->wake_fd);
    return client->reconnect && !hprpc__reconnect_is_over(client->reconnect) ? REPLACED : controller->code;
}

/* Does turns on a connection. 0; REPLACED; HPRPC_EINVAL; HPRPC_EFORKED; or the code that the client has ended with. */
static int process(struct hprpc_controller *controller)
{
    struct hprpc__client *client = host_of(controller);

    if (client->poller.fd < 0)
        return HPRPC_EINVAL;
    if (!hprpc__shared_is_ours(client->shared))
        return HPRPC_EFORKED;
    if (hprpc__state(controller) != HPRPC__BROKEN && hprpc__pump_try_own(&controller->pump)) {
        hprpc__watcher_clear(&client->poller, client->wake_fd);
        controller->channel->ops->disarm(controller->channel);
        for (int turn = 0; turn < TURNS && hprpc__controller_turn(controller, 1, NULL) > 0; turn++)
            continue;
        if (!hprpc__shared_is_ours(client->shared))
            return HPRPC_EFORKED;
        hprpc__controller_expire(controller, hprpc_context_now(controller->context));
        hand_over(client, controller);
        hprpc__pump_disown(&controller->pump);
    } else if (hprpc__state(controller) != HPRPC__BROKEN) {
        /* a thread that waits owns the pump and sleeps on its own; events are for that thread */
        hprpc__watcher_note(&client->poller);
    }
    return KODOSIS_LIKELY(hprpc__state(controller) != HPRPC__BROKEN) ? 0 : fall_silent(client, controller);
}

/* Processes the connection of the moment, and the next ones, if it ends. */
static int process_picked(struct hprpc__reconnect *reconnect)
{
    struct hprpc_controller *controller;
    int r = REPLACED;

    if (!hprpc__shared_is_ours(reconnect->client->shared))
        return HPRPC_EFORKED;
    for (int i = 0; i < CONNECTIONS && r == REPLACED; i++) {
        hprpc__reconnect_pick(reconnect, &controller);
        r = process(controller);
        if (r == HPRPC_EFORKED)
            return r;
        hprpc_controller_drop(controller);
    }
    hprpc__reconnect_reap(reconnect);
    return r == REPLACED ? 0 : r;
}

static __attribute__((noinline)) int process_without_cancellation(struct hprpc_client *handle)
{
    int cancellation = hprpc__cancellation_disable();
    int r = handle->controller ? process(handle->controller) : process_picked(hprpc__reconnect_of(handle));

    hprpc__cancellation_restore(cancellation);
    return r;
}

int hprpc_client_process(struct hprpc_client *handle)
{
    struct hprpc_controller *controller = handle->controller;

    if (KODOSIS_LIKELY(controller && hprpc__state(controller) == HPRPC__READY &&
                       controller->channel->no_cancellation_points))
        return process(controller);
    /* opening and ending a channel has cancellation points */
    return process_without_cancellation(handle);
}
