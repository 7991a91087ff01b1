/* SPDX-License-Identifier: MIT */
/* The server's life: options, services, running. pump/loop.c serves the connections; stop.c is the end of a server. */
#include "rpc/server.h"
#include "rpc/stop.h"

#include <errno.h>
#include <unistd.h>

#include "base/errno-text.h"
#include "base/deadline.h"
#include "rpc/connection/life.h"
#include "rpc/connection/limits.h"
#include "rpc/handed.h"
#include "rpc/handle.h"
#include "rpc/pump/watcher.h"

static int read_options(const struct hprpc_server_options *options, struct hprpc_server_options *ret_options)
{
    struct hprpc_server_options given = HPRPC_SERVER_OPTIONS_INIT;

    if (options) {
        if (!options->size || options->size > sizeof(given))
            return HPRPC_EINVAL;
        memcpy(&given, options, options->size);
    }
    *ret_options = given;
    return 0;
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}

static int set_limits(struct hprpc_server *server, const struct hprpc_server_options *options)
{
    server->max_connections = or_default(options->max_connections, HPRPC__CONNECTIONS_MAX);
    server->opening_ms = or_default(options->handshake_timeout_ms, HPRPC__OPENING_MS);
    server->connected = options->connected;
    server->disconnected = options->disconnected;
    server->connected_self = options->connected_self;
    server->stop_ms = or_default(options->stop_timeout_ms, HPRPC__STOP_MS);
    server->shared->quota.max_calls = or_default(options->max_kept_calls, HPRPC__KEPT_CALLS_MAX);
    server->shared->quota.max_bytes = options->max_kept_bytes ? options->max_kept_bytes : HPRPC__KEPT_BYTES_MAX;
    server->shared->quota.max_stream_bytes =
        options->max_kept_stream_bytes ? options->max_kept_stream_bytes : HPRPC__KEPT_STREAM_BYTES_MAX;
    server->shared->quota.max_unread = options->max_unread_bytes ? options->max_unread_bytes : HPRPC__UNREAD_BYTES_MAX;
    if (options->loops > HPRPC__LOOPS_MAX || options->workers > HPRPC__WORKERS_MAX ||
        (unsigned)options->engine > HPRPC_ENGINE_URING || options->ring_buffers > HPRPC__RING_BUFFERS_MOST)
        return HPRPC_EINVAL;
    server->shared->limits = HPRPC__LIMITS_OF(options);
    return hprpc__limits_complete(&server->shared->limits);
}

/* ---- Connections ---- */

/* Connections on the loops, those that are turned away included. */
static uint32_t count_served(const struct hprpc_server *server)
{
    uint32_t served = 0;

    for (uint32_t i = 0; i < server->loop_count; i++)
        served += atomic_load_explicit(&((struct hprpc_server *)server)->loops[i].loop.connection_count,
                                       memory_order_relaxed);
    return served;
}

/*
 * A connection that has ended, and that a request still keeps, counts apart: clients that come and go in quick succession must not
 * be turned away for those that are just going.
 */
static enum hprpc__vacancy vacancy(void *self, struct hprpc_detail *ret_reason)
{
    struct hprpc_server *server = self;
    uint32_t turned_away = atomic_load_explicit(&server->turning_away, memory_order_relaxed);
    uint32_t served = count_served(server),
             living = atomic_load_explicit(&server->shared->living, memory_order_relaxed);
    uint32_t ended = living > served ? living - served : 0;

    if (served < server->max_connections + turned_away && ended < server->max_connections)
        return HPRPC__VACANT;
    if (ended < server->max_connections)
        hprpc_detail_set(ret_reason, 0, "the server has %u connections, and takes no more", server->max_connections);
    else
        hprpc_detail_set(ret_reason, 0,
                         "the server has %u connections that ended before it answered, and takes no more until it does",
                         ended);
    return turned_away < HPRPC__TURNED_AWAY_MAX ? HPRPC__FULL : HPRPC__CROWDED;
}

static struct hprpc__loop *least_loaded(struct hprpc_server *server)
{
    struct hprpc__loop *least = &server->loops[0].loop;
    unsigned fewest = atomic_load_explicit(&least->connection_count, memory_order_relaxed);

    for (uint32_t i = 1; i < server->loop_count; i++) {
        unsigned count = atomic_load_explicit(&server->loops[i].loop.connection_count, memory_order_relaxed);

        if (count < fewest) {
            fewest = count;
            least = &server->loops[i].loop;
        }
    }
    return least;
}

