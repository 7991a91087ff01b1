/* SPDX-License-Identifier: MIT */
/* What one thread rings to wake another out of its sleep on descriptors. */
#ifndef HPRPC_BASE_WAKE_H
#define HPRPC_BASE_WAKE_H

#include <stdbool.h>

/* A descriptor that is readable once it was rung, until it is taken; negative, with errno, when there is none. */
int hprpc__wake_open(void);

/* Rings. Any thread, any process that has the descriptor; async-signal-safe; errno stays. */
void hprpc__wake_ring(int fd);

/* Takes all rings so far; false when there were none. */
bool hprpc__wake_take(int fd);

#endif
