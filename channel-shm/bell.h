/* SPDX-License-Identifier: MIT */
/*
 * Parking and waking. Each pair of sides shares a word: whoever is about to sleep sets it and looks once more for what it
 * waits for; whoever provides that publishes it and then clears the word, and rings if it was set. Both are exchanges
 * of the same word, so one comes first: either the sleeper's look sees what was published, or the other side rings. That
 * needs no fence, and costs one wake for each time that somebody parked.
 */
#ifndef HPRPC_CHANNEL_SHM_BELL_H
#define HPRPC_CHANNEL_SHM_BELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/step.h"

/*
 * What wakes a side that sleeps: an eventfd that both sides have, or the lifeline, on which each packet is a ring. Whether
 * an eventfd waits is a property that both sides share, so only a peer that is trusted gets one.
 */
struct shm_bell {
    int fd;
    bool packets;
};

/* Rings. Never waits. Out of line: the rare case. */
void hprpc__shm_bell_ring(struct shm_bell bell);

/*
 * Makes a bell that was rung unreadable again; false where the other side has hung up, which no draining can hide. Never
 * waits.
 */
bool hprpc__shm_bell_drain(struct shm_bell bell);

static inline void shm_park(_Atomic uint32_t *word)
{
    /* acquire: pairs with the release in shm_wake, for the look that follows; release: so that shm_wake can pair with it */
    atomic_exchange_explicit(word, 1, memory_order_acq_rel);
}

/* No longer wants to be woken. False when the other side has rung, or is about to. */
static inline bool shm_unpark(_Atomic uint32_t *word)
{
    return atomic_exchange_explicit(word, 0, memory_order_acq_rel);
}

/* Whether the other side must be rung, after something was published. */
static inline bool shm_is_wanted(_Atomic uint32_t *word)
{
    /* release: pairs with the acquire in shm_park, which then sees what was published before */
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
