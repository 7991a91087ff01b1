/* SPDX-License-Identifier: MIT */
/*
 * TCP with many connections: a server with one epoll loop, which answers each message by a recv and a send; a client that sends
 * on all connections, then collects the answers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/floor/floor.h"
#include "bench/floor/medium.h"

enum { ROOM = 4096 };

struct many {
    struct bench_session *session;
    uint32_t request_size, reply_size;
    uint64_t number;
    uint32_t count;
    int *fds;
    uint64_t *begun;
    uint8_t buffer[ROOM];
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
    bench_floor_bytes(&session->workload, &many->request_size, &many->reply_size);
    if (many->request_size > ROOM || many->reply_size > ROOM)
        bench_fail(session, "too large messages for this floor");
    return many;
}

static void watch(int epoll, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        _exit(1);
}

/* Answers one message, which is small enough to come and go in one piece on loopback. */
static bool answer(struct many *many, int fd)
{
    ssize_t count = recv(fd, many->buffer, many->request_size, 0);
    uint64_t number;

    if (count <= 0)
        return false;
    if ((uint32_t)count != many->request_size)
        bench_fail(many->session, "a request came in pieces");
    memcpy(&number, many->buffer, sizeof(number));
    number++;
    memcpy(many->buffer, &number, sizeof(number));
    return send(fd, many->buffer, many->reply_size, MSG_NOSIGNAL) == (ssize_t)many->reply_size;
}

static void serve(struct bench_session *session)
{
    struct many *many = make(session);
    int listener = bench_medium_listener(session->state);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[64];
    int in, out;

    watch(epoll, listener);
    bench_ready(session, NULL);
    for (;;) {
        int count = epoll_wait(epoll, events, 64, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener) {
                bench_medium_serve(session->state, &in, &out);
                watch(epoll, in);
            } else if (!answer(many, events[i].data.fd)) {
                close(events[i].data.fd);
            }
        }
    }
}

static void *start(struct bench_session *session)
{
    struct many *many = make(session);
    int out;

    many->count = session->workload.connections;
    many->fds = calloc(many->count + session->workload.idle, sizeof(*many->fds));
    many->begun = calloc(many->count, sizeof(*many->begun));
    for (uint32_t i = 0; i < many->count + session->workload.idle; i++)
        bench_medium_connect(session->state, &many->fds[i], &out);
    return many;
}

static void collect(struct many *many, uint32_t i, struct bench_run *run)
{
    uint64_t number;

    if (recv(many->fds[i], many->buffer, many->reply_size, MSG_WAITALL) != (ssize_t)many->reply_size)
        bench_fail(many->session, "the server is gone");
    memcpy(&number, many->buffer, sizeof(number));
    if (number != many->number + i + 1)
        bench_fail(many->session, "a reply differs from what was sent");
    bench_run_end(run, many->begun[i]);
}

static void run(void *self, struct bench_run *run)
{
    struct many *many = self;

    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);

        many->number += many->count;
        for (uint32_t i = 0; i < many->count; i++) {
            uint64_t number = many->number + i;

            many->begun[i] = i ? bench_ticks() : begun;
            memcpy(many->buffer, &number, sizeof(number));
            if (send(many->fds[i], many->buffer, many->request_size, MSG_NOSIGNAL) != (ssize_t)many->request_size)
                bench_fail(many->session, "the server is gone");
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
