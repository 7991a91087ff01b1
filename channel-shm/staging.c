/* SPDX-License-Identifier: MIT */
/* Staged messages, which found no room or are longer than a chunk may be: kept in private memory, sent in order, by pieces. */
#include "channel-shm/staging.h"

#include "channel-shm/carrying.h"
#include "channel-shm/shm.h"

int hprpc__shm_stage(struct shm_channel *channel, const struct hprpc_header *header, uint32_t size,
                     struct shm_staged **ret_staged)
{
    size_t whole = sizeof(struct shm_staged) + size;
    /* GCOVR_EXCL_BR_START: a size_t of 64 bits does not overflow */
    struct shm_staged *staged = whole < size ? NULL : hprpc_context_allocate(channel->base.context, whole);
    /* GCOVR_EXCL_BR_STOP */

    if (!staged) /* no memory, or too long for a size_t of 32 bits */
        return HPRPC_ENOMEM;
    *staged = (struct shm_staged){ .header = *header, .size = size };
    *ret_staged = staged;
    return 0;
}

void hprpc__shm_staged_free(struct shm_channel *channel, struct shm_staged *staged)
{
    hprpc_context_release(channel->base.context, staged, sizeof(*staged) + (size_t)staged->size);
}

/* Copies a part of a body from where it is: private memory, or runs that the caller still lends. */
static void copy_part(const struct shm_staged *staged, uint32_t offset, uint32_t size, uint8_t *place)
{
    const struct kodosis_reference *reference;
    uint32_t i, end = offset + size, start, part;

    for (i = 0; i < staged->reference_count && offset < end; i++) {
        reference = &staged->references[i];
        start = (uint32_t)(reference->place - staged->body);
        if (offset >= start + reference->size)
            continue;
        if (offset < start) {
            part = (start < end ? start : end) - offset;
            memcpy(place, staged->body + offset, part);
            place += part;
            offset += part;
        }
        if (offset == end)
            return;
        part = (uint32_t)(start + reference->size < end ? start + reference->size : end) - offset;
        memcpy(place, reference->data + (offset - start), part);
        place += part;
        offset += part;
    }
    if (offset < end)
        memcpy(place, staged->body + offset, end - offset);
}

/* Ends the borrowing of the caller's runs: copies the part of them that was not sent. */
static void end_borrowing(struct shm_staged *staged)
{
    const struct kodosis_reference *reference;
    uint32_t i;

    for (i = 0; i < staged->reference_count; i++) {
        reference = &staged->references[i];
        memcpy(reference->place, reference->data, reference->size);
    }
    staged->references = NULL;
    staged->reference_count = 0;
}

/*
 * Allocates a chunk of the base for the next piece, or for all of a body. Where there is enough memory but not in one run (the
 * receiver keeps chunks all over it), the pieces are shorter; where there is too little memory, waiting for more is better.
 */
static int allocate_piece(struct shm_arena *arena, uint32_t want, uint32_t *ret_unit, uint32_t *ret_size)
{
    int result = hprpc__shm_arena_allocate_base(arena, want, ret_unit);
    const struct shm_zone *base = &arena->base;

    while (!result && *ret_unit == SHM_NO_CHUNK && want >> base->unit_shift > 1 &&
           base->free_units >= shm_arena_units(base->unit_shift, want)) {
        want /= 2;
        result = hprpc__shm_arena_allocate_base(arena, want, ret_unit);
    }
    *ret_size = want;
    return result;
}

/* Allocates a chunk for all of a body, or else for its next piece. Returns as hprpc__shm_arena_allocate. */
static int allocate_chunk(struct shm_channel *channel, const struct shm_staged *staged, uint32_t *ret_unit,
                          uint32_t *ret_size)
{
    struct shm_arena *arena = &channel->sender.arena;
    uint32_t left = staged->size - staged->sent, piece = channel->geometry.arena / 8;
    bool pieces = staged->sent || left > channel->geometry.arena / 2;
    int result;

    if (!staged->sent) {
        *ret_size = left;
        result = hprpc__shm_arena_allocate(arena, left, ret_unit);
        if (!result && *ret_unit == SHM_NO_CHUNK && hprpc__shm_grow(channel, left))
            result = hprpc__shm_arena_allocate(arena, left, ret_unit);
        if (result || *ret_unit != SHM_NO_CHUNK)
            return result;
    }
    return allocate_piece(arena, pieces && left > piece ? piece : left, ret_unit, ret_size);
}

/* Sends the descriptors of a message whose first slot is about to be published. 1: there are none left; 0: no room; broken. */
static int feed_parcel(struct shm_channel *channel, struct shm_staged *staged)
{
    int result;

    if (KODOSIS_LIKELY(!staged->descriptors))
        return 1;
    result = hprpc__shm_parcel_send(channel, staged->descriptors);
    if (result == HPRPC_EAGAIN)
        return 0;
    staged->descriptors = NULL;
    return result ? result : 1;
}

