/* Keeping an epoll set in step with what channels and listeners want to be woken by. */
#ifndef HPRPC_RPC_PUMP_WATCHER_H
#define HPRPC_RPC_PUMP_WATCHER_H

#include <sys/epoll.h>

#include "rpc/connection/connection.h"

/* Adds a descriptor that is read from, and that belongs to no controller but to `owner`. HPRPC_ESYSTEM. */
int hprpc__watcher_add(int epoll_fd, int fd, void *owner);

/* The owner that an event's descriptor was added for; NULL where the event belongs to a controller: `data.ptr`. */
void *hprpc__watcher_owner(const struct epoll_event *event);

/* Makes the set agree with what the channel wants now. Under the controller's lock. */
void hprpc__watcher_update(int epoll_fd, struct hprpc_controller *controller);

/* Takes the channel's descriptors out of the set. Under the controller's lock. */
void hprpc__watcher_remove(int epoll_fd, struct hprpc_controller *controller);

/* Takes note of the events that are there, so that the set is quiet until there are new ones, and empties `wake_fd`. */
void hprpc__watcher_clear(int epoll_fd, int wake_fd);

/* Nanoseconds in milliseconds, rounded up, for epoll and poll. */
static inline int hprpc__milliseconds(uint64_t nanoseconds)
{
    uint64_t milliseconds = (nanoseconds + 999999u) / 1000000u;

    return milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds;
}

#endif
