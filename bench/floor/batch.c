/* SPDX-License-Identifier: MIT */
/*
 * TCP with many messages in flight: each side takes all messages that have come, and answers them with one send. "Bare" sleeps
 * in recv; "busy" never sleeps.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/floor/floor.h"
#include "bench/floor/medium.h"
#include "bench/measure/touch.h"

enum { ROOM = 256 * 1024, DEPTH_MAX = 1024 };

struct batch {
    struct bench_session *session;
    int fd;
    int flags;                  /* of recv; they decide if it sleeps */
    uint32_t in_size, out_size; /* of one message */
    size_t rest;                /* bytes of an incomplete message, at the start of `in` */
    uint64_t sent, received;
    uint64_t begun[DEPTH_MAX];
    uint8_t in[ROOM], out[ROOM];
    uint8_t expected[ROOM]; /* what an incoming message contains after its number */
};

static int flags_of(const struct bench_subject *subject)
{
    return *(const int *)subject->config;
}

static void *prepare(const struct bench_subject *subject, const struct bench_workload *workload)
{
    (void)subject;
    (void)workload;
    return bench_medium_tcp();
}

/* Makes a side; the workload gives the sizes of what it sends and receives. */
static struct batch *make(struct bench_session *session, enum bench_side side)
{
    struct batch *batch = calloc(1, sizeof(*batch));
    bool client = side == BENCH_CLIENT;

    batch->session = session;
    bench_floor_bytes(&session->workload, client ? &batch->out_size : &batch->in_size,
                      client ? &batch->in_size : &batch->out_size);
    if (session->workload.depth > DEPTH_MAX || session->workload.depth * (batch->out_size + batch->in_size) > ROOM)
        bench_fail(session, "too many or too large messages for this floor");
    batch->flags = flags_of(session->subject);
    for (uint32_t i = 0; i < session->workload.depth; i++)
        bench_fill(batch->out + i * batch->out_size, batch->out_size, 5);
    bench_fill(batch->expected, batch->in_size, 5);
    return batch;
}

/* Receives once. Returns how many messages in `in` are complete. */
static size_t receive(struct batch *batch)
{
    ssize_t count;

    do
        count = recv(batch->fd, batch->in + batch->rest, sizeof(batch->in) - batch->rest, batch->flags);
    while (count < 0 && (errno == EINTR || errno == EAGAIN));
    if (count <= 0)
        bench_fail(batch->session, "the other side is gone");
    batch->rest += (size_t)count;
    return batch->rest / batch->in_size;
}

/* Returns the number in the i-th message, and checks the rest of it. */
static uint64_t look_at(const struct batch *batch, size_t i)
{
    const uint8_t *message = batch->in + i * batch->in_size;
    uint64_t number;

    memcpy(&number, message, sizeof(number));
    if (memcmp(message + sizeof(number), batch->expected + sizeof(number), batch->in_size - sizeof(number)) != 0)
        bench_fail(batch->session, "a message differs from what was sent");
    return number;
}

static void forget(struct batch *batch, size_t messages)
{
    size_t taken = messages * batch->in_size;

    memmove(batch->in, batch->in + taken, batch->rest - taken);
    batch->rest -= taken;
}

static void send_all(struct batch *batch, size_t size)
{
    const uint8_t *data = batch->out;

    while (size) {
        ssize_t count = send(batch->fd, data, size, MSG_NOSIGNAL);

        if (count < 0 && errno != EINTR)
            bench_fail(batch->session, "the other side is gone");
        if (count > 0) {
            data += count;
            size -= (size_t)count;
        }
    }
}

static void serve(struct bench_session *session)
{
    struct batch *batch = make(session, BENCH_SERVER);
    int other;

    bench_ready(session, NULL);
    bench_medium_serve(session->state, &batch->fd, &other);
    for (;;) {
        size_t messages = receive(batch);

        for (size_t i = 0; i < messages; i++) {
            uint64_t number = look_at(batch, i) + 1;

            memcpy(batch->out + i * batch->out_size, &number, sizeof(number));
        }
        forget(batch, messages);
        send_all(batch, messages * batch->out_size);
    }
}

static void *start(struct bench_session *session)
{
    struct batch *batch = make(session, BENCH_CLIENT);
    int other;

    bench_medium_connect(session->state, &batch->fd, &other);
    return batch;
}

static void request(struct batch *batch, size_t messages, const struct bench_run *run)
{
    for (size_t i = 0; i < messages; i++) {
        batch->sent++;
        batch->begun[batch->sent % DEPTH_MAX] = run->last;
        memcpy(batch->out + i * batch->out_size, &batch->sent, sizeof(batch->sent));
    }
    send_all(batch, messages * batch->out_size);
}

static size_t take(struct batch *batch, struct bench_run *run)
{
    size_t messages = receive(batch);

    for (size_t i = 0; i < messages; i++) {
        batch->received++;
        if (look_at(batch, i) != batch->received + 1)
            bench_fail(batch->session, "a reply differs from what was sent");
        bench_run_end(run, batch->begun[batch->received % DEPTH_MAX]);
    }
    forget(batch, messages);
    return messages;
}

static void run(void *self, struct bench_run *run)
{
    struct batch *batch = self;

    request(batch, batch->session->workload.depth, run);
    while (bench_run_more(run))
        request(batch, take(batch, run), run);
    while (batch->received < batch->sent)
        take(batch, run);
}

static const struct bench_subject_ops ops = {
    .prepare = prepare,
    .discard = bench_medium_free,
    .serve = serve,
    .open = start,
    .run = run,
    .close = free,
};

static const int flags[] = { 0, MSG_DONTWAIT };

const struct bench_subject bench_floor_tcp_batch = { "raw TCP, batched", &ops, &flags[0] };
const struct bench_subject bench_floor_tcp_batch_busy = { "raw TCP, batched, busy", &ops, &flags[1] };
