/* SPDX-License-Identifier: MIT */
/* When the next attempt to connect is due: the waits between attempts, which grow, with jitter. */
#ifndef HPRPC_RPC_BACKOFF_H
#define HPRPC_RPC_BACKOFF_H

#include <stdbool.h>

#include "base/deadline.h"

struct hprpc__backoff {
    uint64_t first, last; /* the shortest wait and the longest, in nanoseconds, without jitter */
    uint32_t growth;      /* a wait in tenths of the wait before it */
    uint64_t wait;        /* the next one, without jitter */
    uint64_t waited;      /* the one that follows the last attempt, with jitter */
    hprpc__deadline next; /* when the next attempt is due; in the past, or HPRPC__UNSET: at once */
};

/* `here`: the listener is on this host, where an attempt costs little. */
void hprpc__backoff_init(struct hprpc__backoff *backoff, bool here);

/* Called when an attempt begins: says when the next one is due, should this one fail. `random` has 64 random bits. */
void hprpc__backoff_attempt(struct hprpc__backoff *backoff, uint64_t now, uint64_t random);

/* Called when a connection ends that was READY for so long: one that lived longer than the last wait makes the waits short again. */
void hprpc__backoff_lived(struct hprpc__backoff *backoff, uint64_t nanoseconds);

/* Called when the listener has come back: the next attempt is due at once, and the waits after it are short. */
void hprpc__backoff_hurry(struct hprpc__backoff *backoff);

#endif
