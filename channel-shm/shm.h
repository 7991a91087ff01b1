/* SPDX-License-Identifier: MIT */
/* The inside of the shared-memory channel: its two sides, which run at the same time, and what they have in common. */
#ifndef HPRPC_CHANNEL_SHM_SHM_H
#define HPRPC_CHANNEL_SHM_SHM_H

#include <sys/types.h>

#include <hprpc/channel/transport.h>

#include "channel-shm/options.h"
#include "channel-shm/receiver.h"
#include "channel-shm/segment.h"
#include "channel-shm/sender.h"

enum shm_state {
    SHM_OPENING,
    SHM_OPEN,
    SHM_BREAKING, /* a thread is writing the reason */
    SHM_BROKEN,
};

struct shm_channel {
    struct hprpc_channel base;
    _Atomic int state;
    int code; /* why it is broken, once it is */
    bool server;
    struct shm_options options;
    int (*open)(struct shm_channel *channel); /* the next step of opening: 0, or a code */
    int socket;                               /* the lifeline */
    struct shm_bell bell;                     /* wakes us */
    struct shm_bell peer_bell;
    int64_t pid, uid, gid; /* the other side's */
    void *memory;
    size_t mapped; /* bytes of the segment that are mapped there */
    bool borrowed; /* the channel must not unmap `memory` */
    struct shm_geometry geometry;
    char path[108];   /* that a client connected to */
    size_t allocated; /* bytes at `allocation` */
    void *allocation;
    _Alignas(128) struct shm_sender sender;
    _Alignas(128) struct shm_receiver receiver;
};

static inline struct shm_channel *shm_channel(struct hprpc_channel *channel)
{
    return (struct shm_channel *)(void *)channel;
}

/* ---- channel.c: what both sides have in common ---- */

/* Makes a channel that is not connected to anything yet. */
int hprpc__shm_channel_new(struct hprpc_context *context, const struct shm_options *options,
                           struct shm_channel **ret_channel);

/* Attaches a channel to its memory, so much as is mapped, and makes it open; geometry and descriptors are in place. */
void hprpc__shm_channel_attach(struct shm_channel *channel, void *memory, size_t mapped);

/* Breaks the channel, unless it is broken already; returns the code that it is broken with. */
int hprpc__shm_break(struct shm_channel *channel, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a channel that is not open returns: the code that it is broken with, or `otherwise` while it is opening. */
int hprpc__shm_not_open(struct shm_channel *channel, int otherwise);

static inline bool shm_is_open(const struct shm_channel *channel)
{
    /* acquire: pairs with the release in hprpc__shm_channel_attach and hprpc__shm_break */
    return atomic_load_explicit(&channel->state, memory_order_acquire) == SHM_OPEN;
}

extern const struct hprpc_channel_ops hprpc__shm_channel_ops;

/* ---- connect.c, listener.c ---- */

/* Fills in the peer of the socket; a peer of another user is not trusted. 0 or broken. */
int hprpc__shm_learn_peer(struct shm_channel *channel);

int hprpc__shm_connect(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc_channel **ret_channel);
int hprpc__shm_listen(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                      struct hprpc_listener **ret_listener);

extern const struct hprpc_transport hprpc_transport_shm;

#endif