static uint32_t smaller(uint32_t one, uint32_t other)
{
    return one < other ? one : other;
}

static int arrive(void *self, struct hprpc_channel *channel, const char *refusal)
{
    struct hprpc_server *server = self;
    /* connections that are turned away stay on the loop that accepts, because their end ends its pause */
    struct hprpc__loop *loop = refusal ? &server->loops[0].loop : least_loaded(server);
    uint32_t opening_ms = refusal ? smaller(server->opening_ms, HPRPC__TURNED_AWAY_MS) : server->opening_ms;
    struct hprpc_controller *controller;
    struct hprpc__controller_setup setup = {
        .context = server->context,
        .channel = channel,
        .workers = server->workers,
        .host = &loop->host,
        .shared = server->shared,
        .has_quota = true,
        .wake_fd = loop->wake_fd,
        .opening_deadline = hprpc__deadline_after_ms(hprpc_context_now(server->context), opening_ms),
        .refusal = refusal,
    };
    int r;

    r = hprpc__controller_new(&setup, &controller);
    if (r < 0)
        return r;
    if (refusal)
        atomic_fetch_add_explicit(&server->turning_away, 1, memory_order_relaxed);
    hprpc__loop_add(loop, controller);
    return 0;
}

/* Called when a connection of a loop has said HELLO, or has ended. */
static void state_changed(struct hprpc__host *host, struct hprpc_controller *controller)
{
    struct hprpc_server *server = ((struct hprpc__serving_loop *)host)->server;

    if (hprpc__state(controller) != HPRPC__BROKEN) {
        if (server->connected)
            server->connected(server->connected_self, controller);
    } else if (controller->turned_away) {
        atomic_fetch_sub_explicit(&server->turning_away, 1, memory_order_relaxed);
        hprpc__acceptor_hurry(&server->acceptor);
    } else if (controller->announced && server->disconnected) {
        server->disconnected(server->connected_self, controller, controller->code, controller->reason.text);
    }
}

/* Takes an event of the first loop that belongs to no connection: a listener's, or a signal. */
static void other_event(void *self, void *owner)
{
    struct hprpc_server *server = self;

    if (owner == &server->signals)
        hprpc__server_take_signal(server);
    else
        hprpc__acceptor_event(&server->acceptor, owner);
}

static void kick_all(void *self)
{
    struct hprpc_server *server = self;

    for (uint32_t i = 0; i < server->loop_count; i++)
        hprpc__loop_kick(&server->loops[i].loop);
}

/* ---- Life ---- */

static int make_loops(struct hprpc_server *server, uint32_t count, const struct hprpc_server_options *options)
{
    server->loops = hprpc_context_allocate(server->context, count * sizeof(*server->loops));
    if (!server->loops)
        return HPRPC_ENOMEM;
    server->loop_capacity = count;
    memset(server->loops, 0, count * sizeof(*server->loops));
    for (uint32_t i = 0; i < count; i++) {
        server->loop_count++;
        server->loops[i].server = server;
        if (hprpc__loop_init(&server->loops[i].loop, server->context) < 0)
            return HPRPC_ESYSTEM;
        server->loops[i].loop.host.stop_deadline = hprpc__server_ends;
        server->loops[i].loop.engine.choice = options->engine;
        server->loops[i].loop.engine.buffers = options->ring_buffers;
        server->loops[i].loop.quota = &server->shared->quota;
        server->loops[i].loop.host.state_changed = state_changed;
    }
    server->shared->quota.relieve = kick_all;
    server->shared->quota.self = server;
    server->loops[0].loop.other = other_event;
    server->loops[0].loop.self = server;
    server->acceptor = (struct hprpc__acceptor){
        .context = server->context,
        .loop = &server->loops[0].loop,
        .arrive = arrive,
        .vacancy = vacancy,
        .self = server,
    };
    return 0;
}

static int make_parts(struct hprpc_server *server, const struct hprpc_server_options *options)
{
    int r = hprpc__shared_new(server->context, &server->shared);

    if (r == 0) {
        server->shared->services = &server->services;
        server->shared->clear_roles = hprpc__controller_clear_roles;
        r = set_limits(server, options);
    }
    if (r == 0)
        r = make_loops(server, or_default(options->loops, 1), options);
    if (r == 0 && options->workers)
        r = hprpc__workers_new(server->context, options->workers,
                               or_default(options->worker_idle_ms, HPRPC__WORKER_IDLE_MS) * HPRPC__MILLISECOND,
                               &server->workers);
    return r;
}

