/* SPDX-License-Identifier: MIT */
/*
 * The elements of a stream that arrived and were not read. The pump puts them in, under the lock. One reader takes them out, and
 * needs the lock only when it has read all that it knew of. So reading many elements costs one lock.
 *
 * Small elements are copied into blocks, one behind the other; large ones are lent by the channel, or copied to memory of their own,
 * and a block says where they are. A block whose elements were all read is used again.
 */
#ifndef HPRPC_RPC_STREAM_QUEUE_H
#define HPRPC_RPC_STREAM_QUEUE_H

#include "rpc/connection/body.h"

struct hprpc__queue_block;

/* One element, as its reader sees it. */
struct hprpc__element {
    const uint8_t *data; /* aligned to 8 */
    uint32_t size;
    enum hprpc__body_place place;  /* of its bytes; HPRPC__BODY_NONE: there is no element */
    struct hprpc_message *message; /* of one that is lent */
};

/* Begins zeroed. */
struct hprpc__queue {
    /* lock: where elements arrive */
    struct hprpc__queue_block *last;
    struct hprpc__queue_block *spare;
    uint32_t arrived; /* elements that the reader does not know of */

    /* the reader's */
    struct hprpc__queue_block *first; /* written under the lock where there is no block yet */
    struct hprpc__queue_block *spent; /* blocks that were read */
    uint32_t at;                      /* in the first block */
    uint32_t ready;                   /* elements that it knows of and has not taken */
    struct hprpc__element current;    /* the one that it took last, until it drops it */
};

/* Puts a received message in, and takes it over. Under the lock. HPRPC_ENOMEM: it is released. */
int hprpc__queue_put(struct hprpc__queue *queue, struct hprpc_channel *channel, struct hprpc_message *message);

/* Puts an element in that lies in memory from the context's allocator, and takes that over. Under the lock. HPRPC_ENOMEM: it is freed. */
int hprpc__queue_put_memory(struct hprpc__queue *queue, struct hprpc_context *context, uint8_t *data, uint32_t size);

/* Lets the reader know of all that arrived; false if there is nothing. Its `current` was dropped. By the reader, under the lock. */
bool hprpc__queue_look(struct hprpc__queue *queue, struct hprpc_context *context);

/* Takes the next element into `current`; false if the reader knows of none. By the reader. */
bool hprpc__queue_take(struct hprpc__queue *queue);

/* Gives the memory of `current` back. By the reader. Does nothing where there is none. */
void hprpc__queue_drop(struct hprpc__queue *queue, struct hprpc_channel *channel);

/* Drops everything, and frees all memory: the queue is as new. By the reader, or where there is none any more; under the lock. */
void hprpc__queue_clear(struct hprpc__queue *queue, struct hprpc_channel *channel);

#endif
