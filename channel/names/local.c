/* SPDX-License-Identifier: MIT */
/* Unix-domain sockets at names of this host. */
#include "channel/names/local.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errno-text.h"

/* ---- Addresses ---- */

/* Fills the address of a place, which fits; returns its size. An abstract name begins with a NUL, and has none at its end. */
static socklen_t fill_address(const char *place, struct sockaddr_un *ret_address)
{
    size_t length = strlen(place);

    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(ret_address->sun_path, place, length);
    if (!hprpc__local_is_abstract(place))
        return sizeof(*ret_address);
    ret_address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

int hprpc__local_check_abstract(const char *place, struct hprpc_detail *detail)
{
    size_t length = strlen(place + 1);

    if (!length)
        return hprpc_detail_set(detail, HPRPC_EURI, "the abstract name behind \"@\" is empty");
    if (length > HPRPC__ABSTRACT_MAX)
        return hprpc_detail_set(detail, HPRPC_EURI,
                                "the abstract name \"%.64s...\" has %zu bytes where %d is the limit", place, length,
                                (int)HPRPC__ABSTRACT_MAX);
    return 0;
}

/* Makes a path that is relative to the working directory absolute, if that fits. */
static void make_absolute(const char *path, char ret_place[HPRPC__LOCAL_MAX])
{
    char directory[HPRPC__LOCAL_MAX];
    int length = -1;

    if (path[0] != '/' && getcwd(directory, sizeof(directory)))
        length = snprintf(ret_place, HPRPC__LOCAL_MAX, "%s/%s", directory, path);
    if (length < 0 || length >= HPRPC__LOCAL_MAX)
        snprintf(ret_place, HPRPC__LOCAL_MAX, "%s", path);
}

bool hprpc__local_place(int fd, char ret_place[HPRPC__LOCAL_MAX])
{
    struct sockaddr_un address;
    socklen_t size = sizeof(address), before = offsetof(struct sockaddr_un, sun_path);
    char path[HPRPC__LOCAL_MAX];
    int length;

    if (getsockname(fd, (struct sockaddr *)&address, &size) || size <= before)
        return false;
    /* the size may count a NUL that has no room in the structure */
    length = size > sizeof(address) ? (int)sizeof(address.sun_path) : (int)(size - before);
    snprintf(path, sizeof(path), "%.*s", length, address.sun_path);
    if (address.sun_path[0])
        make_absolute(path, ret_place);
    else
        snprintf(ret_place, HPRPC__LOCAL_MAX, "@%.*s", length - 1, address.sun_path + 1);
    return true;
}

static int make_socket(int type, struct hprpc_detail *detail)
{
    int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd < 0 ? hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot make a socket: %s", hprpc__errno_text(errno)) : fd;
}

/* ---- Listening ---- */

static int not_made(int number, const char *place, struct hprpc_detail *detail)
{
    if (number == EADDRINUSE)
        return hprpc_detail_set(detail, HPRPC_EINUSE, "somebody already listens at %s", place);
    return hprpc_detail_set(detail, number == EACCES || number == EPERM ? HPRPC_EPERMISSION : HPRPC_EADDRESS,
                            "cannot make a socket at %s: %s", place, hprpc__errno_text(number));
}

static int cannot_listen(const char *place, struct hprpc_detail *detail)
{
    return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot listen at %s: %s", place, hprpc__errno_text(errno));
}

static int listen_at_path(int fd, struct hprpc__claim *claim, mode_t mode, struct hprpc_detail *detail)
{
    struct sockaddr_un where;
    socklen_t size = fill_address(claim->path, &where);

    /* the mode of the socket itself limits that of its name from the start */
    if (fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&where, size))
        return errno == EADDRINUSE
                   ? hprpc_detail_set(detail, HPRPC_EADDRESS, "%s was taken by another file just now", claim->path)
                   : not_made(errno, claim->path, detail);
    hprpc__claim_made(claim);
    return listen(fd, SOMAXCONN) || chmod(claim->path, mode) ? cannot_listen(claim->path, detail) : 0;
}

int hprpc__local_listen(int type, struct hprpc__claim *claim, mode_t mode, struct hprpc_detail *detail)
{
    int fd = make_socket(type, detail), r;

    if (fd < 0)
        return fd;
    r = listen_at_path(fd, claim, mode, detail);
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

int hprpc__local_listen_abstract(int type, const char *place, struct hprpc_detail *detail)
{
    struct sockaddr_un where;
    socklen_t size = fill_address(place, &where);
    int fd = make_socket(type, detail), r = 0;

    if (fd < 0)
        return fd;
    if (bind(fd, (struct sockaddr *)&where, size))
        r = not_made(errno, place, detail);
    else if (listen(fd, SOMAXCONN))
        r = cannot_listen(place, detail);
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

/* ---- Connecting ---- */

static int not_connected(int number, const char *place, struct hprpc_detail *detail)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
        return hprpc_detail_set(detail, HPRPC_EREFUSED, "nobody listens at %s: %s", place, hprpc__errno_text(number));
    case EAGAIN:
        return hprpc_detail_set(detail, HPRPC_EREFUSED, "too many wait for a connection at %s", place);
    case EPROTOTYPE:
        return hprpc_detail_set(detail, HPRPC_EADDRESS, "%s is a socket of another kind", place);
    case EACCES:
    case EPERM:
        return hprpc_detail_set(detail, HPRPC_EPERMISSION, "cannot connect to %s: %s", place,
                                hprpc__errno_text(number));
    default:
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot connect to %s: %s", place, hprpc__errno_text(number));
    }
}

int hprpc__local_connect(int type, const char *place, struct hprpc_detail *detail)
{
    struct sockaddr_un where;
    socklen_t size = fill_address(place, &where);
    int fd = make_socket(type, detail), number = 0;

    if (fd < 0)
        return fd;
    do
        number = connect(fd, (struct sockaddr *)&where, size) ? errno : 0;
    while (number == EINTR);
    if (!number)
        return fd;
    close(fd);
    return not_connected(number, place, detail);
}

int hprpc__local_peer(int fd, struct hprpc_detail *detail, struct hprpc__local_peer *ret_peer)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot learn who is on the other side: %s",
                                hprpc__errno_text(errno));
    *ret_peer = (struct hprpc__local_peer){ peer.pid, peer.uid, peer.gid };
    return 0;
}
