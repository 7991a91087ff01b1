/* SPDX-License-Identifier: MIT */
/* The inside of a client: what its connections ask of their host, and the thread that pumps them. */
#include "rpc/host.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/errno-text.h"
#include "base/poller.h"
#include "base/seat.h"
#include "base/wake.h"
#include "rpc/connection/life.h"
#include "rpc/connection/limits.h"
#include "rpc/handle.h"
#include "rpc/pump/turn.h"
#include "rpc/pump/wait.h"
#include "rpc/pump/watcher.h"
#include "rpc/reconnect.h"

#define NO_MEMORY_PAUSE (100 * HPRPC__MILLISECOND) /* between two attempts of the thread to make a connection object */

/* ---- The host ---- */

static void watch_changed(struct hprpc__host *host, struct hprpc_controller *controller)
{
    struct hprpc__client *client = (struct hprpc__client *)host;
    bool wakes = client->poller.fd < 0 || hprpc__watcher_update(&client->poller, controller);

    /* the thread that pumps may sleep, and must look at the channel again; so must a loop that the kernel will not wake */
    if ((!wakes || atomic_load(&controller->pump.owner)) && !hprpc__pump_is_mine(&controller->pump))
        hprpc__pump_kick(&controller->pump);
}

/* ---- Serving from the other side ---- */

/* Whether this thread waits in a call of this client, so that what the other side asks is served inside that wait. */
static bool enter_client(const struct hprpc__seat *seat, void *seated)
{
    struct hprpc_controller *controller = seated;

    (void)seat;
    return controller && hprpc__pump_is_mine(&controller->pump) && hprpc__state(controller) != HPRPC__BROKEN;
}

static int serve_client(const struct hprpc__seat *seat, void *seated)
{
    (void)seat;
    return hprpc__controller_turn(seated, 1, NULL);
}

/* The one seat of all clients: a connection that has ended may outlive its client. */
static const struct hprpc__seat client_seat = { .enter = enter_client, .serve = serve_client };

/* ---- States ---- */

static bool is_closed_here(struct hprpc_controller *controller)
{
    bool closed;

    hprpc__mutex_lock(&controller->lock);
    closed = controller->closing;
    hprpc__mutex_unlock(&controller->lock);
    return closed;
}

static bool is_draining(struct hprpc_controller *controller)
{
    bool draining;

    hprpc__mutex_lock(&controller->lock);
    draining = controller->draining;
    hprpc__mutex_unlock(&controller->lock);
    return draining;
}

enum hprpc_client_state hprpc__client_state_of(struct hprpc_controller *controller)
{
    switch (hprpc__state(controller)) {
    case HPRPC__OPENING:
        return HPRPC_CLIENT_CONNECTING;
    case HPRPC__READY:
        return is_draining(controller) ? HPRPC_CLIENT_DRAINING : HPRPC_CLIENT_READY;
    default:
        return is_closed_here(controller) ? HPRPC_CLIENT_CLOSED : HPRPC_CLIENT_BROKEN;
    }
}

void hprpc__client_tell(struct hprpc__client *client, enum hprpc_client_state state, int code, const char *reason)
{
    int cancellation = hprpc__cancellation_disable();

    if (client->changed)
        client->changed(client->changed_self, state, code, reason);
    hprpc__cancellation_restore(cancellation);
}

static void tell_state(struct hprpc__host *host, struct hprpc_controller *controller)
{
    enum hprpc_client_state state = hprpc__client_state_of(controller);
    bool ended = state == HPRPC_CLIENT_BROKEN || state == HPRPC_CLIENT_CLOSED;

    hprpc__client_tell((struct hprpc__client *)host, state, ended ? controller->code : 0,
                       hprpc__reason_text(&controller->reason));
}

void hprpc__client_tell_connecting(struct hprpc__client *client)
{
    hprpc__client_tell(client, HPRPC_CLIENT_CONNECTING, 0, "");
}

/* ---- The thread ---- */

struct hprpc_controller *hprpc__client_keep(struct hprpc__client *client)
{
    struct hprpc_controller *controller;

    if (!client->reconnect)
        return hprpc_controller_keep(client->controller);
    hprpc__reconnect_pick(client->reconnect, &controller);
    return controller;
}

/* Pumps one connection until it ends. */
static void pump_until_broken(struct hprpc_controller *controller)
{
    const struct hprpc__awaited end = { .count = 0 };

    atomic_store(&controller->pump.owner, hprpc__thread_self());
    while (hprpc__state(controller) != HPRPC__BROKEN && hprpc__shared_is_ours(controller->shared))
        hprpc__pump_wait(controller, &end, HPRPC_NO_TIMEOUT);
}

