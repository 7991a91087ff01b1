/* SPDX-License-Identifier: MIT */
/* Makes the byte streams that floors run over. */
#include "bench/floor/medium.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct bench_medium {
    int listener; /* or -1 */
    int fifos[2]; /* to the server, to the client */
    union {
        struct sockaddr any;
        struct sockaddr_in tcp;
        struct sockaddr_un local;
    } address;
    socklen_t address_size;
};

static void demand(bool condition, const char *what)
{
    if (!condition) {
        perror(what);
        exit(1);
    }
}

static struct bench_medium *make(void)
{
    struct bench_medium *medium = calloc(1, sizeof(*medium));

    demand(medium, "memory");
    medium->listener = medium->fifos[0] = medium->fifos[1] = -1;
    return medium;
}

/* Listens at the address, and learns what the system made of it. */
static void *listen_at_address(struct bench_medium *medium)
{
    medium->listener = socket(medium->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    demand(medium->listener >= 0, "socket");
    demand(bind(medium->listener, &medium->address.any, medium->address_size) == 0, "bind");
    demand(listen(medium->listener, 1024) == 0, "listen");
    medium->address_size = sizeof(medium->address);
    demand(getsockname(medium->listener, &medium->address.any, &medium->address_size) == 0, "getsockname");
    return medium;
}

void *bench_medium_tcp(void)
{
    struct bench_medium *medium = make();

    medium->address.tcp.sin_family = AF_INET;
    medium->address.tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    medium->address_size = sizeof(medium->address.tcp);
    return listen_at_address(medium);
}

void *bench_medium_unix(void)
{
    struct bench_medium *medium = make();

    medium->address.local.sun_family = AF_UNIX;
    medium->address_size = sizeof(medium->address.local.sun_family);
    return listen_at_address(medium);
}

void *bench_medium_fifo(bool nonblocking)
{
    struct bench_medium *medium = make();

    for (int i = 0; i < 2; i++) {
        char path[64];

        snprintf(path, sizeof(path), "/dev/shm/hprpc-floor.%d.%d", (int)getpid(), i);
        demand(mkfifo(path, 0600) == 0, path);
        medium->fifos[i] = open(path, O_RDWR | O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0));
        unlink(path);
        demand(medium->fifos[i] >= 0, path);
        fcntl(medium->fifos[i], F_SETPIPE_SZ, 1 << 20);
    }
    return medium;
}

void bench_medium_free(void *self)
{
    struct bench_medium *medium = self;

    if (medium->listener >= 0)
        close(medium->listener);
    for (int i = 0; i < 2; i++) {
        if (medium->fifos[i] >= 0)
            close(medium->fifos[i]);
    }
    free(medium);
}

static void use_socket(const struct bench_medium *medium, int fd, int *ret_in, int *ret_out)
{
    const int on = 1;

    demand(fd >= 0, "socket");
    if (medium->address.any.sa_family == AF_INET)
        demand(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0, "TCP_NODELAY");
    *ret_in = *ret_out = fd;
}

void bench_medium_serve(struct bench_medium *medium, int *ret_in, int *ret_out)
{
    if (medium->listener >= 0) {
        use_socket(medium, accept4(medium->listener, NULL, NULL, SOCK_CLOEXEC), ret_in, ret_out);
    } else {
        *ret_in = medium->fifos[0];
        *ret_out = medium->fifos[1];
    }
}

void bench_medium_connect(struct bench_medium *medium, int *ret_in, int *ret_out)
{
    int fd;

    if (medium->listener >= 0) {
        fd = socket(medium->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        demand(connect(fd, &medium->address.any, medium->address_size) == 0, "connect");
        use_socket(medium, fd, ret_in, ret_out);
    } else {
        *ret_in = medium->fifos[1];
        *ret_out = medium->fifos[0];
    }
}

int bench_medium_listener(const struct bench_medium *medium)
{
    return medium->listener;
}
