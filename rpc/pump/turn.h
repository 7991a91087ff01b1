/* SPDX-License-Identifier: MIT */
/* One turn of the pump, and when the next one is due. */
#ifndef HPRPC_RPC_PUMP_TURN_H
#define HPRPC_RPC_PUMP_TURN_H

#include "rpc/connection/connection.h"

/*
 * One turn of the pump, by its owner: receives and dispatches a batch of messages and sends what waited. Where nothing is
 * there it looks up to `looks` times, which is how one spins; the batch ends early when `until` (or NULL) is complete. The
 * number of messages; 0, none was there; HPRPC_EFORKED, in a child of fork that came out of a handler or a callback: the caller
 * returns at once; negative otherwise, the connection is broken and every call is complete.
 */
int hprpc__controller_turn(struct hprpc_controller *controller, uint32_t looks, const struct hprpc_pending_call *until);

/* Lets deadlines pass: tickets expire, a handshake that takes too long breaks the connection. By the pump's owner. */
void hprpc__controller_expire(struct hprpc_controller *controller, uint64_t now);

/* When hprpc__controller_expire wants to be called; HPRPC__NEVER. */
uint64_t hprpc__controller_deadline(struct hprpc_controller *controller);

#endif
