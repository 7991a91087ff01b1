/* SPDX-License-Identifier: MIT */
/* Sockets and their options. */
#include "channel-tcp/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "channel/handed.h"

enum { KEEPALIVE_SECONDS = 60, KEEPALIVE_MAX = 7200, PROBES = 3, ATTEMPTS = 15 };
enum { STAGGER_MS = 250, STAGGER_MIN = 10, STAGGER_MAX = 2000 }; /* what RFC 8305 recommends and allows */
enum { RTO_MAX_MS = 44, MULTIPATH_TCP = 262 }; /* TCP_RTO_MAX_MS and IPPROTO_MPTCP, which older headers lack */

int hprpc__tcp_options(const struct hprpc_uri *uri, struct hprpc_detail *detail, struct hprpc__tcp_options *ret_options)
{
    static const char *const known[] = { "wait",    "engine", "sndbuf",    "rcvbuf", "keepalive",
                                         "stagger", "v6only", "reuseport", NULL };
    struct hprpc__tcp_options options;
    uint64_t keepalive, stagger;
    int r = hprpc_uri_check_options(uri, known, detail);

    if (!r)
        r = hprpc__socket_options(uri, detail, &options.socket);
    if (!r)
        r = hprpc_uri_size(uri, "keepalive", 0, KEEPALIVE_MAX, KEEPALIVE_SECONDS, detail, &keepalive);
    if (!r)
        r = hprpc_uri_size(uri, "stagger", STAGGER_MIN, STAGGER_MAX, STAGGER_MS, detail, &stagger);
    if (!r)
        r = hprpc_uri_flag(uri, "v6only", false, detail, &options.v6_only);
    if (!r)
        r = hprpc_uri_flag(uri, "reuseport", false, detail, &options.reuse_port);
    if (r)
        return r;
    options.keepalive = (int)keepalive;
    options.stagger_ms = (uint32_t)stagger;
    *ret_options = options;
    return 0;
}

static void set(int fd, int level, int name, int value)
{
    /* none of these options is necessary: where the system refuses one, the socket works without it */
    setsockopt(fd, level, name, &value, sizeof(value));
}

/*
 * While data is not acknowledged the system sends no probes, and gives up after a number of attempts (tcp_retries2, usually 15)
 * that come more and more slowly. This keeps them so close together that giving up takes about `seconds`. A peer that answers
 * stays, however slowly it reads. Before Linux 6.15, and for less than 15 seconds, there is only a time-out, which also ends a
 * connection whose peer leaves no room for that long; a peer that reads a little at a time may look like that.
 */
static void bound_silence(int fd, int seconds)
{
    int pause = seconds * 1000 / ATTEMPTS;

    if (pause < 1000 || setsockopt(fd, IPPROTO_TCP, RTO_MAX_MS, &pause, sizeof(pause)))
        set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000);
}

/* Makes the system probe a silent peer, in the last third of `seconds`. */
static void set_keepalive(int fd, int seconds)
{
    int interval = seconds / (3 * PROBES) > 0 ? seconds / (3 * PROBES) : 1;
    int idle = seconds - PROBES * interval > 0 ? seconds - PROBES * interval : 1;

    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
    bound_silence(fd, seconds);
}

void hprpc__tcp_set_options(int fd, const struct hprpc__tcp_options *options)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (options->keepalive)
        set_keepalive(fd, options->keepalive);
    hprpc__socket_set_buffers(fd, &options->socket);
}

int hprpc__tcp_socket(int family, const struct hprpc__tcp_options *options)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd < 0)
        return -errno;
    hprpc__tcp_set_options(fd, options);
    return fd;
}

static bool speaks_tcp(int fd)
{
    socklen_t size = sizeof(int);
    int protocol = 0;

    return !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) &&
           (protocol == IPPROTO_TCP || protocol == MULTIPATH_TCP);
}

int hprpc__tcp_handed(int fd, bool listens, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                      struct hprpc__tcp_options *ret_options)
{
    struct hprpc__tcp_options options = { .keepalive = 0 };
    int r = hprpc__handed_look(fd, listens, detail);

    if (r < 0)
        return r;
    if ((r != AF_INET && r != AF_INET6) || !speaks_tcp(fd))
        return hprpc_detail_set(detail, HPRPC_ESCHEME, "it is not a TCP socket");
    r = hprpc__tcp_options(uri, detail, &options);
    if (r < 0)
        return r;
    if (options.v6_only || options.reuse_port)
        return hprpc_detail_set(detail, HPRPC_EURI,
                                "it has its address already, so that v6only=yes and reuseport=yes come too late");
    hprpc__tcp_set_options(fd, &options);
    *ret_options = options;
    return 0;
}

int hprpc__tcp_code(int number)
{
    switch (number) {
    case ECONNREFUSED:
    case ECONNRESET:
    case ETIMEDOUT:
        return HPRPC_EREFUSED;
    case EADDRINUSE:
        return HPRPC_EINUSE;
    case EACCES:
    case EPERM:
        return HPRPC_EPERMISSION;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case EINVAL: /* an address that cannot be used, such as a link-local one without its link */
        return HPRPC_EADDRESS;
    default:
        return HPRPC_ESYSTEM;
    }
}
