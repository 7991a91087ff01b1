/* SPDX-License-Identifier: MIT */
/* The client as an application has it: one controller of its own, and the three ways to pump it. */
#include "rpc/pump/wait.h"

#include <errno.h>
#include <unistd.h>

#include "base/errno-text.h"
#include "base/wake.h"
#include "base/deadline.h"
#include "rpc/connection/life.h"
#include "rpc/connection/limits.h"
#include "rpc/handed.h"
#include "rpc/handle.h"
#include "rpc/pump/look.h"
#include "rpc/pump/sleeper.h"
#include "rpc/pump/turn.h"
#include "rpc/transports.h"
#include "rpc/pump/watcher.h"

enum { TURNS = 16 }; /* of the pump in one hprpc_client_process */

/* The host of a client's controller. */
struct connection {
    struct hprpc__host host;
    struct hprpc_context *context;
    struct hprpc_controller *controller;
    enum hprpc_pump pump;
    struct hprpc__shared *shared;
    int wake_fd;
    struct hprpc__poller poller;     /* with HPRPC_PUMP_LOOP, else none */
    struct hprpc__sleeper sleeper;   /* with the other two */
    _Atomic hprpc__deadline nap_end; /* HPRPC_PUMP_LOOP: when to look again if only time wakes the loop; 0: never */
    void (*changed)(void *self, enum hprpc_client_state state, int code, const char *reason);
    void *changed_self;
    struct hprpc__thread thread; /* HPRPC_PUMP_THREAD */
    bool thread_runs;
};

static struct connection *connection_of(struct hprpc_client *client)
{
    return (struct connection *)client->controller->pump.host;
}

/* ---- The host ---- */

static void watch_changed(struct hprpc__host *host, struct hprpc_controller *controller)
{
    struct connection *connection = (struct connection *)host;

    if (connection->poller.fd >= 0)
        hprpc__watcher_update(&connection->poller, controller);
    /* the thread that pumps may sleep, and must look at the channel again */
    if (atomic_load(&controller->pump.owner) && !hprpc__pump_is_mine(&controller->pump))
        hprpc__pump_kick(&controller->pump);
}

/* Registers the channel's descriptors in the set; false where not all of them wake the loop, or must not without memory. */
static bool watch(struct connection *connection, struct hprpc_controller *controller)
{
    bool wakes = false;

    hprpc__mutex_lock(&controller->lock);
    if (controller->needs_memory)
        hprpc__watcher_remove(&connection->poller, controller);
    else
        wakes = hprpc__watcher_update(&connection->poller, controller);
    hprpc__mutex_unlock(&controller->lock);
    return wakes;
}

/* Arms the channel, so that from now on descriptor and time-out tell when there is work. True: only the time-out tells. */
static bool hand_over(struct connection *connection, struct hprpc_controller *controller)
{
    bool wakes = watch(connection, controller);
    bool naps = !wakes && hprpc__state(controller) != HPRPC__BROKEN;

    hprpc__pump_stir(controller);
    /* relaxed: a thread that asks for the time-out too early is kicked */
    atomic_store_explicit(&connection->nap_end,
                          naps ? hprpc_context_now(connection->context) + HPRPC__NAP_NANOSECONDS : 0,
                          memory_order_relaxed);
    if (hprpc__state(controller) == HPRPC__BROKEN ||
        (!controller->needs_memory && controller->channel->ops->arm(controller->channel)))
        hprpc__pump_kick(&controller->pump);
    return naps;
}

/* Gives the connection back to the application's loop after a wait; a kick makes the loop ask for its time-out again. */
static void handed_back(struct hprpc__host *host, struct hprpc_controller *controller)
{
    struct connection *connection = (struct connection *)host;

    if (hand_over(connection, controller))
        hprpc__pump_kick(&controller->pump);
}

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

static bool is_over(enum hprpc_client_state state)
{
    return state == HPRPC_CLIENT_BROKEN || state == HPRPC_CLIENT_CLOSED;
}

