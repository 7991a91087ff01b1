/* SPDX-License-Identifier: MIT */
/* Sending on a connection. */
#ifndef HPRPC_RPC_CONNECTION_SEND_H
#define HPRPC_RPC_CONNECTION_SEND_H

#include "rpc/connection/waiters.h"

/* Whether the body was written without a fault, and is as long as was said. */
static inline bool hprpc__is_written(const struct hprpc_reservation *reservation)
{
    return reservation->writer.status == KODOSIS_OK && reservation->writer.cursor == reservation->writer.end;
}

enum { HPRPC__UNREAD_LEAST = 64 * 1024 }; /* less on one connection is not worth counting */

/* Counts what waits in the channel's queue, and tells the host that something does. Under the lock. */
void hprpc__look_at_queue(struct hprpc_controller *controller, bool tells);

/* Publishes a reservation that is written, under the lock. `corked`: it may wait for the next flush. 0, or broken. */
static inline int hprpc__publish_as(struct hprpc_controller *controller, struct hprpc_reservation *reservation,
                                    bool corked)
{
    struct hprpc_channel *channel = controller->channel;
    int r;

    hprpc__assert_locked(&controller->lock);
    hprpc__assert(hprpc__is_written(reservation));
    channel->corked = corked;
    r = channel->ops->end_call(channel, reservation);
    /* as a rule nothing waits, or little in a batch */
    if (KODOSIS_UNLIKELY(hprpc__queued(controller) >= (corked ? HPRPC__UNREAD_LEAST : 1) || controller->unread))
        hprpc__look_at_queue(controller, r == 0 && !corked);
    return r;
}

/*
 * Does that. If this thread dispatches a batch, the message waits for its end. One-way requests must not: no wait of their sender
 * would send them.
 */
static inline int hprpc__publish(struct hprpc_controller *controller, struct hprpc_reservation *reservation)
{
    return hprpc__publish_as(controller, reservation, hprpc__pump_is_mine(&controller->pump) && controller->corks);
}

/* Reserves, copies and publishes a whole body, under the lock. */
int hprpc__send(struct hprpc_controller *controller, const struct hprpc_header *header, const void *body,
                uint32_t size);

/* Tells the server's quota how many bytes wait in the channel. Under the lock. */
void hprpc__count_unread(struct hprpc_controller *controller, uint64_t queued);

/* Sends what waits in the channel; not under the lock. */
int hprpc__flush(struct hprpc_controller *controller);

#endif
