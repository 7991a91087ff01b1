/*
 * Memory of a byte stream. A block is taken when bytes arrive or a message is written, and comes back when the last
 * message in it is released or the kernel has taken it. One of each kind is kept, so that a steady state of calls
 * allocates nothing, until the connection proves idle (see hprpc__stream_arm).
 */
#include "rpc/stream-pool.h"

static void release(struct hprpc__stream *stream, struct hprpc__block *block)
{
    if (block)
        hprpc_release(stream->channel.context, block, sizeof(*block) + block->capacity);
}

/* Whether a spare will do: not too small, and not so large that a small message would keep it. */
static bool suits(const struct hprpc__block *spare, size_t capacity)
{
    size_t least = capacity > HPRPC__STREAM_BLOCK ? capacity : HPRPC__STREAM_BLOCK;

    return spare->capacity >= capacity && spare->capacity / 4 <= least;
}

struct hprpc__block *hprpc__block_take(struct hprpc__stream *stream, enum hprpc__spare kind, size_t capacity)
{
    /* acquire: pairs with the release in hprpc__block_give, which may be another thread's */
    struct hprpc__block *block = atomic_exchange_explicit(&stream->spares[kind], NULL, memory_order_acquire);

    if (block && !suits(block, capacity)) {
        release(stream, block);
        block = NULL;
    }
    if (!block && stream->pool && capacity == HPRPC__STREAM_BLOCK)
        block = hprpc__pool_take(stream->pool);
    if (!block) {
        if (capacity > SIZE_MAX - sizeof(*block))
            return NULL;
        block = hprpc_allocate(stream->channel.context, sizeof(*block) + capacity);
        if (!block)
            return NULL;
        block->capacity = capacity;
    }
    atomic_init(&block->references, 1);
    block->start = block->end = 0;
    block->next = NULL;
    return block;
}

void hprpc__block_give(struct hprpc__stream *stream, enum hprpc__spare kind, struct hprpc__block *block)
{
    if (block->capacity > HPRPC__STREAM_SPARE_MAX) {
        release(stream, block);
        return;
    }
    /* acq_rel: hands this block's memory to the taker, and takes over the one that was there */
    release(stream, atomic_exchange_explicit(&stream->spares[kind], block, memory_order_acq_rel));
}

/* Receiving or sending, a block of this size is the same to everybody. */
static void share(struct hprpc__stream *stream, enum hprpc__spare kind)
{
    struct hprpc__block *block;

    if (!atomic_load_explicit(&stream->spares[kind], memory_order_relaxed))
        return;
    block = atomic_exchange_explicit(&stream->spares[kind], NULL, memory_order_acquire);
    if (block && (block->capacity != HPRPC__STREAM_BLOCK || !hprpc__pool_give(stream->pool, block)))
        hprpc__block_give(stream, kind, block);
}

void hprpc__blocks_share(struct hprpc__stream *stream)
{
    if (!stream->pool)
        return;
    share(stream, HPRPC__SPARE_RECEIVE);
    share(stream, HPRPC__SPARE_SEND);
}

void hprpc__blocks_release(struct hprpc__stream *stream)
{
    for (size_t i = 0; i < HPRPC__SPARE_COUNT; i++)
        if (atomic_load_explicit(&stream->spares[i], memory_order_relaxed))
            release(stream, atomic_exchange_explicit(&stream->spares[i], NULL, memory_order_acquire));
}
