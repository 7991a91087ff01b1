/* SPDX-License-Identifier: MIT */
/*
 * The sending side: a body is written into a slot of the other end's inbox, or into a block that the slot points to. What finds no
 * room there, and must not be refused, is staged. The end's lock is held from start_call to end_call or cancel_call, so that the
 * other end is not freed under the writer.
 */
#include "channel-local/local.h"

/* Where a reservation's body is; the first token. The second one is its block, or NULL. */
enum { IN_SLOT, STAGED };

/* ---- Room ---- */

/* Whether there is a free slot beyond `reserve` of them; looks at the other side's word only if it must. */
static inline bool has_slot(struct local_end *end, uint32_t reserve)
{
    if (KODOSIS_LIKELY((int32_t)(end->free_until - end->head) > (int32_t)reserve))
        return true;
    /* sequentially consistent: pairs with give_room, see local_publish; so the receiver is through with these slots */
    end->free_until = atomic_load(&end->peer->taken) + LOCAL_SLOTS;
    return (int32_t)(end->free_until - end->head) > (int32_t)reserve;
}

/* Whether there is room for a message. A block of any size is let in while there are few bytes. */
static inline bool has_room(struct local_end *end, uint32_t reserve, uint32_t size)
{
    if (!has_slot(end, reserve))
        return false;
    return KODOSIS_LIKELY(size <= LOCAL_INLINE) || end->put - atomic_load(&end->peer->taken_bytes) < LOCAL_BYTES;
}

/* As has_room, for a message that waits if there is none: room that comes from now on rings this side. */
static bool has_room_or_waits(struct local_end *end, uint32_t reserve, uint32_t size)
{
    if (has_room(end, reserve, size))
        return true;
    atomic_store_explicit(&end->hungry, true, memory_order_relaxed);
    local_raise(&end->peer->starved);
    return has_room(end, reserve, size);
}

bool hprpc__local_has_room_again(struct local_end *end)
{
    bool has;

    hprpc__mutex_lock(&end->lock);
    has = end->peer && has_room_or_waits(end, LOCAL_RESERVE, LOCAL_INLINE + 1);
    if (has)
        atomic_store_explicit(&end->hungry, false, memory_order_relaxed);
    hprpc__mutex_unlock(&end->lock);
    return has;
}

/* ---- Publishing ---- */

/* Rings the other end if it sleeps, and has something to receive. */
static void wake(struct local_end *end)
{
    end->unrung = false;
    if (local_lower(&end->peer->sleeping))
        hprpc__local_ring(end->peer);
}

/* Makes the next slot visible. */
static inline void publish(struct local_end *end, const struct local_slot *slot)
{
    if (slot->block)
        end->put += slot->size;
    local_publish(&end->peer->filled, ++end->head);
}

void hprpc__local_set_queued(struct local_end *end)
{
    hprpc_channel_set_queued(&end->channel, end->staged_bytes + end->unrung);
}

/* The size that a staged message counts with. */
static size_t weight(const struct local_block *block)
{
    return block->size + sizeof(*block);
}

/* Moves staged messages into the inbox, as far as there is room. Under the lock. */
static bool push_staged(struct local_end *end)
{
    struct local_block *block;
    struct local_slot *slot;
    bool moved = false;

    while ((block = local_block(end->staged.first)) && has_room_or_waits(end, 0, block->size)) {
        hprpc__list_take(&end->staged);
        end->staged_bytes -= weight(block);
        slot = local_slot(end->peer, end->head);
        slot->header = block->header;
        slot->size = block->size;
        slot->block = block;
        slot->descriptors = block->descriptors;
        publish(end, slot);
        moved = true;
    }
    return moved;
}

/* ---- The slots ---- */

static inline int reserve_memory(struct hprpc_reservation *reservation, void *memory, uint32_t size, uintptr_t place,
                                 struct local_block *block)
{
    kodosis_writer_init(&reservation->writer, memory, size);
    reservation->writer.references = reservation->references;
    reservation->writer.reference_capacity = sizeof(reservation->references) / sizeof(reservation->references[0]);
    reservation->size = size;
    reservation->token[0] = place;
    reservation->token[1] = (uintptr_t)block;
    return 0;
}

