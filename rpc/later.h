/* SPDX-License-Identifier: MIT */
/*
 * Calls that began while their client had no connection. hprpc_stub_begin cannot know whether the caller will wait. So it gives the stub
 * a copy to encode into, which no lock guards: `pending` is NULL then, and `client` that of the proxy. What follows decides: a call that
 * is posted leaves the copy with a ticket (rpc/call/posted.h), and one that waits keeps it until there is a connection.
 */
#ifndef HPRPC_RPC_LATER_H
#define HPRPC_RPC_LATER_H

#include "rpc/reconnect.h"

#include <hprpc/stub.h>

/*
 * Gives the stub a copy to encode into, `handle` being what the proxy holds. HPRPC_EAGAIN: the client's requests hold too much already;
 * HPRPC_ENOMEM, which is explained.
 */
int hprpc__later_begin(struct hprpc_stub *stub, struct hprpc__reconnect *reconnect, struct hprpc_binding *handle,
                       uint64_t size);

/* Waits for a connection, sends the copy, and waits for the answer: hprpc_stub_exchange of such a call. */
int hprpc__later_exchange(struct hprpc_stub *stub);

/* Leaves the copy with a ticket: hprpc_stub_post of such a call. */
int hprpc__later_post(struct hprpc_stub *stub);

#endif
