/* SPDX-License-Identifier: MIT */
/* Random numbers from a seed (splitmix64). The same seed gives the same world. */
#ifndef SIMULATION_RANDOM_H
#define SIMULATION_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Returns a number below `limit`, which is not 0. The slight bias of a remainder does not matter here. */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

/* Returns a number in [least, most]. */
static inline uint64_t random_between(struct random *random, uint64_t least, uint64_t most)
{
    return least + random_below(random, most - least + 1);
}

/* Returns true in `per_thousand` of a thousand cases. A chance of 0 or 1000 draws no number. */
static inline bool random_chance(struct random *random, uint32_t per_thousand)
{
    if (per_thousand == 0 || per_thousand >= 1000)
        return per_thousand != 0;
    return random_below(random, 1000) < per_thousand;
}

#endif
