/* SPDX-License-Identifier: MIT */
/*
 * The channel of a connection that waits for its next attempt to connect. It carries nothing and is always opening. When its rest is
 * over it breaks, as a channel does whose opening fails, and the client puts another in its place.
 */
#ifndef HPRPC_RPC_RESTING_H
#define HPRPC_RPC_RESTING_H

#include <hprpc/channel/transport.h>

#include "base/deadline.h"
#include "base/name-watch.h"

/* What a rest needs from its client, which outlives all but the `release`, `describe` and `free` of the channel. */
struct hprpc__bed {
    struct hprpc__name_watch watch; /* for the listener's return; perhaps none */
    int quiet_fd;                   /* never ready: what a thread sleeps on where there is no watch; -1: it naps */
};

/* Makes a channel whose rest is over at once. `scheme` is static. HPRPC_ENOMEM. */
int hprpc__resting_new(struct hprpc_context *context, struct hprpc__bed *bed, const char *scheme,
                       struct hprpc_channel **ret_channel);

/*
 * Begins a rest: until a time of the context's clock, or until the name that the bed watches appears. The channel is as new; it is
 * that of no connection.
 */
void hprpc__resting_begin(struct hprpc_channel *channel, hprpc__deadline until);

/* Whether a channel is a resting one. */
bool hprpc__is_resting(const struct hprpc_channel *channel);

/* Whether a resting channel has seen the name appear. By the pump's owner. */
bool hprpc__resting_saw_name(const struct hprpc_channel *channel);

#endif
