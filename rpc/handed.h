/* SPDX-License-Identifier: MIT */
/* Descriptors that are handed in, and the transport that takes each of them. */
#ifndef HPRPC_RPC_HANDED_H
#define HPRPC_RPC_HANDED_H

#include <hprpc/channel/transport.h>

/* A duplicate for the library, so that a failure leaves the caller its own. HPRPC_EINVAL (it is not open), HPRPC_ESYSTEM. */
int hprpc__handed_duplicate(int fd, struct hprpc_detail *detail);

/* Keeps a descriptor out of programs that are executed. */
void hprpc__handed_hide(int fd);

/*
 * Asks one transport after the other, the context's own first, to take a socket over that listens, or is connected. `query` has
 * options as behind a URI, or is NULL. The descriptor is closed where that fails. HPRPC_ESCHEME: none takes it.
 */
int hprpc__handed_listen(struct hprpc_context *context, int fd, const char *query, struct hprpc_detail *detail,
                         struct hprpc_listener **ret_listener);
int hprpc__handed_connect(struct hprpc_context *context, int fd, const char *query, struct hprpc_detail *detail,
                          struct hprpc_channel **ret_channel);

#endif
