/* SPDX-License-Identifier: MIT */
/* Blocks for bodies: taken, given back, and a few of them kept. */
#include "channel-local/block.h"

void hprpc__local_store_init(struct local_store *store, struct hprpc_context *context)
{
    *store = (struct local_store){ .context = context };
    hprpc__mutex_init(&store->lock);
}

static void free_block(struct hprpc_context *context, struct local_block *block)
{
    if (block)
        hprpc_context_release(context, block, sizeof(*block) + block->room);
}

/* A kept block that suits; a body must not take one that is more than twice as long. NULL: there is none. */
static struct local_block *take_kept(struct local_store *store, uint32_t size)
{
    struct local_block *block = NULL;

    hprpc__mutex_lock(&store->lock);
    if (size <= LOCAL_SMALL) {
        block = local_block(hprpc__list_take(&store->small));
        store->small_count -= block != NULL;
    } else if (store->large && store->large->room >= size && store->large->room / 2 <= size) {
        block = store->large;
        store->large = NULL;
    }
    hprpc__mutex_unlock(&store->lock);
    return block;
}

struct local_block *hprpc__local_block_take(struct local_store *store, uint32_t size)
{
    struct local_block *block = take_kept(store, size);
    uint32_t room = size <= LOCAL_SMALL ? LOCAL_SMALL : size;

    if (!block) {
        block = hprpc_context_allocate(store->context, sizeof(*block) + (size_t)room);
        if (!block)
            return NULL;
        block->room = room;
    }
    block->size = size;
    return block;
}

void hprpc__local_block_give(struct local_store *store, struct local_block *block)
{
    hprpc__mutex_lock(&store->lock);
    if (block->room == LOCAL_SMALL && store->small_count < LOCAL_SMALL_MAX) {
        hprpc__list_put_in_front(&store->small, &block->link);
        store->small_count++;
        block = NULL;
    } else if (block->room > LOCAL_SMALL && block->room <= LOCAL_LARGE) {
        struct local_block *before = store->large;

        store->large = block;
        block = before;
    }
    hprpc__mutex_unlock(&store->lock);
    free_block(store->context, block);
}

void hprpc__local_store_trim(struct local_store *store)
{
    struct local_block *large;

    hprpc__mutex_lock(&store->lock);
    large = store->large;
    store->large = NULL;
    hprpc__mutex_unlock(&store->lock);
    free_block(store->context, large);
}

void hprpc__local_store_clear(struct local_store *store)
{
    struct local_block *block;

    hprpc__local_store_trim(store);
    while ((block = local_block(hprpc__list_take(&store->small))))
        free_block(store->context, block);
    store->small_count = 0;
}
