/* SPDX-License-Identifier: MIT */
/* Keeping a set of descriptors in step with what channels and listeners want to be woken by. */
#ifndef HPRPC_RPC_PUMP_WATCHER_H
#define HPRPC_RPC_PUMP_WATCHER_H

#include "base/poller.h"
#include "rpc/connection/connection.h"

/* Adds a descriptor that is read from, and that belongs to no controller but to `owner`. False: the kernel has no room. */
bool hprpc__watcher_add(struct hprpc__poller *poller, int fd, void *owner);

/* What hprpc__watcher_add was given, from the owner that an event has; NULL where that owner is a controller. */
void *hprpc__watcher_other(void *owner);

/*
 * Makes the set agree with what the channel wants now. True when the set wakes for all of it; false where the channel has
 * nothing to be woken by, or the kernel no room: then it has to be looked at now and then. Under the controller's lock.
 */
bool hprpc__watcher_update(struct hprpc__poller *poller, struct hprpc_controller *controller);

/* Takes the channel's descriptors out of the set. Under the controller's lock. */
void hprpc__watcher_remove(struct hprpc__poller *poller, struct hprpc_controller *controller);

/* Takes note of the events that are there, so that the set is quiet until there are new ones. */
void hprpc__watcher_note(struct hprpc__poller *poller);

/* The same, and empties `wake_fd`. */
void hprpc__watcher_clear(struct hprpc__poller *poller, int wake_fd);

#endif
