/* SPDX-License-Identifier: MIT */
/* Descriptors of a message that is about to be sent, and of a body that was received. */
#ifndef HPRPC_RPC_CONNECTION_DESCRIPTORS_H
#define HPRPC_RPC_CONNECTION_DESCRIPTORS_H

#include "rpc/connection/connection.h"
#include "rpc/connection/message.h"

/* Whether open descriptors travel with messages on this connection: both sides have said so. */
static inline bool hprpc__carries_descriptors(const struct hprpc_controller *controller)
{
    return controller->channel->carries_descriptors && controller->peer.features & HPRPC__FEATURE_DESCRIPTORS;
}

/*
 * Copies the descriptors that the writer of a reservation was given, for end_call, which must follow at once: what the application gave
 * stays its own. HPRPC_EINVAL: one of them is not open; HPRPC_ESYSTEM: this process, or the system, may open no more; HPRPC_ENOMEM.
 */
int hprpc__descriptors_copy(struct hprpc_context *context, struct hprpc_reservation *reservation);

/*
 * Whether a body can be published, with copies of its descriptors, as above. HPRPC_EINVAL also: there was a fault, or it is not as long as
 * was said.
 */
int hprpc__body_complete_slowly(struct hprpc_context *context, struct hprpc_reservation *reservation);

/* The same for most bodies, which have neither descriptors nor faults. */
static inline int hprpc__body_complete(struct hprpc_context *context, struct hprpc_reservation *reservation)
{
    return KODOSIS_LIKELY(kodosis_writer_is_plain(&reservation->writer))
               ? 0
               : hprpc__body_complete_slowly(context, reservation);
}

/* Gives the writer of a reservation descriptors that it has not been given itself; borrowed until they are copied. */
void hprpc__descriptors_give(struct hprpc_reservation *reservation, const struct hprpc_descriptors *descriptors);

/* Gives the reader of a body the descriptors that came with it. */
void hprpc__descriptors_attach(const struct hprpc__body *body, struct kodosis_reader *reader);

/* The same for most bodies, which have none. */
static inline void hprpc__descriptors_open(const struct hprpc__body *body, struct kodosis_reader *reader)
{
    if (KODOSIS_UNLIKELY(body->place >= HPRPC__BODY_COPIED))
        hprpc__descriptors_attach(body, reader);
}

/* Whether descriptors came with a body, and this process had no room for them. */
bool hprpc__descriptors_are_lost(const struct hprpc__body *body);

/* Takes a descriptor out of those that came with a body. Returns it, or HPRPC_EINVAL: it is not one of them, or was taken. */
int hprpc__descriptors_take(struct hprpc__body *body, int fd);

#endif
