/* SPDX-License-Identifier: MIT */
/* Sockets that listen: at each address of a host, all with one port. */
#include "channel-tcp/tcp.h"

#include <errno.h>
#include <unistd.h>

#include "base/errno-text.h"

enum { BACKLOG = 4096, PICKS = 16 };

/* ---- One socket ---- */

static bool set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* Sets what a listener alone has. False, with errno. */
static bool prepare(int fd, int family, const struct hprpc__tcp_options *options)
{
    /* a server that restarts need not wait until the system forgets its former connections; without it, it waits */
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (options->reuse_port && !set(fd, SOL_SOCKET, SO_REUSEPORT, 1))
        return false;
    /* said both ways, because the system's default is the administrator's */
    return family != AF_INET6 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->v6_only);
}

/* Listens at one address; the descriptor or a negated errno. */
static int listen_at(const struct hprpc__tcp_address *address, const struct hprpc__tcp_options *options)
{
    int fd = hprpc__tcp_socket(address->any.sa_family, options), error;

    if (fd < 0)
        return fd;
    if (prepare(fd, address->any.sa_family, options) && !bind(fd, &address->any, address->size) && !listen(fd, BACKLOG))
        return fd;
    error = errno;
    close(fd);
    return -error;
}

/* 0 where the system does not say. */
static uint16_t bound_port(int fd)
{
    struct hprpc__tcp_address here = { .size = sizeof(here.v6) };

    if (getsockname(fd, &here.any, &here.size))
        return 0;
    return ntohs(here.any.sa_family == AF_INET6 ? here.v6.sin6_port : here.v4.sin_port);
}

static void set_port(struct hprpc__tcp_address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons(port);
    else
        address->v4.sin_port = htons(port);
}

/* ---- All of them ---- */

void hprpc__tcp_sockets_close(struct hprpc__tcp_sockets *sockets)
{
    while (sockets->count)
        close(sockets->fds[--sockets->count]);
}

static int fail(const struct hprpc__tcp_address *address, int number, struct hprpc_detail *detail)
{
    char text[HPRPC__TCP_TEXT_MAX];
    int code = hprpc__tcp_code(number);

    hprpc__tcp_format(address, text, sizeof(text));
    return hprpc_detail_set(detail, code, "%s %s (%s)",
                            code == HPRPC_EINUSE ? "somebody already listens at" : "cannot listen at", text,
                            hprpc__errno_text(number));
}

/* Whether the machine does not have an address, or its kind: then the other addresses of a host may do. */
static bool is_elsewhere(int number)
{
    return number == EADDRNOTAVAIL || number == EAFNOSUPPORT;
}

/* Tries each address once. Where that fails, `sockets` has those that were opened before. */
static int listen_at_each(struct hprpc__tcp_address *addresses, size_t count, const struct hprpc__tcp_options *options,
                          uint16_t *port, struct hprpc_detail *detail, struct hprpc__tcp_sockets *sockets)
{
    int r = 0;

    for (size_t i = 0; i < count; i++) {
        int fd;

        set_port(&addresses[i], *port);
        fd = listen_at(&addresses[i], options);
        if (fd < 0) {
            r = fail(&addresses[i], -fd, detail);
            if (!is_elsewhere(-fd))
                return r;
            continue;
        }
        sockets->fds[sockets->count++] = fd;
        *port = *port ? *port : bound_port(fd);
        if (!*port)
            return fail(&addresses[i], ENOBUFS, detail); /* the only error that getsockname() has here */
    }
    return sockets->count ? 0 : r;
}

int hprpc__tcp_listen_at(struct hprpc__tcp_place *place, const struct hprpc__tcp_address *addresses, size_t count,
                         const struct hprpc__tcp_options *options, struct hprpc_detail *detail,
                         struct hprpc__tcp_sockets *ret_sockets)
{
    struct hprpc__tcp_address tried[HPRPC__TCP_ADDRESSES];
    struct hprpc__tcp_options each = *options;
    struct hprpc__tcp_sockets sockets = { .count = 0 };
    uint16_t port = place->port;
    int r;

    /* where the addresses are listed, each stands for itself */
    each.v6_only = options->v6_only || count > 1;
    memcpy(tried, addresses, count * sizeof(*addresses));
    r = listen_at_each(tried, count, &each, &port, detail, &sockets);
    /* the port that was picked at one address may be taken at another */
    for (int i = 0; i < PICKS && r == HPRPC_EINUSE && !place->port && sockets.count; i++) {
        hprpc__tcp_sockets_close(&sockets);
        port = 0;
        r = listen_at_each(tried, count, &each, &port, detail, &sockets);
    }
    if (r < 0) {
        hprpc__tcp_sockets_close(&sockets);
        return r;
    }
    place->port = port;
    *ret_sockets = sockets;
    return 0;
}
