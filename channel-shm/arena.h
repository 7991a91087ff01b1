/* SPDX-License-Identifier: MIT */
/*
 * The sender's arena. The sender alone decides which chunk is free, in private memory; the receiver gives chunks back in any
 * order through a ring of returns. Each return is checked against the private table.
 */
#ifndef HPRPC_CHANNEL_SHM_ARENA_H
#define HPRPC_CHANNEL_SHM_ARENA_H

#include <hprpc/channel/transport.h>

#include "channel-shm/layout.h"

#define SHM_NO_CHUNK UINT32_MAX

/* Units of one size, one behind the other; a chunk never reaches from one zone into another. */
struct shm_zone {
    uint8_t *memory;
    uint32_t first, end; /* numbers of its units */
    uint32_t unit_shift;
    uint32_t cursor; /* where the next search begins */
    uint32_t free_units;
    uint32_t chunks; /* that are not free */
};

struct shm_arena {
    _Atomic uint32_t *returns;
    uint64_t returned; /* entries of the return ring taken so far */
    uint32_t entries;  /* of the return ring; never are more chunks out */
    uint32_t lap_shift;
    uint32_t units_max;        /* of both zones, when the extension has grown as far as it can */
    struct shm_zone base;      /* has memory from the start */
    struct shm_zone extension; /* its end is where it has grown to; without memory it cannot grow */
    uint64_t used[(SHM_UNITS_MAX + SHM_EXTENSION_UNITS_MAX) / 64]; /* a bit for each unit */
    /* by its first unit: a chunk's units, and whether the receiver may return it */
    uint16_t length[SHM_UNITS_MAX + SHM_EXTENSION_UNITS_MAX];
};

void hprpc__shm_arena_init(struct shm_arena *arena, const struct shm_geometry *geometry, const struct shm_lane *lane);

/*
 * Allocates a chunk of at least `size` bytes (not 0): its first unit, or SHM_NO_CHUNK in `ret_unit`. Takes it from the base, or
 * from the extension if it is longer than half of the base, or if the base has no room. Collects returns when it runs short.
 * HPRPC_EPROTOCOL when the receiver returned a chunk that it did not have.
 */
int hprpc__shm_arena_allocate(struct shm_arena *arena, uint32_t size, uint32_t *ret_unit);

/* Likewise, from the base alone, where `size` may be any. */
int hprpc__shm_arena_allocate_base(struct shm_arena *arena, uint32_t size, uint32_t *ret_unit);

/* Adds units to the extension, as its memory now reaches further. */
void hprpc__shm_arena_extend(struct shm_arena *arena, uint32_t units);

/* Hands a chunk over to the receiver, which returns it. */
void hprpc__shm_arena_hand_over(struct shm_arena *arena, uint32_t unit);

/* Frees a chunk that was not handed over. */
void hprpc__shm_arena_free(struct shm_arena *arena, uint32_t unit);

/* Frees the chunks that the receiver has returned. HPRPC_EPROTOCOL as above. */
int hprpc__shm_arena_collect(struct shm_arena *arena);

static inline const struct shm_zone *shm_arena_zone(const struct shm_arena *arena, uint32_t unit)
{
    return KODOSIS_LIKELY(unit < arena->base.end) ? &arena->base : &arena->extension;
}

static inline uint8_t *shm_arena_at(const struct shm_arena *arena, uint32_t unit)
{
    const struct shm_zone *zone = shm_arena_zone(arena, unit);

    return zone->memory + ((size_t)(unit - zone->first) << zone->unit_shift);
}

static inline uint32_t shm_zone_size(const struct shm_zone *zone)
{
    return (zone->end - zone->first) << zone->unit_shift;
}

static inline uint32_t shm_arena_units(uint32_t unit_shift, uint32_t size)
{
    return (uint32_t)(((uint64_t)size + (1u << unit_shift) - 1) >> unit_shift);
}

#endif
