/* SPDX-License-Identifier: MIT */
/* Sleeping on descriptors, by epoll and poll. */
#include "base/poller.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/system-calls.h"
#include "base/thread.h"
#include "base/deadline.h"

/* ---- A set ---- */

int hprpc__poller_init(struct hprpc__poller *poller)
{
    poller->common = -1;
    poller->fd = epoll_create1(EPOLL_CLOEXEC);
    return poller->fd < 0 ? HPRPC_ESYSTEM : 0;
}

void hprpc__poller_clear(struct hprpc__poller *poller)
{
    if (poller->fd >= 0)
        close(poller->fd);
    poller->fd = -1;
}

static bool set(struct hprpc__poller *poller, int operation, const struct hprpc_watch *watch, void *owner)
{
    struct epoll_event event = { .data.ptr = owner };

    if (watch->fd == poller->common)
        return true;
    event.events = (watch->events & POLLIN ? EPOLLIN : 0u) | (watch->events & POLLOUT ? EPOLLOUT : 0u) |
                   (watch->edge ? EPOLLET : 0u);
    return epoll_ctl(poller->fd, operation, watch->fd, &event) == 0;
}

bool hprpc__poller_add(struct hprpc__poller *poller, const struct hprpc_watch *watch, void *owner)
{
    return set(poller, EPOLL_CTL_ADD, watch, owner);
}

bool hprpc__poller_change(struct hprpc__poller *poller, const struct hprpc_watch *watch, void *owner)
{
    return set(poller, EPOLL_CTL_MOD, watch, owner);
}

void hprpc__poller_remove(struct hprpc__poller *poller, int fd)
{
    if (fd != poller->common)
        epoll_ctl(poller->fd, EPOLL_CTL_DEL, fd, NULL);
}

int hprpc__poller_wait(struct hprpc__poller *poller, int timeout_ms, void **ret_owners)
{
    struct epoll_event events[HPRPC__POLLER_EVENTS];
    int count = hprpc__epoll_wait(poller->fd, events, HPRPC__POLLER_EVENTS, timeout_ms);

    if (count < 0)
        return errno == EINTR ? 0 : HPRPC_ESYSTEM;
    for (int i = 0; i < count; i++)
        ret_owners[i] = events[i].data.ptr;
    return count;
}

/* ---- A few descriptors ---- */

bool hprpc__poll_all_now(const struct hprpc_watch *watches, size_t count, short *ret_events)
{
    struct pollfd polls[HPRPC_WATCH_MAX + 1];
    int cancellation = hprpc__cancellation_disable();
    int ready;

    hprpc__assert(count && count <= HPRPC_WATCH_MAX + 1);
    for (size_t i = 0; i < count; i++)
        polls[i] = (struct pollfd){ watches[i].fd, watches[i].events, 0 };
    ready = poll(polls, (nfds_t)count, 0);
    for (size_t i = 0; i < count; i++)
        ret_events[i] = (short)(ready > 0 ? polls[i].revents : 0);
    hprpc__cancellation_restore(cancellation);
    return ready > 0;
}

short hprpc__poll_now(int fd, short events)
{
    const struct hprpc_watch watch = { .fd = fd, .events = events };
    short happened;

    hprpc__poll_all_now(&watch, 1, &happened);
    return happened;
}

bool hprpc__poll_last(const struct hprpc_watch *watches, size_t count, uint64_t nanoseconds)
{
    struct timespec timeout = { (time_t)(nanoseconds / HPRPC__SECOND), (long)(nanoseconds % HPRPC__SECOND) };
    struct pollfd polls[HPRPC_WATCH_MAX + 1];

    hprpc__assert(count && count <= HPRPC_WATCH_MAX + 1);
    for (size_t i = 0; i < count; i++)
        polls[i] = (struct pollfd){ watches[i].fd, watches[i].events, 0 };
    return ppoll(polls, (nfds_t)count, nanoseconds == HPRPC__NEVER ? NULL : &timeout, NULL) > 0 &&
           (polls[count - 1].revents & POLLIN);
}
