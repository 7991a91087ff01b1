/* SPDX-License-Identifier: MIT */
/* A connection by a stream socket: its reads and writes, by system calls or on a ring, and its end. */
#include "channel/socket/socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/system-calls.h"
#include "channel/socket/uring.h"

enum {
    UNREAD = 16 * 1024,  /* bytes read at once that are not wanted any more, before a socket is closed */
    UNREAD_READS = 1024, /* after which the other side may learn of a reset instead of the end */
};

void hprpc__socket_init(struct hprpc__socket *connection, const struct hprpc_framed_ops *ops,
                        struct hprpc_context *context, const struct hprpc__socket_options *options, bool completes,
                        struct hprpc__pool *pool)
{
    struct hprpc_channel *channel = &connection->stream.channel;

    hprpc_framed_init(&connection->stream, ops, context, options->wait, true);
    channel->no_cancellation_points = true;
    channel->completes = completes;
    channel->wanted = (uint8_t)options->engine;
    channel->engine = "epoll";
    connection->stream.pool = pool ? hprpc__pool_keep(pool) : NULL;
    connection->fd = -1;
}

/* ---- Reading and writing ---- */

/* Moves to the ring of its loop, before the first read. Without memory for that, epoll serves. */
static struct hprpc__driver *join_ring(struct hprpc__socket *connection)
{
    struct hprpc_channel *channel = &connection->stream.channel;
    struct hprpc__driver *driver = hprpc__socket_uring_new(channel, connection->fd);

    if (driver)
        hprpc__driver_set(&connection->stream, driver);
    /* relaxed, here and in hprpc__socket_engine: the texts are constants */
    __atomic_store_n(&channel->engine, driver ? "uring" : hprpc__ring_refusal(-ENOMEM), __ATOMIC_RELAXED);
    channel->ring = NULL;
    return driver;
}

ssize_t hprpc__socket_read(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    struct hprpc__socket *connection = (struct hprpc__socket *)stream;
    struct hprpc__driver *driver = KODOSIS_UNLIKELY(stream->channel.ring) ? join_ring(connection) : NULL;
    struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)runs, .msg_iovlen = (size_t)count };
    ssize_t n;

    if (driver)
        return driver->ops->read(driver, stream, runs, count);
    do
        n = count == 1 ? hprpc__recv(connection->fd, runs->iov_base, runs->iov_len, 0)
                       : hprpc__recvmsg(connection->fd, &message, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -hprpc__socket_loss(errno) : n;
}

ssize_t hprpc__socket_fail(const struct hprpc__socket *connection, int number)
{
    if (number != EAGAIN)
        shutdown(connection->fd, SHUT_RDWR);
    return -hprpc__socket_loss(number);
}

ssize_t hprpc__socket_write(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    const struct hprpc__socket *connection = (const struct hprpc__socket *)stream;
    struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)runs, .msg_iovlen = (size_t)count };
    ssize_t n;

    do
        n = count == 1 ? hprpc__send_bytes(connection->fd, runs->iov_base, runs->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT)
                       : hprpc__sendmsg(connection->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? hprpc__socket_fail(connection, errno) : n;
}

/* ---- The rest ---- */

size_t hprpc__socket_watch(struct hprpc_framed *stream, bool writing, struct hprpc_watch *ret_watches)
{
    const struct hprpc__socket *connection = (const struct hprpc__socket *)stream;
    struct hprpc__driver *driver = hprpc__driver_of(stream);

    if (driver)
        return hprpc__socket_uring_watch(driver, writing && !stream->under_way, ret_watches);
    ret_watches[0] =
        (struct hprpc_watch){ .fd = connection->fd, .events = (short)(writing ? POLLIN | POLLOUT : POLLIN) };
    return 1;
}

void hprpc__socket_shut(struct hprpc_framed *stream)
{
    const struct hprpc__socket *connection = (const struct hprpc__socket *)stream;
    struct hprpc__driver *driver = hprpc__driver_of(stream);

    if (driver)
        hprpc__socket_uring_shut(driver, stream->under_way);
    else
        shutdown(connection->fd, SHUT_RDWR);
}

void hprpc__socket_close(int fd)
{
    uint8_t unread[UNREAD];

    for (int i = 0; i < UNREAD_READS && hprpc__recv(fd, unread, sizeof(unread), MSG_DONTWAIT) > 0; i++)
        continue;
    close(fd);
}

void hprpc__socket_let_go(struct hprpc_framed *stream)
{
    struct hprpc__socket *connection = (struct hprpc__socket *)stream;
    struct hprpc__driver *driver = hprpc__driver_of(stream);

    if (driver)
        hprpc__socket_uring_let_go(driver); /* it owns the socket */
    else if (connection->fd >= 0)
        hprpc__socket_close(connection->fd);
    hprpc__driver_set(stream, NULL);
    connection->fd = -1;
}

const char *hprpc__socket_engine(const struct hprpc_framed *stream)
{
    return __atomic_load_n(&stream->channel.engine, __ATOMIC_RELAXED);
}
