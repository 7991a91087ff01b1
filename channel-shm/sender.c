/* SPDX-License-Identifier: MIT */
/* The sending side: a message is written into the next slot, into a chunk that the slot describes, or is staged. */
#include "channel-shm/sender.h"

#include "channel-shm/carrying.h"
#include "channel-shm/shm.h"
#include "channel-shm/staging.h"

/* Where a reservation's body is; the first token. IN_SLOT_OPEN: in the slot, and the writer may be given descriptors. */
enum { IN_SLOT, IN_SLOT_OPEN, IN_CHUNK, STAGED };

void hprpc__shm_sender_init(struct shm_sender *sender, const struct shm_geometry *geometry, const struct shm_lane *lane,
                            struct shm_bell bell)
{
    memset(sender, 0, sizeof(*sender));
    sender->slots = lane->slots;
    sender->end = lane->slots + geometry->slots;
    sender->words = lane->words;
    sender->slot_count = geometry->slots;
    sender->next = lane->slots;
    sender->tag = 1;
    sender->reserve = geometry->slots / 4;
    sender->roomy_until = sender->slot_count - sender->reserve;
    sender->bell = bell;
    hprpc__shm_arena_init(&sender->arena, geometry, lane);
}

static __attribute__((noinline)) int look_for_room(struct shm_channel *channel, uint32_t reserve)
{
    struct shm_sender *sender = &channel->sender;
    /* acquire: pairs with the release in publish (receiver.c), so the receiver is through with the slots it gave back */
    uint32_t word = atomic_load_explicit(&sender->words->consumed, memory_order_acquire);
    uint32_t advance = word - (uint32_t)sender->consumed;

    if (advance > sender->head - sender->consumed)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "the other side gave back %lu slots where it had %lu",
                                (unsigned long)advance, (unsigned long)(sender->head - sender->consumed));
    sender->consumed += advance;
    sender->roomy_until = sender->consumed + sender->slot_count - sender->reserve;
    return sender->slot_count - (sender->head - sender->consumed) > reserve;
}

int hprpc__shm_slot_room(struct shm_channel *channel, uint32_t reserve)
{
    const struct shm_sender *sender = &channel->sender;

    if (KODOSIS_LIKELY(sender->slot_count - (sender->head - sender->consumed) > reserve))
        return 1;
    return look_for_room(channel, reserve);
}

uint32_t hprpc__shm_slot_describe(struct shm_slot *slot, const struct hprpc_header *header)
{
    uint32_t numbers = header->service | (uint32_t)header->procedure << 16;

    /* relaxed: shm_slot_commit publishes them */
    atomic_store_explicit(&slot->call, header->call | (uint64_t)numbers << 32, memory_order_relaxed);
    if (!(header->flags & (HPRPC_FLAG_TIMEOUT | HPRPC_FLAG_DEPTH)))
        return 0;
    /* relaxed: as above */
    atomic_store_explicit(&slot->rest[0], header->timeout_ms | (uint64_t)header->depth << 32, memory_order_relaxed);
    return 1;
}

static void reserve_memory(struct hprpc_reservation *reservation, void *memory, uint32_t size, uintptr_t place)
{
    kodosis_writer_init(&reservation->writer, memory, size);
    reservation->size = size;
    reservation->token[0] = place;
}

/* Allocates a chunk and describes it in the slot. 0, HPRPC_EAGAIN or broken. */
static __attribute__((noinline)) int start_in_chunk(struct shm_channel *channel, struct shm_slot *slot, uint32_t index,
                                                    const struct hprpc_header *header, uint32_t size,
                                                    struct hprpc_reservation *ret_reservation)
{
    struct shm_arena *arena = &channel->sender.arena;
    uint32_t unit;

    if (hprpc__shm_arena_allocate(arena, size, &unit))
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "the other side returned a chunk that it did not have");
    if (unit == SHM_NO_CHUNK)
        return HPRPC_EAGAIN;
    atomic_store_explicit(&slot->rest[index], unit | (uint64_t)size << 32, memory_order_relaxed);
    reserve_memory(ret_reservation, shm_arena_at(arena, unit), size, IN_CHUNK);
    ret_reservation->token[1] = shm_commit_upper(header, SHM_CHUNK, 0);
    ret_reservation->token[2] = unit;
    return 0;
}

/* How many slots a message must leave to others: answers find room where requests no longer do. */
static inline uint32_t reserve_for(const struct shm_sender *sender, const struct hprpc_header *header)
{
    return hprpc_message_takes_share(header) ? sender->reserve : 0;
}

/* Starts a message in the next slot, and in a chunk if it is long. 0, HPRPC_EAGAIN or broken. */
static int start_in_ring(struct shm_channel *channel, const struct hprpc_header *header, uint32_t size,
                         struct hprpc_reservation *ret_reservation)
{
    struct shm_sender *sender = &channel->sender;
    int room = hprpc__shm_slot_room(channel, reserve_for(sender, header));
    struct shm_slot *slot;
    uint32_t index;

