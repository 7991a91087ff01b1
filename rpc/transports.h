/* SPDX-License-Identifier: MIT */
/* The transports this library knows, by scheme. */
#ifndef HPRPC_RPC_TRANSPORTS_H
#define HPRPC_RPC_TRANSPORTS_H

#include <hprpc/channel/transport.h>

/*
 * Takes a URI apart and finds the transport of its scheme: the context's own first, then the built-in ones. HPRPC_EURI,
 * HPRPC_ESCHEME with the schemes there are, HPRPC_EINVAL for a transport made for another version of channel.h.
 */
int hprpc__transport_find(struct hprpc_context *context, const char *text, struct hprpc_detail *detail,
                          struct hprpc_uri *ret_uri, const struct hprpc_transport **ret_transport);

/* The `index`-th of all transports, the context's own first; NULL beyond the last. */
const struct hprpc_transport *hprpc__transport_at(struct hprpc_context *context, size_t index);

/* Takes the option `reconnect` out of a client's URI: yes or no; where it is not there, `ret_reconnect` stays as it is. HPRPC_EURI. */
int hprpc__uri_take_reconnect(struct hprpc_uri *uri, bool *ret_reconnect, struct hprpc_detail *detail);

/* Refuses the option `reconnect` where nothing is connected again, for a reason that `why` says. 0, HPRPC_EURI. */
int hprpc__uri_refuse_reconnect(const struct hprpc_uri *uri, const char *why, struct hprpc_detail *detail);

#endif