/* The state that `changed` was told last. */
static enum hprpc_client_state told_state(struct hprpc_controller *controller)
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

static void tell_state(struct hprpc__host *host, struct hprpc_controller *controller)
{
    struct connection *connection = (struct connection *)host;
    enum hprpc_client_state state = told_state(controller);
    int cancellation = hprpc__cancellation_disable();

    if (connection->changed)
        connection->changed(connection->changed_self, state, is_over(state) ? controller->code : 0,
                            hprpc__reason_text(&controller->reason));
    hprpc__cancellation_restore(cancellation);
}

/* Tells the first state, before any thread can pump. */
static void tell_connecting(struct connection *connection)
{
    if (connection->changed)
        connection->changed(connection->changed_self, HPRPC_CLIENT_CONNECTING, 0, "");
}

/* ---- The thread ---- */

static void *pump_until_broken(void *argument)
{
    struct hprpc_controller *controller = argument;
    const struct hprpc__awaited end = { .count = 0 };

    tell_connecting((struct connection *)controller->pump.host);
    atomic_store(&controller->pump.owner, hprpc__thread_self());
    while (hprpc__state(controller) != HPRPC__BROKEN && hprpc__shared_is_ours(controller->shared))
        hprpc__pump_wait(controller, &end, HPRPC_NO_TIMEOUT);
    return NULL;
}

static int start_thread(struct connection *connection, struct hprpc_detail *detail)
{
    if (hprpc__thread_start(&connection->thread, pump_until_broken, connection->controller))
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot start the pumping thread: %s", hprpc__errno_text(errno));
    connection->thread_runs = true;
    return 0;
}

/* Joins the pumping thread, which ends because the connection is closing. */
static void join_thread(struct connection *connection)
{
    if (!connection->thread_runs)
        return;
    hprpc__pump_kick(&connection->controller->pump);
    hprpc__thread_join(&connection->thread);
    connection->thread_runs = false;
    connection->controller->pump.pumps_alone = false;
    atomic_store(&connection->controller->pump.owner, 0);
}

/* ---- Connecting ---- */

static void free_connection(struct connection *connection)
{
    hprpc__poller_clear(&connection->poller);
    hprpc__sleeper_clear(&connection->sleeper);
    if (connection->wake_fd >= 0)
        close(connection->wake_fd);
    hprpc__shared_drop(connection->shared);
    hprpc_context_release(connection->context, connection, sizeof(*connection));
}

/* Makes the set that a pumping thread sleeps in: for the application's loop, or the client's own. */
static int make_descriptors(struct connection *connection)
{
    if (connection->wake_fd < 0)
        return HPRPC_ESYSTEM;
    if (connection->pump != HPRPC_PUMP_LOOP) {
        connection->host.sleeper = &connection->sleeper;
        return hprpc__sleeper_init(&connection->sleeper, connection->wake_fd);
    }
    if (hprpc__poller_init(&connection->poller) < 0)
        return HPRPC_ESYSTEM;
    return hprpc__watcher_add(&connection->poller, connection->wake_fd, connection) ? 0 : HPRPC_ESYSTEM;
}

static int new_connection(struct hprpc_context *context, enum hprpc_pump pump, struct hprpc_detail *detail,
                          struct connection **ret_connection)
{
    struct connection *connection = hprpc_context_allocate(context, sizeof(*connection));
    int r;

    if (!connection)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a connection");
    *connection = (struct connection){
        .host = { .watch_changed = watch_changed,
                  .handed_back = pump == HPRPC_PUMP_LOOP ? handed_back : NULL,
                  .state_changed = tell_state,
                  .pumps_always = pump != HPRPC_PUMP_CALLER,
                  .pumps_alone = pump == HPRPC_PUMP_THREAD },
        .context = context,
        .pump = pump,
        .wake_fd = hprpc__wake_open(),
        .poller = { .fd = -1 },
        .sleeper = { .poller = { .fd = -1 }, .alarm = { .fd = -1 } },
    };
    r = make_descriptors(connection);
    if (r == 0)
        r = hprpc__shared_new(context, &connection->shared);
    if (r == 0) {
        *ret_connection = connection;
        return 0;
    }
    hprpc_detail_set(detail, r, "no descriptors or memory for a connection: %s", hprpc__errno_text(errno));
    free_connection(connection);
    return r;
}

