/* SPDX-License-Identifier: MIT */
/* The sender's arena: finding free runs of units, and taking back what the receiver returned. */
#include "channel-shm/arena.h"

/* HANDED_OVER: the receiver has the chunk, or will have it, and may return it. */
enum { HANDED_OVER = 0x8000, LENGTH_MASK = 0x7fff };

/* Looking at the returns costs a cache miss, so the sender looks only when a cache line of them may have come. */
enum { COLLECT_AT = 16 };

void hprpc__shm_arena_init(struct shm_arena *arena, const struct shm_geometry *geometry, const struct shm_lane *lane)
{
    memset(arena, 0, sizeof(*arena));
    arena->memory = lane->arena;
    arena->returns = lane->returns;
    arena->units = geometry->units;
    arena->unit_shift = geometry->unit_shift;
    arena->lap_shift = (uint32_t)__builtin_ctz(geometry->units);
    arena->free_units = geometry->units;
}

/* The first used unit from `from` on (with `flip` all ones: the first free one), or `end`. */
static uint32_t find_bit(const struct shm_arena *arena, uint32_t from, uint32_t end, uint64_t flip)
{
    uint64_t word;
    uint32_t unit;

    while (from < end) {
        word = (arena->used[from / 64] ^ flip) & (~(uint64_t)0 << from % 64);
        if (word) {
            unit = from / 64 * 64 + (uint32_t)__builtin_ctzll(word);
            return unit < end ? unit : end;
        }
        from = from / 64 * 64 + 64;
    }
    return end;
}

static uint32_t find_run(const struct shm_arena *arena, uint32_t from, uint32_t end, uint32_t units)
{
    uint32_t start, stop;

    while (from < end) {
        start = find_bit(arena, from, end, ~(uint64_t)0);
        if (end - start < units)
            break;
        stop = find_bit(arena, start, start + units, 0);
        if (stop - start == units)
            return start;
        from = stop;
    }
    return SHM_NO_CHUNK;
}

/* Flips the bits of a run: from free to used, or back. */
static void flip_run(struct shm_arena *arena, uint32_t start, uint32_t units)
{
    uint32_t in_word;

    while (units) {
        in_word = 64 - start % 64;
        if (in_word > units)
            in_word = units;
        arena->used[start / 64] ^= (~(uint64_t)0 >> (64 - in_word)) << start % 64;
        start += in_word;
        units -= in_word;
    }
}

static uint32_t take_run(struct shm_arena *arena, uint32_t units)
{
    uint32_t start, end;

    if (units > arena->free_units)
        return SHM_NO_CHUNK;
    start = find_run(arena, arena->cursor, arena->units, units);
    if (start == SHM_NO_CHUNK) {
        end = arena->cursor + units < arena->units ? arena->cursor + units : arena->units;
        start = find_run(arena, 0, end, units);
    }
    if (start == SHM_NO_CHUNK)
        return start;
    flip_run(arena, start, units);
    arena->length[start] = (uint16_t)units;
    arena->free_units -= units;
    arena->chunks++;
    arena->cursor = start + units;
    return start;
}

int hprpc__shm_arena_allocate(struct shm_arena *arena, uint32_t size, uint32_t *ret_unit)
{
    uint32_t units = shm_arena_units(arena->unit_shift, size);
    uint32_t unit = SHM_NO_CHUNK;
    int result;

    if (arena->chunks < COLLECT_AT)
        unit = take_run(arena, units);
    if (unit == SHM_NO_CHUNK) {
        result = hprpc__shm_arena_collect(arena);
        if (result)
            return result;
        unit = take_run(arena, units);
    }
    *ret_unit = unit;
    return 0;
}

void hprpc__shm_arena_hand_over(struct shm_arena *arena, uint32_t unit)
{
    arena->length[unit] |= HANDED_OVER;
}

void hprpc__shm_arena_free(struct shm_arena *arena, uint32_t unit)
{
    uint32_t units = arena->length[unit] & LENGTH_MASK;

    flip_run(arena, unit, units);
    arena->length[unit] = 0;
    arena->free_units += units;
    arena->chunks--;
    if (!arena->chunks)
        arena->cursor = 0; /* memory that was used a moment ago is warm */
}

int hprpc__shm_arena_collect(struct shm_arena *arena)
{
    uint32_t i, word, unit;
    uint16_t tag, lap;

    for (i = 0; i < arena->units; i++) {
        lap = (uint16_t)(arena->returned >> arena->lap_shift);
        /* acquire: pairs with the release in give_back (receiver.c), so the receiver is through with the chunk's bytes */
        word = atomic_load_explicit(&arena->returns[arena->returned & (arena->units - 1)], memory_order_acquire);
        tag = (uint16_t)(word >> 16);
        if (tag == lap)
            break;
        unit = word & 0xffff;
        if (tag != (uint16_t)(lap + 1) || unit >= arena->units || !(arena->length[unit] & HANDED_OVER))
            return HPRPC_EPROTOCOL;
        arena->returned++;
        hprpc__shm_arena_free(arena, unit);
    }
    return 0;
}
