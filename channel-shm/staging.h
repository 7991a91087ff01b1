/* SPDX-License-Identifier: MIT */
/* Staged messages, which found no room or are longer than a chunk may be. */
#ifndef HPRPC_CHANNEL_SHM_STAGING_H
#define HPRPC_CHANNEL_SHM_STAGING_H

#include <hprpc/channel/channel.h>

#include "base/list.h"

struct shm_channel;

/* A message that found no room: a private copy that flush sends, whole or in pieces. */
struct shm_staged {
    struct hprpc__link link;
    struct hprpc_header header;
    uint32_t size;
    uint32_t sent;                              /* bytes that were sent already, as pieces */
    const struct kodosis_reference *references; /* runs that are not in `body` yet; only inside end_call */
    uint32_t reference_count;
    struct hprpc_descriptors *descriptors; /* that travel with it, or NULL */
    _Alignas(16) uint8_t body[];
};

static inline struct shm_staged *shm_staged_of(struct hprpc__link *link)
{
    return (struct shm_staged *)(void *)link;
}

/* A private body of `size` bytes. HPRPC_ENOMEM. */
int hprpc__shm_stage(struct shm_channel *channel, const struct hprpc_header *header, uint32_t size,
                     struct shm_staged **ret_staged);
void hprpc__shm_staged_free(struct shm_channel *channel, struct shm_staged *staged);

/* Puts a staged message behind the others and sends as much as there is room for. */
int hprpc__shm_enqueue(struct shm_channel *channel, struct shm_staged *staged);

/* Sends staged messages as far as there is room. 0: none is left; HPRPC_EAGAIN: some are, and room will wake us; broken. */
int hprpc__shm_feed(struct shm_channel *channel);
int hprpc__shm_flush(struct hprpc_channel *base);

#endif
