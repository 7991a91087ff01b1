/* SPDX-License-Identifier: MIT */
/* One TCP connection: how an opening becomes one, its reads and writes, and its end. */
#include "channel-tcp/opening.h"

#include <sys/socket.h>

struct tcp {
    struct hprpc__socket socket; /* its descriptor is -1 until one of the attempts has won */
    struct hprpc__tcp_address peer;
    struct hprpc__tcp_opening *opening; /* NULL when it was accepted */
};

/* ---- Opening ---- */

/*
 * Drives the opening, on the receiving side. The attempts that lost are closed with the channel, so their numbers cannot be taken
 * for the one that won.
 */
static int advance(struct tcp *tcp, struct hprpc_detail *detail)
{
    int r = hprpc__tcp_opening_advance(tcp->opening, detail, &tcp->socket.fd, &tcp->peer);

    tcp->socket.stream.channel.waits_for = r == 0 ? hprpc__tcp_opening_waits_for(tcp->opening) : NULL;
    return r;
}

static int open_stream(struct hprpc_framed *stream)
{
    struct hprpc_detail detail = { "" };
    int r = advance((struct tcp *)stream, &detail);

    if (r == HPRPC_ECLOSED)
        return 0; /* the sending side has closed, and is about to break the stream */
    return r < 0 ? hprpc_framed_fail(stream, r, "%s", detail.text) : r;
}

/* ---- The rest ---- */

static bool is_open(struct hprpc_framed *stream)
{
    /* acquire: pairs with the release in open_stream (receive.c); the descriptor does not change any more */
    return __atomic_load_n(&stream->open, __ATOMIC_ACQUIRE);
}

static size_t watch(struct hprpc_framed *stream, bool writing, struct hprpc_watch *ret_watches)
{
    return is_open(stream) ? hprpc__socket_watch(stream, writing, ret_watches)
                           : hprpc__tcp_opening_watch(((struct tcp *)stream)->opening, ret_watches);
}

static void shut(struct hprpc_framed *stream)
{
    if (is_open(stream))
        hprpc__socket_shut(stream);
    else
        hprpc__tcp_opening_close(((struct tcp *)stream)->opening);
}

static void let_go(struct hprpc_framed *stream)
{
    struct tcp *tcp = (struct tcp *)stream;

    hprpc__socket_let_go(stream);
    hprpc__tcp_opening_free(tcp->opening);
    tcp->opening = NULL;
}

static void dispose(struct hprpc_framed *stream)
{
    struct tcp *tcp = (struct tcp *)stream;
    struct hprpc_context *context = stream->channel.context;

    let_go(stream);
    hprpc_context_release(context, tcp, sizeof(*tcp));
}

static void describe(struct hprpc_framed *stream, struct hprpc_peer *ret_peer)
{
    struct tcp *tcp = (struct tcp *)stream;

    if (is_open(stream) || !tcp->opening)
        hprpc__tcp_format(&tcp->peer, ret_peer->address, sizeof(ret_peer->address));
    else
        hprpc__tcp_opening_describe(tcp->opening, ret_peer->address, sizeof(ret_peer->address));
    ret_peer->engine = hprpc__socket_engine(stream);
}

static const struct hprpc_framed_ops ops = {
    .name = "tcp",
    .open = open_stream,
    .read = hprpc__socket_read,
    .write = hprpc__socket_write,
    .watch = watch,
    .shut = shut,
    .let_go = let_go,
    .dispose = dispose,
    .describe = describe,
};

struct hprpc_channel *hprpc__tcp_prepare(struct hprpc_context *context, const struct hprpc__socket_options *options,
                                         struct hprpc__pool *pool)
{
    struct tcp *tcp = hprpc_context_allocate(context, sizeof(*tcp));

    if (!tcp)
        return NULL;
    hprpc__socket_init(&tcp->socket, &ops, context, options, true, pool);
    tcp->opening = NULL;
    return &tcp->socket.stream.channel;
}

void hprpc__tcp_accepted(struct hprpc_channel *channel, int fd, const struct hprpc__tcp_address *peer)
{
    struct tcp *tcp = (struct tcp *)channel;

    tcp->socket.fd = fd;
    tcp->peer = *peer;
}

int hprpc__tcp_open(struct hprpc_context *context, const struct hprpc__tcp_options *options,
                    const struct hprpc__tcp_place *place, const struct hprpc__tcp_address *addresses, size_t count,
                    struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct tcp *tcp = hprpc_context_allocate(context, sizeof(*tcp));
    int r;

    if (!tcp)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a connection");
    hprpc__socket_init(&tcp->socket, &ops, context, &options->socket, false, NULL);
    tcp->socket.stream.open = false;
    tcp->peer = addresses ? addresses[0] : (struct hprpc__tcp_address){ .size = 0 };
    r = hprpc__tcp_opening_new(context, options, place, addresses, count, detail, &tcp->opening);
    if (r < 0) {
        hprpc_context_release(context, tcp, sizeof(*tcp));
        return r;
    }
    r = advance(tcp, detail);
    if (r < 0) {
        tcp->socket.stream.channel.ops->free(&tcp->socket.stream.channel);
        return r;
    }
    tcp->socket.stream.open = r == 1;
    *ret_channel = &tcp->socket.stream.channel;
    return 0;
}

int hprpc__tcp_connect(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc_channel **ret_channel)
{
    struct hprpc__tcp_address address;
    struct hprpc__tcp_options options;
    struct hprpc__tcp_place place;
    int r;

    r = hprpc__tcp_options(uri, detail, &options);
    if (!r)
        r = hprpc__tcp_place(uri, detail, &place);
    if (!r && !place.port)
        r = hprpc_detail_set(detail, HPRPC_EURI, "tcp://%.100s: nobody can connect to port 0", uri->rest);
    if (!r)
        r = hprpc__tcp_numeric(&place, detail, &address);
    if (r < 0)
        return r;
    return hprpc__tcp_open(context, &options, r ? NULL : &place, r ? &address : NULL, 1, detail, ret_channel);
}

int hprpc__tcp_connect_fd(struct hprpc_context *context, int fd, const struct hprpc_uri *uri,
                          struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct hprpc__tcp_address peer = { .size = sizeof(peer.v6) };
    struct hprpc__tcp_options options;
    struct hprpc_channel *channel;
    int r = hprpc__tcp_handed(fd, false, uri, detail, &options);

    if (r < 0)
        return r;
    if (getpeername(fd, &peer.any, &peer.size))
        return hprpc_detail_set(detail, HPRPC_EINVAL, "it is a socket that is no longer connected");
    channel = hprpc__tcp_prepare(context, &options.socket, NULL);
    if (!channel)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "there is no memory for a connection");
    hprpc__tcp_accepted(channel, fd, &peer);
    *ret_channel = channel;
    return 0;
}
