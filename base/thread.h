/* SPDX-License-Identifier: MIT */
/* Threads: starting and joining them, and keeping cancellation away from an application's thread inside the library. */
#ifndef HPRPC_BASE_THREAD_H
#define HPRPC_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/lock.h"

struct hprpc__thread {
    pthread_t inside;
};

/*
 * Starts a thread in which all signals are blocked, so that signals of the process go to the application's threads.
 * HPRPC_ESYSTEM, with errno.
 */
int hprpc__thread_start(struct hprpc__thread *thread, void *(*run)(void *argument), void *argument);

/* Lets a thread that was started end by itself; it is not joined. */
void hprpc__thread_detach(const struct hprpc__thread *thread);

/* Waits until the thread has returned. */
void hprpc__thread_join(struct hprpc__thread *thread);

/*
 * A thread that is cancelled inside the library would keep locks, or the pump, for ever. So a function that may wait or call the
 * system on an application's thread disables cancellation, and restores it at its end; a cancellation that came meanwhile acts at
 * the application's next cancellation point.
 */
int hprpc__cancellation_disable(void);
void hprpc__cancellation_restore(int before);

static inline bool hprpc__thread_is_self(const struct hprpc__thread *thread)
{
    return pthread_equal(thread->inside, pthread_self());
}

#endif
