/* SPDX-License-Identifier: MIT */
/* An allocator that counts, checks, and fails when a test says so. */
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

/* Precedes each piece. Its size is the strictest alignment, so the piece is aligned too. */
struct front {
    _Alignas(max_align_t) size_t size;
    uint64_t mark;
};

#define LIVE 0x6c697665u
#define DEAD 0x64656164u

static bool fails(struct memory *memory)
{
    long left;

    if (atomic_load(&memory->countdown) < 0)
        return false;
    left = atomic_fetch_sub(&memory->countdown, 1) - 1;
    if (left > 0)
        return false;
    if (left < 0 && !atomic_load(&memory->for_ever))
        return false;
    if (left < 0)
        atomic_store(&memory->countdown, 0);
    atomic_fetch_add(&memory->failures, 1);
    return true;
}

static void note_highest(struct memory *memory, long long bytes)
{
    long long highest = atomic_load(&memory->highest);

    while (bytes > highest && !atomic_compare_exchange_weak(&memory->highest, &highest, bytes))
        continue;
}

/* Counts a piece of this size, without a lock, which a child of fork might find taken for ever. */
static void count_size(struct memory *memory, size_t size, long change)
{
    for (size_t i = 0; i < MEMORY_SIZES; i++) {
        size_t at = (size + i) % MEMORY_SIZES, there = 0;

        if (atomic_compare_exchange_strong(&memory->sizes[at].size, &there, size) || there == size) {
            atomic_fetch_add(&memory->sizes[at].pieces, change);
            return;
        }
    }
}

static void *allocate(void *self, size_t size)
{
    struct memory *memory = self;
    struct front *front;

    if (fails(memory))
        return NULL;
    front = malloc(sizeof(*front) + size);
    if (!front)
        return NULL;
    front->size = size;
    front->mark = LIVE;
    /* memory that was not written must not look as if it were zero */
    memset(front + 1, 0xa5, size);
    atomic_fetch_add(&memory->pieces, 1);
    count_size(memory, size, 1);
    note_highest(memory, atomic_fetch_add(&memory->bytes, (long long)size) + (long long)size);
    return front + 1;
}

static void release(void *self, void *piece, size_t size)
{
    struct memory *memory = self;
    struct front *front = piece;

    if (!piece)
        return;
    front--;
    if (front->mark != LIVE || front->size != size) {
        fprintf(stderr, "a piece of %zu bytes was released %s, as %zu\n", front->size,
                front->mark == DEAD ? "twice" : "wrongly", size);
        abort();
    }
    front->mark = DEAD;
    atomic_fetch_sub(&memory->pieces, 1);
    count_size(memory, size, -1);
    atomic_fetch_sub(&memory->bytes, (long long)size);
    free(front);
}

void memory_init(struct memory *memory)
{
    atomic_init(&memory->pieces, 0);
    atomic_init(&memory->bytes, 0);
    atomic_init(&memory->highest, 0);
    atomic_init(&memory->countdown, -1);
    atomic_init(&memory->for_ever, false);
    atomic_init(&memory->failures, 0);
    for (size_t i = 0; i < MEMORY_SIZES; i++) {
        atomic_init(&memory->sizes[i].size, 0);
        atomic_init(&memory->sizes[i].pieces, 0);
    }
}

struct kodosis_allocator memory_allocator(struct memory *memory)
{
    return (struct kodosis_allocator){ allocate, release, memory };
}

void memory_fail(struct memory *memory, long nth, bool for_ever)
{
    atomic_store(&memory->for_ever, for_ever);
    atomic_store(&memory->countdown, nth > 0 ? nth : -1);
}

bool memory_is_empty(struct memory *memory)
{
    bool empty = !atomic_load(&memory->pieces) && !atomic_load(&memory->bytes);

    for (size_t i = 0; i < MEMORY_SIZES && !empty; i++) {
        if (atomic_load(&memory->sizes[i].pieces))
            fprintf(stderr, "%ld pieces of %zu bytes are left\n", atomic_load(&memory->sizes[i].pieces),
                    atomic_load(&memory->sizes[i].size));
    }
    return empty;
}
