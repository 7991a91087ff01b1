/* SPDX-License-Identifier: MIT */
/* The blocks that the connections of a listener share. */
#include "channel/framed/pool.h"

struct hprpc__pool *hprpc__pool_new(struct hprpc_context *context)
{
    struct hprpc__pool *pool = hprpc_context_allocate(context, sizeof(*pool));

    if (!pool)
        return NULL;
    pool->context = context;
    hprpc__references_init(&pool->references);
    for (size_t i = 0; i < HPRPC__POOL_BLOCKS; i++)
        atomic_init(&pool->blocks[i], NULL);
    return pool;
}

struct hprpc__pool *hprpc__pool_keep(struct hprpc__pool *pool)
{
    hprpc__references_take(&pool->references);
    return pool;
}

void hprpc__pool_drop(struct hprpc__pool *pool)
{
    struct hprpc__block *block;

    if (!pool || !hprpc__references_drop(&pool->references))
        return;
    while ((block = hprpc__pool_take(pool)))
        hprpc_context_release(pool->context, block, sizeof(*block) + block->capacity);
    hprpc_context_release(pool->context, pool, sizeof(*pool));
}

struct hprpc__block *hprpc__pool_take(struct hprpc__pool *pool)
{
    struct hprpc__block *block;

    for (size_t i = 0; i < HPRPC__POOL_BLOCKS; i++) {
        if (!atomic_load_explicit(&pool->blocks[i], memory_order_relaxed))
            continue;
        /* acquire: pairs with the release in hprpc__pool_give, which hands the block's memory over */
        block = atomic_exchange_explicit(&pool->blocks[i], NULL, memory_order_acquire);
        if (block) /* GCOVR_EXCL_BR_LINE: another thread may have taken it since */
            return block;
    }
    return NULL;
}

bool hprpc__pool_give(struct hprpc__pool *pool, struct hprpc__block *block)
{
    for (size_t i = 0; i < HPRPC__POOL_BLOCKS; i++) {
        struct hprpc__block *none = NULL;

        if (atomic_load_explicit(&pool->blocks[i], memory_order_relaxed))
            continue;
        /* release: pairs with the acquire in hprpc__pool_take */
        /* GCOVR_EXCL_BR_START: another thread may have put a block there since */
        if (atomic_compare_exchange_strong_explicit(&pool->blocks[i], &none, block, memory_order_release,
                                                    memory_order_relaxed))
            return true;
        /* GCOVR_EXCL_BR_STOP */
    }
    return false;
}
