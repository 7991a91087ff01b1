/* SPDX-License-Identifier: MIT */
/* A descriptor that one thread rings to wake another, which sleeps on descriptors. */
#ifndef HPRPC_BASE_WAKE_H
#define HPRPC_BASE_WAKE_H

#include <stdint.h>

/* Makes a descriptor that is readable from a ring until the ring is taken. Negative, with errno: there is none. */
int hprpc__wake_open(void);

/* Rings. Any thread, any process that has the descriptor; async-signal-safe; errno stays. */
void hprpc__wake_ring(int fd);

/* Takes all rings so far, and returns how many there were. */
uint64_t hprpc__wake_take(int fd);

#endif