/* Where a connection comes from. */
struct origin {
    const char *uri;
    bool is_handed; /* there is no URI, but a descriptor: a duplicate of it is taken */
    int fd;
    const char *query; /* the descriptor's options, or NULL */
};

static int take_descriptor(struct hprpc_context *context, const struct origin *origin, struct hprpc_detail *detail,
                           struct hprpc_channel **ret_channel)
{
    struct hprpc_detail why = { "" };
    int own = hprpc__handed_duplicate(origin->fd, &why);
    int r = own < 0 ? own : hprpc__handed_connect(context, own, origin->query, &why, ret_channel);

    return r < 0 ? hprpc_detail_set(detail, r, "the descriptor %d: %s", origin->fd, why.text) : 0;
}

static int open_channel(struct hprpc_context *context, const struct origin *origin, struct hprpc_detail *detail,
                        struct hprpc_channel **ret_channel)
{
    const struct hprpc_transport *transport;
    struct hprpc_uri parts;
    int r;

    if (origin->is_handed)
        return take_descriptor(context, origin, detail, ret_channel);
    r = hprpc__transport_find(context, origin->uri, detail, &parts, &transport);
    return r < 0 ? r : transport->connect(context, &parts, detail, ret_channel);
}

static int new_controller(struct connection *connection, struct hprpc_channel *channel,
                          const struct hprpc_client_options *options)
{
    uint32_t opening_ms = options->connect_timeout_ms ? options->connect_timeout_ms : HPRPC__OPENING_MS;
    struct hprpc__controller_setup setup = {
        .context = connection->context,
        .channel = channel,
        .host = &connection->host,
        .shared = connection->shared,
        .wake_fd = connection->wake_fd,
        .opening_deadline = hprpc__deadline_after_ms(hprpc_context_now(connection->context), opening_ms),
        .begins = true,
    };

    return hprpc__controller_new(&setup, &connection->controller);
}

static int read_options(const struct hprpc_client_options *options, struct hprpc_client_options *ret_options)
{
    struct hprpc_client_options given = HPRPC_CLIENT_OPTIONS_INIT;

    if (options) {
        if (!options->size || options->size > sizeof(given) || options->pump > HPRPC_PUMP_THREAD)
            return HPRPC_EINVAL;
        memcpy(&given, options, options->size);
    }
    *ret_options = given;
    return 0;
}

/* Does everything that can fail at once. On failure `changed` was told nothing. */
static int begin(struct hprpc_context *context, const struct origin *origin, const struct hprpc_client_options *options,
                 struct hprpc_detail *detail, struct connection **ret_connection)
{
    struct hprpc_client_options given;
    struct hprpc__limits limits;
    struct connection *connection = NULL;
    struct hprpc_channel *channel;
    int r;

    r = read_options(options, &given);
    if (r == 0) {
        limits = HPRPC__LIMITS_OF(&given);
        r = hprpc__limits_complete(&limits);
    }
    if (r < 0)
        return hprpc_detail_set(detail, r, "the client's options make no sense");
    r = new_connection(context, given.pump, detail, &connection);
    if (!connection)
        return r;
    connection->shared->limits = limits;
    connection->shared->clear_roles = hprpc__controller_clear_roles;
    connection->changed = given.changed;
    connection->changed_self = given.changed_self;
    r = open_channel(context, origin, detail, &channel);
    if (r < 0)
        goto free_connection;
    r = new_controller(connection, channel, &given);
    if (r < 0) {
        channel->ops->free(channel);
        goto free_connection;
    }
    if (given.pump == HPRPC_PUMP_THREAD)
        r = start_thread(connection, detail);
    else
        tell_connecting(connection);
    if (r < 0)
        goto drop_controller;
    *ret_connection = connection;
    return 0;

drop_controller:
    hprpc_controller_drop(connection->controller);
free_connection:
    free_connection(connection);
    return r;
}