/* Pumps one connection after the other, until the client ends. */
static void pump_all(struct hprpc__client *client)
{
    const struct hprpc_watch wake = { .fd = client->wake_fd, .events = POLLIN };
    struct hprpc_controller *controller;
    bool ended;

    do {
        ended = hprpc__reconnect_pick(client->reconnect, &controller) < 0;
        if (!ended)
            pump_until_broken(controller);
        hprpc_controller_drop(controller);
        if (!hprpc__shared_is_ours(client->shared))
            return;
        hprpc__reconnect_disown(client->reconnect);
        if (ended && !hprpc__reconnect_is_over(client->reconnect) && hprpc__poll_last(&wake, 1, NO_MEMORY_PAUSE))
            hprpc__wake_take(client->wake_fd);
    } while (!hprpc__reconnect_is_over(client->reconnect));
}

static void *run_thread(void *argument)
{
    struct hprpc__client *client = argument;

    hprpc__client_tell_connecting(client);
    atomic_store(&client->pumping, hprpc__thread_self());
    if (client->reconnect)
        pump_all(client);
    else
        pump_until_broken(client->controller);
    return NULL;
}

int hprpc__client_start_thread(struct hprpc__client *client, struct hprpc_detail *detail)
{
    if (hprpc__thread_start(&client->thread, run_thread, client))
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot start the pumping thread: %s", hprpc__errno_text(errno));
    client->thread_runs = true;
    return 0;
}

void hprpc__client_join_thread(struct hprpc__client *client)
{
    struct hprpc_controller *controller;

    if (!client->thread_runs)
        return;
    hprpc__wake_ring(client->wake_fd);
    hprpc__thread_join(&client->thread);
    client->thread_runs = false;
    atomic_store(&client->pumping, 0);
    controller = hprpc__client_keep(client);
    controller->pump.pumps_alone = false;
    atomic_store(&controller->pump.owner, 0);
    hprpc_controller_drop(controller);
}

/* ---- Life ---- */

void hprpc__client_free(struct hprpc__client *client)
{
    hprpc__poller_clear(&client->poller);
    hprpc__sleeper_clear(&client->sleeper);
    if (client->wake_fd >= 0)
        close(client->wake_fd);
    hprpc__shared_drop(client->shared);
    hprpc_context_release(client->context, client, sizeof(*client));
}

/* Makes the set that a pumping thread sleeps in: for the application's loop, or the client's own. */
static int make_descriptors(struct hprpc__client *client)
{
    if (client->wake_fd < 0)
        return HPRPC_ESYSTEM;
    if (client->pump != HPRPC_PUMP_LOOP) {
        client->host.sleeper = &client->sleeper;
        return hprpc__sleeper_init(&client->sleeper, client->wake_fd);
    }
    if (hprpc__poller_init(&client->poller) < 0)
        return HPRPC_ESYSTEM;
    return hprpc__watcher_add(&client->poller, client->wake_fd, client) ? 0 : HPRPC_ESYSTEM;
}

/* Fills in what does not fail. */
static void init(struct hprpc__client *client, struct hprpc_context *context,
                 const struct hprpc_client_options *options)
{
    enum hprpc_pump pump = options->pump;

    *client = (struct hprpc__client){
        .host = { .watch_changed = watch_changed,
                  .handed_back = pump == HPRPC_PUMP_LOOP ? hprpc__client_handed_back : NULL,
                  .state_changed = tell_state,
                  .pumps_always = pump != HPRPC_PUMP_CALLER,
                  .pumps_alone = pump == HPRPC_PUMP_THREAD,
                  .seat = &client_seat },
        .context = context,
        .pump = pump,
        .wake_fd = hprpc__wake_open(),
        .poller = { .fd = -1 },
        .sleeper = { .poller = { .fd = -1 }, .alarm = { .fd = -1 } },
        .opening_ms = options->connect_timeout_ms ? options->connect_timeout_ms : HPRPC__OPENING_MS,
        .changed = options->changed,
        .changed_self = options->changed_self,
    };
}

int hprpc__client_new(struct hprpc_context *context, const struct hprpc_client_options *options,
                      struct hprpc_detail *detail, struct hprpc__client **ret_client)
{
    struct hprpc__limits limits = HPRPC__LIMITS_OF(options);
    struct hprpc__client *client;
    int r = hprpc__limits_complete(&limits);

    if (r < 0)
        return hprpc_detail_set(detail, r, "the client's options make no sense");
    client = hprpc_context_allocate(context, sizeof(*client));
    if (!client)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a connection");
    init(client, context, options);
    r = make_descriptors(client);
    if (r == 0)
        r = hprpc__shared_new(context, &client->shared);
    if (r < 0) {
        hprpc_detail_set(detail, r, "no descriptors or memory for a connection: %s", hprpc__errno_text(errno));
        hprpc__client_free(client);
        return r;
    }
    client->shared->limits = limits;
    client->shared->clear_roles = hprpc__controller_clear_roles;
    *ret_client = client;
    return 0;
}

int hprpc__client_controller_new(struct hprpc__client *client, struct hprpc_channel *channel, hprpc__deadline opening,
                                 struct hprpc_controller **ret_controller)
{
    struct hprpc__controller_setup setup = {
        .context = client->context,
        .channel = channel,
        .host = &client->host,
        .shared = client->shared,
        .wake_fd = client->wake_fd,
        .opening_deadline = opening,
        .begins = true,
    };

    return hprpc__controller_new(&setup, ret_controller);
}
