/* SPDX-License-Identifier: MIT */
/* The extension API: what accepts connections for a server. */
#ifndef HPRPC_CHANNEL_LISTENER_H
#define HPRPC_CHANNEL_LISTENER_H

#include <hprpc/channel/channel.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { HPRPC_ACCEPTED_TO_REFUSE = 2 };

struct hprpc_listener {
    const struct hprpc_listener_ops *ops;
    struct hprpc_context *context;
    const struct hprpc__seat
        *seat; /* set by the library after `listen`: who accepts here. For backends with `assist` */
};

/* All slots are called by one thread at a time; none blocks. */
struct hprpc_listener_ops {
    /*
     * Accepts the next connection: 1 and a channel that the caller owns; 0, none now; HPRPC_ESYSTEM when the machine is out of
     * descriptors or memory (the caller pauses and tries again), with the reason in `detail`. A peer whose opening fails is
     * dropped, and not reported. HPRPC_ACCEPTED_TO_REFUSE and a channel: the caller must send the reason in `detail` and close
     * it, because it uses descriptors that were kept for this, or its peer is not let in.
     */
    int (*accept)(struct hprpc_listener *listener, struct hprpc_detail *detail, struct hprpc_channel **ret_channel);

    /* As `watch` of a channel. */
    size_t (*watch)(struct hprpc_listener *listener, struct hprpc_watch *ret_watches);

    /* The URI that clients connect to, with the port that was picked. Always NUL-terminated, cut if need be. */
    void (*address)(struct hprpc_listener *listener, char *ret_uri, size_t capacity);

    /* Stops listening and removes the names that it made. Accepted channels live on. */
    void (*free)(struct hprpc_listener *listener);
};

#ifdef __cplusplus
}
#endif

#endif