    if (KODOSIS_UNLIKELY(room != 1))
        return room ? room : HPRPC_EAGAIN;
    slot = sender->next;
    index = hprpc__shm_slot_describe(slot, header);
    hprpc__step(HPRPC__STEP_RESERVED);
    if (size > (index ? SHM_INLINE_MAX_OPTIONS : SHM_INLINE_MAX))
        return start_in_chunk(channel, slot, index, header, size, ret_reservation);
    reserve_memory(ret_reservation, &slot->rest[index], size, IN_SLOT);
    ret_reservation->token[1] = shm_commit_upper(header, SHM_INLINE, size);
    return 0;
}

static int start_staged(struct shm_channel *channel, const struct hprpc_header *header, uint32_t size,
                        struct hprpc_reservation *ret_reservation)
{
    struct shm_staged *staged = NULL;
    int result = hprpc__shm_stage(channel, header, size, &staged);

    if (result)
        return result;
    reserve_memory(ret_reservation, staged->body, size, STAGED);
    ret_reservation->writer.references = ret_reservation->references;
    ret_reservation->writer.reference_capacity =
        sizeof(ret_reservation->references) / sizeof(ret_reservation->references[0]);
    ret_reservation->token[2] = (uintptr_t)staged;
    return 0;
}

/* Whether the arena has enough free memory, but not in one piece. */
static bool is_scattered(const struct shm_sender *sender, uint32_t size)
{
    const struct shm_arena *arena = &sender->arena;
    const struct shm_zone *zone = size > shm_zone_size(&arena->base) / 2 ? &arena->extension : &arena->base;

    return sender->slot_count - (sender->head - sender->consumed) > sender->reserve &&
           zone->free_units >= shm_arena_units(zone->unit_shift, size);
}

bool hprpc__shm_waits_for_room(struct shm_sender *sender)
{
    /* in this order: pairs with is_fed (receiver.c), which uses the two words in the opposite order */
    atomic_store_explicit(&sender->hungry, true, memory_order_seq_cst);
    return atomic_load_explicit(&sender->words->starved, memory_order_seq_cst) != 0;
}

/*
 * Tries again to start a request that found no room, after shm_park: room that comes later will wake us. Returns as start_in_ring.
 * If it finds room, the word stays set: other messages may wait for more, and an extra ring is harmless.
 */
static int start_request_again(struct shm_channel *channel, const struct hprpc_header *header, uint32_t size,
                               struct hprpc_reservation *ret_reservation)
{
    struct shm_sender *sender = &channel->sender;
    int look, result = HPRPC_EAGAIN;

    for (look = 0; look < SHM_LOOKS && result == HPRPC_EAGAIN; look++) {
        shm_park(&sender->words->starved);
        result = start_in_ring(channel, header, size, ret_reservation);
        if (result == HPRPC_EAGAIN && (is_scattered(sender, size) || hprpc__shm_waits_for_room(sender)))
            break;
    }
    return result;
}

/* Starts a message that found no room, or that is too long for the base of the arena: tries again, or stages it. */
static __attribute__((noinline)) int start_slowly(struct shm_channel *channel, const struct hprpc_header *header,
                                                  uint32_t size, struct hprpc_reservation *ret_reservation)
{
    struct shm_sender *sender = &channel->sender;
    bool request = hprpc_message_takes_share(header);
    int result = hprpc__shm_feed(channel);

    if (result && result != HPRPC_EAGAIN)
        return result;
    if (!hprpc__list_is_empty(&sender->queue))
        return request ? HPRPC_EAGAIN : start_staged(channel, header, size, ret_reservation);
    result = start_in_ring(channel, header, size, ret_reservation);
    if (result == HPRPC_EAGAIN && hprpc__shm_grow(channel, size))
        result = start_in_ring(channel, header, size, ret_reservation);
    if (result != HPRPC_EAGAIN)
        return result;
    if (request && hprpc__shm_may_wait(channel, size)) {
        result = start_request_again(channel, header, size, ret_reservation);
        if (result != HPRPC_EAGAIN || !is_scattered(sender, size))
            return result;
    }
    return start_staged(channel, header, size, ret_reservation);
}

/* Starts any message on an open channel, of which the writer is given no descriptors. */
static int start_any(struct shm_channel *channel, const struct hprpc_header *header, uint32_t size,
                     struct hprpc_reservation *ret_reservation)
{
    int result;

    if (KODOSIS_UNLIKELY(!hprpc__list_is_empty(&channel->sender.queue) || size > channel->geometry.arena / 2))
        return start_slowly(channel, header, size, ret_reservation);
    result = start_in_ring(channel, header, size, ret_reservation);
    if (KODOSIS_UNLIKELY(result == HPRPC_EAGAIN))
        return start_slowly(channel, header, size, ret_reservation);
    return result;
}

