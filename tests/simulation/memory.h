/* SPDX-License-Identifier: MIT */
/* An allocator that counts, checks sizes, and fails when it is told to. */
#ifndef SIMULATION_MEMORY_H
#define SIMULATION_MEMORY_H

#include <hprpc/context.h>

struct world;

struct memory {
    struct world *world;
    uint64_t used;       /* bytes that are allocated now */
    uint64_t count;      /* allocations so far */
    uint32_t fail;       /* so many of a thousand allocations fail */
    uint64_t fail_until; /* the count at which a series of failures ends */
    uint64_t failures;
    uint32_t holds; /* no allocation fails while it is not 0 */
};

struct kodosis_allocator memory_allocator(struct memory *memory);

#endif
