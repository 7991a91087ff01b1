/* SPDX-License-Identifier: MIT */
/*
 * Blocks that the connections of one listener share. A connection that goes to sleep does not need its blocks until it is woken,
 * and thousands of them sleep while a few work; so a connection gives its blocks to the pool.
 */
#ifndef HPRPC_CHANNEL_FRAMED_POOL_H
#define HPRPC_CHANNEL_FRAMED_POOL_H

#include "channel/framed/block.h"
#include "base/references.h"

enum { HPRPC__POOL_BLOCKS = 32 };

struct hprpc__pool {
    struct hprpc_context *context;
    struct hprpc__references references;
    _Atomic(struct hprpc__block *) blocks[HPRPC__POOL_BLOCKS];
};

/* Makes a pool with one reference; the drop of the last one frees it. NULL: no memory. Any thread. */
struct hprpc__pool *hprpc__pool_new(struct hprpc_context *context);
struct hprpc__pool *hprpc__pool_keep(struct hprpc__pool *pool);
void hprpc__pool_drop(struct hprpc__pool *pool); /* NULL is accepted */

/* Takes a block of HPRPC__FRAMED_BLOCK bytes; NULL when there is none. Any thread. */
struct hprpc__block *hprpc__pool_take(struct hprpc__pool *pool);

/* Takes such a block over; false when the pool is full. Any thread. */
bool hprpc__pool_give(struct hprpc__pool *pool, struct hprpc__block *block);

#endif
