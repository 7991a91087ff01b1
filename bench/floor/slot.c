/* SPDX-License-Identifier: MIT */
/*
 * Ping-pong over one cache line in each direction: 48 bytes of payload, the word to sleep on, and the commit word. The two
 * lines are 256 bytes apart, so that no prefetcher loads one with the other.
 */
#include <linux/futex.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/floor/floor.h"
#include "bench/floor/shared.h"

enum wake { WAKE_NONE, WAKE_FUTEX, WAKE_EVENTFD };

struct line {
    _Alignas(256) uint64_t payload[6];
    _Atomic uint32_t bell;
    _Atomic uint64_t commit;
};

struct slots {
    struct line lines[2]; /* [0] to the server, [1] to the client */
    int bells[2];         /* eventfds, for the subject that sleeps on them */
};

static enum wake wake_of(const struct bench_subject *subject)
{
    return *(const enum wake *)subject->config;
}

static void *prepare(const struct bench_subject *subject, const struct bench_workload *workload)
{
    struct slots *slots = bench_shared_new(sizeof(*slots));

    (void)workload;
    for (int i = 0; i < 2; i++)
        slots->bells[i] = wake_of(subject) == WAKE_EVENTFD ? eventfd(0, EFD_CLOEXEC) : -1;
    return slots;
}

static void discard(void *state)
{
    struct slots *slots = state;

    for (int i = 0; i < 2; i++) {
        if (slots->bells[i] >= 0)
            close(slots->bells[i]);
    }
    bench_shared_free(slots, sizeof(*slots));
}

static void publish(struct slots *slots, int way, enum wake wake, uint64_t lap)
{
    struct line *line = &slots->lines[way];
    const uint64_t one = 1;

    /* release: pairs with the acquire in await; the payload is there before the lap is */
    atomic_store_explicit(&line->commit, lap, memory_order_release);
    if (wake == WAKE_FUTEX) {
        atomic_store_explicit(&line->bell, (uint32_t)lap, memory_order_seq_cst);
        syscall(SYS_futex, &line->bell, FUTEX_WAKE, 1, NULL, NULL, 0);
    } else if (wake == WAKE_EVENTFD && write(slots->bells[way], &one, sizeof(one)) != sizeof(one)) {
        _exit(1);
    }
}

static void sleep_for(struct slots *slots, int way, enum wake wake, uint64_t lap)
{
    struct line *line = &slots->lines[way];
    uint64_t rung;

    if (wake == WAKE_FUTEX) {
        while (atomic_load_explicit(&line->bell, memory_order_acquire) != (uint32_t)lap)
            syscall(SYS_futex, &line->bell, FUTEX_WAIT, (uint32_t)(lap - 1), NULL, NULL, 0);
    } else if (wake == WAKE_EVENTFD) {
        struct pollfd wait = { .fd = slots->bells[way], .events = POLLIN };

        while (poll(&wait, 1, -1) != 1)
            ;
        if (read(slots->bells[way], &rung, sizeof(rung)) != sizeof(rung))
            _exit(1);
    }
}

static void await(struct slots *slots, int way, enum wake wake, uint64_t lap)
{
    struct line *line = &slots->lines[way];

    if (wake != WAKE_NONE)
        sleep_for(slots, way, wake, lap);
    /* acquire: pairs with the release in publish */
    while (atomic_load_explicit(&line->commit, memory_order_acquire) != lap)
        bench_pause();
}

static void serve(struct bench_session *session)
{
    struct slots *slots = session->state;
    enum wake wake = wake_of(session->subject);

    bench_ready(session, NULL);
    for (uint64_t lap = 1;; lap++) {
        await(slots, 0, wake, lap);
        for (int i = 0; i < 5; i++)
            slots->lines[1].payload[i] = slots->lines[0].payload[i] + 1;
        publish(slots, 1, wake, lap);
    }
}

struct client {
    struct bench_session *session;
    uint64_t lap;
};

static void *start(struct bench_session *session)
{
    struct client *client = calloc(1, sizeof(*client));

    client->session = session;
    return client;
}

static void run(void *self, struct bench_run *run)
{
    struct client *client = self;
    struct slots *slots = client->session->state;
    enum wake wake = wake_of(client->session->subject);

    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);
        uint64_t lap = ++client->lap;
        uint64_t wrong = 0;

        for (uint64_t i = 0; i < 5; i++)
            slots->lines[0].payload[i] = lap + i;
        publish(slots, 0, wake, lap);
        await(slots, 1, wake, lap);
        for (uint64_t i = 0; i < 5; i++)
            wrong |= slots->lines[1].payload[i] ^ (lap + i + 1);
        if (wrong)
            bench_fail(client->session, "a reply differs from what was sent");
        bench_run_end(run, begun);
    }
}

static const struct bench_subject_ops ops = {
    .prepare = prepare,
    .discard = discard,
    .serve = serve,
    .open = start,
    .run = run,
    .close = free,
};

static const enum wake wakes[] = { WAKE_NONE, WAKE_FUTEX, WAKE_EVENTFD };

const struct bench_subject bench_floor_slot_spin = { "raw slot", &ops, &wakes[0] };
const struct bench_subject bench_floor_slot_futex = { "raw slot + futex", &ops, &wakes[1] };
const struct bench_subject bench_floor_slot_eventfd = { "raw slot + eventfd + poll", &ops, &wakes[2] };