static int new_server(struct hprpc_context *context, const struct hprpc_server_options *options,
                      struct hprpc_server **ret_server)
{
    struct hprpc_server_options given;
    struct hprpc_server *server;
    int r;

    if (read_options(options, &given) < 0)
        return HPRPC_EINVAL;
    server = hprpc_context_allocate(context, sizeof(*server));
    if (!server)
        return HPRPC_ENOMEM;
    memset(server, 0, sizeof(*server));
    server->context = context;
    server->services.context = context;
    server->signals.fd = -1;
    hprpc__mutex_init(&server->lock);
    r = make_parts(server, &given);
    if (r < 0) {
        if (r == HPRPC_ESYSTEM)
            hprpc_context_log(context, HPRPC_LOG_ERROR, "cannot make a server: %s", hprpc__errno_text(errno));
        hprpc_server_free(server);
        return r;
    }
    *ret_server = server;
    return 0;
}

int hprpc_server_new(struct hprpc_context *context, const struct hprpc_server_options *options,
                     struct hprpc_server **ret_server)
{
    int cancellation = hprpc__cancellation_disable();
    int r = new_server(context, options, ret_server);

    hprpc__cancellation_restore(cancellation);
    return r;
}

static void free_server(struct hprpc_server *server)
{
    if (!server || (server->shared && !hprpc__shared_is_ours(server->shared)))
        return;
    /* a thread that waits on the other side of a connection may serve it just now */
    if (server->loop_count)
        hprpc__loop_close_seat(&server->loops[0].loop);
    hprpc__acceptor_clear(&server->acceptor);
    hprpc__server_forget_signals(server);
    for (uint32_t i = 0; i < server->loop_count; i++)
        hprpc__loop_end_all(&server->loops[i].loop);
    hprpc__workers_free(server->workers);
    for (uint32_t i = 0; i < server->loop_count; i++)
        hprpc__loop_clear(&server->loops[i].loop);
    hprpc_context_release(server->context, server->loops, server->loop_capacity * sizeof(*server->loops));
    hprpc__services_clear(&server->services);
    hprpc__shared_drop(server->shared);
    hprpc_context_release(server->context, server, sizeof(*server));
}

void hprpc_server_free(struct hprpc_server *server)
{
    int cancellation = hprpc__cancellation_disable();

    free_server(server);
    hprpc__cancellation_restore(cancellation);
}

int hprpc_server_add(struct hprpc_server *server, const struct hprpc_interface *interface, const void *handlers,
                     void *self)
{
    int r;

    if (!hprpc__shared_is_ours(server->shared))
        return HPRPC_EFORKED;
    hprpc__mutex_lock(&server->lock);
    r = hprpc__services_add(&server->services, 0, interface, handlers, self);
    hprpc__mutex_unlock(&server->lock);
    return r;
}

int hprpc__server_may_listen(struct hprpc_server *server, struct hprpc_detail *detail)
{
    if (!hprpc__shared_is_ours(server->shared))
        return hprpc_detail_set(detail, HPRPC_EFORKED, "%s", hprpc_error_text(HPRPC_EFORKED));
    if (server->stage == HPRPC__STOPPED)
        return hprpc_detail_set(detail, HPRPC_ECLOSED, "the server has stopped");
    return 0;
}

static int listen_at(struct hprpc_server *server, const char *uri, struct hprpc_detail *detail)
{
    int r = hprpc__server_may_listen(server, detail);

    return r < 0 ? r : hprpc__acceptor_listen(&server->acceptor, uri, detail);
}

int hprpc_server_listen(struct hprpc_server *server, const char *uri, struct hprpc_detail *detail)
{
    int cancellation = hprpc__cancellation_disable();
    int r = listen_at(server, uri, detail);

    hprpc__cancellation_restore(cancellation);
    return r;
}

static int listen_with(struct hprpc_server *server, int fd, const char *query, struct hprpc_detail *detail)
{
    struct hprpc_detail why = { "" };
    int r = hprpc__server_may_listen(server, detail), own;

    if (r < 0)
        return r;
    own = hprpc__handed_duplicate(fd, &why);
    r = own < 0 ? own : hprpc__acceptor_listen_fd(&server->acceptor, own, query, &why);
    if (r < 0)
        return hprpc_detail_set(detail, r, "the descriptor %d: %s", fd, why.text);
    close(fd);
    return 0;
}

