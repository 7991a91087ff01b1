/* SPDX-License-Identifier: MIT */
/*
 * What the shared-memory channel costs beyond the least that two CPUs need to exchange a message: a round trip of a request of
 * 6 bytes and a reply of 12 (the paper's SayHello) over bare channels, and the same bytes through one 64-byte slot each way,
 * with the commit word inside. Both spin, on two CPUs, in turns; the result is the ratio of the medians of each turn.
 *
 * floor-shm [rounds [calls-per-round [options of the URI]]]
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <hprpc/channel/transport.h>

#include "examples/usage.h"

extern const struct hprpc_transport hprpc_transport_shm;

enum { REQUEST_SIZE = 6, REPLY_SIZE = 12, ROUNDS_MAX = 1000, WARM_UP = 2000 };

/* One line each way. */
struct line {
    _Alignas(128) _Atomic uint32_t commit;
    uint32_t size;
    uint8_t body[56];
};

static struct line *lines;
static uint32_t raw_sequence;

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "floor-shm: %s\n", what);
    exit(1);
}

/* Pins this thread. With fewer CPUs it does nothing: then the numbers mean nothing, but the program works. */
static void pin(size_t processor)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

/*
 * Called between two looks at a line: the writer gets the line sooner if the reader looks less often. It makes a round trip a
 * fifth shorter.
 */
static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* ---- By hand ---- */

static void raw_send(struct line *line, const void *body, uint32_t size, uint32_t sequence)
{
    memcpy(line->body, body, size);
    line->size = size;
    atomic_store_explicit(&line->commit, sequence, memory_order_release);
}

static void raw_receive(struct line *line, void *ret_body, uint32_t sequence)
{
    while (atomic_load_explicit(&line->commit, memory_order_acquire) != sequence)
        relax();
    memcpy(ret_body, line->body, line->size);
}

static void raw_call(void *unused)
{
    uint8_t body[56] = "\5king";

    (void)unused;
    raw_sequence++;
    raw_send(&lines[0], body, REQUEST_SIZE, raw_sequence);
    raw_receive(&lines[1], body, raw_sequence);
}

static void raw_answer(void *unused)
{
    uint8_t body[56] = "";

    (void)unused;
    raw_sequence++;
    raw_receive(&lines[0], body, raw_sequence);
    raw_send(&lines[1], body, REPLY_SIZE, raw_sequence);
}

/* ---- Over a channel ---- */

static void channel_send(struct hprpc_channel *channel, const struct hprpc_header *header, const void *body,
                         uint32_t size)
{
    struct hprpc_reservation reservation;

    if (channel->ops->start_call(channel, header, size, &reservation))
        fail("start_call");
    memcpy(reservation.writer.cursor, body, size);
    if (channel->ops->end_call(channel, &reservation))
        fail("end_call");
}

static void channel_receive(struct hprpc_channel *channel, void *ret_body, struct hprpc_header *ret_header)
{
    struct hprpc_message message;
    int result;

    while (!(result = channel->ops->receive(channel, &message)))
        relax();
    if (result < 0)
        fail(channel->reason.text);
    memcpy(ret_body, message.body, message.size);
    *ret_header = message.header;
    channel->ops->release(channel, &message);
}

static void channel_call(void *argument)
{
    struct hprpc_header header = { .call = 1, .service = 1, .procedure = 1, .type = HPRPC_MESSAGE_REQUEST };
    uint8_t body[64] = "\5king";

    channel_send(argument, &header, body, REQUEST_SIZE);
    channel_receive(argument, body, &header);
}

static void channel_answer(void *argument)
{
    struct hprpc_header header = { 0 }, answer = { .type = HPRPC_MESSAGE_REPLY };
    uint8_t body[64] = "";

    channel_receive(argument, body, &header);
    answer.call = header.call;
    channel_send(argument, &answer, body, REPLY_SIZE);
}

static struct hprpc_channel *open_channel(bool server, const char *text, int ready)
{
    const struct hprpc_header header = { .type = HPRPC_MESSAGE_PING };
    struct hprpc_reservation reservation;
    struct hprpc_listener *listener;
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail;
    struct hprpc_message message;
    struct hprpc_uri uri;
    char byte = 'r';

