#include "rpc/pump/sleeper.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "rpc/pump/watcher.h"

/* ---- The alarm ---- */

int hprpc__alarm_init(struct hprpc__alarm *alarm, int epoll_fd)
{
    alarm->due = HPRPC__NEVER;
    alarm->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return alarm->fd < 0 ? HPRPC_ESYSTEM : hprpc__watcher_add(epoll_fd, alarm->fd, alarm);
}

void hprpc__alarm_clear(struct hprpc__alarm *alarm)
{
    if (alarm->fd >= 0)
        close(alarm->fd);
    alarm->fd = -1;
}

void hprpc__alarm_set(struct hprpc__alarm *alarm, uint64_t now, uint64_t until)
{
    /* all zero would turn it off */
    uint64_t rest = until > now ? until - now : 1;
    struct itimerspec when = { .it_value = { (time_t)(rest / 1000000000u), (long)(rest % 1000000000u) } };

    if (until < alarm->due && timerfd_settime(alarm->fd, 0, &when, NULL) == 0)
        alarm->due = until;
}

void hprpc__alarm_take(struct hprpc__alarm *alarm)
{
    uint64_t count;

    /* where nothing is to be read, the alarm was set anew since it rang, and rings again */
    if (read(alarm->fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        alarm->due = HPRPC__NEVER;
}

/* ---- The sleeper ---- */

int hprpc__sleeper_init(struct hprpc__sleeper *sleeper, int wake_fd)
{
    sleeper->alarm.fd = -1;
    sleeper->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (sleeper->epoll_fd < 0 || hprpc__watcher_add(sleeper->epoll_fd, wake_fd, sleeper) < 0)
        return HPRPC_ESYSTEM;
    return hprpc__alarm_init(&sleeper->alarm, sleeper->epoll_fd);
}

void hprpc__sleeper_clear(struct hprpc__sleeper *sleeper)
{
    hprpc__alarm_clear(&sleeper->alarm);
    if (sleeper->epoll_fd >= 0)
        close(sleeper->epoll_fd);
    sleeper->epoll_fd = -1;
}

bool hprpc__sleeper_sleep(struct hprpc__sleeper *sleeper, uint64_t now, uint64_t until)
{
    struct epoll_event events[HPRPC_WATCH_MAX + 2];
    bool woken = false;
    int count;

    hprpc__alarm_set(&sleeper->alarm, now, until);
    count = epoll_wait(sleeper->epoll_fd, events, HPRPC_WATCH_MAX + 2, -1);
    for (int i = 0; i < count; i++) {
        void *owner = hprpc__watcher_owner(&events[i]);

        if (owner == &sleeper->alarm)
            hprpc__alarm_take(&sleeper->alarm);
        else if (owner == sleeper)
            woken = true;
    }
    return woken;
}
