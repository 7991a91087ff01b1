/* SPDX-License-Identifier: MIT */
/* An allocator that counts, checks the size and the alignment of pieces that are released, and fails when a test says so. */
#ifndef SUPPORT_MEMORY_H
#define SUPPORT_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>

#include <kodosis/types.h>

enum { MEMORY_SIZES = 256 };

struct memory {
    atomic_long pieces;    /* that are allocated now */
    atomic_llong bytes;    /* in those pieces */
    atomic_llong highest;  /* the most bytes that were allocated at once */
    atomic_long countdown; /* the allocation that counts it down to 0 fails; below 0, none fails */
    atomic_bool for_ever;  /* all allocations after that one fail too */
    atomic_long failures;
    /* how many pieces of each size there are now; sizes beyond the first MEMORY_SIZES are not told apart */
    struct {
        _Atomic size_t size;
        atomic_long pieces;
    } sizes[MEMORY_SIZES];
};

void memory_init(struct memory *memory);

struct kodosis_allocator memory_allocator(struct memory *memory);

/* Makes the nth allocation from now on fail (1 is the next), alone or with all that follow. 0: none fails any more. */
void memory_fail(struct memory *memory, long nth, bool for_ever);

/* Whether all pieces were released. If not, it prints how many are left of each size. */
bool memory_is_empty(struct memory *memory);

#endif