static int open_client(struct hprpc_context *context, const struct origin *origin,
                       const struct hprpc_client_options *options, struct hprpc_detail *detail,
                       struct hprpc_client **ret_client)
{
    struct connection *connection = NULL;
    int r = begin(context, origin, options, detail, &connection);

    if (!connection)
        return r;
    /* makes the descriptor ready: the first hprpc_client_process registers the channel's descriptors */
    if (connection->pump == HPRPC_PUMP_LOOP)
        hprpc__pump_kick(&connection->controller->pump);
    *ret_client = &connection->controller->client;
    return 0;
}

int hprpc_client_open(struct hprpc_context *context, const char *uri, const struct hprpc_client_options *options,
                      struct hprpc_detail *detail, struct hprpc_client **ret_client)
{
    const struct origin origin = { .uri = uri };
    int cancellation = hprpc__cancellation_disable();
    int r = open_client(context, &origin, options, detail, ret_client);

    hprpc__cancellation_restore(cancellation);
    return r;
}

int hprpc_client_from_fd(struct hprpc_context *context, int fd, const char *query,
                         const struct hprpc_client_options *options, struct hprpc_detail *detail,
                         struct hprpc_client **ret_client)
{
    const struct origin origin = { .is_handed = true, .fd = fd, .query = query };
    int cancellation = hprpc__cancellation_disable();
    int r = open_client(context, &origin, options, detail, ret_client);

    if (r == 0)
        close(fd);
    hprpc__cancellation_restore(cancellation);
    return r;
}

/* Whether the connection is still OPENING; notes the progress so far in `room`. */
static bool is_opening(struct hprpc_controller *controller, struct hprpc__room *room)
{
    bool opening;

    hprpc__mutex_lock(&controller->lock);
    opening = hprpc__state(controller) == HPRPC__OPENING;
    hprpc__room_before(room, controller);
    hprpc__room_after(room, controller);
    hprpc__mutex_unlock(&controller->lock);
    return opening;
}

static int connect_client(struct hprpc_context *context, const char *uri, const struct hprpc_client_options *options,
                          struct hprpc_detail *detail, struct hprpc_client **ret_client)
{
    struct hprpc__room room = { 0 };
    struct hprpc_controller *controller;
    const struct origin origin = { .uri = uri };
    struct connection *connection = NULL;
    int r = begin(context, &origin, options, detail, &connection);

    if (!connection)
        return r;
    controller = connection->controller;
    /* our HELLO goes out in a turn */
    hprpc__pump_once(controller);
    while (is_opening(controller, &room))
        hprpc__pump_wait_for_room(controller, &room, HPRPC_NO_TIMEOUT);
    if (hprpc__state(controller) == HPRPC__BROKEN) {
        /* a GOODBYE right after the HELLO is a refusal, too: no call has run */
        r = controller->code == HPRPC_EMAYBE ? HPRPC_EREFUSED : controller->code;
        hprpc_detail_set(detail, r, "%.100s: %s", uri, controller->reason.text);
        hprpc_client_free(&controller->client);
        return r;
    }
    *ret_client = &controller->client;
    return 0;
}

int hprpc_client_connect(struct hprpc_context *context, const char *uri, const struct hprpc_client_options *options,
                         struct hprpc_detail *detail, struct hprpc_client **ret_client)
{
    int cancellation = hprpc__cancellation_disable();
    int r = connect_client(context, uri, options, detail, ret_client);

    hprpc__cancellation_restore(cancellation);
    return r;
}

/* ---- Closing ---- */

void hprpc_client_close(struct hprpc_client *client)
{
    hprpc_controller_close(client->controller);
}

static void free_client(struct hprpc_client *client)
{
    struct connection *connection = NULL;

    if (!client || !hprpc__shared_is_ours(client->controller->shared))
        return;
    connection = connection_of(client);
    hprpc_client_close(client);
    join_thread(connection);
    while (hprpc__state(client->controller) != HPRPC__BROKEN)
        hprpc__pump_once(client->controller);
    hprpc_controller_drop(client->controller);
    free_connection(connection);
}