/* Starts any message on an open channel. */
static __attribute__((noinline)) int start(struct shm_channel *channel, const struct hprpc_header *header,
                                           uint32_t size, struct hprpc_reservation *ret_reservation)
{
    int result = start_any(channel, header, size, ret_reservation);

    if (result || !channel->base.carries_descriptors)
        return result;
    ret_reservation->writer.descriptors = ret_reservation->given;
    ret_reservation->writer.descriptor_capacity = KODOSIS_DESCRIPTORS_MAX;
    if (ret_reservation->token[0] == IN_SLOT)
        ret_reservation->token[0] = IN_SLOT_OPEN;
    return 0;
}

/* Whether the sender sees so many free slots that any message may take one, and nothing is staged. */
static inline bool is_roomy(const struct shm_sender *sender)
{
    return sender->head < sender->roomy_until && hprpc__list_is_empty(&sender->queue);
}

_Static_assert(sizeof(struct hprpc_header) == 16 && offsetof(struct hprpc_header, service) == 8 &&
                   offsetof(struct hprpc_header, procedure) == 10 && offsetof(struct hprpc_header, depth) == 12 &&
                   offsetof(struct hprpc_header, type) == 14 && offsetof(struct hprpc_header, flags) == 15,
               "hprpc__shm_start_call knows where the parts of a header are");

int hprpc__shm_start_call(struct hprpc_channel *base, const struct hprpc_header *header, uint32_t size,
                          struct hprpc_reservation *ret_reservation)
{
    struct shm_channel *channel = shm_channel(base);
    struct shm_slot *slot = channel->sender.next;
    uint64_t words[2]; /* call and time-out; service, procedure, depth, type and flags */

    if (KODOSIS_UNLIKELY(!shm_is_open(channel)))
        return hprpc__shm_not_open(channel, HPRPC_EAGAIN);
    memcpy(words, header, sizeof(words));
    /* the usual message has no flags, and so no options, its body fits into the slot, and there can be no descriptors */
    if (KODOSIS_UNLIKELY(words[1] >> 56 || size > SHM_INLINE_MAX || !is_roomy(&channel->sender) ||
                         base->carries_descriptors))
        return start(channel, header, size, ret_reservation);
    /* relaxed: shm_slot_commit publishes them */
    atomic_store_explicit(&slot->call, (uint32_t)words[0] | words[1] << 32, memory_order_relaxed);
    hprpc__step(HPRPC__STEP_RESERVED);
    reserve_memory(ret_reservation, slot->rest, size, IN_SLOT);
    ret_reservation->token[1] = (uintptr_t)(words[1] >> 48 | size << 24); /* as shm_commit_upper */
    return 0;
}

static __attribute__((noinline)) int end_staged(struct shm_channel *channel, struct hprpc_reservation *reservation)
{
    struct shm_staged *staged = (struct shm_staged *)reservation->token[2];

    staged->references = reservation->writer.references;
    staged->reference_count = reservation->writer.reference_count;
    if (reservation->writer.descriptor_count) {
        staged->descriptors = reservation->carried;
        staged->header.flags |= HPRPC_FLAG_DESCRIPTORS;
    }
    return hprpc__shm_enqueue(channel, staged);
}

/* Rings a receiver that sleeps, and looks for room. Returns 0. */
static __attribute__((noinline)) int end_with_care(struct shm_channel *channel, bool wanted)
{
    struct shm_sender *sender = &channel->sender;

    if (wanted) {
        hprpc__step(HPRPC__STEP_RING);
        hprpc__shm_bell_ring(sender->bell);
    }
    hprpc__step(HPRPC__STEP_RUNG);
    /* this costs a cache miss now and then, at a time when the thread waits for an answer anyway */
    if (sender->head >= sender->roomy_until)
        look_for_room(channel, 0);
    return 0;
}

/* Publishes the next slot, and wakes the receiver unless the message is corked. Returns 0. */
static inline int end_slot(struct shm_channel *channel, uint32_t upper)
{
    struct shm_sender *sender = &channel->sender;
    bool wanted;

    shm_slot_commit(sender, upper);
    if (channel->base.corked) {
        sender->unrung = true;
        hprpc_channel_set_queued(&channel->base, sender->staged + 1);
        return 0;
    }
    wanted = shm_is_wanted(&sender->words->sleeping);
    if (KODOSIS_UNLIKELY(wanted || sender->head >= sender->roomy_until))
        return end_with_care(channel, wanted);
    hprpc__step(HPRPC__STEP_RUNG);
    return 0;
}

