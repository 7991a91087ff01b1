/* SPDX-License-Identifier: MIT */
/* An alarm by timerfd. */
#include "base/alarm.h"
#include "base/system-calls.h"
#include "base/deadline.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int hprpc__alarm_init(struct hprpc__alarm *alarm)
{
    alarm->due = HPRPC__NEVER;
    alarm->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return alarm->fd < 0 ? HPRPC_ESYSTEM : 0;
}

void hprpc__alarm_clear(struct hprpc__alarm *alarm)
{
    if (alarm->fd >= 0)
        close(alarm->fd);
    alarm->fd = -1;
}

void hprpc__alarm_set(struct hprpc__alarm *alarm, uint64_t now, hprpc__deadline until)
{
    /* a rest of 0 would turn the timer off */
    uint64_t rest = until > now ? until - now : 1;
    struct itimerspec when = { .it_value = { (time_t)(rest / HPRPC__SECOND), (long)(rest % HPRPC__SECOND) } };

    if (until < alarm->due && timerfd_settime(alarm->fd, 0, &when, NULL) == 0)
        alarm->due = until;
}

void hprpc__alarm_ring(int fd)
{
    const struct itimerspec at_once = { .it_value.tv_nsec = 1 };

    timerfd_settime(fd, 0, &at_once, NULL);
}

void hprpc__alarm_take(struct hprpc__alarm *alarm)
{
    uint64_t count;

    /* where the read fails, the alarm was set again after it rang, and will ring again */
    if (hprpc__read(alarm->fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        alarm->due = HPRPC__NEVER;
}
