/* SPDX-License-Identifier: MIT */
/*
 * TCP with many connections: one epoll loop that answers what has come by one send; a client that sends all requests, then receives
 * all replies. Messages of any size, several in flight on each connection.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/floor/floor.h"
#include "bench/floor/medium.h"

enum { ROOM = 64 * 1024, DEPTH_MAX = 1024 };

struct many {
    struct bench_session *session;
    uint32_t request_size, reply_size, depth;
    uint64_t number;
    uint32_t count;
    int *fds;
    uint64_t *begun;
    uint8_t *message; /* the client's */
    uint8_t buffer[ROOM];
};

/* A connection as the server knows it. */
struct peer {
    int fd;
    int epoll;
    uint32_t got;  /* bytes of the request that is arriving */
    uint32_t sent; /* bytes of the reply that is leaving */
    uint64_t number;
    uint32_t first, count; /* of the ring of numbers that are to be answered */
    bool blocked;
    uint64_t numbers[DEPTH_MAX];
};

static void *prepare(const struct bench_subject *subject, const struct bench_workload *workload)
{
    (void)subject;
    (void)workload;
    return bench_medium_tcp();
}

static struct many *make(struct bench_session *session)
{
    struct many *many = calloc(1, sizeof(*many));

    many->session = session;
    many->depth = session->workload.depth;
    bench_floor_bytes(&session->workload, &many->request_size, &many->reply_size);
    if (many->depth > DEPTH_MAX)
        bench_fail(session, "too many messages in flight for this floor");
    return many;
}

/* ---- The server ---- */

static void watch(int epoll, int operation, int fd, struct peer *peer, bool writing)
{
    struct epoll_event event = { .events = writing ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = peer };

    if (epoll_ctl(epoll, operation, fd, &event) != 0)
        _exit(1);
}

/* Takes what was received apart; each whole request is one more number to answer. */
static void take(struct many *many, struct peer *peer, uint32_t size)
{
    for (uint32_t at = 0; at < size;) {
        uint32_t rest = many->request_size - peer->got, part = size - at < rest ? size - at : rest;
        uint32_t head = peer->got < sizeof(peer->number) ? (uint32_t)sizeof(peer->number) - peer->got : 0;

        memcpy((uint8_t *)&peer->number + peer->got % sizeof(peer->number), many->buffer + at,
               part < head ? part : head);
        peer->got += part;
        at += part;
        if (peer->got == many->request_size) {
            peer->numbers[(peer->first + peer->count++) % DEPTH_MAX] = peer->number + 1;
            peer->got = 0;
        }
    }
}

/* Fills the buffer with what is to leave next; its size. */
static uint32_t fill(struct many *many, const struct peer *peer)
{
    uint32_t filled = 0, index = 0, offset = peer->sent;

    while (index < peer->count && filled < ROOM) {
        uint32_t part = many->reply_size - offset < ROOM - filled ? many->reply_size - offset : ROOM - filled;
        const uint64_t *number = &peer->numbers[(peer->first + index) % DEPTH_MAX];

        if (offset < sizeof(*number)) {
            uint32_t head = (uint32_t)sizeof(*number) - offset;

            memcpy(many->buffer + filled, (const uint8_t *)number + offset, part < head ? part : head);
        }
        filled += part;
        offset += part;
        if (offset == many->reply_size) {
            index++;
            offset = 0;
        }
    }
    return filled;
}

static void block(struct peer *peer, bool blocked)
{
    if (peer->blocked != blocked)
        watch(peer->epoll, EPOLL_CTL_MOD, peer->fd, peer, blocked);
    peer->blocked = blocked;
}

/* Sends replies as far as the socket takes them. */
static bool answer(struct many *many, struct peer *peer)
{
    while (peer->count) {
        uint32_t size = fill(many, peer);
        ssize_t count = send(peer->fd, many->buffer, size, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (count < 0 && errno != EAGAIN)
            return false;
        for (peer->sent += count > 0 ? (uint32_t)count : 0; peer->sent >= many->reply_size && peer->count;) {
            peer->sent -= many->reply_size;
            peer->first++;
            peer->count--;
        }
        if (count < (ssize_t)size) {
            block(peer, true);
            return true;
        }
    }
    block(peer, false);
    return true;
}

static bool serve_peer(struct many *many, struct peer *peer)
{
    ssize_t count = recv(peer->fd, many->buffer, ROOM, MSG_DONTWAIT);

    if (count == 0 || (count < 0 && errno != EAGAIN))
        return false;
    if (count > 0)
        take(many, peer, (uint32_t)count);
    return answer(many, peer);
}

static void welcome(struct bench_session *session, int epoll)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    int out;

    bench_medium_serve(session->state, &peer->fd, &out);
    peer->epoll = epoll;
    watch(epoll, EPOLL_CTL_ADD, peer->fd, peer, false);
}

static void serve(struct bench_session *session)
{
    struct many *many = make(session);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[64];

    watch(epoll, EPOLL_CTL_ADD, bench_medium_listener(session->state), NULL, false);
    bench_ready(session, NULL);
    for (;;) {
        int count = epoll_wait(epoll, events, 64, -1);

        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].data.ptr;

            if (!peer) {
                welcome(session, epoll);
            } else if (!serve_peer(many, peer)) {
                close(peer->fd);
                free(peer);
            }
        }
    }
}

/* ---- The client ---- */

static void *start(struct bench_session *session)
{
    struct many *many = make(session);
    uint32_t size = many->request_size > many->reply_size ? many->request_size : many->reply_size;
    int out;

    many->count = session->workload.connections;
    many->message = calloc(1, size);
    many->fds = calloc(many->count + session->workload.idle, sizeof(*many->fds));
    many->begun = calloc(many->count, sizeof(*many->begun));
    for (uint32_t i = 0; i < many->count + session->workload.idle; i++)
        bench_medium_connect(session->state, &many->fds[i], &out);
    return many;
}

/* Sends the requests of a connection. The server goes on receiving while its replies wait, so this ends. */
static void ask(struct many *many, uint32_t i)
{
    for (uint32_t j = 0; j < many->depth; j++) {
        uint64_t number = many->number + i * many->depth + j;

        memcpy(many->message, &number, sizeof(number));
        if (send(many->fds[i], many->message, many->request_size, MSG_NOSIGNAL) != (ssize_t)many->request_size)
            bench_fail(many->session, "the server is gone");
    }
}

static void collect(struct many *many, uint32_t i, struct bench_run *run)
{
    for (uint32_t j = 0; j < many->depth; j++) {
        uint64_t number;

        if (recv(many->fds[i], many->message, many->reply_size, MSG_WAITALL) != (ssize_t)many->reply_size)
            bench_fail(many->session, "the server is gone");
        memcpy(&number, many->message, sizeof(number));
        if (number != many->number + i * many->depth + j + 1)
            bench_fail(many->session, "a reply differs from what was sent");
        bench_run_end(run, many->begun[i]);
    }
}

static void run(void *self, struct bench_run *run)
{
    struct many *many = self;

    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);

        many->number += (uint64_t)many->count * many->depth;
        for (uint32_t i = 0; i < many->count; i++) {
            many->begun[i] = i ? bench_ticks() : begun;
            ask(many, i);
        }
        for (uint32_t i = 0; i < many->count; i++)
            collect(many, i, run);
    }
}

static const struct bench_subject_ops ops = {
    .prepare = prepare,
    .discard = bench_medium_free,
    .serve = serve,
    .open = start,
    .run = run,
    .close = NULL,
};

const struct bench_subject bench_floor_tcp_epoll = { "raw TCP, epoll", &ops, NULL };
