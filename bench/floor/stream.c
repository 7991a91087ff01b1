/* SPDX-License-Identifier: MIT */
/* Ping-pong over byte streams: FIFOs on tmpfs, TCP on loopback and Unix-domain sockets, with three ways of waiting. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/floor/floor.h"
#include "bench/floor/medium.h"
#include "bench/measure/touch.h"

enum style { STYLE_BARE, STYLE_POLL, STYLE_BUSY };

enum kind { FIFO, TCP, LOCAL };

struct config {
    enum kind kind;
    enum style style;
};

struct stream {
    struct bench_session *session;
    const struct config *config;
    int in, out;
    uint8_t *request, *reply;
    uint32_t request_size, reply_size;
    uint64_t number;
};

static const struct config *config_of(const struct bench_subject *subject)
{
    return subject->config;
}

static void *prepare(const struct bench_subject *subject, const struct bench_workload *workload)
{
    const struct config *config = config_of(subject);

    (void)workload;
    return config->kind == TCP     ? bench_medium_tcp()
           : config->kind == LOCAL ? bench_medium_unix()
                                   : bench_medium_fifo(config->style == STYLE_BUSY);
}

static struct stream *make(struct bench_session *session)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    stream->session = session;
    stream->config = config_of(session->subject);
    bench_floor_bytes(&session->workload, &stream->request_size, &stream->reply_size);
    stream->request = calloc(1, stream->request_size);
    stream->reply = calloc(1, stream->reply_size);
    return stream;
}

/* Reads what is there, at most `size` bytes and at least one. Returns how many. */
static size_t take(const struct stream *stream, void *data, size_t size)
{
    struct pollfd wait = { .fd = stream->in, .events = POLLIN };
    bool busy = stream->config->style == STYLE_BUSY;
    ssize_t count;

    do {
        if (stream->config->style == STYLE_POLL)
            poll(&wait, 1, -1);
        count = stream->config->kind == FIFO ? read(stream->in, data, size)
                                             : recv(stream->in, data, size, busy ? MSG_DONTWAIT : 0);
    } while (count < 0 && (errno == EAGAIN || errno == EINTR));
    if (count <= 0)
        bench_fail(stream->session, "the other side is gone");
    return (size_t)count;
}

static void read_all(const struct stream *stream, uint8_t *data, size_t size)
{
    while (size) {
        size_t count = take(stream, data, size);

        data += count;
        size -= count;
    }
}

static void write_all(const struct stream *stream, const uint8_t *data, size_t size)
{
    while (size) {
        ssize_t count =
            stream->config->kind == FIFO ? write(stream->out, data, size) : send(stream->out, data, size, MSG_NOSIGNAL);

        if (count < 0 && errno != EAGAIN && errno != EINTR)
            bench_fail(stream->session, "the other side is gone");
        if (count > 0) {
            data += count;
            size -= (size_t)count;
        }
    }
}

static void serve(struct bench_session *session)
{
    struct stream *stream = make(session);

    bench_fill(stream->reply, stream->reply_size, 7);
    bench_ready(session, NULL);
    bench_medium_serve(session->state, &stream->in, &stream->out);
    for (;;) {
        uint64_t sum;

        read_all(stream, stream->request, stream->request_size);
        sum = bench_sum(stream->request, stream->request_size);
        memcpy(stream->reply, &sum, sizeof(sum));
        write_all(stream, stream->reply, stream->reply_size);
    }
}

static void *start(struct bench_session *session)
{
    struct stream *stream = make(session);

    bench_medium_connect(session->state, &stream->in, &stream->out);
    bench_fill(stream->request, stream->request_size, 5);
    return stream;
}

static void run(void *self, struct bench_run *run)
{
    struct stream *stream = self;
    uint64_t rest, whole, first;

    memset(stream->request, 0, sizeof(first));
    whole = bench_sum(stream->request, stream->request_size);
    bench_fill(stream->reply, stream->reply_size, 7);
    memset(stream->reply, 0, sizeof(first));
    rest = bench_sum(stream->reply, stream->reply_size);
    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);

        stream->number++;
        memcpy(stream->request, &stream->number, sizeof(stream->number));
        write_all(stream, stream->request, stream->request_size);
        read_all(stream, stream->reply, stream->reply_size);
        memcpy(&first, stream->reply, sizeof(first));
        if (first != whole + stream->number || bench_sum(stream->reply, stream->reply_size) != rest + first)
            bench_fail(stream->session, "a reply differs from what was sent");
        bench_run_end(run, begun);
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

static const struct config configs[] = {
    { FIFO, STYLE_BARE }, { FIFO, STYLE_POLL },  { FIFO, STYLE_BUSY },  { TCP, STYLE_BARE },   { TCP, STYLE_POLL },
    { TCP, STYLE_BUSY },  { LOCAL, STYLE_BARE }, { LOCAL, STYLE_POLL }, { LOCAL, STYLE_BUSY },
};

const struct bench_subject bench_floor_fifo_bare = { "raw FIFO", &ops, &configs[0] };
const struct bench_subject bench_floor_fifo_poll = { "raw FIFO + poll", &ops, &configs[1] };
const struct bench_subject bench_floor_fifo_busy = { "raw FIFO, busy", &ops, &configs[2] };
const struct bench_subject bench_floor_tcp_bare = { "raw TCP", &ops, &configs[3] };
const struct bench_subject bench_floor_tcp_poll = { "raw TCP + poll", &ops, &configs[4] };
const struct bench_subject bench_floor_tcp_busy = { "raw TCP, busy", &ops, &configs[5] };
const struct bench_subject bench_floor_unix_bare = { "raw unix", &ops, &configs[6] };
const struct bench_subject bench_floor_unix_poll = { "raw unix + poll", &ops, &configs[7] };
const struct bench_subject bench_floor_unix_busy = { "raw unix, busy", &ops, &configs[8] };
