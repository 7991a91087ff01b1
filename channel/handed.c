/* SPDX-License-Identifier: MIT */
/* Sockets that are handed in: looked at, and made ready. */
#include "channel/handed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/errno-text.h"

/* A number that describes the socket, or a negated errno. */
static int ask(int fd, int name)
{
    socklen_t size = sizeof(int);
    int value = 0;

    return getsockopt(fd, SOL_SOCKET, name, &value, &size) ? -errno : value;
}

static int no_socket(int number, struct hprpc_detail *detail)
{
    if (number == EBADF)
        return hprpc_detail_set(detail, HPRPC_EINVAL, "it is not open");
    if (number == ENOTSOCK)
        return hprpc_detail_set(detail, HPRPC_EINVAL, "it is not a socket");
    return hprpc_detail_set(detail, HPRPC_ESYSTEM, "it says nothing about itself: %s", hprpc__errno_text(number));
}

static bool is_connected(int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);

    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

/* Whether the socket is in the state that is wanted; if not, says why. */
static bool is_ready(int fd, bool listens, struct hprpc_detail *detail)
{
    bool listening = ask(fd, SO_ACCEPTCONN) > 0;

    if (listens && !listening)
        hprpc_detail_set(detail, HPRPC_EINVAL, "it is a socket that does not listen");
    else if (!listens && listening)
        hprpc_detail_set(detail, HPRPC_EINVAL, "it is a socket that listens, not a connection");
    else if (!listens && !is_connected(fd))
        hprpc_detail_set(detail, HPRPC_EINVAL, "it is a socket that is not connected");
    else
        return true;
    return false;
}

static bool make_ready(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

int hprpc__handed_look(int fd, bool listens, struct hprpc_detail *detail)
{
    int type = ask(fd, SO_TYPE);

    if (type < 0)
        return no_socket(-type, detail);
    if (type != SOCK_STREAM)
        return hprpc_detail_set(detail, HPRPC_EINVAL, "it is not a stream socket");
    if (!is_ready(fd, listens, detail))
        return HPRPC_EINVAL;
    if (!make_ready(fd))
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "it cannot be made non-blocking: %s", hprpc__errno_text(errno));
    return ask(fd, SO_DOMAIN);
}
