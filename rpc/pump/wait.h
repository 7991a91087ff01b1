/* SPDX-License-Identifier: MIT */
/* Waiting: of the threads that wait for something on a connection, one pumps for all and hands over when it leaves. */
#ifndef HPRPC_RPC_PUMP_WAIT_H
#define HPRPC_RPC_PUMP_WAIT_H

#include "rpc/connection/waiters.h"
#include "base/deadline.h"

/*
 * Waits; pumps if no other thread does, or if this thread is inside a handler of the connection. `timeout_ms` counts from the
 * first look at the clock, which comes only after a moment of spinning. 0: it is there; HPRPC_EAGAIN: the time is over;
 * HPRPC_ECLOSED: the connection is broken (tickets are complete by then).
 */
int hprpc__pump_wait(struct hprpc_controller *controller, const struct hprpc__awaited *awaited, uint32_t timeout_ms);

/* The same for one of several waits under one deadline: `deadline` is 0 before the first of them and kept for the next. */
int hprpc__pump_wait_on(struct hprpc_controller *controller, const struct hprpc__awaited *awaited, uint32_t timeout_ms,
                        hprpc__deadline *deadline);

/* Waits after an attempt; `timeout_ms` counts from the first of these waits. 0: try again; otherwise as above. */
int hprpc__pump_wait_for_room(struct hprpc_controller *controller, struct hprpc__room *room, uint32_t timeout_ms);

/*
 * Called when a request has left the line, not under the lock: the next one may go, which may be that of the thread that pumps; and
 * callbacks that waited run.
 */
void hprpc__pump_make_way(struct hprpc_controller *controller);

/* Does one turn, and gives the pump up, which the calling thread has. */
void hprpc__pump_turn(struct hprpc_controller *controller);

/* Does one turn without sleeping, unless another thread pumps. */
void hprpc__pump_once(struct hprpc_controller *controller);

#endif
