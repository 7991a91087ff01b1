/* SPDX-License-Identifier: MIT */
/*
 * Copying memory: the floor under large bodies. On one CPU: memcpy alone, and memcpy with a read of every byte of the copy. On
 * two CPUs: one side copies into a ring of pieces as large as the channel's, and the other reads each piece when it is there,
 * so that both work at once and the ring stays in the caches. `depth` messages are in flight, if the ring has room for them.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/floor/floor.h"
#include "bench/floor/shared.h"
#include "bench/measure/touch.h"

enum kind { KIND_COPY, KIND_TOUCH, KIND_SLOTS };
enum { MESSAGES = 1024, PIECE = 128 * 1024, PIECES = 8 };

struct memory {
    _Alignas(256) _Atomic uint64_t written; /* pieces */
    _Alignas(256) _Atomic uint64_t read;    /* pieces */
    _Alignas(256) _Atomic uint64_t answered;
    uint64_t sums[MESSAGES];
    size_t size, whole;
    _Alignas(4096) uint8_t data[];
};

static enum kind kind_of(const struct bench_subject *subject)
{
    return *(const enum kind *)subject->config;
}

static size_t step(size_t size)
{
    return (size + 4095) / 4096 * 4096;
}

static void *prepare(const struct bench_subject *subject, const struct bench_workload *workload)
{
    size_t room = kind_of(subject) == KIND_SLOTS ? PIECE * PIECES : step(workload->size);
    struct memory *memory = bench_shared_new(sizeof(struct memory) + room);

    memory->size = workload->size;
    memory->whole = sizeof(struct memory) + room;
    return memory;
}

static void discard(void *state)
{
    struct memory *memory = state;

    bench_shared_free(memory, memory->whole);
}

static uint8_t *piece_at(struct memory *memory, uint64_t number)
{
    return memory->data + number % PIECES * PIECE;
}

static size_t piece_size(size_t rest)
{
    return rest < PIECE ? rest : PIECE;
}

/* Returns the sum of the next message, which is read piece by piece. */
static uint64_t read_message(struct memory *memory, uint64_t *piece)
{
    uint64_t sum = 0;

    for (size_t done = 0; done < memory->size; done += piece_size(memory->size - done)) {
        /* acquire: pairs with the release in write_message; the copy is there */
        while (atomic_load_explicit(&memory->written, memory_order_acquire) <= *piece)
            bench_pause();
        sum += bench_sum(piece_at(memory, *piece), piece_size(memory->size - done));
        /* release: pairs with the acquire in write_message; the piece was read */
        atomic_store_explicit(&memory->read, ++*piece, memory_order_release);
    }
    return sum;
}

static void serve(struct bench_session *session)
{
    struct memory *memory = session->state;
    uint64_t piece = 0;

    bench_ready(session, NULL);
    while (kind_of(session->subject) != KIND_SLOTS)
        pause();
    for (uint64_t number = 1;; number++) {
        memory->sums[number % MESSAGES] = read_message(memory, &piece);
        /* release: pairs with the acquire in `take`; the sum is there */
        atomic_store_explicit(&memory->answered, number, memory_order_release);
    }
}

struct client {
    struct bench_session *session;
    struct memory *memory;
    uint64_t number, taken;
    uint64_t sum; /* of the source, with zero for its first word */
    uint64_t begun[MESSAGES];
    uint64_t piece; /* how many pieces were written */
    uint8_t *source;
};

static void *start(struct bench_session *session)
{
    struct client *client = calloc(1, sizeof(*client));

    client->session = session;
    client->memory = session->state;
    if (session->workload.size < sizeof(uint64_t))
        bench_fail(session, "this floor needs at least 8 bytes");
    if (session->workload.depth >= MESSAGES)
        bench_fail(session, "too many messages for this floor");
    client->source = aligned_alloc(4096, step(session->workload.size));
    bench_fill(client->source, session->workload.size, 3);
    memset(client->source, 0, sizeof(uint64_t));
    client->sum = bench_sum(client->source, session->workload.size);
    return client;
}

static void write_message(struct client *client)
{
    struct memory *memory = client->memory;

    for (size_t done = 0; done < memory->size; done += piece_size(memory->size - done)) {
        /* acquire: pairs with the release in read_message; the piece that lay here was read */
        while (client->piece - atomic_load_explicit(&memory->read, memory_order_acquire) >= PIECES)
            bench_pause();
        memcpy(piece_at(memory, client->piece), client->source + done, piece_size(memory->size - done));
        /* release: pairs with the acquire in read_message */
        atomic_store_explicit(&memory->written, ++client->piece, memory_order_release);
    }
}

static void ask(struct client *client, uint64_t begun)
{
    uint64_t number = ++client->number;

    client->begun[number % MESSAGES] = begun;
    memcpy(client->source, &number, sizeof(number));
    if (kind_of(client->session->subject) == KIND_SLOTS)
        write_message(client);
    else
        memcpy(client->memory->data, client->source, client->memory->size);
}

static void take(struct client *client, struct bench_run *run)
{
    struct memory *memory = client->memory;
    uint64_t number = ++client->taken;
    uint64_t sum = client->sum + number;

    if (kind_of(client->session->subject) == KIND_SLOTS) {
        /* acquire: pairs with the release in `serve` */
        while (atomic_load_explicit(&memory->answered, memory_order_acquire) < number)
            bench_pause();
        sum = memory->sums[number % MESSAGES];
    } else if (kind_of(client->session->subject) == KIND_TOUCH) {
        sum = bench_sum(memory->data, memory->size);
    }
    if (sum != client->sum + number)
        bench_fail(client->session, "the copy differs");
    bench_run_end(run, client->begun[number % MESSAGES]);
}

static void run(void *self, struct bench_run *run)
{
    struct client *client = self;
    bool slots = kind_of(client->session->subject) == KIND_SLOTS;
    uint32_t depth = slots ? client->session->workload.depth : 1;

    while (client->number - client->taken + 1 < depth)
        ask(client, run->last);
    while (bench_run_more(run)) {
        ask(client, run->last);
        take(client, run);
    }
    while (client->taken < client->number)
        take(client, run);
}

static const struct bench_subject_ops ops = {
    .prepare = prepare,
    .discard = discard,
    .serve = serve,
    .open = start,
    .run = run,
    .close = NULL,
};

static const enum kind kinds[] = { KIND_COPY, KIND_TOUCH, KIND_SLOTS };

const struct bench_subject bench_floor_memcpy = { "memcpy", &ops, &kinds[0] };
const struct bench_subject bench_floor_memcpy_touch = { "memcpy + touch", &ops, &kinds[1] };
const struct bench_subject bench_floor_memcpy_slots = { "memcpy + touch, two CPUs", &ops, &kinds[2] };
