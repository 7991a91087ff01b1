/* SPDX-License-Identifier: MIT */
/* How a controller begins and ends. */
#ifndef HPRPC_RPC_CONNECTION_LIFE_H
#define HPRPC_RPC_CONNECTION_LIFE_H

#include "rpc/connection/connection.h"
#include "base/deadline.h"

struct hprpc__controller_setup {
    struct hprpc_context *context;
    struct hprpc_channel *channel;  /* taken over on success */
    struct hprpc__workers *workers; /* borrowed, or NULL */
    struct hprpc__shared *shared;
    bool has_quota;
    struct hprpc__host *host;
    int wake_fd;
    hprpc__deadline opening_deadline;
    bool begins;         /* this side connected */
    const char *refusal; /* why the other side is turned away once it has said HELLO; NULL: it is not */
};

/* Makes a controller in state OPENING with one reference; if it `begins`, its first turns say HELLO. HPRPC_ENOMEM. */
int hprpc__controller_new(const struct hprpc__controller_setup *setup, struct hprpc_controller **ret_controller);

/*
 * Puts another channel under a connection that is OPENING; the opening begins again. The former channel is the caller's, and nothing
 * of it may be lent. By the pump's owner, under the lock.
 */
void hprpc__controller_set_channel(struct hprpc_controller *controller, struct hprpc_channel *channel);

/* Called when the last reference is dropped. Frees it, unless callers still hold replies; then the last hprpc_call_clear does. */
void hprpc__controller_destroy(struct hprpc_controller *controller);

/*
 * Gives the channel's descriptors back. The connection is broken and no thread pumps it, but deferred requests or replies may
 * still keep the controller. Under the lock.
 */
void hprpc__controller_let_go(struct hprpc_controller *controller);

/* Says GOODBYE and closes the channel, so that the next turn breaks. Any thread; idempotent. */
void hprpc__controller_end(struct hprpc_controller *controller);

/*
 * Ends the connection where there is no memory for a message that the other side waits for, nor for an error in its place:
 * nothing else would tell the other side. Under the lock; any thread; idempotent.
 */
void hprpc__controller_starve(struct hprpc_controller *controller);

/*
 * Notes why the connection is about to break, unless a reason is noted already. Returns `code`: the turn that gets it breaks the
 * connection with it. printf-style. Any thread, not under the lock.
 */
int hprpc__controller_fault(struct hprpc_controller *controller, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
