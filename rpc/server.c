/* The server's life: services, listeners, and what an application sees of them. The loop is in loop.c. */
#include "rpc/server.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rpc/guard.h"
#include "rpc/limits.h"
#include "rpc/transports.h"
#include "rpc/watcher.h"

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

static int set_limits(struct hprpc_server *server, const struct hprpc_server_options *options)
{
    server->limits = (struct hprpc__limits){
        .max_message = options->max_message,
        .max_calls = options->max_calls,
        .max_depth = options->max_depth,
        .timeout_ms = options->timeout_ms,
        .max_call_bytes = options->max_call_bytes,
        .max_decoded = options->max_decoded,
    };
    server->max_connections = options->max_connections ? options->max_connections : HPRPC__CONNECTIONS_MAX;
    server->opening_ms = options->handshake_timeout_ms ? options->handshake_timeout_ms : HPRPC__OPENING_MS;
    return hprpc__limits_complete(&server->limits);
}

static void free_parts(struct hprpc_server *server)
{
    hprpc__services_clear(&server->services);
    if (server->epoll_fd >= 0)
        close(server->epoll_fd);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    hprpc__guard_free(server->guard);
    hprpc_release(server->context, server, sizeof(*server));
}

int hprpc_server_new(struct hprpc_context *context, const struct hprpc_server_options *options,
                     struct hprpc_server **ret_server)
{
    struct hprpc_server_options given;
    struct hprpc_server *server;

    if (read_options(options, &given) < 0)
        return HPRPC_EINVAL;
    server = hprpc_allocate(context, sizeof(*server));
    if (!server)
        return HPRPC_ENOMEM;
    memset(server, 0, sizeof(*server));
    server->context = context;
    server->services.context = context;
    server->host.attend = hprpc__server_attend;
    server->host.dedicated = true;
    server->guard = hprpc__guard_new();
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->next_deadline = HPRPC__NEVER;
    atomic_init(&server->stop, false);
    if (set_limits(server, &given) < 0) {
        free_parts(server);
        return HPRPC_EINVAL;
    }
    if (!server->guard || server->wake_fd < 0 || server->epoll_fd < 0 ||
        hprpc__watcher_add(server->epoll_fd, server->wake_fd, &server->wake_fd) < 0) {
        free_parts(server);
        return HPRPC_ESYSTEM;
    }
    *ret_server = server;
    return 0;
}

int hprpc_server_add(struct hprpc_server *server, const struct hprpc_interface *interface, const void *handlers,
                     void *self)
{
    return hprpc__services_add(&server->services, 0, interface, handlers, self);
}

/* ---- Listening ---- */

static int watch_listener(struct hprpc_server *server, struct hprpc__listening *listening)
{
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    size_t count = listening->listener->ops->watch(listening->listener, watches);

    for (size_t i = 0; i < count; i++) {
        if (hprpc__watcher_add(server->epoll_fd, watches[i].fd, listening) < 0)
            return HPRPC_ESYSTEM;
    }
    return 0;
}

int hprpc_server_listen(struct hprpc_server *server, const char *uri, struct hprpc_detail *detail)
{
    const struct hprpc_transport *transport;
    struct hprpc__listening *listening, **last;
    struct hprpc_uri parts;
    int r;

    r = hprpc__transport_find(server->context, uri, detail, &parts, &transport);
    if (r < 0)
        return r;
    listening = hprpc_allocate(server->context, sizeof(*listening));
    if (!listening)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory to listen at %.100s", uri);
    *listening = (struct hprpc__listening){ NULL, NULL };
    r = transport->listen(server->context, &parts, detail, &listening->listener);
    if (r < 0)
        goto release_listening;
    r = watch_listener(server, listening);
    if (r < 0) {
        hprpc_detail_set(detail, r, "cannot watch the listener at %.100s: %s", uri, strerror(errno));
        goto free_listener;
    }
    for (last = &server->listeners; *last; last = &(*last)->next)
        continue;
    *last = listening;
    return 0;

free_listener:
    listening->listener->ops->free(listening->listener);
release_listening:
    hprpc_release(server->context, listening, sizeof(*listening));
    return r;
}

int hprpc_server_address(struct hprpc_server *server, size_t index, char *ret_uri, size_t capacity)
{
    struct hprpc__listening *listening = server->listeners;

    while (listening && index--)
        listening = listening->next;
    if (!listening || !capacity)
        return HPRPC_EINVAL;
    listening->listener->ops->address(listening->listener, ret_uri, capacity);
    return 0;
}

/* ---- Running and ending ---- */

int hprpc_server_run(struct hprpc_server *server)
{
    int r = 0;

    while (r == 0 && !atomic_load_explicit(&server->stop, memory_order_acquire))
        r = hprpc__server_turn(server, true);
    return r;
}

void hprpc_server_stop(struct hprpc_server *server)
{
    uint64_t one = 1;
    int saved = errno;

    /* release: pairs with the acquire in hprpc_server_run. Everything here may be done in a signal handler. */
    atomic_store_explicit(&server->stop, true, memory_order_release);
    if (write(server->wake_fd, &one, sizeof(one)) < 0)
        errno = saved;
    errno = saved;
}

int hprpc_server_descriptor(struct hprpc_server *server)
{
    return server->epoll_fd;
}

int hprpc_server_timeout(struct hprpc_server *server)
{
    return hprpc__server_timeout(server);
}

int hprpc_server_process(struct hprpc_server *server)
{
    return hprpc__server_turn(server, false);
}

void hprpc_server_free(struct hprpc_server *server)
{
    struct hprpc__listening *listening;

    if (!server)
        return;
    while ((listening = server->listeners)) {
        server->listeners = listening->next;
        listening->listener->ops->free(listening->listener);
        hprpc_release(server->context, listening, sizeof(*listening));
    }
    hprpc__server_close_all(server);
    free_parts(server);
}
