/* SPDX-License-Identifier: MIT */
/* One turn of the pump, and when the next one is due. */
#ifndef HPRPC_RPC_PUMP_TURN_H
#define HPRPC_RPC_PUMP_TURN_H

#include "rpc/connection/connection.h"
#include "base/deadline.h"

/*
 * One turn of the pump, by its owner: receives and dispatches a batch of messages and sends what waits. It looks up to `looks`
 * times for the first message, which is how to spin; the batch ends early when `until` (or NULL) is complete. Returns the
 * number of messages; 0, there was none; HPRPC_EFORKED, in a child of fork that came out of a handler or a callback: the caller
 * returns at once; negative otherwise: the connection is broken and every call is complete.
 */
int hprpc__controller_turn(struct hprpc_controller *controller, uint32_t looks, const struct hprpc_pending_call *until);

/* Acts on deadlines that have passed: tickets expire, an opening that takes too long breaks. By the pump's owner. */
void hprpc__controller_expire(struct hprpc_controller *controller, uint64_t now);

/* When hprpc__controller_expire must be called next; HPRPC__NEVER. */
hprpc__deadline hprpc__controller_deadline(struct hprpc_controller *controller);

#endif