/* Copies a message for which there is no room any more, and gives back what it had. NULL: no memory. */
static struct shm_staged *stage_again(struct shm_channel *channel, struct hprpc_reservation *reservation)
{
    uint32_t upper = (uint32_t)reservation->token[1], size = reservation->size;
    uint64_t words = atomic_load_explicit(&channel->sender.next->call, memory_order_relaxed);
    struct hprpc_header header = {
        .call = (uint32_t)words,
        .service = (uint16_t)(words >> 32),
        .procedure = (uint16_t)(words >> 48),
        .type = (uint8_t)upper,
        .flags = (uint8_t)(upper >> 8),
    };
    struct shm_staged *staged = NULL;

    if (header.flags & (HPRPC_FLAG_TIMEOUT | HPRPC_FLAG_DEPTH)) {
        words = atomic_load_explicit(&channel->sender.next->rest[0], memory_order_relaxed);
        header.timeout_ms = (uint32_t)words;
        header.depth = (uint16_t)(words >> 32);
    }
    if (!hprpc__shm_stage(channel, &header, size, &staged))
        memcpy(staged->body, reservation->writer.start, size);
    hprpc__shm_cancel_call(&channel->base, reservation);
    return staged;
}

/* Sends the descriptors of a message ahead of it, or both later. 1: ahead; 0: later; broken. */
static __attribute__((noinline)) int carry(struct shm_channel *channel, struct hprpc_reservation *reservation)
{
    struct shm_staged *staged;
    int result;

    reservation->token[1] |= HPRPC_FLAG_DESCRIPTORS << 8;
    result = hprpc__shm_parcel_send(channel, reservation->carried);
    if (!result)
        return 1;
    if (result != HPRPC_EAGAIN) {
        hprpc__shm_cancel_call(&channel->base, reservation);
        return result;
    }
    staged = stage_again(channel, reservation);
    if (!staged) {
        hprpc_descriptors_free(channel->base.context, reservation->carried);
        return hprpc__shm_break(channel, HPRPC_ENOMEM, "no memory for a message with descriptors");
    }
    staged->descriptors = reservation->carried;
    return hprpc__shm_enqueue(channel, staged);
}

/* Publishes what is in the next slot, or in a chunk that it describes. 0 or broken. */
static int end_in_ring(struct shm_channel *channel, struct hprpc_reservation *reservation)
{
    int result = KODOSIS_LIKELY(!reservation->writer.descriptor_count) ? 1 : carry(channel, reservation);

    if (KODOSIS_UNLIKELY(result != 1))
        return result;
    if (reservation->token[0] == IN_CHUNK)
        hprpc__shm_arena_hand_over(&channel->sender.arena, (uint32_t)reservation->token[2]);
    return end_slot(channel, (uint32_t)reservation->token[1]);
}

static __attribute__((noinline)) int end_unusual(struct shm_channel *channel, struct hprpc_reservation *reservation)
{
    return reservation->token[0] == STAGED ? end_staged(channel, reservation) : end_in_ring(channel, reservation);
}

/* Gives everything back that a message had on a channel that broke meanwhile. Returns why it did. */
static __attribute__((noinline)) int end_too_late(struct shm_channel *channel, struct hprpc_reservation *reservation)
{
    if (reservation->writer.descriptor_count)
        hprpc_descriptors_free(channel->base.context, reservation->carried);
    hprpc__shm_cancel_call(&channel->base, reservation);
    return hprpc__shm_not_open(channel, HPRPC_EINVAL);
}

int hprpc__shm_end_call(struct hprpc_channel *base, struct hprpc_reservation *reservation)
{
    struct shm_channel *channel = shm_channel(base);

    if (KODOSIS_UNLIKELY(!shm_is_open(channel)))
        return end_too_late(channel, reservation);
    if (KODOSIS_UNLIKELY(reservation->token[0] != IN_SLOT))
        return end_unusual(channel, reservation);
    return end_slot(channel, (uint32_t)reservation->token[1]);
}

void hprpc__shm_cancel_call(struct hprpc_channel *base, struct hprpc_reservation *reservation)
{
    struct shm_channel *channel = shm_channel(base);

    if (reservation->token[0] == IN_CHUNK)
        hprpc__shm_arena_free(&channel->sender.arena, (uint32_t)reservation->token[2]);
    else if (reservation->token[0] == STAGED)
        hprpc__shm_staged_free(channel, (struct shm_staged *)reservation->token[2]);
}

void hprpc__shm_send_end(struct shm_channel *channel)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_GOODBYE };

    if (!hprpc__list_is_empty(&channel->sender.queue) || hprpc__shm_slot_room(channel, 0) != 1)
        return;
    hprpc__shm_slot_describe(channel->sender.next, &header);
    hprpc__step(HPRPC__STEP_END);
    shm_slot_commit(&channel->sender, shm_commit_upper(&header, SHM_END, 0));
    shm_wake(&channel->sender.words->sleeping, channel->sender.bell);
}
