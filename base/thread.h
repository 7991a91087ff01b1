/* SPDX-License-Identifier: MIT */
/* Threads: starting and joining them, and what an application's thread must not be disturbed by inside the library. */
#ifndef HPRPC_BASE_THREAD_H
#define HPRPC_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/lock.h"
#include "base/single-thread.h"

struct hprpc__thread {
    pthread_t inside;
};

/*
 * Starts a thread in which all signals are blocked, so that signals of the process go to the application's threads.
 * HPRPC_ESYSTEM, with errno.
 */
int hprpc__thread_start(struct hprpc__thread *thread, void *(*run)(void *argument), void *argument);

/* Waits until the thread has returned. */
void hprpc__thread_join(struct hprpc__thread *thread);

/*
 * A thread that is cancelled inside the library would keep locks, or the pump, for ever. So a function that may wait or call the
 * system on an application's thread disables cancellation, and restores it at its end; a cancellation that came meanwhile acts at
 * the application's next cancellation point. In a process of one thread no thread can cancel it.
 */
enum { HPRPC__CANCELLATION_IS_AS_IT_WAS = -1 };

static inline int hprpc__cancellation_disable(void)
{
    int before = HPRPC__CANCELLATION_IS_AS_IT_WAS;

    if (!hprpc__single_threaded())
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static inline void hprpc__cancellation_restore(int before)
{
    if (before != HPRPC__CANCELLATION_IS_AS_IT_WAS)
        pthread_setcancelstate(before, NULL);
}

static inline bool hprpc__thread_is_self(const struct hprpc__thread *thread)
{
    return pthread_equal(thread->inside, pthread_self());
}

#endif
