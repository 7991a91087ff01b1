/* SPDX-License-Identifier: MIT */
/* A relay between one client and the server. */
#include "network/relay.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "network/link.h"

enum { PIECE = 65536, MOMENT_MS = 5 };

/* Makes the close of a socket a reset. */
static void reset(int fd)
{
    const struct linger linger = { 1, 0 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static bool send_all(int fd, const char *data, ssize_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, (size_t)size, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        data += n;
        size -= n;
    }
    return true;
}

/* Passes on what one side has said. False: that side, or the other, is at its end. */
static bool pass(struct relay *relay, int from, int to)
{
    char data[PIECE];
    size_t piece = atomic_load(&relay->piece);
    ssize_t n = recv(from, data, piece && piece < PIECE ? piece : PIECE, 0);

    return n > 0 && send_all(to, data, n);
}

/* Passes on what one side has said, up to the end that is set. False: the end has come, and `left` is 0, or a side is at its own. */
static bool pass_up_to_end(struct relay *relay, int from, int to)
{
    int64_t left = atomic_load(&relay->left);
    char data[PIECE];
    ssize_t n = recv(from, data, left < PIECE ? (size_t)left : PIECE, left ? 0 : MSG_PEEK);

    if (n <= 0 || !left)
        return false;
    if (!send_all(to, data, n))
        return false;
    atomic_store(&relay->left, left - n);
    return left > n;
}

/* One way through the relay. */
struct way {
    int from, to;
    enum relay_way name;
    bool open;
};

/* Passes something on. False: the whole connection is over. */
static bool go(struct relay *relay, struct way *way)
{
    bool limited = atomic_load(&relay->left) >= 0 && atomic_load(&relay->way) == way->name;

    if (limited ? pass_up_to_end(relay, way->from, way->to) : pass(relay, way->from, way->to))
        return true;
    if (limited && !atomic_load(&relay->left) && atomic_load(&relay->end) == RELAY_RESET) {
        reset(way->from);
        reset(way->to);
        return false;
    }
    way->open = false;
    shutdown(way->to, SHUT_WR);
    return true;
}

/* Passes bytes on until both sides have ended, or a reset has come. */
static void serve(struct relay *relay, int client, int server)
{
    struct way ways[2] = { { client, server, RELAY_REQUESTS, true }, { server, client, RELAY_ANSWERS, true } };

    while (!atomic_load(&relay->over) && (ways[0].open || ways[1].open)) {
        struct pollfd polls[2];

        for (int i = 0; i < 2; i++)
            polls[i] = (struct pollfd){ .fd = ways[i].open && !atomic_load(&relay->holds[i]) ? ways[i].from : -1,
                                        .events = POLLIN };
        poll(polls, 2, MOMENT_MS);
        for (int i = 0; i < 2; i++)
            if (polls[i].revents && !go(relay, &ways[i]))
                return;
    }
}

static void *run(void *argument)
{
    struct relay *relay = argument;
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(relay->server_port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int client, yes = 1;

    link_enter(FAR);
    while ((client = accept(relay->listener, NULL, NULL)) >= 0) {
        int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        check(connect(server, (struct sockaddr *)&address, sizeof(address)) == 0);
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        serve(relay, client, server);
        close(client);
        close(server);
    }
    return NULL;
}

void relay_open(struct relay *relay, uint16_t server_port)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
    socklen_t size = sizeof(address);

    *relay = (struct relay){ .server_port = server_port, .left = -1 };
    link_enter(FAR);
    relay->listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(bind(relay->listener, (struct sockaddr *)&address, size) == 0 && listen(relay->listener, 4) == 0);
    check(getsockname(relay->listener, (struct sockaddr *)&address, &size) == 0);
    link_enter(NEAR);
    relay->port = ntohs(address.sin6_port);
    check(pthread_create(&relay->thread, NULL, run, relay) == 0);
}

void relay_close(struct relay *relay)
{
    atomic_store(&relay->over, true);
    shutdown(relay->listener, SHUT_RDWR);
    pthread_join(relay->thread, NULL);
    close(relay->listener);
}
