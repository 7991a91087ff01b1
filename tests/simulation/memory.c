/* SPDX-License-Identifier: MIT */
/* The allocator of a simulated world. */
#include "simulation/memory.h"

#include <stdlib.h>

#include "simulation/world.h"

enum { HEAD = 16, SPELL = 12 };

/* Decides if this allocation fails. Failures come one at a time, or up to SPELL in a row. */
static bool fails(struct memory *memory)
{
    struct random *random = &memory->world->random;

    if (memory->holds || !memory->fail)
        return false;
    if (memory->count < memory->fail_until)
        return true;
    if (!random_chance(random, memory->fail))
        return false;
    if (random_chance(random, 300))
        memory->fail_until = memory->count + random_between(random, 1, SPELL);
    return true;
}

static void *allocate(void *self, size_t size)
{
    struct memory *memory = self;
    uint8_t *block;

    memory->count++;
    if (fails(memory)) {
        memory->failures++;
        world_trace(memory->world, "an allocation of %zu bytes fails", size);
        return NULL;
    }
    block = malloc(HEAD + size);
    if (!block)
        abort();
    memcpy(block, &size, sizeof(size));
    memset(block + HEAD, 0xa5, size);
    memory->used += size;
    return block + HEAD;
}

static void release(void *self, void *pointer, size_t size)
{
    struct memory *memory = self;
    uint8_t *block = pointer;
    size_t was;

    if (!block)
        return;
    memcpy(&was, block - HEAD, sizeof(was));
    world_check(memory->world, was == size, "%zu bytes were allocated, and released as %zu", was, size);
    memset(block, 0x5a, size);
    memory->used -= size;
    free(block - HEAD);
}

struct kodosis_allocator memory_allocator(struct memory *memory)
{
    return (struct kodosis_allocator){ allocate, release, memory };
}
