/* SPDX-License-Identifier: MIT */
/* The elements of a stream that arrived and were not read: a list of blocks with one entry for each element. */
#include "rpc/stream/queue.h"

#include "base/lock.h"

enum {
    FIRST_BLOCK = 1024, /* bytes of the first block's entries; each further one has twice as many, up to: */
    MOST_BLOCK = 16 * 1024,
};

/* Before each element in a block. What follows it depends on `place`, and is padded to 8 bytes. */
struct entry {
    uint32_t size;
    uint32_t place; /* enum hprpc__body_place; HPRPC__BODY_NONE: the next entry is in the next block */
};

struct hprpc__queue_block {
    struct hprpc__queue_block *next;
    uint32_t used; /* lock */
    uint32_t capacity;
    _Alignas(8) uint8_t bytes[];
};

static uint32_t padded(uint32_t size)
{
    return (size + 7) & ~7u;
}

static size_t size_of(const struct hprpc__queue_block *block)
{
    return sizeof(*block) + block->capacity;
}

static void free_block(struct hprpc__queue_block *block, struct hprpc_context *context)
{
    if (block)
        hprpc_context_release(context, block, size_of(block));
}

/* ---- Putting in ---- */

static struct hprpc__queue_block *make_block(struct hprpc__queue *queue, struct hprpc_context *context)
{
    struct hprpc__queue_block *block = queue->spare;
    uint32_t capacity = queue->last ? queue->last->capacity * 2 : FIRST_BLOCK;

    queue->spare = NULL;
    if (!block) {
        capacity = capacity < MOST_BLOCK ? capacity : MOST_BLOCK;
        block = hprpc_context_allocate(context, sizeof(*block) + capacity);
        if (!block)
            return NULL;
        block->capacity = capacity;
    }
    block->next = NULL;
    block->used = 0;
    return block;
}

/* Appends a block, and tells the reader to go on there. */
static bool append_block(struct hprpc__queue *queue, struct hprpc_context *context)
{
    struct hprpc__queue_block *block = make_block(queue, context), *last = queue->last;

    if (!block)
        return false;
    if (last) {
        memcpy(last->bytes + last->used, &(struct entry){ 0, HPRPC__BODY_NONE }, sizeof(struct entry));
        last->next = block;
    } else {
        queue->first = block;
    }
    queue->last = block;
    return true;
}

/* Room for an entry with `inside` bytes behind it; there is always room left for an entry that leads to the next block. */
static uint8_t *put_entry(struct hprpc__queue *queue, struct hprpc_context *context, struct entry entry,
                          uint32_t inside)
{
    uint32_t total = (uint32_t)sizeof(entry) + padded(inside);
    uint8_t *place;

    if ((!queue->last || queue->last->used + total + sizeof(entry) > queue->last->capacity) &&
        !append_block(queue, context))
        return NULL;
    place = queue->last->bytes + queue->last->used;
    memcpy(place, &entry, sizeof(entry));
    queue->last->used += total;
    queue->arrived++;
    return place + sizeof(entry);
}

int hprpc__queue_put_memory(struct hprpc__queue *queue, struct hprpc_context *context, uint8_t *data, uint32_t size)
{
    uint8_t *place = put_entry(queue, context, (struct entry){ size, HPRPC__BODY_COPIED }, sizeof(data));

    if (!place) {
        hprpc_context_release(context, data, size);
        return HPRPC_ENOMEM;
    }
    memcpy(place, &data, sizeof(data));
    return 0;
}

/* Copies a small element into its entry. */
static bool put_inside(struct hprpc__queue *queue, struct hprpc_context *context, const struct hprpc_message *message)
{
    uint8_t *place = put_entry(queue, context, (struct entry){ message->size, HPRPC__BODY_INSIDE }, message->size);

    if (place && message->size)
        memcpy(place, message->body, message->size);
    return place;
}

static bool put_lent(struct hprpc__queue *queue, struct hprpc_context *context, const struct hprpc_message *message)
{
    uint8_t *place = put_entry(queue, context, (struct entry){ message->size, HPRPC__BODY_LENT }, sizeof(*message));

    if (place)
        memcpy(place, message, sizeof(*message));
    return place;
}

