/* SPDX-License-Identifier: MIT */
/*
 * Memory for bodies that do not fit into a slot. It is of the receiving side's context, which lives as long as messages are lent there;
 * the sending side takes blocks, and the thread that releases a message gives its block back. A few are kept for the next message.
 */
#ifndef HPRPC_CHANNEL_LOCAL_BLOCK_H
#define HPRPC_CHANNEL_LOCAL_BLOCK_H

#include <stddef.h>

#include <hprpc/channel/channel.h>

#include "base/list.h"
#include "base/lock.h"

enum {
    LOCAL_SMALL = 1024,            /* the least room of a block */
    LOCAL_SMALL_MAX = 64,          /* blocks with that room which are kept */
    LOCAL_LARGE = 2 * 1024 * 1024, /* most room of the one larger block that is kept */
};

struct local_block {
    struct hprpc__link link;
    struct hprpc_header header;            /* of a message that is queued */
    uint32_t size;                         /* of its body */
    struct hprpc_descriptors *descriptors; /* of a message that is queued, as in a slot */
    uint32_t room;
    _Alignas(8) uint8_t body[];
};

static inline struct local_block *local_block(struct hprpc__link *link)
{
    return (struct local_block *)link;
}

struct local_store {
    struct hprpc_context *context;
    struct hprpc__mutex lock; /* of the following fields */
    struct hprpc__list small;
    unsigned small_count;
    struct local_block *large; /* or NULL */
};

void hprpc__local_store_init(struct local_store *store, struct hprpc_context *context);

/* A block with room for `size` bytes, which are its size. NULL: there is no memory. Any thread. */
struct local_block *hprpc__local_block_take(struct local_store *store, uint32_t size);

/* Gives a block back. Any thread. */
void hprpc__local_block_give(struct local_store *store, struct local_block *block);

/* Frees the larger block that is kept. Any thread. */
void hprpc__local_store_trim(struct local_store *store);

/* Frees all blocks that are kept. */
void hprpc__local_store_clear(struct local_store *store);

#endif