int hprpc_server_listen_fd(struct hprpc_server *server, int fd, const char *query, struct hprpc_detail *detail)
{
    int cancellation = hprpc__cancellation_disable();
    int r = listen_with(server, fd, query, detail);

    hprpc__cancellation_restore(cancellation);
    return r;
}

int hprpc_server_address(struct hprpc_server *server, size_t index, char *ret_uri, size_t capacity)
{
    struct hprpc__link *link = server->acceptor.listeners.first;
    struct hprpc_listener *listener;

    while (link && index--)
        link = link->next;
    if (!link || !capacity)
        return HPRPC_EINVAL;
    listener = hprpc__listening_of(link)->listener;
    listener->ops->address(listener, ret_uri, capacity);
    return 0;
}

/* ---- Who is there ---- */

/* Visits the connections of one loop. */
static int visit_loop(struct hprpc_server *server, struct hprpc__loop *loop,
                      int (*visit)(void *self, struct hprpc_controller *controller), void *self)
{
    struct hprpc_controller **controllers;
    size_t capacity = 16 + atomic_load_explicit(&loop->connection_count, memory_order_relaxed), count;
    int r = 0;

    controllers = hprpc_context_allocate(server->context, capacity * sizeof(*controllers));
    if (!controllers)
        return HPRPC_ENOMEM;
    count = hprpc__loop_gather(loop, controllers, capacity);
    /* connections beyond the capacity have come just now, and count as later than the visit */
    for (size_t i = 0; i < count && i < capacity; i++) {
        if (r == 0 && hprpc__state(controllers[i]) == HPRPC__READY)
            r = visit(self, controllers[i]);
        hprpc_controller_drop(controllers[i]);
    }
    hprpc_context_release(server->context, controllers, capacity * sizeof(*controllers));
    return r;
}

static int visit_all(struct hprpc_server *server, int (*visit)(void *self, struct hprpc_controller *controller),
                     void *self)
{
    int r = 0;

    if (!hprpc__shared_is_ours(server->shared))
        return HPRPC_EFORKED;
    for (uint32_t i = 0; i < server->loop_count && r == 0; i++)
        r = visit_loop(server, &server->loops[i].loop, visit, self);
    return r;
}

int hprpc_server_connections(struct hprpc_server *server, int (*visit)(void *self, struct hprpc_controller *controller),
                             void *self)
{
    int cancellation = hprpc__cancellation_disable();
    int r = visit_all(server, visit, self);

    hprpc__cancellation_restore(cancellation);
    return r;
}

/* ---- Running ---- */

int hprpc__server_turn(struct hprpc_server *server, bool may_sleep, hprpc__deadline until)
{
    uint64_t resume = HPRPC__NEVER;

    if (server->acceptor.paused_until)
        resume = hprpc__acceptor_resume(&server->acceptor, hprpc_context_now(server->context));
    if (server->acceptor.polls) {
        hprpc__acceptor_poll(&server->acceptor, hprpc_context_now(server->context));
        resume = hprpc__deadline_earlier(resume, server->acceptor.next_poll);
    }
    return hprpc__loop_turn(&server->loops[0].loop, may_sleep, resume < until ? resume : until);
}

static void *run_loop(void *argument)
{
    struct hprpc__serving_loop *serving = argument;

    serving->loop.engine.runs = true;
    hprpc__loop_enter(&serving->loop);
    /* acquire: pairs with the release in stop_loops */
    while (!atomic_load_explicit(&serving->server->over, memory_order_acquire)) {
        if (hprpc__loop_turn(&serving->loop, true, HPRPC__NEVER) < 0)
            break;
    }
    if (!hprpc__shared_is_ours(serving->server->shared))
        return NULL;
    hprpc__server_send_rest(serving->server, &serving->loop);
    hprpc__loop_end_all(&serving->loop);
    hprpc__loop_leave(&serving->loop);
    return NULL;
}

