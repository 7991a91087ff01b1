/* SPDX-License-Identifier: MIT */
/* Letting go of a ticket. */
#ifndef HPRPC_RPC_PENDING_CALL_H
#define HPRPC_RPC_PENDING_CALL_H

#include "rpc/call/ticket.h"

/* The holder is through with it. Any thread; waits for nothing but an answer that is just being stored. */
void hprpc__pending_call_drop(struct hprpc_pending_call *pending);

/* Its first half: true, and the caller has to retire the ticket (hprpc__ticket_retire); or the callback's end does that. */
bool hprpc__pending_call_let_go(struct hprpc_pending_call *pending);

#endif
