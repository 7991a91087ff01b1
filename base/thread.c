/* SPDX-License-Identifier: MIT */
/* Locks, conditions and threads, by pthread. */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include <hprpc/error.h>

#include "base/clock.h"

/* ---- Locks ---- */

int hprpc__mutex_init(struct hprpc__mutex *mutex)
{
    hprpc__mutex_set_holder(mutex, 0);
    return pthread_mutex_init(&mutex->inside, NULL) ? HPRPC_ENOMEM : 0;
}

void hprpc__mutex_destroy(struct hprpc__mutex *mutex)
{
    pthread_mutex_destroy(&mutex->inside);
}

/* ---- Conditions ---- */

void hprpc__condition_init(struct hprpc__condition *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&condition->inside, &attributes);
    pthread_condattr_destroy(&attributes);
}

void hprpc__condition_destroy(struct hprpc__condition *condition)
{
    pthread_cond_destroy(&condition->inside);
}

static struct timespec from_now(uint64_t nanoseconds)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    nanoseconds += (uint64_t)until.tv_nsec;
    until.tv_sec += (time_t)(nanoseconds / 1000000000u);
    until.tv_nsec = (long)(nanoseconds % 1000000000u);
    return until;
}

void hprpc__condition_wait(struct hprpc__condition *condition, struct hprpc__mutex *mutex, uint64_t nanoseconds)
{
    struct timespec until;

    hprpc__assert_locked(mutex);
    hprpc__mutex_set_holder(mutex, 0);
    if (nanoseconds == HPRPC__NEVER) {
        pthread_cond_wait(&condition->inside, &mutex->inside);
    } else {
        until = from_now(nanoseconds);
        pthread_cond_timedwait(&condition->inside, &mutex->inside, &until);
    }
    hprpc__mutex_set_holder(mutex, hprpc__thread_self());
}

/* ---- Threads ---- */

int hprpc__thread_start(struct hprpc__thread *thread, void *(*run)(void *argument), void *argument)
{
    sigset_t all, before;
    int r;

    /* a new thread inherits the mask of the thread that starts it */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&thread->inside, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = r ? r : errno;
    return r ? HPRPC_ESYSTEM : 0;
}

void hprpc__thread_join(struct hprpc__thread *thread)
{
    pthread_join(thread->inside, NULL);
}
