/* SPDX-License-Identifier: MIT */
/* Descriptors beside bytes on a Unix-domain socket. */
#include "channel/rights.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/system-calls.h"

ssize_t hprpc__rights_send(int fd, const struct iovec *runs, int count, const struct hprpc_descriptors *descriptors)
{
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
        n = hprpc__sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* The next header behind `header`. Some systems' macro mixes signs. */
static struct cmsghdr *next_header(const struct msghdr *message, struct cmsghdr *header)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
    return CMSG_NXTHDR((struct msghdr *)(uintptr_t)message, header);
#pragma GCC diagnostic pop
}

/*
 * Finds what came with a read. There is room for all that can come, so the system has cut it short only where this process may open no
 * more.
 */
static __attribute__((noinline)) void find(const struct msghdr *message, struct hprpc__rights *ret_rights)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = next_header(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        ret_rights->count = (uint32_t)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(ret_rights->fds, CMSG_DATA(header), ret_rights->count * sizeof(int));
    }
    ret_rights->lost = message->msg_flags & MSG_CTRUNC;
    if (ret_rights->lost)
        hprpc__rights_close(ret_rights);
}

ssize_t hprpc__rights_receive(int fd, const struct iovec *runs, int count, struct hprpc__rights *ret_rights)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(HPRPC__RIGHTS_MAX * sizeof(int))];
    } control;
    struct msghdr message;
    ssize_t n;

    ret_rights->count = 0;
    ret_rights->lost = false;
    do {
        message = (struct msghdr){ .msg_iov = (struct iovec *)(uintptr_t)runs,
                                   .msg_iovlen = (size_t)count,
                                   .msg_control = &control,
                                   .msg_controllen = sizeof(control) };
        n = hprpc__recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    if (KODOSIS_UNLIKELY(message.msg_controllen || message.msg_flags & MSG_CTRUNC))
        find(&message, ret_rights);
    return n;
}

void hprpc__rights_close(struct hprpc__rights *rights)
{
    while (rights->count)
        close(rights->fds[--rights->count]);
}

void hprpc__rights_refuse(int fd)
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
