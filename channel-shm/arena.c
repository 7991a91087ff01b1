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
    arena->returns = lane->returns;
    arena->entries = geometry->units;
    arena->lap_shift = (uint32_t)__builtin_ctz(geometry->units);
    arena->units_max = geometry->units + geometry->extension_units;
    arena->base = (struct shm_zone){
        .memory = lane->arena, .end = geometry->units, .unit_shift = geometry->unit_shift, .free_units = geometry->units
    };
    arena->extension = (struct shm_zone){ .memory = lane->extension,
                                          .first = geometry->units,
                                          .end = geometry->units,
                                          .unit_shift = geometry->extension_shift,
                                          .cursor = geometry->units };
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

static uint32_t take_run(struct shm_arena *arena, struct shm_zone *zone, uint32_t units)
{
    uint32_t start, end;

    if (units > zone->free_units || arena->base.chunks + arena->extension.chunks == arena->entries)
        return SHM_NO_CHUNK;
    start = find_run(arena, zone->cursor, zone->end, units);
    if (start == SHM_NO_CHUNK) {
        end = zone->cursor + units < zone->end ? zone->cursor + units : zone->end;
        start = find_run(arena, zone->first, end, units);
    }
    if (start == SHM_NO_CHUNK)
        return start;
    flip_run(arena, start, units);
    arena->length[start] = (uint16_t)units;
    zone->free_units -= units;
    zone->chunks++;
    zone->cursor = start + units;
    return start;
}

static int allocate(struct shm_arena *arena, struct shm_zone *zone, uint32_t size, uint32_t *ret_unit)
{
    uint32_t units = shm_arena_units(zone->unit_shift, size);
    uint32_t unit = SHM_NO_CHUNK;
    int result;

    if (zone->chunks < COLLECT_AT)
        unit = take_run(arena, zone, units);
    if (unit == SHM_NO_CHUNK) {
        result = hprpc__shm_arena_collect(arena);
        if (result)
            return result;
        unit = take_run(arena, zone, units);
    }
    *ret_unit = unit;
    return 0;
}

int hprpc__shm_arena_allocate_base(struct shm_arena *arena, uint32_t size, uint32_t *ret_unit)
{
    return allocate(arena, &arena->base, size, ret_unit);
}

int hprpc__shm_arena_allocate(struct shm_arena *arena, uint32_t size, uint32_t *ret_unit)
{
    bool long_for_base = size > shm_zone_size(&arena->base) / 2;
    uint32_t unit = SHM_NO_CHUNK;
    int result = 0;

    if (!long_for_base)
        result = allocate(arena, &arena->base, size, &unit);
    /* small bodies would waste the large units of the extension */
    if (!result && unit == SHM_NO_CHUNK && (long_for_base || size >= SHM_EXTENSION_UNIT_MIN))
        result = allocate(arena, &arena->extension, size, &unit);
    if (!result)
        *ret_unit = unit;
    return result;
}

void hprpc__shm_arena_extend(struct shm_arena *arena, uint32_t units)
{
    arena->extension.end += units;
    arena->extension.free_units += units;
}

void hprpc__shm_arena_hand_over(struct shm_arena *arena, uint32_t unit)
{
    arena->length[unit] |= HANDED_OVER;
}

void hprpc__shm_arena_free(struct shm_arena *arena, uint32_t unit)
{
    struct shm_zone *zone = unit < arena->base.end ? &arena->base : &arena->extension;
    uint32_t units = arena->length[unit] & LENGTH_MASK;

    flip_run(arena, unit, units);
    arena->length[unit] = 0;
    zone->free_units += units;
    zone->chunks--;
    if (!zone->chunks)
        zone->cursor = zone->first; /* memory that was used a moment ago is warm */
}

int hprpc__shm_arena_collect(struct shm_arena *arena)
{
    uint32_t i, word, unit;
    uint16_t tag, lap;

    for (i = 0; i < arena->entries; i++) {
        lap = (uint16_t)(arena->returned >> arena->lap_shift);
        /* acquire: pairs with the release in give_back (receiver.c), so the receiver is through with the chunk's bytes */
        word = atomic_load_explicit(&arena->returns[arena->returned & (arena->entries - 1)], memory_order_acquire);
        tag = (uint16_t)(word >> 16);
        if (tag == lap)
            break;
        unit = word & 0xffff;
        if (tag != (uint16_t)(lap + 1) || unit >= arena->units_max || !(arena->length[unit] & HANDED_OVER))
            return HPRPC_EPROTOCOL;
        arena->returned++;
        hprpc__shm_arena_free(arena, unit);
    }
    return 0;
}