static __attribute__((noinline)) int start_in_block(struct local_end *end, const struct hprpc_header *header,
                                                    uint32_t size, uintptr_t place,
                                                    struct hprpc_reservation *ret_reservation)
{
    struct local_block *block = hprpc__local_block_take(&end->peer->store, size);

    if (!block)
        return HPRPC_ENOMEM;
    block->header = *header;
    block->descriptors = NULL;
    return reserve_memory(ret_reservation, block->body, size, place, block);
}

/* Starts a message that has room, in the next slot. */
static inline int start_in_slot(struct local_end *end, const struct hprpc_header *header, uint32_t size,
                                struct hprpc_reservation *ret_reservation)
{
    struct local_slot *slot = local_slot(end->peer, end->head);

    slot->header = *header;
    slot->size = size;
    if (KODOSIS_UNLIKELY(size > LOCAL_INLINE))
        return start_in_block(end, header, size, IN_SLOT, ret_reservation);
    return reserve_memory(ret_reservation, slot->body, size, IN_SLOT, NULL);
}

/* Starts a message where others are staged, or there is no room: requests are refused. */
static __attribute__((noinline)) int start_slowly(struct local_end *end, const struct hprpc_header *header,
                                                  uint32_t size, struct hprpc_reservation *ret_reservation)
{
    bool share = hprpc_message_takes_share(header);

    if (push_staged(end))
        wake(end);
    hprpc__local_set_queued(end);
    if (hprpc__list_is_empty(&end->staged) && has_room_or_waits(end, share ? LOCAL_RESERVE : 0, size))
        return start_in_slot(end, header, size, ret_reservation);
    return share ? HPRPC_EAGAIN : start_in_block(end, header, size, STAGED, ret_reservation);
}

/* 0, or the code with which this side can send no more. */
static int may_send(struct local_end *end)
{
    int r = local_broken(end);

    if (KODOSIS_UNLIKELY(r < 0))
        return r;
    /* relaxed: what it sends to an end that has closed is lost, as it is where that end closes a moment later */
    if (KODOSIS_UNLIKELY(!end->peer || atomic_load_explicit(&end->gone, memory_order_relaxed)))
        return hprpc__local_fail(end, HPRPC_EPEERDIED, "the other side went away");
    return 0;
}

static int start(struct local_end *end, const struct hprpc_header *header, uint32_t size,
                 struct hprpc_reservation *ret_reservation)
{
    uint32_t reserve = hprpc_message_takes_share(header) ? LOCAL_RESERVE : 0;
    int r = may_send(end);

    if (KODOSIS_UNLIKELY(r < 0))
        return r;
    if (KODOSIS_UNLIKELY(!hprpc__list_is_empty(&end->staged) || !has_room(end, reserve, size)))
        return start_slowly(end, header, size, ret_reservation);
    return start_in_slot(end, header, size, ret_reservation);
}

int hprpc__local_start_call(struct hprpc_channel *base, const struct hprpc_header *header, uint32_t size,
                            struct hprpc_reservation *ret_reservation)
{
    struct local_end *end = local_end(base);
    int r;

    hprpc__mutex_lock(&end->lock);
    r = start(end, header, size, ret_reservation);
    if (KODOSIS_UNLIKELY(r < 0)) {
        hprpc__mutex_unlock(&end->lock);
    } else if (base->carries_descriptors) {
        ret_reservation->writer.descriptors = ret_reservation->given;
        ret_reservation->writer.descriptor_capacity = KODOSIS_DESCRIPTORS_MAX;
    }
    return r;
}

static struct local_block *block_of(const struct hprpc_reservation *reservation)
{
    return (struct local_block *)reservation->token[1];
}

/* Copies the runs that the writer has borrowed. */
static void fetch(const struct hprpc_reservation *reservation)
{
    for (uint32_t i = 0; i < reservation->writer.reference_count; i++) {
        const struct kodosis_reference *reference = &reservation->writer.references[i];

        memcpy(reference->place, reference->data, reference->size);
    }
}

