/* SPDX-License-Identifier: MIT */
/* One TCP connection: how an opening becomes one, its reads and writes, and its end. */
#include "channel-tcp/opening.h"
#include "channel-tcp/uring.h"
#include "base/system-calls.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

struct tcp {
    struct hprpc_framed stream;
    int fd; /* -1 until one of the attempts has won */
    struct hprpc__tcp_address peer;
    struct hprpc__tcp_opening *opening; /* NULL when it was accepted */
};

/* ---- Reading and writing ---- */

/* Moves to the ring of its loop, before the first read. Without memory for that, epoll serves. */
static struct hprpc__driver *join_ring(struct tcp *tcp)
{
    struct hprpc_channel *channel = &tcp->stream.channel;
    struct hprpc__driver *driver = hprpc__tcp_uring_new(channel, tcp->fd);

    if (driver)
        hprpc__driver_set(&tcp->stream, driver);
    /* relaxed, here and in describe: the texts are constants */
    __atomic_store_n(&channel->engine, driver ? "uring" : hprpc__ring_refusal(-ENOMEM), __ATOMIC_RELAXED);
    channel->ring = NULL;
    return driver;
}

static ssize_t read_runs(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    struct tcp *tcp = (struct tcp *)stream;
    struct hprpc__driver *driver = KODOSIS_UNLIKELY(stream->channel.ring) ? join_ring(tcp) : NULL;
    struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)runs, .msg_iovlen = (size_t)count };
    ssize_t n;

    if (driver)
        return driver->ops->read(driver, stream, runs, count);
    do
        n = count == 1 ? hprpc__recv(tcp->fd, runs->iov_base, runs->iov_len, 0) : hprpc__recvmsg(tcp->fd, &message, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -hprpc__tcp_loss(errno) : n;
}

/*
 * An error that leaves the connection open (there was no memory) ends it on this side, and so wakes the thread that sleeps until
 * something comes: it is the one that reports the end.
 */
static ssize_t fail(const struct tcp *tcp, int number)
{
    if (number != EAGAIN)
        shutdown(tcp->fd, SHUT_RDWR);
    return -hprpc__tcp_loss(number);
}

static ssize_t write_runs(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    const struct tcp *tcp = (const struct tcp *)stream;
    struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)runs, .msg_iovlen = (size_t)count };
    ssize_t n;

    do
        n = count == 1 ? hprpc__send_bytes(tcp->fd, runs->iov_base, runs->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT)
                       : hprpc__sendmsg(tcp->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? fail(tcp, errno) : n;
}

/* ---- Opening ---- */

/*
 * Drives the opening, on the receiving side. The attempts that lost are closed with the channel, so their numbers cannot be taken
 * for the one that won.
 */
static int advance(struct tcp *tcp, struct hprpc_detail *detail)
{
    int r = hprpc__tcp_opening_advance(tcp->opening, detail, &tcp->fd, &tcp->peer);

    tcp->stream.channel.waits_for = r == 0 ? hprpc__tcp_opening_waits_for(tcp->opening) : NULL;
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
    struct tcp *tcp = (struct tcp *)stream;
    struct hprpc__driver *driver = hprpc__driver_of(stream);

    if (driver)
        return hprpc__tcp_uring_watch(driver, writing && !stream->under_way, ret_watches);
    if (is_open(stream)) {
        ret_watches[0] = (struct hprpc_watch){ .fd = tcp->fd, .events = (short)(writing ? POLLIN | POLLOUT : POLLIN) };
        return 1;
    }
    return hprpc__tcp_opening_watch(tcp->opening, ret_watches);
}

static void shut(struct hprpc_framed *stream)
{
    struct tcp *tcp = (struct tcp *)stream;
    struct hprpc__driver *driver = hprpc__driver_of(stream);

    if (driver)
        hprpc__tcp_uring_shut(driver, stream->under_way);
    else if (is_open(stream))
        shutdown(tcp->fd, SHUT_RDWR);
    else
        hprpc__tcp_opening_close(tcp->opening);
}

static void let_go(struct hprpc_framed *stream)
{
    struct tcp *tcp = (struct tcp *)stream;
    struct hprpc__driver *driver = hprpc__driver_of(stream);

    if (driver)
        hprpc__tcp_uring_let_go(driver); /* it owns the socket */
    else if (tcp->fd >= 0)
        hprpc__tcp_close(tcp->fd);
    hprpc__driver_set(stream, NULL);
    tcp->fd = -1;
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
    ret_peer->engine = __atomic_load_n(&stream->channel.engine, __ATOMIC_RELAXED);
}

static const struct hprpc_framed_ops ops = {
    .name = "tcp",
    .open = open_stream,
    .read = read_runs,
    .write = write_runs,
    .watch = watch,
    .shut = shut,
    .let_go = let_go,
    .dispose = dispose,
    .describe = describe,
};

struct hprpc_channel *hprpc__tcp_prepare(struct hprpc_context *context, enum hprpc_wait wait, enum hprpc_engine engine,
                                         struct hprpc__pool *pool)
{
    struct tcp *tcp = hprpc_context_allocate(context, sizeof(*tcp));

    if (!tcp)
        return NULL;
    hprpc_framed_init(&tcp->stream, &ops, context, wait, true);
    tcp->stream.channel.no_cancellation_points = true;
    tcp->stream.channel.completes = true;
    tcp->stream.channel.wanted = (uint8_t)engine;
    tcp->stream.channel.engine = "epoll";
    tcp->stream.pool = pool ? hprpc__pool_keep(pool) : NULL;
    tcp->fd = -1;
    tcp->opening = NULL;
    return &tcp->stream.channel;
}

void hprpc__tcp_accepted(struct hprpc_channel *channel, int fd, const struct hprpc__tcp_address *peer)
{
    struct tcp *tcp = (struct tcp *)channel;

    tcp->fd = fd;
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
    hprpc_framed_init(&tcp->stream, &ops, context, options->wait, false);
    tcp->stream.channel.no_cancellation_points = true;
    tcp->stream.channel.engine = "epoll";
    tcp->fd = -1;
    tcp->peer = addresses ? addresses[0] : (struct hprpc__tcp_address){ .size = 0 };
    r = hprpc__tcp_opening_new(context, options, place, addresses, count, detail, &tcp->opening);
    if (r < 0) {
        hprpc_context_release(context, tcp, sizeof(*tcp));
        return r;
    }
    r = advance(tcp, detail);
    if (r < 0) {
        tcp->stream.channel.ops->free(&tcp->stream.channel);
        return r;
    }
    tcp->stream.open = r == 1;
    *ret_channel = &tcp->stream.channel;
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
    channel = hprpc__tcp_prepare(context, options.wait, options.engine, NULL);
    if (!channel)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "there is no memory for a connection");
    hprpc__tcp_accepted(channel, fd, &peer);
    *ret_channel = channel;
    return 0;
}
