/* SPDX-License-Identifier: MIT */
/* Keeping a set of descriptors equal to what channels and listeners watch. */
#ifndef HPRPC_RPC_PUMP_WATCHER_H
#define HPRPC_RPC_PUMP_WATCHER_H

#include "base/poller.h"
#include "rpc/connection/connection.h"

/* Adds a descriptor that is read from, and that belongs to no controller but to `owner`. False: the kernel has no room. */
bool hprpc__watcher_add(struct hprpc__poller *poller, int fd, void *owner);

/* The `owner` that hprpc__watcher_add was given, from the owner of an event; NULL where that is a controller. */
void *hprpc__watcher_other(void *owner);

/*
 * Makes the set equal to what the channel watches now. True when all of that wakes the set; false where the channel has no
 * descriptors or the kernel has no room: then the caller must look at the channel now and then. Under the controller's lock.
 */
bool hprpc__watcher_update(struct hprpc__poller *poller, struct hprpc_controller *controller);

/* Takes the channel's descriptors out of the set. Under the controller's lock. */
void hprpc__watcher_remove(struct hprpc__poller *poller, struct hprpc_controller *controller);

/* Takes the events that are there, so that the set is quiet until there are new ones. */
void hprpc__watcher_note(struct hprpc__poller *poller);

/* The same, and empties `wake_fd`. */
void hprpc__watcher_clear(struct hprpc__poller *poller, int wake_fd);

#endif
