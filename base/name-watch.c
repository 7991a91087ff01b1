/* SPDX-License-Identifier: MIT */
/* Watching a name by inotify. */
#include "base/name-watch.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/system-calls.h"

enum { DIRECTORY_MAX = 4096, EVENTS_SIZE = 4096 };

/* A listener makes its name, or moves one there, and may open it to others only after that. */
#define APPEARANCES (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)

/* Splits a path into its directory and the last part. False: it has none, or one that is too long. */
static bool split(const char *path, char ret_directory[DIRECTORY_MAX], char ret_name[HPRPC__WATCHED_NAME_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    if (!slash || !slash[1] || length >= DIRECTORY_MAX || strlen(slash + 1) >= HPRPC__WATCHED_NAME_MAX)
        return false;
    snprintf(ret_directory, DIRECTORY_MAX, "%.*s", length ? (int)length : 1, path);
    snprintf(ret_name, HPRPC__WATCHED_NAME_MAX, "%s", slash + 1);
    return true;
}

bool hprpc__name_watch_open(struct hprpc__name_watch *watch, const char *path)
{
    char directory[DIRECTORY_MAX];

    watch->fd = -1;
    if (!split(path, directory, watch->name))
        return false;
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->fd >= 0 && inotify_add_watch(watch->fd, directory, APPEARANCES | IN_ONLYDIR) < 0)
        hprpc__name_watch_close(watch);
    return watch->fd >= 0;
}

void hprpc__name_watch_close(struct hprpc__name_watch *watch)
{
    if (watch->fd >= 0)
        close(watch->fd);
    watch->fd = -1;
}

/* Whether an event is about the name. Events that were lost may have been. */
static bool is_about(const struct hprpc__name_watch *watch, const struct inotify_event *event)
{
    return event->mask & IN_Q_OVERFLOW || (event->len && strcmp(event->name, watch->name) == 0);
}

bool hprpc__name_watch_take(struct hprpc__name_watch *watch)
{
    alignas(struct inotify_event) char events[EVENTS_SIZE];
    bool appeared = false;
    ssize_t size;

    while (watch->fd >= 0 && (size = hprpc__read(watch->fd, events, sizeof(events))) > 0) {
        for (ssize_t at = 0; at < size;) {
            const struct inotify_event *event = (const struct inotify_event *)(events + at);

            appeared = appeared || is_about(watch, event);
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
    return appeared;
}
