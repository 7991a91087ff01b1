/* SPDX-License-Identifier: MIT */
/* Sending and receiving one packet with its descriptors. */
#include "channel-shm/handshake.h"
#include "base/system-calls.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/errno-text.h"

/* Room for descriptors, aligned as the system requires. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * SHM_DESCRIPTORS)];
};

int hprpc__shm_packet_send(int socket, const void *packet, size_t size, const int *fds, size_t count,
                           struct hprpc_detail *detail)
{
    struct iovec part = { (void *)(uintptr_t)packet, size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    union control control = { .bytes = { 0 } };
    struct cmsghdr *header;
    ssize_t sent;

    if (count) {
        message.msg_control = &control;
        message.msg_controllen = (socklen_t)CMSG_SPACE(sizeof(int) * count);
        header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = (socklen_t)CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    }
    do
        sent = hprpc__sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
        return hprpc_detail_set(detail, HPRPC_EPEERDIED, "the other side went away while the connection opened");
    if (sent != (ssize_t)size)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot send the opening of a connection: %s",
                                hprpc__errno_text(errno));
    return 0;
}

/* musl's CMSG_NXTHDR mixes signs */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

/* Collects the descriptors of a packet; what does not fit `fds` is closed. Returns how many came. */
static size_t collect(struct msghdr *message, int *fds, size_t count)
{
    struct cmsghdr *header;
    size_t came = 0, i, in_header;
    int fd;

    for (header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        in_header = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (i = 0; i < in_header; i++, came++) {
            memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            if (came < count)
                fds[came] = fd;
            else
                close(fd);
        }
    }
    return came;
}

#pragma GCC diagnostic pop

static int check_packet(const struct msghdr *message, ssize_t got, size_t size, size_t came, size_t count,
                        struct hprpc_detail *detail)
{
    if (message->msg_flags & MSG_CTRUNC)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "no descriptors are left for a connection");
    if ((size_t)got != size || message->msg_flags & MSG_TRUNC)
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL, "the opening of a connection has %zd bytes where it has %zu",
                                got, size);
    if (came > count)
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL,
                                "the opening of a connection has %zu descriptors where it has %zu", came, count);
    return 1;
}

int hprpc__shm_packet_receive(int socket, void *ret_packet, size_t size, int *ret_fds, size_t count,
                              struct hprpc_detail *detail)
{
    int fds[SHM_DESCRIPTORS] = { -1, -1, -1 }, result;
    uint8_t packet[sizeof(struct shm_answer) + 1];
    struct iovec part = { packet, size + 1 };
    union control control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    size_t came, i;
    ssize_t got;

    do
        got = hprpc__recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    if (got < 0 && errno != ECONNRESET)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot take the opening of a connection: %s",
                                hprpc__errno_text(errno));
    if (got <= 0)
        return hprpc_detail_set(detail, HPRPC_EPEERDIED, "the other side went away while the connection opened");

    came = collect(&message, fds, count);
    result = check_packet(&message, got, size, came, count, detail);
    if (result == 1) {
        memcpy(ret_packet, packet, size);
        if (count)
            memcpy(ret_fds, fds, count * sizeof(int));
        return 1;
    }
    for (i = 0; i < count && i < came; i++)
        close(fds[i]);
    return result;
}
