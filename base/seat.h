/* SPDX-License-Identifier: MIT */
/*
 * A seat is where connections are served: a loop of a server, or a client. A thread that waits for the other side of a connection
 * within this process may take the seat there for a moment and serve that connection itself, if the seat lets it: this is what makes a
 * call on one thread possible. The seat decides which threads may; docs/decisions/local.md says why those.
 */
#ifndef HPRPC_BASE_SEAT_H
#define HPRPC_BASE_SEAT_H

#include <hprpc/channel/channel.h>

struct hprpc__seat {
    /*
     * Takes the seat for this thread, and holds off all others. `seated` is the connection, or NULL where it is not accepted yet. False:
     * this thread may not, or another one has it. Never waits, calls no application; the seat exists, and the connection.
     */
    bool (*enter)(const struct hprpc__seat *seat, void *seated);

    /*
     * Serves the connection, or accepts it, and gives the seat back. Handlers run on this thread meanwhile. Returns what was done: 0 for
     * nothing; HPRPC_EFORKED in a child of fork that came out of a handler.
     */
    int (*serve)(const struct hprpc__seat *seat, void *seated);
};

/* Tells a channel who serves it; NULL: no other thread may. Any thread. */
static inline void hprpc__seat_give(struct hprpc_channel *channel, const struct hprpc__seat *seat, void *seated)
{
    /* release: pairs with the acquire of the channel, on the thread of the other side */
    __atomic_store_n(&channel->seated, seated, __ATOMIC_RELEASE);
    __atomic_store_n(&channel->seat, seat, __ATOMIC_RELEASE);
}

#endif
