/* SPDX-License-Identifier: MIT */
/* One connection by a Unix-domain socket. It is open from the start: connecting takes one system call, which does not wait. */
#include "channel-unix/unix.h"

#include <stdio.h>
#include <unistd.h>

static void dispose(struct hprpc_framed *stream)
{
    struct hprpc_context *context = stream->channel.context;

    hprpc__socket_let_go(stream);
    hprpc_context_release(context, stream, sizeof(struct hprpc__unix_connection));
}

static void describe(struct hprpc_framed *stream, struct hprpc_peer *ret_peer)
{
    const struct hprpc__local_peer *peer = &((const struct hprpc__unix_connection *)stream)->peer;

    snprintf(ret_peer->address, sizeof(ret_peer->address), "pid %lld", (long long)peer->pid);
    ret_peer->pid = peer->pid;
    ret_peer->uid = peer->uid;
    ret_peer->gid = peer->gid;
    ret_peer->engine = hprpc__socket_engine(stream);
}

static const struct hprpc_framed_ops ops = {
    .name = "unix",
    .read = hprpc__unix_read,
    .write = hprpc__socket_write,
    .write_with = hprpc__unix_write_with,
    .watch = hprpc__socket_watch,
    .shut = hprpc__socket_shut,
    .let_go = hprpc__socket_let_go,
    .dispose = dispose,
    .describe = describe,
};

/* ---- Making one ---- */

static struct hprpc_channel *new_connection(struct hprpc_context *context, const struct hprpc__socket_options *options,
                                            bool completes, struct hprpc__pool *pool)
{
    struct hprpc__unix_connection *connection = hprpc_context_allocate(context, sizeof(*connection));

    if (!connection)
        return NULL;
    hprpc__socket_init(&connection->socket, &ops, context, options, completes, pool);
    connection->refuses = false;
    /* a ring's reads have no room for descriptors */
    connection->socket.stream.channel.carries_descriptors = options->engine != HPRPC_ENGINE_URING;
    return &connection->socket.stream.channel;
}

struct hprpc_channel *hprpc__unix_prepare(struct hprpc_context *context, const struct hprpc__socket_options *options,
                                          struct hprpc__pool *pool)
{
    return new_connection(context, options, true, pool);
}

void hprpc__unix_begin(struct hprpc_channel *channel, int fd, const struct hprpc__local_peer *peer,
                       const struct hprpc__socket_options *options)
{
    struct hprpc__unix_connection *connection = (struct hprpc__unix_connection *)channel;

    hprpc__socket_set_buffers(fd, options);
    connection->peer = *peer;
    connection->socket.fd = fd;
}

/* ---- Connecting ---- */

/* Makes a channel of a connected socket, which stays the caller's where that fails. `place` is what it was connected to. */
static int enter(struct hprpc_context *context, int fd, const char *place, const struct hprpc__unix_options *options,
                 struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct hprpc__local_peer peer = { .pid = 0 };
    struct hprpc_channel *channel;
    int r = hprpc__local_peer(fd, detail, &peer);

    if (r < 0)
        return r;
    if (!hprpc__unix_trusts(options, peer.uid))
        return hprpc_detail_set(detail, HPRPC_EPERMISSION,
                                "%s belongs to user %lu; \"trust=none\" would say that any user may serve", place,
                                (unsigned long)peer.uid);
    channel = new_connection(context, &options->socket, false, NULL);
    if (!channel)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "there is no memory for a connection");
    hprpc__unix_begin(channel, fd, &peer, &options->socket);
    *ret_channel = channel;
    return 0;
}

/* The path or abstract name of a URI. */
static int find_place(const struct hprpc_uri *uri, struct hprpc_detail *detail, char ret_place[HPRPC__LOCAL_MAX])
{
    int r;

    if (!hprpc__local_is_abstract(uri->rest))
        return hprpc__place_find(uri, HPRPC__UNIX_SUFFIX, false, detail, ret_place);
    r = hprpc__local_check_abstract(uri->rest, detail);
    if (r == 0)
        snprintf(ret_place, HPRPC__LOCAL_MAX, "%s", uri->rest);
    return r;
}

int hprpc__unix_connect(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                        struct hprpc_channel **ret_channel)
{
    struct hprpc__unix_options options;
    char place[HPRPC__LOCAL_MAX];
    int r = hprpc__unix_options(uri, detail, &options), fd;

    if (r == 0)
        r = find_place(uri, detail, place);
    if (r < 0)
        return r;
    fd = hprpc__local_connect(SOCK_STREAM, place, detail);
    if (fd < 0)
        return fd;
    r = enter(context, fd, place, &options, detail, ret_channel);
    if (r < 0)
        close(fd);
    return r;
}

int hprpc__unix_connect_fd(struct hprpc_context *context, int fd, const struct hprpc_uri *uri,
                           struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct hprpc__unix_options options;
    int r = hprpc__unix_handed(fd, false, uri, detail, &options);

    return r < 0 ? r : enter(context, fd, "its other end", &options, detail, ret_channel);
}
