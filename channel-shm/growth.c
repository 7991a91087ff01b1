/* SPDX-License-Identifier: MIT */
/* When the sender's arena grows: where bodies go in pieces, and where that is no exception. */
#include "channel-shm/growth.h"

#include "channel-shm/shm.h"

/*
 * One long body is not worth memory that stays until the connection ends: GROW_AFTER of them must have gone in pieces, each
 * of them within RECENT slots behind the one before, and GROW_AGAIN for a further step. The first step makes room for FEW, the
 * second for MANY; more would only take more of the caches. Where the system has refused memory, REFUSED bodies go in pieces before
 * it is asked again.
 */
enum { GROW_AFTER = 4, GROW_AGAIN = 2, RECENT = 1024, REFUSED = 1024, FEW = 2, MANY = 6 };

/* Whether a further step would help a body of so many units: it fits behind what there is, or is longer than all of it. */
static bool can_grow_for(const struct shm_arena *arena, uint32_t units)
{
    const struct shm_zone *zone = &arena->extension;

    uint32_t all = zone->end - zone->first, left = arena->units_max - zone->end;

    if (!zone->memory || units > all + left || all / MANY >= units)
        return false;
    return units <= left || (units > all && left);
}

bool hprpc__shm_may_wait(const struct shm_channel *channel, uint32_t size)
{
    const struct shm_arena *arena = &channel->sender.arena;
    const struct shm_zone *zone = &arena->extension;
    uint32_t units = shm_arena_units(zone->unit_shift, size);

    if (size <= channel->geometry.arena / 2)
        return true;
    /* the receiver keeps no more than half of the extension for long */
    return !can_grow_for(arena, units) && units <= (zone->end - zone->first) / 2;
}

static bool is_recent(const struct shm_sender *sender)
{
    return sender->head - sender->growth.head <= RECENT;
}

void hprpc__shm_went_in_pieces(struct shm_sender *sender)
{
    struct shm_growth *growth = &sender->growth;

    if (growth->wishes > 0 && !is_recent(sender))
        growth->wishes = 0;
    growth->head = sender->head;
    growth->wishes++;
}

/* Adds so many units, if there is memory for them. */
static bool extend(struct shm_arena *arena, uint32_t units)
{
    struct shm_zone *zone = &arena->extension;
    uint8_t *end = zone->memory + ((size_t)(zone->end - zone->first) << zone->unit_shift);

    if (hprpc__shm_extension_allocate(end, (size_t)units << zone->unit_shift))
        return false;
    hprpc__step(HPRPC__STEP_GROWN);
    hprpc__shm_arena_extend(arena, units);
    return true;
}

bool hprpc__shm_grow(struct shm_channel *channel, uint32_t size)
{
    struct shm_sender *sender = &channel->sender;
    struct shm_arena *arena = &sender->arena;
    struct shm_zone *zone = &arena->extension;
    uint32_t units = shm_arena_units(zone->unit_shift, size), left = arena->units_max - zone->end;
    uint32_t all = zone->end - zone->first, step;

    if (sender->growth.wishes < GROW_AFTER || !is_recent(sender))
        return false;
    if (size <= channel->geometry.arena / 2 || !can_grow_for(arena, units))
        return false;
    /* relaxed: what the receiver did before it wrote the word does not matter here */
    if (!atomic_load_explicit(&sender->words->extensible, memory_order_relaxed))
        return false;
    step = all < FEW * units ? FEW * units : MANY * units - all;
    if (extend(arena, step < left ? step : left) || (units < left && units < step && extend(arena, units))) {
        sender->growth.wishes = GROW_AFTER - GROW_AGAIN;
        return true;
    }
    sender->growth.wishes = -REFUSED;
    return false;
}
