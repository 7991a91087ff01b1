/* SPDX-License-Identifier: MIT */
/*
 * Replaces the system calls in which the library sleeps, and pthread_self() (the linker's --wrap). In ppoll and epoll_wait,
 * other actors act until a descriptor is ready or the time has come in the simulated world. Each actor has a thread id of its
 * own.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>

#include "simulation/world.h"

int __real_ppoll(struct pollfd *polls, nfds_t count, const struct timespec *timeout, const sigset_t *mask);
int __wrap_ppoll(struct pollfd *polls, nfds_t count, const struct timespec *timeout, const sigset_t *mask);
int __real_hprpc__epoll_wait(int fd, struct epoll_event *events, int count, int timeout);
int __wrap_hprpc__epoll_wait(int fd, struct epoll_event *events, int count, int timeout);
pthread_t __real_pthread_self(void);
pthread_t __wrap_pthread_self(void);

static struct actor *sleeper(void)
{
    return world_now_simulated ? world_now_simulated->current : NULL;
}

int __wrap_ppoll(struct pollfd *polls, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    static const struct timespec none = { 0, 0 };
    struct actor *actor = sleeper();
    uint64_t until = NEVER;
    int r;

    if (!actor)
        return __real_ppoll(polls, count, timeout, mask);
    if (timeout)
        until = actor->world->now + (uint64_t)timeout->tv_sec * 1000 * MILLISECOND + (uint64_t)timeout->tv_nsec;
    while ((r = __real_ppoll(polls, count, &none, mask)) == 0 && actor->world->now < until)
        actor_rest(actor, until);
    return r;
}

int __wrap_hprpc__epoll_wait(int fd, struct epoll_event *events, int count, int timeout)
{
    struct actor *actor = sleeper();
    uint64_t until = NEVER;
    int r;

    if (!actor || timeout == 0)
        return __real_hprpc__epoll_wait(fd, events, count, timeout);
    if (timeout > 0)
        until = actor->world->now + (uint64_t)timeout * MILLISECOND;
    while ((r = __real_hprpc__epoll_wait(fd, events, count, 0)) == 0 && actor->world->now < until)
        actor_rest(actor, until);
    return r;
}

pthread_t __wrap_pthread_self(void)
{
    struct actor *actor = sleeper();

    return actor ? (pthread_t)(uintptr_t)actor : __real_pthread_self();
}
