/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that a listener keeps for the moment when the process has no more: it uses them to accept one more client and
 * tell it why it is turned away. Without them the client would wait, and not know why.
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

/* Opens up to `wanted` descriptors, as far as the system has them. */
void hprpc__spares_init(struct hprpc__spares *spares, size_t wanted);
void hprpc__spares_clear(struct hprpc__spares *spares);

/* Opens again the descriptors that were let go, as far as the system has them. */
void hprpc__spares_refill(struct hprpc__spares *spares);

/* Closes them for use, if `number` is the errno of a call that found no descriptor. False: that would not help. */
bool hprpc__spares_let_go(struct hprpc__spares *spares, int number);

#endif
