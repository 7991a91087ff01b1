/* SPDX-License-Identifier: MIT */
/* A listening TCP socket. */
#include "channel-tcp/tcp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/errno-text.h"
#include "channel/spare.h"
#include <hprpc/channel/uri.h>

enum { BACKLOG = 4096, FAILED_PEERS = 64 };

struct listener {
    struct hprpc_listener base;
    int fd;
    enum hprpc_wait wait;
    struct hprpc__pool *pool;
    struct hprpc__spares spares;
    struct hprpc_channel *prepared; /* for the next connection, so that none is accepted without memory; or NULL */
    struct hprpc__tcp_place place;  /* as the URI gave it, with the port that the system picked */
};

/* Whether `accept` failed for one peer only. */
static bool peer_failed(int number)
{
    switch (number) {
    case ECONNABORTED:
    case EINTR:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENOPROTOOPT:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

static int accept_one(struct hprpc_listener *base, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct listener *listener = (struct listener *)base;
    struct hprpc__tcp_address peer;
    bool refuses = false;
    int fd, i;

    hprpc__spares_refill(&listener->spares);
    if (!listener->prepared)
        listener->prepared = hprpc__tcp_prepare(base->context, listener->wait, listener->pool);
    if (!listener->prepared)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "no memory for another connection");
    for (i = 0; i < FAILED_PEERS; i++) {
        peer.size = sizeof(peer.v6);
        fd = accept4(listener->fd, &peer.any, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            break;
        if (errno == EAGAIN)
            return 0;
        if (hprpc__spares_let_go(&listener->spares, errno)) {
            refuses = true;
            hprpc_detail_set(detail, HPRPC_ESYSTEM, "the server has no descriptor left: %s", hprpc__errno_text(errno));
            continue;
        }
        if (!peer_failed(errno))
            return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot accept a connection: %s", hprpc__errno_text(errno));
    }
    if (i == FAILED_PEERS)
        return 0; /* the next turn accepts further connections */
    hprpc__tcp_accepted(listener->prepared, fd, &peer);
    *ret_channel = listener->prepared;
    listener->prepared = NULL;
    return refuses ? HPRPC_ACCEPTED_TO_REFUSE : 1;
}

static size_t watch(struct hprpc_listener *base, struct hprpc_watch *ret_watches)
{
    ret_watches[0] = (struct hprpc_watch){ .fd = ((struct listener *)base)->fd, .events = POLLIN };
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

    close(listener->fd);
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

/* Listens at one address; the descriptor or a negated errno. */
static int listen_at(const struct hprpc__tcp_address *address, const struct hprpc__tcp_options *options)
{
    int fd = hprpc__tcp_socket(address->any.sa_family, options), yes = 1, error;

    if (fd < 0)
        return fd;
    /* a server that restarts need not wait until the system forgets its former connections */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (!bind(fd, &address->any, address->size) && !listen(fd, BACKLOG))
        return fd;
    error = errno;
    close(fd);
    return -error;
}

/* 0 where the system does not say. */
static uint16_t bound_port(int fd)
{
    struct hprpc__tcp_address here = { .size = sizeof(here.v6) };

    if (getsockname(fd, &here.any, &here.size))
        return 0;
    return ntohs(here.any.sa_family == AF_INET6 ? here.v6.sin6_port : here.v4.sin_port);
}

/* Listens at the first address that allows it. */
static int listen_at_any(const struct hprpc__tcp_address *addresses, size_t count,
                         const struct hprpc__tcp_options *options, struct hprpc_detail *detail, int *ret_fd,
                         uint16_t *ret_port)
{
    char text[HPRPC__TCP_TEXT_MAX];
    int fd = -1, code;

    for (size_t i = 0; i < count; i++) {
        fd = listen_at(&addresses[i], options);
        *ret_port = fd < 0 ? 0 : bound_port(fd);
        if (*ret_port) {
            *ret_fd = fd;
            return 0;
        }
        if (fd >= 0) {
            close(fd);
            fd = -ENOBUFS; /* the only error that getsockname() has here */
        }
        hprpc__tcp_format(&addresses[i], text, sizeof(text));
    }
    code = hprpc__tcp_code(-fd);
    return hprpc_detail_set(detail, code, "%s %s (%s)",
                            code == HPRPC_EINUSE ? "somebody already listens at" : "cannot listen at", text,
                            hprpc__errno_text(-fd));
}

int hprpc__tcp_listen(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                      struct hprpc_listener **ret_listener)
{
    struct hprpc__tcp_address addresses[HPRPC__TCP_ADDRESSES];
    struct hprpc__tcp_options options;
    struct hprpc__tcp_place place;
    struct hprpc__pool *pool;
    struct listener *listener;
    size_t count;
    int r, fd = -1;

    r = hprpc__tcp_options(uri, detail, &options);
    if (!r)
        r = hprpc__tcp_place(uri, detail, &place);
    if (!r)
        r = hprpc__tcp_resolve(&place, true, detail, addresses, &count);
    if (!r)
        r = listen_at_any(addresses, count, &options, detail, &fd, &place.port);
    if (r)
        return r;
    listener = hprpc_context_allocate(context, sizeof(*listener));
    pool = listener ? hprpc__pool_new(context) : NULL;
    if (!pool) {
        hprpc_context_release(context, listener, sizeof(*listener));
        close(fd);
        return HPRPC_ENOMEM;
    }
    listener->base.ops = &ops;
    listener->base.context = context;
    listener->fd = fd;
    listener->wait = options.wait;
    listener->pool = pool;
    listener->prepared = NULL;
    hprpc__spares_init(&listener->spares, 1);
    listener->place = place;
    *ret_listener = &listener->base;
    return 0;
}
