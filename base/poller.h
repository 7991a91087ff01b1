/* SPDX-License-Identifier: MIT */
/* Sleeping on descriptors: in a set that is kept, or on a few that are named each time. */
#ifndef HPRPC_BASE_POLLER_H
#define HPRPC_BASE_POLLER_H

#include <hprpc/channel/channel.h>

#include "base/deadline.h"

/* A set of descriptors, each with an owner. It is a descriptor itself: readable while an event waits. */
struct hprpc__poller {
    int fd;     /* -1: there is none */
    int common; /* a descriptor that wakes the thread by other means, and is not put into the set; -1: there is none */
};

enum { HPRPC__POLLER_EVENTS = 64 }; /* taken at once, at most */

/* HPRPC_ESYSTEM, with errno. hprpc__poller_clear is safe after it. */
int hprpc__poller_init(struct hprpc__poller *poller);
void hprpc__poller_clear(struct hprpc__poller *poller);

/* Adds a descriptor, or changes the events of one that is there. False, with errno: the kernel has no room. */
bool hprpc__poller_add(struct hprpc__poller *poller, const struct hprpc_watch *watch, void *owner);
bool hprpc__poller_change(struct hprpc__poller *poller, const struct hprpc_watch *watch, void *owner);

/* Takes a descriptor out. One that is not there is accepted. */
void hprpc__poller_remove(struct hprpc__poller *poller, int fd);

/*
 * Waits for events, at most `timeout_ms` (-1: for ever), and returns their number and owners; 0 also when a signal came;
 * HPRPC_ESYSTEM. `ret_owners` has room for HPRPC__POLLER_EVENTS.
 */
int hprpc__poller_wait(struct hprpc__poller *poller, int timeout_ms, void **ret_owners);

/* The events that one descriptor has now, of `events`, POLLERR and POLLHUP. */
short hprpc__poll_now(int fd, short events);

/* The same for several; whether any has an event. `ret_events` has room for `count`, which is at most HPRPC_WATCH_MAX + 1. */
bool hprpc__poll_all_now(const struct hprpc_watch *watches, size_t count, short *ret_events);

/* Sleeps at most `nanoseconds` (HPRPC__NEVER: for ever) on some descriptors. True: the last of them has an event. */
bool hprpc__poll_last(const struct hprpc_watch *watches, size_t count, uint64_t nanoseconds);

/* Nanoseconds in milliseconds, rounded up. */
static inline int hprpc__milliseconds(uint64_t nanoseconds)
{
    uint64_t milliseconds = nanoseconds / HPRPC__MILLISECOND + (nanoseconds % HPRPC__MILLISECOND != 0);

    return milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds;
}

#endif
