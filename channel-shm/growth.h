/* SPDX-License-Identifier: MIT */
/* When an arena grows: where long bodies are frequent, and go in pieces because they find no chunk. */
#ifndef HPRPC_CHANNEL_SHM_GROWTH_H
#define HPRPC_CHANNEL_SHM_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

struct shm_channel;
struct shm_sender;

/* What is known about long bodies that went in pieces. */
struct shm_growth {
    int32_t wishes; /* how many there were of late; negative after the system has refused memory */
    uint64_t head;  /* slots published when the last one came */
};

/* Counts a body that goes in pieces because it found no chunk. */
void hprpc__shm_went_in_pieces(struct shm_sender *sender);

/*
 * Called where a body found no free chunk. True: the arena has grown since, so look again. False: too few went in pieces so far, it
 * cannot grow so far, the other side could not read it, or the system has no memory for it.
 */
bool hprpc__shm_grow(struct shm_channel *channel, uint32_t size);

/* Whether a request that found no free chunk may wait for one, because it will come. */
bool hprpc__shm_may_wait(const struct shm_channel *channel, uint32_t size);

#endif
