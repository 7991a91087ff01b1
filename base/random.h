/* SPDX-License-Identifier: MIT */
/* Random numbers of the system. */
#ifndef HPRPC_BASE_RANDOM_H
#define HPRPC_BASE_RANDOM_H

#include <stdint.h>

/* 64 random bits, for jitter; not for secrets, because a system without a source of its own falls back on the clock. */
uint64_t hprpc__random(void);

#endif
