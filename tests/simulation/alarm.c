/* SPDX-License-Identifier: MIT */
/*
 * Replaces the library's timers (the linker's --wrap): each is an eventfd, which alarms_ring() writes when its time has come in
 * the simulated world.
 */
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "simulation/world.h"

enum { ALARMS_MAX = 64 };

static struct alarm {
    int fd;
    uint64_t due;
} alarms[ALARMS_MAX];
static unsigned alarm_count;

int __wrap_timerfd_create(int clock, int flags);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *ret_before);
int __real_close(int fd);
int __wrap_close(int fd);

static struct alarm *find(int fd)
{
    for (unsigned i = 0; i < alarm_count; i++) {
        if (alarms[i].fd == fd)
            return &alarms[i];
    }
    return NULL;
}

int __wrap_timerfd_create(int clock, int flags)
{
    struct world *world = world_now_simulated;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    (void)clock;
    (void)flags;
    world_check(world, fd >= 0 && alarm_count < ALARMS_MAX, "there are too many timers");
    alarms[alarm_count++] = (struct alarm){ fd, NEVER };
    return fd;
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *ret_before)
{
    struct alarm *alarm = find(fd);
    const struct timespec *rest = &when->it_value;
    uint64_t count;
    ssize_t r = read(fd, &count, sizeof(count));

    (void)flags;
    (void)ret_before;
    (void)r;
    alarm->due = world_now_simulated->now + (uint64_t)rest->tv_sec * 1000 * MILLISECOND + (uint64_t)rest->tv_nsec;
    return 0;
}

int __wrap_close(int fd)
{
    struct alarm *alarm = find(fd);

    if (alarm)
        *alarm = alarms[--alarm_count];
    return __real_close(fd);
}

uint64_t alarms_next(void)
{
    uint64_t next = NEVER;

    for (unsigned i = 0; i < alarm_count; i++)
        next = alarms[i].due < next ? alarms[i].due : next;
    return next;
}

void alarms_ring(struct world *world)
{
    uint64_t one = 1;
    ssize_t r;

    for (unsigned i = 0; i < alarm_count; i++) {
        if (alarms[i].due > world->now)
            continue;
        alarms[i].due = NEVER;
        r = write(alarms[i].fd, &one, sizeof(one));
        (void)r;
        world_stir(world);
    }
}
