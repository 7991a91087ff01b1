/* SPDX-License-Identifier: MIT */
/*
 * A connection by a socket on the ring of a server's loop: the driver of its framed channel. It owns the socket, and outlives the channel
 * until the kernel has done with what it was given.
 */
#ifndef HPRPC_CHANNEL_SOCKET_URING_H
#define HPRPC_CHANNEL_SOCKET_URING_H

#include "base/ring.h"
#include "channel/framed/driver.h"

/*
 * Makes the driver of a channel, on the thread of its ring, and takes over the socket, which blocks from then on: all system calls
 * on it say MSG_DONTWAIT. NULL: there is no memory, and nothing changed.
 */
struct hprpc__driver *hprpc__socket_uring_new(const struct hprpc_channel *channel, int fd);

/* As `watch` of struct hprpc_framed_ops: the ring, and the socket where bytes wait that are not under way. */
size_t hprpc__socket_uring_watch(const struct hprpc__driver *driver, bool writing, struct hprpc_watch *ret_watches);

/*
 * Shows both sides the end. What is under way may still leave: then only the receiving side ends, and the rest in
 * hprpc__socket_uring_let_go. On the sending side.
 */
void hprpc__socket_uring_shut(const struct hprpc__driver *driver, bool under_way);

/* Ends the connection: neither side calls again. What the kernel was given stays until it is done with it. On the ring's thread. */
void hprpc__socket_uring_let_go(struct hprpc__driver *driver);

#endif
