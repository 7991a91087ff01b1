/* SPDX-License-Identifier: MIT */
/* Sending on a connection. */
#ifndef HPRPC_RPC_CONNECTION_SEND_H
#define HPRPC_RPC_CONNECTION_SEND_H

#include "rpc/connection/connection.h"

/* Whether the body was written without a fault, and is as long as was said. */
static inline bool hprpc__is_written(const struct hprpc_reservation *reservation)
{
    return reservation->writer.status == KODOSIS_OK && reservation->writer.cursor == reservation->writer.end;
}

/*
 * Publishes a reservation that is written, under the lock. If this thread dispatches a batch, the message waits for the end of
 * the batch, unless it is one-way: no wait of its sender would send it. 0, or broken.
 */
int hprpc__publish(struct hprpc_controller *controller, struct hprpc_reservation *reservation);
int hprpc__publish_now(struct hprpc_controller *controller, struct hprpc_reservation *reservation);

/* Reserves, copies and publishes a whole body, under the lock. */
int hprpc__send(struct hprpc_controller *controller, const struct hprpc_header *header, const void *body,
                uint32_t size);

/* Tells the server's quota how many bytes wait in the channel. Under the lock. */
void hprpc__count_unread(struct hprpc_controller *controller, uint64_t queued);

/* Sends what waits in the channel; not under the lock. */
int hprpc__flush(struct hprpc_controller *controller);

#endif