static bool put_copy(struct hprpc__queue *queue, struct hprpc_context *context, const struct hprpc_message *message)
{
    uint8_t *copy = hprpc_context_allocate(context, message->size);

    if (!copy)
        return false;
    memcpy(copy, message->body, message->size);
    return hprpc__queue_put_memory(queue, context, copy, message->size) == 0;
}

int hprpc__queue_put(struct hprpc__queue *queue, struct hprpc_channel *channel, struct hprpc_message *message)
{
    bool put;

    if (message->size > HPRPC__BODY_SMALL && message->lendable && put_lent(queue, channel->context, message))
        return 0;
    put = message->size > HPRPC__BODY_SMALL ? put_copy(queue, channel->context, message)
                                            : put_inside(queue, channel->context, message);
    if (!message->holds_nothing)
        channel->ops->release(channel, message);
    return put ? 0 : HPRPC_ENOMEM;
}

/* ---- Taking out ---- */

bool hprpc__queue_look(struct hprpc__queue *queue, struct hprpc_context *context)
{
    struct hprpc__queue_block *spent;

    hprpc__assert(!queue->ready && queue->current.place == HPRPC__BODY_NONE);
    while ((spent = queue->spent)) {
        queue->spent = spent->next;
        if (queue->spare)
            free_block(spent, context);
        else
            queue->spare = spent;
    }
    queue->ready = queue->arrived;
    queue->arrived = 0;
    if (!queue->ready && queue->first && queue->first == queue->last)
        queue->at = queue->last->used = 0;
    return queue->ready;
}

/* Goes on to the next block if this one is at its end. Returns the entry at which the reader is. */
static struct entry here(struct hprpc__queue *queue)
{
    struct hprpc__queue_block *block = queue->first;
    struct entry entry;

    memcpy(&entry, block->bytes + queue->at, sizeof(entry));
    if (entry.place != HPRPC__BODY_NONE)
        return entry;
    queue->first = block->next;
    block->next = queue->spent;
    queue->spent = block;
    queue->at = 0;
    memcpy(&entry, queue->first->bytes, sizeof(entry));
    return entry;
}

bool hprpc__queue_take(struct hprpc__queue *queue)
{
    struct hprpc__element *current = &queue->current;
    struct entry entry;
    uint8_t *place;

    if (!queue->ready)
        return false;
    queue->ready--;
    entry = here(queue);
    place = queue->first->bytes + queue->at + sizeof(entry);
    *current = (struct hprpc__element){ place, entry.size, (enum hprpc__body_place)entry.place, NULL };
    if (current->place == HPRPC__BODY_LENT) {
        current->message = (struct hprpc_message *)place;
        current->data = current->message->body;
    } else if (current->place == HPRPC__BODY_COPIED) {
        memcpy(&current->data, place, sizeof(current->data));
    }
    queue->at += (uint32_t)sizeof(entry) + (current->place == HPRPC__BODY_LENT ? padded(sizeof(struct hprpc_message))
                                            : current->place == HPRPC__BODY_COPIED ? padded(sizeof(uint8_t *))
                                                                                   : padded(entry.size));
    return true;
}

void hprpc__queue_drop(struct hprpc__queue *queue, struct hprpc_channel *channel)
{
    struct hprpc__element *current = &queue->current;

    if (current->place == HPRPC__BODY_LENT)
        channel->ops->release(channel, current->message);
    else if (current->place == HPRPC__BODY_COPIED)
        hprpc_context_release(channel->context, (void *)current->data, current->size);
    current->place = HPRPC__BODY_NONE;
}

void hprpc__queue_clear(struct hprpc__queue *queue, struct hprpc_channel *channel)
{
    struct hprpc__queue_block *block;

    hprpc__queue_drop(queue, channel);
    queue->ready += queue->arrived;
    while (hprpc__queue_take(queue))
        hprpc__queue_drop(queue, channel);
    while ((block = queue->spent)) {
        queue->spent = block->next;
        free_block(block, channel->context);
    }
    free_block(queue->first, channel->context);
    free_block(queue->spare, channel->context);
    *queue = (struct hprpc__queue){ 0 };
}
