/* SPDX-License-Identifier: MIT */
/*
 * Parking and waking. Each pair of sides shares a word. A side that is about to sleep sets the word, and then looks once more
 * for what it waits for. The other side publishes that, then clears the word, and rings if the word was set. Both are exchanges
 * of the same word, so one comes first: either the sleeper's look sees what was published, or the other side rings. That
 * needs no fence, and costs one wake for each time that a side parked.
 */
#ifndef HPRPC_CHANNEL_SHM_BELL_H
#define HPRPC_CHANNEL_SHM_BELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/step.h"

/*
 * What wakes a side that sleeps: an eventfd that both sides have, or the lifeline, on which each packet is a ring. Either side
 * can change whether an eventfd blocks, for both, so only a trusted peer gets one.
 */
struct shm_bell {
    int fd;
    bool packets;
};

/* Rings. Never waits. Out of line, because it is rare. */
void hprpc__shm_bell_ring(struct shm_bell bell);

/*
 * Takes the rings of a bell, so that it is not readable any more; false: the other side has hung up, and the bell stays readable.
 * Never waits.
 */
bool hprpc__shm_bell_drain(struct shm_bell bell);

static inline void shm_park(_Atomic uint32_t *word)
{
    /* acquire: pairs with the release in shm_is_wanted, for the look that follows; release: pairs with the acquire there */
    atomic_exchange_explicit(word, 1, memory_order_acq_rel);
}

/* Clears the word of this side. False when the other side has rung, or is about to. */
static inline bool shm_unpark(_Atomic uint32_t *word)
{
    /* acquire and release: as in shm_is_wanted */
    return atomic_exchange_explicit(word, 0, memory_order_acq_rel);
}

/* Whether to ring the other side, after something was published. */
static inline bool shm_is_wanted(_Atomic uint32_t *word)
{
    /* release: pairs with the acquire in shm_park, which then sees what was published before; acquire: the reverse */
    return atomic_exchange_explicit(word, 0, memory_order_acq_rel) != 0;
}

static inline void shm_wake(_Atomic uint32_t *word, struct shm_bell bell)
{
    if (__builtin_expect(shm_is_wanted(word), 0)) {
        hprpc__step(HPRPC__STEP_RING);
        hprpc__shm_bell_ring(bell);
    }
}

#endif