/* Hands descriptors over to the other side's context, whose memory outlives ours; they are the message's then. */
static __attribute__((noinline)) int carry(struct local_end *end, const struct hprpc_reservation *reservation)
{
    struct hprpc_descriptors *ours = reservation->carried;
    struct hprpc_descriptors *theirs = hprpc_descriptors_new(end->peer->channel.context);
    struct local_slot *slot = local_slot(end->peer, end->head);

    if (!theirs) {
        hprpc_descriptors_free(end->channel.context, ours);
        return hprpc__local_fail(end, HPRPC_ENOMEM, "no memory for the descriptors of a message");
    }
    memcpy(theirs->fds, ours->fds, sizeof(ours->fds));
    theirs->count = ours->count;
    ours->count = 0;
    hprpc_descriptors_free(end->channel.context, ours);
    if (reservation->token[0] == IN_SLOT) {
        slot->header.flags |= HPRPC_FLAG_DESCRIPTORS;
        slot->descriptors = theirs;
    } else {
        block_of(reservation)->header.flags |= HPRPC_FLAG_DESCRIPTORS;
        block_of(reservation)->descriptors = theirs;
    }
    return 0;
}

static int end_staged(struct local_end *end, struct local_block *block)
{
    hprpc__list_append(&end->staged, &block->link);
    end->staged_bytes += weight(block);
    hprpc__local_set_queued(end);
    return 0;
}

static int end_in_slot(struct local_end *end, struct local_block *block)
{
    struct local_slot *slot = local_slot(end->peer, end->head);

    slot->block = block;
    publish(end, slot);
    if (end->channel.corked)
        end->unrung = true;
    else
        wake(end);
    if (KODOSIS_UNLIKELY(end->channel.queued || end->unrung))
        hprpc__local_set_queued(end);
    return 0;
}

int hprpc__local_end_call(struct hprpc_channel *base, struct hprpc_reservation *reservation)
{
    struct local_end *end = local_end(base);
    int r = local_broken(end);

    hprpc__assert_locked(&end->lock);
    if (KODOSIS_UNLIKELY(reservation->writer.descriptor_count)) {
        if (r < 0)
            hprpc_descriptors_free(base->context, reservation->carried);
        else
            r = carry(end, reservation);
    }
    if (KODOSIS_UNLIKELY(r < 0)) {
        hprpc__local_cancel_call(base, reservation);
        return r;
    }
    if (KODOSIS_UNLIKELY(reservation->writer.reference_count))
        fetch(reservation);
    r = KODOSIS_LIKELY(reservation->token[0] == IN_SLOT) ? end_in_slot(end, block_of(reservation))
                                                         : end_staged(end, block_of(reservation));
    hprpc__mutex_unlock(&end->lock);
    return r;
}

void hprpc__local_cancel_call(struct hprpc_channel *base, struct hprpc_reservation *reservation)
{
    struct local_end *end = local_end(base);

    hprpc__assert_locked(&end->lock);
    if (block_of(reservation))
        hprpc__local_block_give(&end->peer->store, block_of(reservation));
    hprpc__mutex_unlock(&end->lock);
}

static int flush(struct local_end *end)
{
    int r = may_send(end);

    if (r < 0)
        return r;
    if (push_staged(end))
        end->unrung = true;
    /* an end that has taken everything meanwhile may sleep on */
    if (end->unrung && atomic_load_explicit(&end->peer->taken, memory_order_relaxed) != end->head)
        wake(end);
    end->unrung = false;
    hprpc__local_set_queued(end);
    return hprpc__list_is_empty(&end->staged) ? 0 : HPRPC_EAGAIN;
}

int hprpc__local_flush(struct hprpc_channel *base)
{
    struct local_end *end = local_end(base);
    int r;

    hprpc__mutex_lock(&end->lock);
    r = flush(end);
    hprpc__mutex_unlock(&end->lock);
    return r;
}
