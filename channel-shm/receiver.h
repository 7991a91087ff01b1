/* SPDX-License-Identifier: MIT */
/* The receiving side. */
#ifndef HPRPC_CHANNEL_SHM_RECEIVER_H
#define HPRPC_CHANNEL_SHM_RECEIVER_H

#include <hprpc/channel/channel.h>

#include "channel-shm/bell.h"
#include "channel-shm/layout.h"

struct shm_channel;

/* The receiving side; private, and but for the last five fields the pumping thread's. */
struct shm_receiver {
    struct shm_slot *slots, *end; /* the ring */
    struct shm_words *words;
    struct shm_slot *next; /* the one at `tail` */
    uint32_t tag;          /* its lap, as it is expected */
    uint64_t tail;         /* slots taken so far */
    uint64_t published;    /* slots that the sender knows to be free */
    uint64_t publish_at;   /* the `tail` at which it must know of more */
    uint32_t slot_count;
    uint32_t idle; /* calls that found nothing, since the lifeline was looked at */
    bool lent;     /* the last message may still lie in its slot */
    bool armed;
    bool unread;          /* the doorbell may be readable */
    bool drains;          /* the doorbell is drained before each sleep, because the sleep is by level, not by edge */
    bool woken;           /* the thread came back from a sleep, and has found no message since */
    struct shm_bell bell; /* wakes the sender */
    uint8_t *arena;
    uint32_t units, unit_shift, return_shift;
    uint8_t *extension; /* of the arena, or NULL */
    uint32_t extension_units, extension_shift;
    uint32_t found;             /* of these units, the first ones are known to have memory */
    struct hprpc_header header; /* of the message whose pieces are coming */
    uint8_t *whole;             /* its body, or NULL */
    uint32_t whole_size, whole_filled;
    struct hprpc_descriptors *of_whole;           /* that came with it, or NULL */
    struct hprpc_descriptors *early, *last_early; /* parcels whose slots were not received yet, in their order */
    uint32_t early_count;
    bool refuses;                    /* the system was asked to refuse descriptors */
    struct hprpc_descriptors *spare; /* memory for the next parcel, or NULL */
    _Atomic uint32_t *returns;
    _Alignas(128) _Atomic uint64_t returned; /* entries of the return ring taken */
    _Atomic uint32_t held[2];                /* units that are lent out, of the base and of the extension */
    _Atomic uint32_t ringing;                /* threads that are ringing after they gave a chunk back */
    atomic_bool let_go;                      /* the doorbell is closed */
};

void hprpc__shm_receiver_init(struct shm_receiver *receiver, const struct shm_geometry *geometry,
                              const struct shm_lane *lane, struct shm_bell bell);
int hprpc__shm_receive(struct hprpc_channel *base, struct hprpc_message *ret_message);
void hprpc__shm_release(struct hprpc_channel *base, struct hprpc_message *message);

/* Whether the next slot is published. */
static inline bool hprpc__shm_has_slot(const struct shm_receiver *receiver)
{
    /* acquire: pairs with the release in shm_slot_commit */
    return (uint32_t)atomic_load_explicit(&receiver->next->commit, memory_order_acquire) == receiver->tag;
}

/* Stops all ringing, though chunks may still be given back, so that the doorbell can be closed. */
void hprpc__shm_receiver_let_go(struct shm_channel *channel);
bool hprpc__shm_arm(struct hprpc_channel *base);
void hprpc__shm_disarm(struct hprpc_channel *base);

#endif
