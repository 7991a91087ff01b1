/* SPDX-License-Identifier: MIT */
/* Which descriptors a set has for a channel, and which it should have. */
#include "rpc/pump/watcher.h"

#include <poll.h>

#include "base/wake.h"

/* owners and controllers are aligned, so the lowest bit is free to tell them apart */
enum { FOREIGN = 1 };

bool hprpc__watcher_add(struct hprpc__poller *poller, int fd, void *owner)
{
    return hprpc__poller_add(poller, &(struct hprpc_watch){ .fd = fd, .events = POLLIN }, (char *)owner + FOREIGN);
}

void *hprpc__watcher_other(void *owner)
{
    return (uintptr_t)owner & FOREIGN ? (char *)owner - FOREIGN : NULL;
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

static bool set(struct hprpc__poller *poller, bool is_there, const struct hprpc_watch *watch,
                struct hprpc_controller *controller)
{
    return is_there ? hprpc__poller_change(poller, watch, controller) : hprpc__poller_add(poller, watch, controller);
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

bool hprpc__watcher_update(struct hprpc__poller *poller, struct hprpc_controller *controller)
{
    struct hprpc_watch wanted[HPRPC_WATCH_MAX], noted[HPRPC_WATCH_MAX];
    size_t count = controller->channel->ops->watch(controller->channel, wanted);
    size_t watched = 0;

    hprpc__assert_locked(&controller->lock);
    if (KODOSIS_LIKELY(is_as_before(controller, wanted, count)))
        return count;
    for (size_t i = 0; i < controller->watch_count; i++) {
        if (!find(wanted, count, controller->watches[i].fd))
            hprpc__poller_remove(poller, controller->watches[i].fd);
    }
    for (size_t i = 0; i < count; i++) {
        const struct hprpc_watch *have = find(controller->watches, controller->watch_count, wanted[i].fd);

        /* what the kernel has no room for is not noted, or stays noted as it was, so each update tries it again */
        if ((have && equal(have, &wanted[i])) || set(poller, have, &wanted[i], controller))
            noted[watched++] = wanted[i];
        else if (have)
            noted[watched++] = *have;
    }
    memcpy(controller->watches, noted, watched * sizeof(noted[0]));
    controller->watch_count = (uint8_t)watched;
    return count && is_as_before(controller, wanted, count);
}

void hprpc__watcher_remove(struct hprpc__poller *poller, struct hprpc_controller *controller)
{
    hprpc__assert_locked(&controller->lock);
    for (size_t i = 0; i < controller->watch_count; i++)
        hprpc__poller_remove(poller, controller->watches[i].fd);
    controller->watch_count = 0;
}

void hprpc__watcher_note(struct hprpc__poller *poller)
{
    void *owners[HPRPC__POLLER_EVENTS];

    hprpc__poller_wait(poller, 0, owners);
}

void hprpc__watcher_clear(struct hprpc__poller *poller, int wake_fd)
{
    void *owners[HPRPC__POLLER_EVENTS];

    if (hprpc__poller_wait(poller, 0, owners) > 0)
        hprpc__wake_take(wake_fd);
}
