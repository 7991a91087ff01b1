/* SPDX-License-Identifier: MIT */
/*
 * The waits are counted from the beginning of one attempt to the beginning of the next. So a side that accepts and leaves at once is
 * asked no more often than one that does not answer, and a connection that ends after a long life is replaced at once.
 */
#include "rpc/backoff.h"

enum {
    FIRST_HERE_MS = 10,
    LAST_HERE_MS = 1000,
    GROWTH_HERE = 20, /* tenths */
    FIRST_MS = 100,
    LAST_MS = 15000,
    GROWTH = 16,
    JITTER = 5, /* a wait is longer or shorter by at most this part of it */
};

void hprpc__backoff_init(struct hprpc__backoff *backoff, bool here)
{
    *backoff = (struct hprpc__backoff){
        .first = (here ? FIRST_HERE_MS : FIRST_MS) * HPRPC__MILLISECOND,
        .last = (here ? LAST_HERE_MS : LAST_MS) * HPRPC__MILLISECOND,
        .growth = here ? GROWTH_HERE : GROWTH,
        .next = HPRPC__UNSET,
    };
    backoff->wait = backoff->first;
}

/* The wait, up to a fifth longer or shorter. */
static uint64_t jittered(uint64_t wait, uint64_t random)
{
    return wait - wait / JITTER + random % (2 * (wait / JITTER) + 1);
}

void hprpc__backoff_attempt(struct hprpc__backoff *backoff, uint64_t now, uint64_t random)
{
    uint64_t longer = backoff->wait / 10 * backoff->growth;

    backoff->waited = jittered(backoff->wait, random);
    backoff->next = now + backoff->waited;
    backoff->wait = longer < backoff->last ? longer : backoff->last;
}

void hprpc__backoff_lived(struct hprpc__backoff *backoff, uint64_t nanoseconds)
{
    if (nanoseconds > backoff->waited)
        backoff->wait = backoff->first;
}

void hprpc__backoff_hurry(struct hprpc__backoff *backoff)
{
    backoff->wait = backoff->first;
    backoff->next = HPRPC__UNSET;
}