    if (hprpc_uri_parse(text, &detail, &uri))
        fail(detail.text);
    if (!server) {
        if (read(ready, &byte, 1) != 1 || hprpc_transport_shm.connect(NULL, &uri, &detail, &channel))
            fail(detail.text);
        while (channel->ops->start_call(channel, &header, 0, &reservation))
            if (channel->ops->receive(channel, &message))
                fail(channel->reason.text);
        channel->ops->cancel_call(channel, &reservation);
        return channel;
    }
    if (hprpc_transport_shm.listen(NULL, &uri, &detail, &listener) || write(ready, &byte, 1) != 1)
        fail(detail.text);
    while (!listener->ops->accept(listener, &detail, &channel))
        ;
    listener->ops->free(listener);
    while (channel->ops->receive(channel, &message))
        fail("a message came unasked");
    return channel;
}

/* ---- Rounds ---- */

static int compare(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

/* Returns the median time of one call. Reading the clock for each call would cost too much, so it is read at every tenth. */
static double time_calls(void (*call)(void *), void *argument, uint32_t calls)
{
    double *times = malloc((calls / 10 + 1) * sizeof(*times)), result;
    uint64_t start;
    uint32_t i, j, count = 0;

    for (i = 0; i < calls / 10; i++) {
        start = now();
        for (j = 0; j < 10; j++)
            call(argument);
        times[count++] = (double)(now() - start) / 10;
    }
    result = median(times, count);
    free(times);
    return result;
}

static void repeat(void (*call)(void *), void *argument, uint32_t count)
{
    while (count--)
        call(argument);
}

static void serve(struct hprpc_channel *channel, uint32_t rounds, uint32_t calls)
{
    uint32_t i;

    repeat(raw_answer, NULL, WARM_UP);
    repeat(channel_answer, channel, WARM_UP);
    for (i = 0; i < rounds; i++) {
        repeat(raw_answer, NULL, calls / 10 * 10);
        repeat(channel_answer, channel, calls / 10 * 10);
    }
}

static void measure(struct hprpc_channel *channel, uint32_t rounds, uint32_t calls)
{
    double raw[ROUNDS_MAX], ours[ROUNDS_MAX], ratios[ROUNDS_MAX];
    uint32_t i;

    repeat(raw_call, NULL, WARM_UP);
    repeat(channel_call, channel, WARM_UP);
    for (i = 0; i < rounds; i++) {
        raw[i] = time_calls(raw_call, NULL, calls);
        ours[i] = time_calls(channel_call, channel, calls);
        ratios[i] = ours[i] / raw[i];
    }
    printf("one line by hand %6.1f ns   channel %6.1f ns   ratio %.3f", median(raw, rounds), median(ours, rounds),
           median(ratios, rounds));
    printf(" (%.3f to %.3f in %u rounds)\n", ratios[0], ratios[rounds - 1], rounds);
}

int main(int count, char **arguments)
{
    uint32_t rounds = count > 1 ? (uint32_t)atoi(arguments[1]) : 11,
             calls = count > 2 ? (uint32_t)atoi(arguments[2]) : 100000;
    struct hprpc_channel *channel;
    char uri[128];
    int ready[2], status;
    pid_t child;

    usage_check(count, arguments, count,
                "floor-shm [ROUNDS [CALLS-PER-ROUND [OPTIONS]]]\n"
                "Compares the shm channel with two cache lines that two processes pass to each other.");
    if (!rounds || rounds > ROUNDS_MAX || calls < 10)
        fail("usage: floor-shm [rounds [calls-per-round]]");
    lines = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (lines == MAP_FAILED || pipe(ready))
        fail("no shared memory");
    snprintf(uri, sizeof(uri), "shm://floor-%d?%s", (int)getpid(), count > 3 ? arguments[3] : "wait=spin");
    child = fork();
    if (!child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(1);
        channel = open_channel(true, uri, ready[1]);
        serve(channel, rounds, calls);
        channel->ops->free(channel);
        return 0;
    }
    pin(0);
    channel = open_channel(false, uri, ready[0]);
    measure(channel, rounds, calls);
    waitpid(child, &status, 0);
    channel->ops->free(channel);
    return status ? 1 : 0;
}
