#include "rpc/pump/watcher.h"

#include <poll.h>
#include <unistd.h>

/* owners and controllers are aligned, so the lowest bit can tell them apart */
enum { FOREIGN = 1 };

int hprpc__watcher_add(int epoll_fd, int fd, void *owner)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = (char *)owner + FOREIGN };

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? HPRPC_ESYSTEM : 0;
}

void *hprpc__watcher_owner(const struct epoll_event *event)
{
    return (uintptr_t)event->data.ptr & FOREIGN ? (char *)event->data.ptr - FOREIGN : NULL;
}

static bool equal(const struct hprpc_watch *one, const struct hprpc_watch *other)
{
    return one->fd == other->fd && one->events == other->events && one->edge == other->edge;
}

static const struct hprpc_watch *find(const struct hprpc_watch *watches, size_t count, int fd)
{
    for (size_t i = 0; i < count; i++) {
        if (watches[i].fd == fd)
            return &watches[i];
    }
    return NULL;
}

static bool set(int epoll_fd, int operation, const struct hprpc_watch *watch, struct hprpc_controller *controller)
{
    struct epoll_event event = { .data.ptr = controller };

    event.events = (watch->events & POLLIN ? EPOLLIN : 0u) | (watch->events & POLLOUT ? EPOLLOUT : 0u) |
                   (watch->edge ? EPOLLET : 0u);
    return epoll_ctl(epoll_fd, operation, watch->fd, &event) == 0;
}

static bool is_as_before(const struct hprpc_controller *controller, const struct hprpc_watch *wanted, size_t count)
{
    if (count != controller->watch_count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!equal(&wanted[i], &controller->watches[i]))
            return false;
    }
    return true;
}

void hprpc__watcher_update(int epoll_fd, struct hprpc_controller *controller)
{
    struct hprpc_watch wanted[HPRPC_WATCH_MAX];
    size_t count = controller->channel->ops->watch(controller->channel, wanted);
    size_t watched = 0;

    if (KODOSIS_LIKELY(is_as_before(controller, wanted, count)))
        return;
    for (size_t i = 0; i < controller->watch_count; i++) {
        if (!find(wanted, count, controller->watches[i].fd))
            epoll_ctl(epoll_fd, EPOLL_CTL_DEL, controller->watches[i].fd, NULL);
    }
    for (size_t i = 0; i < count; i++) {
        const struct hprpc_watch *have = find(controller->watches, controller->watch_count, wanted[i].fd);

        /* what the kernel has no room for is not noted, and so is tried again each time */
        if ((have && equal(have, &wanted[i])) ||
            set(epoll_fd, have ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, &wanted[i], controller))
            wanted[watched++] = wanted[i];
    }
    memcpy(controller->watches, wanted, watched * sizeof(wanted[0]));
    controller->watch_count = watched;
}

void hprpc__watcher_remove(int epoll_fd, struct hprpc_controller *controller)
{
    for (size_t i = 0; i < controller->watch_count; i++)
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, controller->watches[i].fd, NULL);
    controller->watch_count = 0;
}

void hprpc__watcher_clear(int epoll_fd, int wake_fd)
{
    struct epoll_event events[HPRPC_WATCH_MAX + 1];
    uint64_t count;

    if (epoll_wait(epoll_fd, events, HPRPC_WATCH_MAX + 1, 0) > 0 && read(wake_fd, &count, sizeof(count)) < 0)
        return;
}
