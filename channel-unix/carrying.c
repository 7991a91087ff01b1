/* SPDX-License-Identifier: MIT */
/* Reads and writes that carry descriptors. */
#include "channel-unix/unix.h"

#include "channel/rights.h"

ssize_t hprpc__unix_write_with(struct hprpc_framed *stream, const struct iovec *runs, int count,
                               const struct hprpc_descriptors *descriptors)
{
    const struct hprpc__socket *connection = (const struct hprpc__socket *)stream;
    ssize_t n = hprpc__rights_send(connection->fd, runs, count, descriptors);

    return n < 0 ? hprpc__socket_fail(connection, (int)-n) : n;
}

/* Appends what came with a read of `size` bytes. False: there is no memory. */
static bool keep(struct hprpc_framed *stream, const struct hprpc__rights *rights, size_t size)
{
    struct hprpc_descriptors *descriptors = hprpc_descriptors_new(stream->channel.context), **end = &stream->incoming;

    if (!descriptors)
        return false;
    descriptors->from = stream->received;
    descriptors->to = stream->received + size;
    descriptors->lost = rights->lost;
    descriptors->count = rights->count;
    memcpy(descriptors->fds, rights->fds, rights->count * sizeof(int));
    while (*end)
        end = &(*end)->next;
    *end = descriptors;
    return true;
}

/* Takes over what came with a read of `size` bytes. 0, or a negated errno. */
static int receive_rights(struct hprpc_framed *stream, struct hprpc__rights *rights, size_t size)
{
    int r = 0;

    if (rights->count > KODOSIS_DESCRIPTORS_MAX)
        r = -EPROTO;
    else if (!keep(stream, rights, size))
        r = -ENOMEM;
    if (r < 0)
        hprpc__rights_close(rights);
    return r;
}

static ssize_t read_carrying(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    const struct hprpc__socket *connection = (const struct hprpc__socket *)stream;
    struct hprpc__rights rights;
    ssize_t n = hprpc__rights_receive(connection->fd, runs, count, &rights);
    int r = 0;

    if (n < 0)
        return -hprpc__socket_loss((int)-n);
    if (KODOSIS_UNLIKELY(rights.count || rights.lost))
        r = receive_rights(stream, &rights, (size_t)n);
    return r < 0 ? r : n;
}

ssize_t hprpc__unix_read(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    struct hprpc__unix_connection *connection = (struct hprpc__unix_connection *)stream;

    if (stream->channel.carries_descriptors)
        return read_carrying(stream, runs, count);
    if (!connection->refuses)
        hprpc__rights_refuse(connection->socket.fd);
    connection->refuses = true;
    return hprpc__socket_read(stream, runs, count);
}
