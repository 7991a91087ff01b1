/* SPDX-License-Identifier: MIT */
/* An allocator that counts, checks sizes and alignment of what comes back, and fails when it is told to. */
#ifndef SUPPORT_MEMORY_H
#define SUPPORT_MEMORY_H

#include <stdatomic.h>

#include <kodosis/types.h>

struct memory {
    atomic_long pieces;    /* live ones */
    atomic_llong bytes;    /* in them */
    atomic_llong highest;  /* most bytes at once */
    atomic_long countdown; /* the allocation that makes it 0 fails; below 0, none does */
    atomic_bool for_ever;  /* and all that follow */
    atomic_long failures;
};

void memory_init(struct memory *memory);

struct kodosis_allocator memory_allocator(struct memory *memory);

/* The nth allocation from now on fails (1 is the next), alone or with all that follow; 0 ends it. */
void memory_fail(struct memory *memory, long nth, bool for_ever);

#endif
