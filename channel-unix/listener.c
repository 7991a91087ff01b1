/* SPDX-License-Identifier: MIT */
/* A listener: a socket at a claimed path, at an abstract name, or one that was handed in. */
#include "channel-unix/unix.h"

#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct listener {
    struct hprpc_listener base;
    struct hprpc__claim claim; /* none on an abstract name, or where the socket was handed in */
    struct hprpc__unix_options options;
    int fd;
    struct hprpc__pool *pool;
    struct hprpc__spares spares;
    struct hprpc_channel *prepared; /* for the next connection, so that none is accepted without memory; or NULL */
    char rest[HPRPC__LOCAL_MAX];    /* of the URI */
};

/* ---- Accepting ---- */

static int accept_any(void *self)
{
    return accept4(((struct listener *)self)->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Looks who has come. `r`, or HPRPC_ACCEPTED_TO_REFUSE where it must not be served. */
static int admit(const struct listener *listener, int fd, int r, struct hprpc_detail *detail,
                 struct hprpc__local_peer *ret_peer)
{
    *ret_peer = (struct hprpc__local_peer){ .pid = -1, .uid = (uid_t)-1, .gid = (gid_t)-1 };
    if (hprpc__local_peer(fd, detail, ret_peer) < 0)
        return HPRPC_ACCEPTED_TO_REFUSE;
    if (hprpc__unix_trusts(&listener->options, ret_peer->uid))
        return r;
    hprpc_detail_set(
        detail, HPRPC_EPERMISSION,
        "the listener serves user %lu and not user %lu; \"trust=none\" in its URI would let other users in",
        (unsigned long)geteuid(), (unsigned long)ret_peer->uid);
    return HPRPC_ACCEPTED_TO_REFUSE;
}

static int accept_one(struct hprpc_listener *base, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct listener *listener = (struct listener *)base;
    const struct hprpc__socket_options *options = &listener->options.socket;
    struct hprpc__local_peer peer;
    int fd, r;

    if (!listener->prepared)
        listener->prepared = hprpc__unix_prepare(base->context, options, listener->pool);
    if (!listener->prepared)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "no memory for another connection");
    r = hprpc__socket_accept(&listener->spares, accept_any, listener, detail, &fd);
    if (r <= 0)
        return r;
    r = admit(listener, fd, r, detail, &peer);
    hprpc__unix_begin(listener->prepared, fd, &peer, options);
    *ret_channel = listener->prepared;
    listener->prepared = NULL;
    return r;
}

/* ---- The other slots ---- */

static size_t watch(struct hprpc_listener *base, struct hprpc_watch *ret_watches)
{
    ret_watches[0] = (struct hprpc_watch){ .fd = ((struct listener *)base)->fd, .events = POLLIN };
    return 1;
}

static void address(struct hprpc_listener *base, char *ret_uri, size_t capacity)
{
    hprpc_uri_format("unix", ((struct listener *)base)->rest, ret_uri, capacity);
}

static void free_listener(struct hprpc_listener *base)
{
    struct listener *listener = (struct listener *)base;

    /* the name first: a client that finds the name must find a listener */
    hprpc__claim_drop(&listener->claim);
    if (listener->fd >= 0)
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

/* ---- Listening ---- */

static int no_memory(struct hprpc_detail *detail)
{
    return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a listener");
}

/* Makes a listener without a socket. NULL: there is no memory. */
static struct listener *new_listener(struct hprpc_context *context, const struct hprpc__unix_options *options)
{
    struct listener *listener = hprpc_context_allocate(context, sizeof(*listener));

    if (!listener)
        return NULL;
    *listener = (struct listener){
        .base = { .ops = &ops, .context = context }, .claim = { .lock_fd = -1 }, .options = *options, .fd = -1
    };
    hprpc__spares_init(&listener->spares, 1);
    listener->pool = hprpc__pool_new(context);
    if (listener->pool)
        return listener;
    free_listener(&listener->base);
    return NULL;
}

/* Makes the socket at the place of a URI. */
static int open_socket(struct listener *listener, const struct hprpc_uri *uri, struct hprpc_detail *detail)
{
    int r;

    if (hprpc__local_is_abstract(uri->rest)) {
        r = hprpc__local_check_abstract(uri->rest, detail);
        return r < 0 ? r : hprpc__local_listen_abstract(SOCK_STREAM, uri->rest, detail);
    }
    r = hprpc__claim_take_uri(&listener->claim, uri, HPRPC__UNIX_SUFFIX, S_IFSOCK, detail);
    return r < 0 ? r : hprpc__local_listen(SOCK_STREAM, &listener->claim, listener->options.mode, detail);
}

int hprpc__unix_listen(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc_listener **ret_listener)
{
    struct hprpc__unix_options options;
    struct listener *listener;
    int r = hprpc__unix_options(uri, detail, &options);

    if (r < 0)
        return r;
    listener = new_listener(context, &options);
    if (!listener)
        return no_memory(detail);
    r = listener->fd = open_socket(listener, uri, detail);
    if (r < 0) {
        free_listener(&listener->base);
        return r;
    }
    snprintf(listener->rest, sizeof(listener->rest), "%s", uri->rest);
    *ret_listener = &listener->base;
    return 0;
}

int hprpc__unix_listen_fd(struct hprpc_context *context, int fd, const struct hprpc_uri *uri,
                          struct hprpc_detail *detail, struct hprpc_listener **ret_listener)
{
    struct hprpc__unix_options options;
    struct listener *listener;
    char place[HPRPC__LOCAL_MAX];
    int r = hprpc__unix_handed(fd, true, uri, detail, &options);

    if (r < 0)
        return r;
    if (!hprpc__local_place(fd, place))
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "it does not tell its name");
    listener = new_listener(context, &options);
    if (!listener)
        return no_memory(detail);
    listener->fd = fd; /* its name belongs to the process that made it, and stays */
    memcpy(listener->rest, place, sizeof(place));
    *ret_listener = &listener->base;
    return 0;
}
