/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that travel with messages. A packet on the lifeline brings them, a parcel. The sender sends it right before it publishes the
 * slot that says so, and the receiver takes it off the lifeline when it comes to that slot; or before, when it empties the lifeline.
 */
#ifndef HPRPC_CHANNEL_SHM_CARRYING_H
#define HPRPC_CHANNEL_SHM_CARRYING_H

#include <hprpc/channel/channel.h>

struct shm_channel;

enum {
    SHM_PARCEL_MAGIC = 0x64665348, /* "HSfd" */
    SHM_EARLY_MAX = 16,   /* parcels that wait for their slots; where more come before one of them, none will */
    SHM_PACKETS_MAX = 64, /* taken at once: a peer that sends them without end must not keep this thread here */
};

struct shm_parcel {
    uint32_t magic;
    uint32_t
        count; /* of the descriptors: 1 to KODOSIS_DESCRIPTORS_MAX, or 0: the sender's system refused to carry them */
    uint64_t slot; /* the number of the message's slot in its direction, or of the first one, counted from 0 */
};

_Static_assert(sizeof(struct shm_parcel) == 16, "a packet has no padding");

/* ---- Sending ---- */

/*
 * Sends the descriptors of the message that is about to be published in the next slot, and frees them. HPRPC_EAGAIN: the lifeline is full,
 * and nothing has changed; the receiver makes room, and wakes a sender that waits for some. 0 or broken. Where the system
 * refuses to carry descriptors, the receiver is told so.
 */
int hprpc__shm_parcel_send(struct shm_channel *channel, struct hprpc_descriptors *descriptors);

/* ---- Receiving ---- */

/*
 * Looks for the parcel of the next slot, which says that there is one. 0: it is the first of those that wait; HPRPC_ENOMEM; broken,
 * also where none has come.
 */
int hprpc__shm_parcel_find(struct shm_channel *channel);

/* Takes the first parcel that waits, which there is. */
struct hprpc_descriptors *hprpc__shm_parcel_take(struct shm_channel *channel);

/*
 * Empties the lifeline of rings and parcels, as far as there is room for them. 0: it is empty; HPRPC_EAGAIN: some are left, or
 * the other side has hung up; HPRPC_ENOMEM; broken, also where a parcel belongs to a slot that did not ask for it.
 */
int hprpc__shm_parcels_collect(struct shm_channel *channel);

/*
 * As hprpc__shm_parcels_collect where the next slot is not published: broken also where parcels came that cannot be next. 0, and the
 * lifeline may hold more; HPRPC_ENOMEM; broken.
 */
int hprpc__shm_parcels_look(struct shm_channel *channel);

/* ---- Both ---- */

/* Closes all descriptors that were not sent or not delivered. */
void hprpc__shm_parcels_drop(struct shm_channel *channel);

#endif