static int start_loops(struct hprpc_server *server)
{
    atomic_store_explicit(&server->over, false, memory_order_relaxed);
    for (uint32_t i = 1; i < server->loop_count; i++) {
        if (hprpc__thread_start(&server->loops[i].thread, run_loop, &server->loops[i])) {
            hprpc_context_log(server->context, HPRPC_LOG_ERROR, "cannot start the thread of loop %u: %s",
                              (unsigned)i + 1, hprpc__errno_text(errno));
            return HPRPC_ESYSTEM;
        }
        server->loops[i].runs = true;
    }
    return 0;
}

static void stop_loops(struct hprpc_server *server)
{
    /* release: pairs with the acquire in run_loop */
    atomic_store_explicit(&server->over, true, memory_order_release);
    for (uint32_t i = 1; i < server->loop_count; i++) {
        if (!server->loops[i].runs)
            continue;
        hprpc__loop_kick(&server->loops[i].loop);
        hprpc__thread_join(&server->loops[i].thread);
        server->loops[i].runs = false;
    }
}

static int run(struct hprpc_server *server)
{
    int r;

    if (!hprpc__shared_is_ours(server->shared))
        return HPRPC_EFORKED;
    if (server->stage == HPRPC__STOPPED)
        return 0;
    /* it runs on another thread, or this thread left a handler by longjmp */
    if (atomic_exchange(&server->running, true))
        return HPRPC_EINVAL;
    if (!hprpc__loop_enter(&server->loops[0].loop)) {
        atomic_store(&server->running, false);
        return HPRPC_EINVAL;
    }
    server->loops[0].loop.engine.runs = true;
    r = start_loops(server);
    while (r == 0 && !hprpc__server_is_told_to_stop(server))
        r = hprpc__server_turn(server, true, HPRPC__NEVER);
    if (r == 0)
        r = hprpc__server_drain(server);
    /* in a child of fork that came out of a handler, connections, listeners and threads belong to the parent */
    if (r == HPRPC_EFORKED)
        return r;
    stop_loops(server);
    if (r == 0)
        hprpc__server_send_rest(server, &server->loops[0].loop);
    hprpc__loop_end_all(&server->loops[0].loop);
    hprpc__loop_leave(&server->loops[0].loop);
    atomic_store(&server->running, false);
    return r;
}

int hprpc_server_run(struct hprpc_server *server)
{
    int cancellation = hprpc__cancellation_disable();
    int r = run(server);

    hprpc__cancellation_restore(cancellation);
    return r;
}

/* ---- Inside an application's event loop ---- */

int hprpc_server_descriptor(struct hprpc_server *server)
{
    return server->loop_count == 1 ? server->loops[0].loop.poller.fd : HPRPC_EINVAL;
}

int hprpc_server_timeout(struct hprpc_server *server)
{
    hprpc__deadline deadline = hprpc__loop_deadline(&server->loops[0].loop);
    uint64_t now;

    if (server->stage == HPRPC__STOPPED)
        return -1;
    if (server->acceptor.polls)
        deadline = hprpc__deadline_earlier(deadline, server->acceptor.next_poll);
    if (server->acceptor.paused_until)
        deadline = hprpc__deadline_earlier(deadline, server->acceptor.paused_until);
    if (server->stage == HPRPC__SERVING && deadline == HPRPC__NEVER)
        return -1;
    now = hprpc_context_now(server->context);
    if (server->stage == HPRPC__DRAINING)
        deadline = hprpc__server_next_look(server, now, deadline);
    return deadline <= now ? 0 : hprpc__milliseconds(deadline - now);
}

static int process(struct hprpc_server *server)
{
    int r;

    if (!hprpc__shared_is_ours(server->shared))
        return HPRPC_EFORKED;
    if (server->loop_count != 1)
        return HPRPC_EINVAL;
    /*
     * A handler runs the application's loop: the connection of its request must outlive it. Or another thread serves a connection from
     * its other side, and rings when it is through.
     */
    if (!hprpc__loop_try_enter(&server->loops[0].loop))
        return 0;
    r = server->stage == HPRPC__STOPPED ? 0 : hprpc__server_turn(server, false, 0);
    if (r == 0)
        r = hprpc__server_go_on_stopping(server);
    /* in a child of fork that came out of a handler, the loop is the parent's */
    if (r != HPRPC_EFORKED)
        hprpc__loop_leave(&server->loops[0].loop);
    return r;
}

int hprpc_server_process(struct hprpc_server *server)
{
    int cancellation = hprpc__cancellation_disable();
    int r = process(server);

    hprpc__cancellation_restore(cancellation);
    return r;
}
