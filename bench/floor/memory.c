/*
 * Copying memory: the floor under large bodies. On one CPU: memcpy alone, and memcpy with every byte of the copy read. With
 * two: one side copies into shared memory, the other reads, `depth` buffers in turn.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/floor/floor.h"
#include "bench/floor/shared.h"
#include "bench/measure/touch.h"

enum kind { KIND_COPY, KIND_TOUCH, KIND_SLOTS };
enum { BUFFERS = 64, SPREAD = 16 };

struct memory {
    _Alignas(256) _Atomic uint64_t asked;
    _Alignas(256) _Atomic uint64_t answered;
    uint64_t sums[BUFFERS];
    size_t size, whole;
    uint32_t buffers;
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
    uint32_t buffers = kind_of(subject) == KIND_SLOTS && workload->depth < BUFFERS ? workload->depth : 1;
    size_t whole = sizeof(struct memory) + buffers * step(workload->size);
    struct memory *memory = bench_shared_new(whole);

    memory->size = workload->size;
    memory->whole = whole;
    memory->buffers = buffers;
    return memory;
}

static void discard(void *state)
{
    struct memory *memory = state;

    bench_shared_free(memory, memory->whole);
}

static uint8_t *buffer(struct memory *memory, uint64_t number)
{
    return memory->data + (number % memory->buffers) * step(memory->size);
}

static void serve(struct bench_session *session)
{
    struct memory *memory = session->state;

    bench_ready(session, NULL);
    while (kind_of(session->subject) != KIND_SLOTS)
        pause();
    for (uint64_t number = 1;; number++) {
        /* acquire: pairs with the release in `ask`; the copy is there */
        while (atomic_load_explicit(&memory->asked, memory_order_acquire) < number)
            bench_pause();
        memory->sums[number % memory->buffers] = bench_sum(buffer(memory, number), memory->size);
        /* release: pairs with the acquire in `take`; the sum is there, and the buffer was read */
        atomic_store_explicit(&memory->answered, number, memory_order_release);
    }
}

struct client {
    struct bench_session *session;
    struct memory *memory;
    uint64_t number, taken;
    uint64_t sum; /* of the source, with a zero for its first word */
    uint64_t begun[BUFFERS];
    uint8_t *source;
};

static void *start(struct bench_session *session)
{
    struct client *client = calloc(1, sizeof(*client));

    client->session = session;
    client->memory = session->state;
    if (session->workload.size < sizeof(uint64_t))
        bench_fail(session, "this floor needs at least 8 bytes");
    client->source = aligned_alloc(4096, step(session->workload.size));
    bench_fill(client->source, session->workload.size, 3);
    memset(client->source, 0, sizeof(uint64_t));
    client->sum = bench_sum(client->source, session->workload.size);
    return client;
}

static void ask(struct client *client, uint64_t begun)
{
    struct memory *memory = client->memory;
    uint64_t number = ++client->number;

    client->begun[number % BUFFERS] = begun;
    memcpy(client->source, &number, sizeof(number));
    memcpy(buffer(memory, number), client->source, memory->size);
    /* release: pairs with the acquire in `serve` */
    atomic_store_explicit(&memory->asked, number, memory_order_release);
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
        sum = memory->sums[number % memory->buffers];
    } else if (kind_of(client->session->subject) == KIND_TOUCH) {
        sum = bench_sum(buffer(memory, number), memory->size);
    }
    if (sum != client->sum + number)
        bench_fail(client->session, "the copy differs");
    bench_run_end(run, client->begun[number % BUFFERS]);
}

static void run(void *self, struct bench_run *run)
{
    struct client *client = self;

    while (client->number - client->taken + 1 < client->memory->buffers)
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
