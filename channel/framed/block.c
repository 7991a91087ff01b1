/* SPDX-License-Identifier: MIT */
/*
 * Memory of a byte stream. The stream takes a block when bytes arrive or a message is written, and gives it back when the last
 * message in it is released or the kernel has taken it. It keeps one spare of each kind, so that a steady state of calls
 * allocates nothing, until the connection idles (see hprpc__framed_arm).
 */
#include "channel/framed/pool.h"

static void release(struct hprpc_framed *stream, struct hprpc__block *block)
{
    if (block)
        hprpc_context_release(stream->channel.context, block, sizeof(*block) + block->capacity);
}

/* Whether a spare suits: not too small, and not so large that a small message would keep it. */
static bool suits(const struct hprpc__block *spare, size_t capacity)
{
    size_t least = capacity > HPRPC__FRAMED_BLOCK ? capacity : HPRPC__FRAMED_BLOCK;

    return spare->capacity >= capacity && spare->capacity / 4 <= least;
}

struct hprpc__block *hprpc__block_take(struct hprpc_framed *stream, enum hprpc__spare kind, size_t capacity)
{
    /* acquire: pairs with the release in hprpc__block_give, which may run on another thread */
    struct hprpc__block *block = __atomic_exchange_n(&stream->spares[kind], NULL, __ATOMIC_ACQUIRE);

    if (block && !suits(block, capacity)) {
        release(stream, block);
        block = NULL;
    }
    if (!block && stream->pool && capacity == HPRPC__FRAMED_BLOCK)
        block = hprpc__pool_take(stream->pool);
    if (!block) {
        if (capacity > SIZE_MAX - sizeof(*block))
            return NULL;
        block = hprpc_context_allocate(stream->channel.context, sizeof(*block) + capacity);
        if (!block)
            return NULL;
        block->capacity = capacity;
    }
    hprpc__references_init(&block->references);
    block->start = block->end = 0;
    block->next = NULL;
    return block;
}

void hprpc__block_give(struct hprpc_framed *stream, enum hprpc__spare kind, struct hprpc__block *block)
{
    if (block->capacity > HPRPC__FRAMED_SPARE_MAX) {
        release(stream, block);
        return;
    }
    /* acq_rel: release pairs with the acquire of each exchange here; acquire takes over the spare that was there */
    release(stream, __atomic_exchange_n(&stream->spares[kind], block, __ATOMIC_ACQ_REL));
}

/* Gives a spare to the pool: blocks of HPRPC__FRAMED_BLOCK bytes suit both sides of all connections. */
static void share(struct hprpc_framed *stream, enum hprpc__spare kind)
{
    struct hprpc__block *block;

    if (!__atomic_load_n(&stream->spares[kind], __ATOMIC_RELAXED))
        return;
    /* acquire: as in hprpc__block_take */
    block = __atomic_exchange_n(&stream->spares[kind], NULL, __ATOMIC_ACQUIRE);
    /* GCOVR_EXCL_BR_START: another thread may have taken the spare since */
    if (block && (block->capacity != HPRPC__FRAMED_BLOCK || !hprpc__pool_give(stream->pool, block)))
        hprpc__block_give(stream, kind, block);
    /* GCOVR_EXCL_BR_STOP */
}

void hprpc__blocks_share(struct hprpc_framed *stream)
{
    if (!stream->pool)
        return;
    share(stream, HPRPC__SPARE_RECEIVE);
    share(stream, HPRPC__SPARE_SEND);
}

void hprpc__blocks_release(struct hprpc_framed *stream)
{
    /* acquire: as in hprpc__block_take */
    for (size_t i = 0; i < HPRPC__SPARE_COUNT; i++)
        if (__atomic_load_n(&stream->spares[i], __ATOMIC_RELAXED))
            release(stream, __atomic_exchange_n(&stream->spares[i], NULL, __ATOMIC_ACQUIRE));
}
