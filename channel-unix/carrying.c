/* SPDX-License-Identifier: MIT */
/* Reads and writes that carry descriptors: SCM_RIGHTS, see unix(7). */
#include "channel-unix/unix.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/system-calls.h"

enum { RIGHTS_MAX = 253 }; /* the limit of Linux for one message, and so for one read */

/* ---- Writing ---- */

ssize_t hprpc__unix_write_with(struct hprpc_framed *stream, const struct iovec *runs, int count,
                               const struct hprpc_descriptors *descriptors)
{
    const struct hprpc__socket *connection = (const struct hprpc__socket *)stream;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(KODOSIS_DESCRIPTORS_MAX * sizeof(int))];
    } control = { .bytes = { 0 } };
    struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)runs,
                              .msg_iovlen = (size_t)count,
                              .msg_control = &control,
                              .msg_controllen = (socklen_t)CMSG_SPACE(descriptors->count * sizeof(int)) };
    ssize_t n;

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = (socklen_t)CMSG_LEN(descriptors->count * sizeof(int));
    memcpy(CMSG_DATA(&control.header), descriptors->fds, descriptors->count * sizeof(int));
    do
        n = hprpc__sendmsg(connection->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? hprpc__socket_fail(connection, errno) : n;
}

/* ---- Reading ---- */

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

/* The next header behind `header`. Some systems' macro mixes signs. */
static struct cmsghdr *next_header(const struct msghdr *message, struct cmsghdr *header)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
    return CMSG_NXTHDR((struct msghdr *)(uintptr_t)message, header);
#pragma GCC diagnostic pop
}

/* The descriptors that came with a read. */
static size_t find(const struct msghdr *message, int ret_fds[RIGHTS_MAX])
{
    size_t count = 0;

    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = next_header(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(ret_fds, CMSG_DATA(header), count * sizeof(int));
    }
    return count;
}

/* Appends what came with a read of `size` bytes. False: there is no memory. */
static bool keep(struct hprpc_framed *stream, const int *fds, size_t count, bool lost, size_t size)
{
    struct hprpc_descriptors *descriptors = hprpc_descriptors_new(stream->channel.context), **end = &stream->incoming;

    if (!descriptors)
        return false;
    descriptors->from = stream->received;
    descriptors->to = stream->received + size;
    descriptors->lost = lost;
    descriptors->count = lost ? 0 : (uint32_t)count;
    memcpy(descriptors->fds, fds, descriptors->count * sizeof(int));
    while (*end)
        end = &(*end)->next;
    *end = descriptors;
    return true;
}

/*
 * Takes note of what came with a read. There is room for all that can come, so the system has cut them short only where this process
 * may open no more. 0, or a negated errno.
 */
static int receive_rights(struct hprpc_framed *stream, const struct msghdr *message, size_t size)
{
    bool lost = message->msg_flags & MSG_CTRUNC;
    int fds[RIGHTS_MAX];
    size_t count = find(message, fds);

    if (count > KODOSIS_DESCRIPTORS_MAX) {
        close_all(fds, count);
        return -EPROTO;
    }
    if (!keep(stream, fds, count, lost, size)) {
        close_all(fds, count);
        return -ENOMEM;
    }
    if (lost)
        close_all(fds, count);
    return 0;
}

static ssize_t read_carrying(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    const struct hprpc__socket *connection = (const struct hprpc__socket *)stream;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(RIGHTS_MAX * sizeof(int))];
    } control;
    struct msghdr message;
    ssize_t n;
    int r = 0;

    do {
        message = (struct msghdr){ .msg_iov = (struct iovec *)(uintptr_t)runs,
                                   .msg_iovlen = (size_t)count,
                                   .msg_control = &control,
                                   .msg_controllen = sizeof(control) };
        n = hprpc__recvmsg(connection->fd, &message, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return -hprpc__socket_loss(errno);
    if (KODOSIS_UNLIKELY(message.msg_controllen || message.msg_flags & MSG_CTRUNC))
        r = receive_rights(stream, &message, (size_t)n);
    return r < 0 ? r : n;
}

/*
 * Has the system refuse descriptors that the other side sends along, where no message asks for any. It knows how since Linux 6.16.
 * Before, it closes them when the bytes with them are read, because plain reads have no room for them.
 */
static void refuse_rights(int fd)
{
#ifdef SO_PASSRIGHTS
    const int name = SO_PASSRIGHTS;
#elif defined(__sparc__) || defined(__hppa__)
    const int name = -1; /* it has another number there */
#else
    const int name = 83;
#endif
    const int no = 0;

    setsockopt(fd, SOL_SOCKET, name, &no, sizeof(no));
}

ssize_t hprpc__unix_read(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    struct hprpc__unix_connection *connection = (struct hprpc__unix_connection *)stream;

    if (stream->channel.carries_descriptors)
        return read_carrying(stream, runs, count);
    if (!connection->refuses)
        refuse_rights(connection->socket.fd);
    connection->refuses = true;
    return hprpc__socket_read(stream, runs, count);
}
