/* SPDX-License-Identifier: MIT */
/* Clearing a call: how its holder lets go of the ticket. */
#ifndef HPRPC_RPC_PENDING_CALL_H
#define HPRPC_RPC_PENDING_CALL_H

#include "rpc/call/ticket.h"

/* Lets go of a ticket for its holder. Any thread; waits only for an answer that is just being stored. */
void hprpc__pending_call_drop(struct hprpc_pending_call *pending);

/* The first half of that. True: the caller must retire the ticket (hprpc__ticket_retire); false: the callback's end does. */
bool hprpc__pending_call_let_go(struct hprpc_pending_call *pending);

/*
 * Waits until the call is complete, at most until the deadline (HPRPC__UNSET: the call's own time-out, from now on), even if the thread
 * that pumps is too busy to see that it has passed. Then the call is complete, with HPRPC_EDEADLINE.
 */
void hprpc__pending_call_await(struct hprpc_pending_call *pending, hprpc__deadline deadline);

#endif
