/* SPDX-License-Identifier: MIT */
/* The beginning of a call that has begun in a copy of its arguments, and must be sent now. */
#ifndef HPRPC_RPC_BEGIN_H
#define HPRPC_RPC_BEGIN_H

#include <hprpc/stub.h>

/*
 * Begins once more, and waits for a connection. On success the stub is as after hprpc_stub_begin, with `size` bytes of room on a
 * connection; its `client` and `binding` must be those of the proxy before.
 */
int hprpc__begin_again(struct hprpc_stub *stub, uint64_t size);

#endif
