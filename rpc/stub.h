/* SPDX-License-Identifier: MIT */
/* What plain calls (stub.c) and streams (stream-call.c) share of a stub. */
#ifndef HPRPC_RPC_STUB_H
#define HPRPC_RPC_STUB_H

#include <hprpc/stub.h>

/* Explains why a complete ticket has no reply, and drops it if no call holds it. Returns the code. */
int hprpc__stub_explain_failure(struct hprpc_stub *stub);

/* For `_finish` of a call with streams: says that no further element follows, and discards those that were not read. */
void hprpc__stub_part(struct hprpc_pending_call *pending);

#endif
