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
    uint8_t *cursor; /* in the newest block: the next piece */
    uint8_t *end;    /* of the block, or where the limit is */
    uint8_t *first;  /* the first piece */
    bool is_steady;  /* a reset keeps the blocks as they are: there is one of a usual size, or none */
    size_t before;   /* bytes handed out from older blocks since the last reset */
    size_t limit;    /* most bytes that may be handed out between resets */
    size_t peak;     /* most bytes that were handed out between resets, as far as a reset keeps blocks */
    const struct kodosis_allocator *allocator; /* NULL means malloc and free */
    struct kodosis_arena_block *blocks;        /* newest first */
};

/* Makes an empty arena: it takes no memory until it is asked for some. `allocator` is borrowed. */
KODOSIS_API void kodosis_arena_init(struct kodosis_arena *arena, const struct kodosis_allocator *allocator,
                                    size_t limit);

/* Whether the limit leaves room for `size` more bytes; pieces count in multiples of 16. */
KODOSIS_API bool kodosis_arena_allows(const struct kodosis_arena *arena, size_t size);

/* The slow halves of the two functions below. */
KODOSIS_API void *kodosis_arena_allocate_slowly(struct kodosis_arena *arena, size_t size);
KODOSIS_API void kodosis_arena_reset_slowly(struct kodosis_arena *arena);

/* `size` bytes aligned to 16, not cleared; NULL if that would exceed the limit or the allocator returns NULL. */
static inline void *kodosis_arena_allocate(struct kodosis_arena *arena, size_t size)
{
    uint8_t *memory = arena->cursor;
    size_t whole = (size + 15) & ~KODOSIS_CAST(size_t, 15);

    /* an empty piece, and a sum that wraps, is 0, and 0 less 1 fits nowhere */
    if (KODOSIS_UNLIKELY(whole - 1 >= KODOSIS_CAST(size_t, arena->end - memory)))
        return kodosis_arena_allocate_slowly(arena, size);
    arena->cursor = memory + whole;
    return memory;
}

/* Forgets everything handed out and keeps one block, so that a steady state allocates nothing. */
static inline void kodosis_arena_reset(struct kodosis_arena *arena)
{
    if (KODOSIS_LIKELY(arena->is_steady))
        arena->cursor = arena->first;
    else
        kodosis_arena_reset_slowly(arena);
}

/* Gives all memory back; the arena may be used again. */
KODOSIS_API void kodosis_arena_clear(struct kodosis_arena *arena);

#ifdef __cplusplus
}
#endif

#endif
