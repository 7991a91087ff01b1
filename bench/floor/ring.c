/* SPDX-License-Identifier: MIT */
/* Pipelined echo over two rings of cache lines, each with a commit word that contains the lap: many messages in flight. */
#include <stdatomic.h>
#include <stdlib.h>

#include "bench/floor/floor.h"
#include "bench/floor/shared.h"

enum { SLOTS = 1024, WORDS = 5 }; /* 40 bytes of payload */

struct slot {
    _Alignas(64) uint64_t payload[7];
    _Atomic uint64_t commit;
};

struct rings {
    struct slot slots[2][SLOTS];
};

static void *prepare(const struct bench_subject *subject, const struct bench_workload *workload)
{
    (void)subject;
    (void)workload;
    return bench_shared_new(sizeof(struct rings));
}

static void discard(void *state)
{
    bench_shared_free(state, sizeof(struct rings));
}

/*
 * Writes to a slot. Its last message was read, because the answer has come and no more than `depth` are in flight: so the rings
 * need no head. The release pairs with the acquire in `arrived`.
 */
static void put(struct slot *ring, uint64_t number, uint64_t value)
{
    struct slot *slot = &ring[number % SLOTS];

    for (uint64_t i = 0; i < WORDS; i++)
        slot->payload[i] = value + i;
    atomic_store_explicit(&slot->commit, number, memory_order_release);
}

static bool arrived(struct slot *ring, uint64_t number)
{
    return atomic_load_explicit(&ring[number % SLOTS].commit, memory_order_acquire) == number;
}

static bool right(const struct slot *slot, uint64_t value)
{
    uint64_t wrong = 0;

    for (uint64_t i = 0; i < WORDS; i++)
        wrong |= slot->payload[i] ^ (value + i);
    return !wrong;
}

/* Makes the reply from the whole request, as a service does. The release pairs with the acquire in `arrived`. */
static void answer(struct slot *reply, const struct slot *request, uint64_t number)
{
    for (int i = 0; i < WORDS; i++)
        reply->payload[i] = request->payload[i] + 1;
    atomic_store_explicit(&reply->commit, number, memory_order_release);
}

static void serve(struct bench_session *session)
{
    struct rings *rings = session->state;

    bench_ready(session, NULL);
    for (uint64_t number = 1;; number++) {
        while (!arrived(rings->slots[0], number))
            bench_pause();
        answer(&rings->slots[1][number % SLOTS], &rings->slots[0][number % SLOTS], number);
    }
}

struct client {
    struct bench_session *session;
    uint64_t sent, received;
    uint64_t begun[SLOTS];
};

static void *start(struct bench_session *session)
{
    struct client *client = calloc(1, sizeof(*client));

    if (session->workload.depth > SLOTS)
        bench_fail(session, "the ring has %d slots", SLOTS);
    client->session = session;
    return client;
}

static void send_one(struct client *client, struct rings *rings, struct bench_run *run)
{
    client->sent++;
    client->begun[client->sent % SLOTS] = run->last;
    put(rings->slots[0], client->sent, client->sent * 3);
}

static void take_one(struct client *client, struct rings *rings, struct bench_run *run)
{
    uint64_t number = ++client->received;

    while (!arrived(rings->slots[1], number))
        bench_pause();
    if (!right(&rings->slots[1][number % SLOTS], number * 3 + 1))
        bench_fail(client->session, "a reply differs from what was sent");
    bench_run_end(run, client->begun[number % SLOTS]);
}

static void run(void *self, struct bench_run *run)
{
    struct client *client = self;
    struct rings *rings = client->session->state;

    for (uint32_t i = 0; i < client->session->workload.depth; i++)
        send_one(client, rings, run);
    while (bench_run_more(run)) {
        take_one(client, rings, run);
        send_one(client, rings, run);
    }
    while (client->received < client->sent)
        take_one(client, rings, run);
}

static const struct bench_subject_ops ops = {
    .prepare = prepare,
    .discard = discard,
    .serve = serve,
    .open = start,
    .run = run,
    .close = free,
};

const struct bench_subject bench_floor_ring = { "raw rings", &ops, NULL };
