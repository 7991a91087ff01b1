/* SPDX-License-Identifier: MIT */
/* Passes bytes on between a client and its server, and counts them. */
#include "bench/measure/relay.h"

#include <ctype.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* Passes on the bytes that have come. Returns false at the end. */
static bool pass(int from, int to, _Atomic uint64_t *count)
{
    static char buffer[256 * 1024];
    ssize_t size = recv(from, buffer, sizeof(buffer), 0);

    /* the bytes are counted before they are sent, so that a side that has received bytes finds them counted */
    if (size > 0)
        atomic_fetch_add(count, (uint64_t)size);
    for (ssize_t done = 0; done < size;) {
        ssize_t sent = send(to, buffer + done, (size_t)(size - done), MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        done += sent;
    }
    return size > 0;
}

static void relay_all(int listener, int port, struct bench_relay_count *count)
{
    struct sockaddr_in address = loopback(port);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    int client = accept(listener, NULL, NULL);
    struct pollfd polls[2] = { { client, POLLIN, 0 }, { server, POLLIN, 0 } };
    const int on = 1;

    if (client < 0 || connect(server, (struct sockaddr *)&address, sizeof(address)) != 0)
        return;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    while (poll(polls, 2, -1) > 0) {
        if (polls[0].revents && !pass(client, server, &count->requests))
            return;
        if (polls[1].revents && !pass(server, client, &count->replies))
            return;
    }
}

static int listen_somewhere(int *ret_port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 4) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        return -1;
    *ret_port = ntohs(address.sin_port);
    return listener;
}

/* Replaces the port in an address. Returns the old port, or -1. */
static int replace_port(char *address, size_t capacity, int port)
{
    char *end = address + strcspn(address, "?");
    char *start = end;
    char rest[128];
    int old;

    while (start > address && isdigit((unsigned char)start[-1]))
        start--;
    if (start == end || (start > address && start[-1] != ':'))
        return -1;
    snprintf(rest, sizeof(rest), "%s", end);
    old = atoi(start);
    snprintf(start, capacity - (size_t)(start - address), "%d%s", port, rest);
    return old;
}

int bench_relay_start(struct bench_relay *relay, char *address, size_t capacity)
{
    int port, server;
    int listener = listen_somewhere(&port);
    void *memory;

    if (listener < 0)
        return -1;
    server = replace_port(address, capacity, port);
    memory = mmap(NULL, sizeof(*relay->count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (server < 0 || memory == MAP_FAILED) {
        close(listener);
        return -1;
    }
    relay->count = memory;
    relay->pid = fork();
    if (relay->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        relay_all(listener, server, relay->count);
        _exit(0);
    }
    close(listener);
    return relay->pid > 0 ? 0 : -1;
}

void bench_relay_stop(struct bench_relay *relay)
{
    if (relay->pid > 0) {
        kill(relay->pid, SIGKILL);
        waitpid(relay->pid, NULL, 0);
    }
    if (relay->count)
        munmap(relay->count, sizeof(*relay->count));
    *relay = (struct bench_relay){ 0 };
}
