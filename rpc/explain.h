/* SPDX-License-Identifier: MIT */
/* The sentences behind the codes that calls of stubs fail with. */
#ifndef HPRPC_RPC_EXPLAIN_H
#define HPRPC_RPC_EXPLAIN_H

#include "rpc/call/binding.h"
#include "rpc/call/ticket.h"

/* Leaves the sentence behind a code with the call, if there is one, and returns the code. NULL: what hprpc_error_text says. */
static inline int hprpc__explain(struct hprpc_call *call, int code, const char *text)
{
    if (call)
        call->detail = text ? text : hprpc_error_text(code);
    return code;
}

/*
 * Makes a finished ticket on the stub's connection, whose memory for a sentence lives as long as the call. NULL: there is no call, or no
 * memory. Not under the lock, as the two below.
 */
struct hprpc_pending_call *hprpc__sentence_ticket(struct hprpc_stub *stub, int code);

/* Leaves a copy of a sentence with the call, which may outlive the connection that the sentence belongs to. Returns the code. */
int hprpc__explain_copy(struct hprpc_stub *stub, int code, const char *text);

/* Explains a request that was not sent, or perhaps was, by the reason for which the connection broke. Returns the code. */
int hprpc__explain_end(struct hprpc_stub *stub, int code);

/* Explains arguments that cannot be encoded (HPRPC_EINVAL), or descriptors that cannot be copied. Returns `code`. */
int hprpc__explain_value(struct hprpc_stub *stub, int code);

/* The names of what a stub calls. */
static inline const char *hprpc__service_of(const struct hprpc_stub *stub)
{
    return stub->binding->interface->name;
}

static inline const char *hprpc__procedure_of(const struct hprpc_stub *stub)
{
    return stub->binding->interface->procedures[stub->procedure].name;
}

#endif
