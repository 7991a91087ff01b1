/* SPDX-License-Identifier: MIT */
/*
 * How the bytes of a framed channel move. Without a driver they move by readiness: `read` and `write` of the backend's operations
 * are system calls, made when a descriptor is ready. A driver moves them by completion: the kernel receives and sends on its
 * own, and the driver says what is done.
 */
#ifndef HPRPC_CHANNEL_FRAMED_DRIVER_H
#define HPRPC_CHANNEL_FRAMED_DRIVER_H

#include "channel/framed/block.h"

struct hprpc__driver {
    const struct hprpc__driver_ops *ops;
};

struct hprpc__driver_ops {
    /* As `read` of struct hprpc_framed_ops. On the receiving side. */
    ssize_t (*read)(struct hprpc__driver *driver, const struct hprpc_framed *stream, const struct iovec *runs,
                    int count);

    /* Called before a sleep, on the receiving side: true when `read` would find something. */
    bool (*arm)(struct hprpc__driver *driver);

    /*
     * Begins to send bytes that stay where they are until `finish` tells, or `abandon` took them. False: it cannot, on this
     * thread or now. On the sending side, as the two below.
     */
    bool (*begin)(struct hprpc__driver *driver, const void *data, size_t size);

    /* How many of those bytes were sent; -EAGAIN, they are under way; or a negated errno. */
    ssize_t (*finish)(struct hprpc__driver *driver);

    /* Takes the queue over, whose first block is under way: the channel lets go. */
    void (*abandon)(struct hprpc__driver *driver, struct hprpc__block *first);
};

/* The driver of a channel, or NULL. Any side. */
static inline struct hprpc__driver *hprpc__driver_of(const struct hprpc_framed *stream)
{
    /* acquire: pairs with the release in hprpc__driver_set */
    return __atomic_load_n(&stream->driver, __ATOMIC_ACQUIRE);
}

static inline void hprpc__driver_set(struct hprpc_framed *stream, struct hprpc__driver *driver)
{
    /* release: pairs with the acquire in hprpc__driver_of, by which the sending side sees a whole driver */
    __atomic_store_n(&stream->driver, driver, __ATOMIC_RELEASE);
}

#endif
