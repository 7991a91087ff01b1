/* SPDX-License-Identifier: MIT */
/* The sending side: a message goes into the next slot, into a chunk that the slot describes, or is staged. */
#ifndef HPRPC_CHANNEL_SHM_SENDER_H
#define HPRPC_CHANNEL_SHM_SENDER_H

#include <hprpc/channel/channel.h>

#include "base/list.h"
#include "channel-shm/arena.h"
#include "channel-shm/bell.h"
#include "channel-shm/growth.h"
#include "channel-shm/layout.h"

struct shm_channel;

/* Most times that a sender looks again because room came while it looked: a peer that always gives room must not keep it busy. */
enum { SHM_LOOKS = 16 };

/* The sending side; everything here is private. */
struct shm_sender {
    struct shm_slot *slots, *end; /* the ring */
    struct shm_words *words;
    struct shm_slot *next; /* the one at `head` */
    uint32_t tag;          /* its lap, as it will be published */
    uint64_t head;         /* slots published so far */
    uint64_t consumed;     /* slots that the receiver gave back, as last seen */
    uint64_t roomy_until;  /* before this `head`, there is a free slot for any message, as far as was seen */
    uint32_t slot_count;
    uint32_t reserve;         /* slots that requests leave to others */
    bool unrung;              /* published while corked: the receiver may still sleep */
    _Atomic bool hungry;      /* a message was refused, or left to flush, because there was no room */
    struct shm_bell bell;     /* wakes the receiver */
    struct hprpc__list queue; /* of staged messages */
    size_t staged;            /* bytes of what is in the queue */
    struct shm_growth growth;
    struct shm_arena arena;
};

void hprpc__shm_sender_init(struct shm_sender *sender, const struct shm_geometry *geometry, const struct shm_lane *lane,
                            struct shm_bell bell);
int hprpc__shm_start_call(struct hprpc_channel *base, const struct hprpc_header *header, uint32_t size,
                          struct hprpc_reservation *ret_reservation);
int hprpc__shm_end_call(struct hprpc_channel *base, struct hprpc_reservation *reservation);
void hprpc__shm_cancel_call(struct hprpc_channel *base, struct hprpc_reservation *reservation);

/* Whether there is a free slot beyond `reserve` of them; looks at the shared word only if it must. 1, 0 or broken. */
int hprpc__shm_slot_room(struct shm_channel *channel, uint32_t reserve);

/* Writes a header into the next slot; returns the index of the next free word of `rest`. */
uint32_t hprpc__shm_slot_describe(struct shm_slot *slot, const struct hprpc_header *header);

/* The upper half of a commit word. */
static inline uint32_t shm_commit_upper(const struct hprpc_header *header, enum shm_kind kind, uint32_t inline_size)
{
    return header->type | (uint32_t)header->flags << 8 | (uint32_t)kind << 16 | inline_size << 24;
}

/* Publishes the next slot with the upper half of its commit word. */
static inline void shm_slot_commit(struct shm_sender *sender, uint32_t upper)
{
    hprpc__step(HPRPC__STEP_COMMIT);
    /* release: pairs with the acquire in load_commit (receiver.c) */
    atomic_store_explicit(&sender->next->commit, sender->tag | (uint64_t)upper << 32, memory_order_release);
    hprpc__step(HPRPC__STEP_COMMITTED);
    sender->head++;
    if (++sender->next == sender->end) {
        sender->next = sender->slots;
        sender->tag++;
    }
}

/*
 * Called after shm_park and one more look that found no room. True: room that comes free from now on wakes us. False: some came
 * free meanwhile, so look again.
 */
bool hprpc__shm_waits_for_room(struct shm_sender *sender);

/* Tells the other side that this one has closed, if there is room for it. */
void hprpc__shm_send_end(struct shm_channel *channel);

#endif
