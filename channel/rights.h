/* SPDX-License-Identifier: MIT */
/* Descriptors beside bytes on a Unix-domain socket: SCM_RIGHTS, see unix(7). */
#ifndef HPRPC_CHANNEL_RIGHTS_H
#define HPRPC_CHANNEL_RIGHTS_H

#include <hprpc/channel/message.h>

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { HPRPC__RIGHTS_MAX = 253 }; /* the limit of Linux for one message, and so for one read */

/* What came with one read: the caller owns it. */
struct hprpc__rights {
    uint32_t count;
    bool lost; /* this process may not open all that came, and none of them is open here */
    int fds[HPRPC__RIGHTS_MAX];
};

/* Sends runs with copies of the descriptors, at least one. Never waits, raises no signal. How many bytes went, or a negated errno. */
ssize_t hprpc__rights_send(int fd, const struct iovec *runs, int count, const struct hprpc_descriptors *descriptors);

/* Receives into runs, with what comes along, close-on-exec. Never waits. How many bytes came, or a negated errno. */
ssize_t hprpc__rights_receive(int fd, const struct iovec *runs, int count, struct hprpc__rights *ret_rights);

/* Closes what came. */
void hprpc__rights_close(struct hprpc__rights *rights);

/*
 * Has the system refuse descriptors that the other side sends along, where no message asks for any. It knows how since Linux 6.16.
 * Before, it closes them when the bytes with them are read, because plain reads have no room for them.
 */
void hprpc__rights_refuse(int fd);

#endif