void hprpc_client_free(struct hprpc_client *client)
{
    int cancellation = hprpc__cancellation_disable();

    free_client(client);
    hprpc__cancellation_restore(cancellation);
}

enum hprpc_client_state hprpc_client_state(struct hprpc_client *client)
{
    enum hprpc_client_state told;

    if (!hprpc__shared_is_ours(client->controller->shared))
        return HPRPC_CLIENT_CLOSED;
    if (!client->controller->pump.host->pumps_always)
        hprpc__look(client->controller);
    told = told_state(client->controller);
    /* the pumping thread may not have seen the close yet */
    return !is_over(told) && is_closed_here(client->controller) ? HPRPC_CLIENT_CLOSED : told;
}

struct hprpc_controller *hprpc_client_controller(struct hprpc_client *client)
{
    return client->controller;
}

/* ---- Inside an application's event loop ---- */

int hprpc_client_descriptor(struct hprpc_client *client)
{
    struct connection *connection = connection_of(client);

    return connection->poller.fd >= 0 ? connection->poller.fd : HPRPC_EINVAL;
}

int hprpc_client_timeout(struct hprpc_client *client)
{
    hprpc__deadline deadline = hprpc__controller_deadline(client->controller);
    hprpc__deadline nap_end = atomic_load_explicit(&connection_of(client)->nap_end, memory_order_relaxed);
    uint64_t now;

    if (nap_end && nap_end < deadline)
        deadline = nap_end;
    if (deadline == HPRPC__NEVER || hprpc__state(client->controller) == HPRPC__BROKEN)
        return -1;
    now = hprpc_context_now(client->controller->context);
    return deadline <= now ? 0 : hprpc__milliseconds(deadline - now);
}

/* Makes the descriptor quiet after the connection has ended: the application's loop has nothing more to do. */
static void fall_silent(struct connection *connection, struct hprpc_controller *controller)
{
    hprpc__mutex_lock(&controller->lock);
    hprpc__watcher_remove(&connection->poller, controller);
    hprpc__mutex_unlock(&controller->lock);
    hprpc__watcher_clear(&connection->poller, connection->wake_fd);
}

static int process(struct hprpc_client *client)
{
    struct connection *connection = connection_of(client);
    struct hprpc_controller *controller = client->controller;

    if (connection->poller.fd < 0)
        return HPRPC_EINVAL;
    if (!hprpc__shared_is_ours(connection->shared))
        return HPRPC_EFORKED;
    if (hprpc__state(controller) != HPRPC__BROKEN && hprpc__pump_try_own(&controller->pump)) {
        hprpc__watcher_clear(&connection->poller, connection->wake_fd);
        controller->channel->ops->disarm(controller->channel);
        for (int turn = 0; turn < TURNS && hprpc__controller_turn(controller, 1, NULL) > 0; turn++)
            continue;
        if (!hprpc__shared_is_ours(connection->shared))
            return HPRPC_EFORKED;
        hprpc__controller_expire(controller, hprpc_context_now(controller->context));
        hand_over(connection, controller);
        hprpc__pump_disown(&controller->pump);
    } else if (hprpc__state(controller) != HPRPC__BROKEN) {
        /* a thread that waits owns the pump and sleeps on its own; events are for that thread */
        hprpc__watcher_note(&connection->poller);
    }
    if (hprpc__state(controller) != HPRPC__BROKEN)
        return 0;
    fall_silent(connection, controller);
    return controller->code;
}

int hprpc_client_process(struct hprpc_client *client)
{
    int cancellation, r;

    if (KODOSIS_LIKELY(hprpc__state(client->controller) == HPRPC__READY &&
                       client->controller->channel->no_cancellation_points))
        return process(client);
    /* opening and ending a channel has cancellation points */
    cancellation = hprpc__cancellation_disable();
    r = process(client);
    hprpc__cancellation_restore(cancellation);
    return r;
}