/* Sends a staged message, or its next piece, in a chunk. 1: it is sent; 0: no room; broken. */
static int feed_chunk(struct shm_channel *channel, struct shm_staged *staged, struct shm_slot *slot, uint32_t index)
{
    struct shm_sender *sender = &channel->sender;
    uint32_t unit, size;
    enum shm_kind kind;
    int result;

    if (allocate_chunk(channel, staged, &unit, &size))
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "the other side returned a chunk that it did not have");
    if (unit == SHM_NO_CHUNK)
        return 0;
    result = feed_parcel(channel, staged);
    if (result != 1) {
        hprpc__shm_arena_free(&sender->arena, unit);
        return result;
    }
    copy_part(staged, staged->sent, size, shm_arena_at(&sender->arena, unit));
    kind = staged->sent ? SHM_NEXT : size < staged->size ? SHM_FIRST : SHM_CHUNK;
    atomic_store_explicit(&slot->rest[index], unit | (uint64_t)size << 32, memory_order_relaxed);
    if (kind != SHM_CHUNK)
        atomic_store_explicit(&slot->rest[index + 1], staged->size | (uint64_t)staged->sent << 32,
                              memory_order_relaxed);
    hprpc__shm_arena_hand_over(&sender->arena, unit);
    if (kind == SHM_FIRST)
        hprpc__shm_went_in_pieces(sender);
    shm_slot_commit(sender, shm_commit_upper(&staged->header, kind, 0));
    staged->sent += size;
    hprpc__step(HPRPC__STEP_PIECE);
    return 1;
}

/* Sends the next slot of a staged message. 1: it is sent; 0: no room; broken. */
static int feed_slot(struct shm_channel *channel, struct shm_staged *staged)
{
    struct shm_sender *sender = &channel->sender;
    int room = hprpc__shm_slot_room(channel, 0);
    struct shm_slot *slot;
    uint32_t index;

    if (room != 1)
        return room;
    slot = sender->next;
    index = hprpc__shm_slot_describe(slot, &staged->header);
    if (staged->sent || staged->size > (index ? SHM_INLINE_MAX_OPTIONS : SHM_INLINE_MAX)) {
        room = feed_chunk(channel, staged, slot, index);
        if (room != 1)
            return room;
    } else {
        room = feed_parcel(channel, staged);
        if (room != 1)
            return room;
        copy_part(staged, 0, staged->size, (uint8_t *)&slot->rest[index]);
        shm_slot_commit(sender, shm_commit_upper(&staged->header, SHM_INLINE, staged->size));
        staged->sent = staged->size;
    }
    shm_wake(&sender->words->sleeping, sender->bell);
    return 1;
}

static void dequeue(struct shm_channel *channel)
{
    struct shm_sender *sender = &channel->sender;
    /* GCOVR_EXCL_BR_START: the queue is not empty here */
    struct shm_staged *staged = shm_staged_of(hprpc__list_take(&sender->queue));
    /* GCOVR_EXCL_BR_STOP */

    sender->staged -= sizeof(*staged) + staged->size;
    hprpc__shm_staged_free(channel, staged);
}

int hprpc__shm_feed(struct shm_channel *channel)
{
    struct shm_sender *sender = &channel->sender;
    struct shm_staged *staged;
    bool parked = false;
    int result, looks = 0;

    while ((staged = shm_staged_of(sender->queue.first))) {
        result = feed_slot(channel, staged);
        if (result < 0)
            return result;
        if (result) {
            if (staged->sent == staged->size)
                dequeue(channel);
            parked = false;
            continue;
        }
        hprpc_channel_set_queued(&channel->base, sender->staged);
        if (parked && (hprpc__shm_waits_for_room(sender) || ++looks == SHM_LOOKS))
            return HPRPC_EAGAIN;
        shm_park(&sender->words->starved);
        parked = true;
    }
    hprpc_channel_set_queued(&channel->base, sender->unrung);
    return 0;
}

int hprpc__shm_enqueue(struct shm_channel *channel, struct shm_staged *staged)
{
    struct shm_sender *sender = &channel->sender;
    int result;

    hprpc__list_append(&sender->queue, &staged->link);
    sender->staged += sizeof(*staged) + staged->size;
    result = hprpc__shm_feed(channel);
    /* the message is the last of the queue, so it is still there if any is */
    if (!hprpc__list_is_empty(&sender->queue))
        end_borrowing(staged);
    return result == HPRPC_EAGAIN ? 0 : result;
}

int hprpc__shm_flush(struct hprpc_channel *base)
{
    struct shm_channel *channel = shm_channel(base);
    struct shm_sender *sender = &channel->sender;

    if (!shm_is_open(channel))
        return hprpc__shm_not_open(channel, HPRPC_EAGAIN);
    if (sender->unrung) {
        sender->unrung = false;
        shm_wake(&sender->words->sleeping, sender->bell);
    }
    hprpc_channel_set_queued(base, sender->staged);
    return KODOSIS_LIKELY(hprpc__list_is_empty(&sender->queue)) ? 0 : hprpc__shm_feed(channel);
}
