/* SPDX-License-Identifier: MIT */
/* An arena of blocks that double in size; a reset keeps one of them. */
#include <kodosis/arena.h>

#include <stdlib.h>

enum {
    ALIGNMENT = 16,
    BLOCK_MIN = 4 * 1024,
    BLOCK_MAX = 64 * 1024, /* blocks double up to here; a larger piece gets a block of its own size */
    PEAK_MAX = 256 * 1024, /* a block for more than this is not kept by a reset */
};

struct kodosis_arena_block {
    struct kodosis_arena_block *next;
    size_t size; /* with this header */
};

/*
 * The bytes of a block in front of its first piece: the header, and the gap if the allocator aligns to less than
 * ALIGNMENT.
 */
enum {
    MALLOC_ALIGNMENT = KODOSIS_ALIGNOF(max_align_t) < ALIGNMENT ? KODOSIS_ALIGNOF(max_align_t) : ALIGNMENT,
    HEADER =
        (sizeof(struct kodosis_arena_block) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT - MALLOC_ALIGNMENT,
};

static void *block_allocate(const struct kodosis_allocator *allocator, size_t size)
{
    return allocator ? allocator->allocate(allocator->self, size) : malloc(size);
}

static void block_release(const struct kodosis_allocator *allocator, struct kodosis_arena_block *block)
{
    if (allocator)
        allocator->release(allocator->self, block, block->size);
    else
        free(block);
}

/* Without a block, nothing is handed out, and `end` less `cursor` is 0. */
static void use_no_block(struct kodosis_arena *arena)
{
    arena->cursor = NULL;
    arena->end = NULL;
    arena->first = NULL;
    arena->before = 0;
    arena->blocks = NULL;
    arena->is_steady = true;
}

void kodosis_arena_init(struct kodosis_arena *arena, const struct kodosis_allocator *allocator, size_t limit)
{
    use_no_block(arena);
    arena->allocator = allocator;
    arena->limit = limit;
    arena->peak = 0;
}

/* Bytes handed out since the last reset. */
static size_t taken(const struct kodosis_arena *arena)
{
    return arena->before + (size_t)(arena->cursor - arena->first);
}

static bool is_usual(const struct kodosis_arena_block *block)
{
    return block->size <= PEAK_MAX + HEADER;
}

/* Hands out pieces of the newest block from now on, as far as the limit allows. */
static void use_newest_block(struct kodosis_arena *arena)
{
    struct kodosis_arena_block *block = arena->blocks;
    uintptr_t start = ((uintptr_t)(block + 1) + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
    size_t left = arena->limit - arena->before, room;

    arena->first = (uint8_t *)block + (start - (uintptr_t)block);
    room = block->size - (size_t)(arena->first - (uint8_t *)block);
    arena->cursor = arena->first;
    arena->end = arena->first + (room < left ? room : left);
    arena->is_steady = !block->next && is_usual(block);
}

/* A new block with room for `size` bytes. */
static bool grow(struct kodosis_arena *arena, size_t size)
{
    size_t wanted = arena->blocks ? arena->blocks->size * 2 : BLOCK_MIN;
    struct kodosis_arena_block *block;

    if (wanted > BLOCK_MAX)
        wanted = BLOCK_MAX;
    if (wanted < arena->peak + HEADER)
        wanted = arena->peak + HEADER;
    if (wanted < size + HEADER)
        wanted = size + HEADER;
    block = block_allocate(arena->allocator, wanted);
    if (!block)
        return false;
    block->next = arena->blocks;
    block->size = wanted;
    arena->before = taken(arena);
    arena->blocks = block;
    use_newest_block(arena);
    return true;
}

static inline size_t whole_pieces(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

bool kodosis_arena_allows(const struct kodosis_arena *arena, size_t size)
{
    size_t left = arena->limit - taken(arena);

    /* the limit counts whole pieces, so that many small ones cannot slip under it */
    return size <= left && whole_pieces(size) <= left;
}

/* Allocates what does not fit into the newest block, or an empty piece, which gets memory of its own. */
void *kodosis_arena_allocate_slowly(struct kodosis_arena *arena, size_t size)
{
    size_t whole = whole_pieces(size ? size : 1);
    void *memory;

    /* beyond half of all memory the sums here could wrap */
    if (size > SIZE_MAX / 2 || whole > arena->limit - taken(arena))
        return NULL;
    if (whole > (size_t)(arena->end - arena->cursor) && !grow(arena, whole))
        return NULL;
    memory = arena->cursor;
    arena->cursor += whole;
    return memory;
}

/* Releases all blocks but `kept`, which may be NULL. */
static void release_others(struct kodosis_arena *arena, struct kodosis_arena_block *kept)
{
    struct kodosis_arena_block *block = arena->blocks;

    while (block) {
        struct kodosis_arena_block *next = block->next;

        if (block != kept)
            block_release(arena->allocator, block);
        block = next;
    }
    arena->blocks = kept;
    if (kept)
        kept->next = NULL;
}

void kodosis_arena_reset_slowly(struct kodosis_arena *arena)
{
    struct kodosis_arena_block *kept = arena->blocks;
    size_t most = taken(arena);

    /* this is more than the peak before: an arena that is not steady outgrew a block for that */
    arena->peak = most < PEAK_MAX ? most : PEAK_MAX;
    /* keeps the newest block if it holds the peak and is not too large to keep; else the next block is made large enough */
    if (kept->size < arena->peak + HEADER || !is_usual(kept)) {
        kodosis_arena_clear(arena);
        return;
    }
    release_others(arena, kept);
    arena->before = 0;
    use_newest_block(arena);
}

void kodosis_arena_clear(struct kodosis_arena *arena)
{
    release_others(arena, NULL);
    use_no_block(arena);
}
