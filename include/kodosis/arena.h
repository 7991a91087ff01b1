/* SPDX-License-Identifier: MIT */
/*
 * An arena: memory that is taken piece by piece and given back at once. Decoded values that cannot be views into the
 * message (a list of strings, say) live in one.
 */
#ifndef KODOSIS_ARENA_H
#define KODOSIS_ARENA_H

#include <kodosis/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kodosis_arena_block;

/* Not thread-safe. The fields are the arena's own. */
struct kodosis_arena {
    const struct kodosis_allocator *allocator; /* NULL means malloc and free */
    struct kodosis_arena_block *blocks;        /* newest first */
    uint8_t *cursor;
    uint8_t *end;
    size_t taken; /* bytes handed out since the last reset */
    size_t limit; /* most bytes that may be handed out between resets */
    size_t peak;  /* most bytes that were handed out between resets, as far as a reset keeps blocks */
};

/* Makes an empty arena: it takes no memory until it is asked for some. `allocator` is borrowed. */
KODOSIS_API void kodosis_arena_init(struct kodosis_arena *arena, const struct kodosis_allocator *allocator,
                                    size_t limit);

/* Whether the limit leaves room for `size` more bytes; pieces count in multiples of 16. */
KODOSIS_API bool kodosis_arena_allows(const struct kodosis_arena *arena, size_t size);

/* `size` bytes aligned to 16, not cleared; NULL if that would exceed the limit or the allocator returns NULL. */
KODOSIS_API void *kodosis_arena_allocate(struct kodosis_arena *arena, size_t size);

/* Forgets everything handed out and keeps one block, so that a steady state allocates nothing. */
KODOSIS_API void kodosis_arena_reset(struct kodosis_arena *arena);

/* Gives all memory back; the arena may be used again. */
KODOSIS_API void kodosis_arena_clear(struct kodosis_arena *arena);

#ifdef __cplusplus
}
#endif

#endif
