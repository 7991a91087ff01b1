/* SPDX-License-Identifier: MIT */
/* The extension API: a transport is a scheme, and how to connect and listen. A backend includes this header. */
#ifndef HPRPC_CHANNEL_TRANSPORT_H
#define HPRPC_CHANNEL_TRANSPORT_H

#include <hprpc/channel/listener.h>
#include <hprpc/channel/uri.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A transport: a scheme and how to connect and listen. A backend exports exactly one, const. */
struct hprpc_transport {
    uint32_t version; /* HPRPC_CHANNEL_VERSION */
    const char *scheme;

    /*
     * Begins a connection. It may still be opening when this returns: `receive` drives it, and `start_call` says
     * HPRPC_EAGAIN, until it is open. Does not block. The caller owns the channel.
     */
    int (*connect)(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                   struct hprpc_channel **ret_channel);

    /* Listens. The caller owns the listener. */
    int (*listen)(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                  struct hprpc_listener **ret_listener);

    /*
     * Take over a socket that listens already, or is connected already, with the options of `uri`, whose place says nothing. On
     * success the descriptor is the listener's or channel's, on failure it is still the caller's. HPRPC_ESCHEME: a socket of
     * another kind, which another transport may take; HPRPC_EINVAL: it is no such socket. The sentence is about "it". NULL: the
     * transport takes none.
     */
    int (*listen_fd)(struct hprpc_context *context, int fd, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                     struct hprpc_listener **ret_listener);
    int (*connect_fd)(struct hprpc_context *context, int fd, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                      struct hprpc_channel **ret_channel);

    /*
     * Writes the path of the file that a listener at this URI makes when it begins to listen: a client that reconnects watches
     * for it, and makes attempts in quick succession, because such a listener is on this host. At most `capacity` bytes with the
     * NUL. False: there is no such path now, or ever. NULL
     * for transports that lead to other hosts.
     */
    bool (*name)(const struct hprpc_uri *uri, char *ret_path, size_t capacity);
};

#ifdef __cplusplus
}
#endif

#endif
