/* What the transports on this host read from a URI beyond what channel.h offers. */
#ifndef HPRPC_RPC_URI_H
#define HPRPC_RPC_URI_H

#include <sys/types.h>

#include <hprpc/channel.h>

/* The option "mode": permission bits in octal ("0660"), at most 0777; `fallback` where it is not given. HPRPC_EURI. */
int hprpc__uri_mode(const struct hprpc_uri *uri, mode_t fallback, struct hprpc_detail *detail, mode_t *ret_mode);

/* Writes scheme "://" rest, escaped so that it parses to the same; always NUL-terminated, cut if need be. */
void hprpc__uri_format(const char *scheme, const char *rest, char *ret_text, size_t capacity);

#endif
