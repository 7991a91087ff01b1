/* SPDX-License-Identifier: MIT */
/* A ring of elements, from the server to the client: each side tells the other one how far it is once for each batch. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bench/floor/floor.h"
#include "bench/floor/shared.h"

enum { ELEMENTS = 4096, ELEMENT_MAX = 64 };

struct feed {
    _Alignas(64) _Atomic uint64_t written; /* elements */
    _Alignas(64) _Atomic uint64_t read;
    _Alignas(64) uint8_t elements[ELEMENTS * ELEMENT_MAX];
};

static void *prepare(const struct bench_subject *subject, const struct bench_workload *workload)
{
    (void)subject;
    (void)workload;
    return bench_shared_new(sizeof(struct feed));
}

static void discard(void *state)
{
    bench_shared_free(state, sizeof(struct feed));
}

static int64_t *element(struct feed *feed, uint64_t number, uint32_t words)
{
    return (int64_t *)(void *)(feed->elements + number % ELEMENTS * words * sizeof(int64_t));
}

static uint32_t words_of(struct bench_session *session)
{
    const struct bench_workload *workload = &session->workload;

    if (workload->operation != BENCH_NUMBERS || workload->size > ELEMENT_MAX || workload->depth > ELEMENTS)
        bench_fail(session, "this floor moves numbers, %d bytes and %d at a time at most", ELEMENT_MAX, ELEMENTS);
    return workload->size / (uint32_t)sizeof(int64_t);
}

static void write_one(int64_t *to, uint32_t words, uint64_t number)
{
    for (uint32_t i = 0; i < words; i++)
        to[i] = (int64_t)(number + i);
}

/* The release pairs with the acquire in `take_batch`; the acquire pairs with its release, so no element is overwritten that is being read. */
static void serve(struct bench_session *session)
{
    uint32_t words = words_of(session), depth = session->workload.depth;
    struct feed *feed = session->state;

    bench_ready(session, NULL);
    for (uint64_t number = 0;; number += depth) {
        while (number + depth - atomic_load_explicit(&feed->read, memory_order_acquire) > ELEMENTS)
            bench_pause();
        for (uint32_t i = 0; i < depth; i++)
            write_one(element(feed, number + i, words), words, number + i);
        atomic_store_explicit(&feed->written, number + depth, memory_order_release);
    }
}

struct client {
    struct bench_session *session;
    uint64_t number;
    uint32_t words;
};

static void *start(struct bench_session *session)
{
    struct client *client = calloc(1, sizeof(*client));

    if (!client)
        abort();
    client->session = session;
    client->words = words_of(session);
    return client;
}

/* See `serve` for what the orders pair with. */
static void take_batch(struct client *client, struct feed *feed, uint32_t depth)
{
    uint64_t number = client->number, wrong = 0;

    while (atomic_load_explicit(&feed->written, memory_order_acquire) < number + depth)
        bench_pause();
    for (uint32_t i = 0; i < depth; i++) {
        const int64_t *from = element(feed, number + i, client->words);

        for (uint32_t j = 0; j < client->words; j++)
            wrong |= (uint64_t)from[j] ^ (number + i + j);
    }
    if (wrong)
        bench_fail(client->session, "an element differs from what was sent");
    client->number += depth;
    atomic_store_explicit(&feed->read, client->number, memory_order_release);
}

static void run(void *self, struct bench_run *run)
{
    struct client *client = self;
    uint32_t depth = client->session->workload.depth;

    while (bench_run_more(run)) {
        uint64_t begun = bench_run_begin(run);

        take_batch(client, client->session->state, depth);
        bench_run_end(run, begun);
        run->calls += depth - 1;
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

const struct bench_subject bench_floor_feed = { "raw feed", &ops, NULL };
