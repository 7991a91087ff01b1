/* SPDX-License-Identifier: MIT */
/* A listener: one socket that listens, or one for each address of a host. */
#include "channel-tcp/tcp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/errno-text.h"
#include "base/poller.h"
#include <hprpc/channel/uri.h>

struct listener {
    struct hprpc_listener base;
    struct hprpc__tcp_sockets sockets;
    size_t next;              /* of the sockets: where to look first for a connection */
    struct hprpc__poller set; /* of several sockets; none for one */
    struct hprpc__socket_options options;
    struct hprpc__pool *pool;
    struct hprpc__spares spares;
    struct hprpc_channel *prepared; /* for the next connection, so that none is accepted without memory; or NULL */
    struct hprpc__tcp_address peer; /* of the connection that is being accepted */
    struct hprpc__tcp_place place;  /* as the URI gave it, with the port that the system picked */
};

/* Accepts at one of the sockets, which take turns. As `accept` of hprpc__socket_accept. */
static int accept_any(void *self)
{
    struct listener *listener = self;
    struct hprpc__tcp_address *peer = &listener->peer;
    int fd = -1;

    errno = EAGAIN;
    for (size_t i = 0; i < listener->sockets.count && fd < 0 && errno == EAGAIN; i++) {
        peer->size = sizeof(peer->v6);
        fd = accept4(listener->sockets.fds[listener->next], &peer->any, &peer->size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        listener->next = (listener->next + 1) % listener->sockets.count;
    }
    return fd;
}

static int accept_one(struct hprpc_listener *base, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct listener *listener = (struct listener *)base;
    int fd, r;

    if (!listener->prepared)
        listener->prepared = hprpc__tcp_prepare(base->context, &listener->options, listener->pool);
    if (!listener->prepared)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "no memory for another connection");
    r = hprpc__socket_accept(&listener->spares, accept_any, listener, detail, &fd);
    if (r <= 0)
        return r;
    hprpc__tcp_accepted(listener->prepared, fd, &listener->peer);
    *ret_channel = listener->prepared;
    listener->prepared = NULL;
    return r;
}

static size_t watch(struct hprpc_listener *base, struct hprpc_watch *ret_watches)
{
    const struct listener *listener = (const struct listener *)base;

    ret_watches[0] = (struct hprpc_watch){
        .fd = listener->set.fd >= 0 ? listener->set.fd : listener->sockets.fds[0],
        .events = POLLIN,
    };
    return 1;
}

static void address(struct hprpc_listener *base, char *ret_uri, size_t capacity)
{
    const struct listener *listener = (const struct listener *)base;
    char rest[HPRPC__TCP_HOST_MAX + 10];

    snprintf(rest, sizeof(rest), strchr(listener->place.host, ':') ? "[%s]:%u" : "%s:%u", listener->place.host,
             listener->place.port);
    hprpc_uri_format("tcp", rest, ret_uri, capacity);
}

static void free_listener(struct hprpc_listener *base)
{
    struct listener *listener = (struct listener *)base;

    hprpc__poller_clear(&listener->set);
    hprpc__tcp_sockets_close(&listener->sockets);
    hprpc__spares_clear(&listener->spares);
    if (listener->prepared)
        listener->prepared->ops->free(listener->prepared);
    hprpc__pool_drop(listener->pool);
    hprpc_context_release(base->context, listener, sizeof(*listener));
}

static const struct hprpc_listener_ops ops = {
    .accept = accept_one,
    .watch = watch,
    .address = address,
    .free = free_listener,
};

static struct listener *new_listener(struct hprpc_context *context)
{
    struct listener *listener = hprpc_context_allocate(context, sizeof(*listener));

    if (!listener)
        return NULL;
    memset(listener, 0, sizeof(*listener));
    listener->base = (struct hprpc_listener){ .ops = &ops, .context = context };
    listener->set.fd = -1;
    listener->pool = hprpc__pool_new(context);
    if (!listener->pool) {
        hprpc_context_release(context, listener, sizeof(*listener));
        return NULL;
    }
    return listener;
}

/* Makes the set of a listener that has several sockets. */
static bool gather(struct listener *listener)
{
    if (listener->sockets.count == 1)
        return true;
    if (hprpc__poller_init(&listener->set) < 0)
        return false;
    for (size_t i = 0; i < listener->sockets.count; i++) {
        const struct hprpc_watch watch = { .fd = listener->sockets.fds[i], .events = POLLIN };

        if (!hprpc__poller_add(&listener->set, &watch, listener))
            return false;
    }
    return true;
}

/* Makes a listener of sockets, which stay the caller's where that fails. */
static int listen_with(struct hprpc_context *context, const struct hprpc__tcp_options *options,
                       const struct hprpc__tcp_place *place, const struct hprpc__tcp_sockets *sockets,
                       struct hprpc_detail *detail, struct hprpc_listener **ret_listener)
{
    struct listener *listener = new_listener(context);

    if (!listener)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a listener");
    listener->sockets = *sockets;
    listener->options = options->socket;
    listener->place = *place;
    hprpc__spares_init(&listener->spares, 1);
    if (!gather(listener)) {
        hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot watch the sockets of %.100s: %s", place->host,
                         hprpc__errno_text(errno));
        listener->sockets.count = 0;
        free_listener(&listener->base);
        return HPRPC_ESYSTEM;
    }
    *ret_listener = &listener->base;
    return 0;
}

int hprpc__tcp_listen(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                      struct hprpc_listener **ret_listener)
{
    struct hprpc__tcp_address addresses[HPRPC__TCP_ADDRESSES];
    struct hprpc__tcp_sockets sockets;
    struct hprpc__tcp_options options;
    struct hprpc__tcp_place place;
    size_t count = 1;
    int r;

    r = hprpc__tcp_options(uri, detail, &options);
    if (r == 0)
        r = hprpc__tcp_place(uri, detail, &place);
    if (r == 0)
        r = hprpc__tcp_numeric(&place, detail, &addresses[0]);
    if (r == 0)
        r = hprpc__tcp_resolve(&place, detail, addresses, &count);
    if (r >= 0)
        r = hprpc__tcp_listen_at(&place, addresses, count, &options, detail, &sockets);
    if (r < 0)
        return r;
    r = listen_with(context, &options, &place, &sockets, detail, ret_listener);
    if (r < 0)
        hprpc__tcp_sockets_close(&sockets);
    return r;
}

/* The place of a socket that has its address already. */
static int place_of(int fd, struct hprpc_detail *detail, struct hprpc__tcp_place *ret_place)
{
    struct hprpc__tcp_address here = { .size = sizeof(here.v6) };
    struct hprpc_uri uri = { .option_count = 0 };
    char text[HPRPC__TCP_TEXT_MAX];

    if (getsockname(fd, &here.any, &here.size))
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "it does not tell its address: %s", hprpc__errno_text(errno));
    hprpc__tcp_format(&here, text, sizeof(text));
    uri.rest = text;
    return hprpc__tcp_place(&uri, detail, ret_place);
}

int hprpc__tcp_listen_fd(struct hprpc_context *context, int fd, const struct hprpc_uri *uri,
                         struct hprpc_detail *detail, struct hprpc_listener **ret_listener)
{
    const struct hprpc__tcp_sockets sockets = { .count = 1, .fds = { fd } };
    struct hprpc__tcp_options options;
    struct hprpc__tcp_place place;
    int r;

    r = hprpc__tcp_handed(fd, true, uri, detail, &options);
    if (r == 0)
        r = place_of(fd, detail, &place);
    return r < 0 ? r : listen_with(context, &options, &place, &sockets, detail, ret_listener);
}
