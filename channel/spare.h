/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that a listener keeps for the moment when the process has no more: with them it takes in one more client, to tell
 * it why it is turned away. Without, the client would wait, and not know for what.
 */
#ifndef HPRPC_CHANNEL_SPARE_H
#define HPRPC_CHANNEL_SPARE_H

#include <stdbool.h>
#include <stddef.h>

enum { HPRPC__SPARES_MAX = 3 };

struct hprpc__spares {
    size_t wanted, count;
    int fds[HPRPC__SPARES_MAX];
};

/* Keeps up to `wanted` descriptors, as far as there are any. */
void hprpc__spares_init(struct hprpc__spares *spares, size_t wanted);
void hprpc__spares_clear(struct hprpc__spares *spares);

/* Takes back what was let go, as far as there are any. */
void hprpc__spares_refill(struct hprpc__spares *spares);

/* Lets them go for use, where `number` is the errno of a call that found no descriptor. False where that would not help. */
bool hprpc__spares_let_go(struct hprpc__spares *spares, int number);

#endif
