/* SPDX-License-Identifier: MIT */
/* Accepting: which failures are one peer's, and which the machine's. */
#include "channel/socket/socket.h"

#include "base/errno-text.h"

enum { FAILED_PEERS = 64 };

/* Whether `accept` failed for one peer only. */
static bool peer_failed(int number)
{
    switch (number) {
    case ECONNABORTED:
    case EINTR:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENOPROTOOPT:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

int hprpc__socket_accept(struct hprpc__spares *spares, int (*accept)(void *self), void *self,
                         struct hprpc_detail *detail, int *ret_fd)
{
    int r = 1;

    hprpc__spares_refill(spares);
    for (int i = 0; i < FAILED_PEERS; i++) {
        int fd = accept(self);

        if (fd >= 0) {
            *ret_fd = fd;
            return r;
        }
        if (errno == EAGAIN)
            return 0;
        if (hprpc__spares_let_go(spares, errno)) {
            r = HPRPC_ACCEPTED_TO_REFUSE;
            hprpc_detail_set(detail, HPRPC_ESYSTEM, "the server has no descriptor left: %s", hprpc__errno_text(errno));
            continue;
        }
        if (!peer_failed(errno))
            return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot accept a connection: %s", hprpc__errno_text(errno));
    }
    return 0; /* the next turn accepts further connections */
}
