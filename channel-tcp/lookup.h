/* SPDX-License-Identifier: MIT */
/*
 * Looking a host's name up, on a thread of its own, because libc can only do it while the caller waits. An opening that ends before
 * leaves the thread to itself: then it touches nothing but its own memory, which it frees when libc returns.
 */
#ifndef HPRPC_CHANNEL_TCP_LOOKUP_H
#define HPRPC_CHANNEL_TCP_LOOKUP_H

#include "channel-tcp/tcp.h"

struct hprpc__tcp_lookup;

/*
 * Starts the thread. It rings the alarm with the descriptor `alarm_fd` when the name is resolved, or cannot be. HPRPC_ENOMEM and
 * HPRPC_ESYSTEM, with a sentence.
 */
int hprpc__tcp_lookup_start(const struct hprpc__tcp_place *place, int alarm_fd, struct hprpc_detail *detail,
                            struct hprpc__tcp_lookup **ret_lookup);

/* Takes the result. 1: these addresses; 0: not yet; HPRPC_EADDRESS or HPRPC_ESYSTEM, with a sentence. Never blocks. */
int hprpc__tcp_lookup_take(struct hprpc__tcp_lookup *lookup, struct hprpc_detail *detail,
                           struct hprpc__tcp_address ret_addresses[HPRPC__TCP_ADDRESSES], size_t *ret_count);

/* What is looked up; it does not change. */
const struct hprpc__tcp_place *hprpc__tcp_lookup_place(const struct hprpc__tcp_lookup *lookup);

/* Lets go of the lookup: from now on the thread does not ring. NULL is accepted. Never blocks. */
void hprpc__tcp_lookup_drop(struct hprpc__tcp_lookup *lookup);

#endif
