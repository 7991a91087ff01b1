/* SPDX-License-Identifier: MIT */
/*
 * Threads, locks and conditions: the library's own names for what the system offers. With HPRPC_CHECKS a lock knows which
 * thread holds it, and functions check what comments demand ("under the lock"). Without it the checks compile to nothing.
 */
#ifndef HPRPC_BASE_THREAD_H
#define HPRPC_BASE_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* In builds with HPRPC_CHECKS: stops the program at this line unless the condition holds. In others it costs nothing. */
#ifdef HPRPC_CHECKS
#define hprpc__assert(condition) ((condition) ? (void)0 : __builtin_trap())
#else
#define hprpc__assert(condition) ((void)sizeof(condition))
#endif

/* Names the calling thread; never 0. */
static inline uintptr_t hprpc__thread_self(void)
{
    return (uintptr_t)pthread_self();
}

/* ---- Locks ---- */

struct hprpc__mutex {
    pthread_mutex_t inside;
#ifdef HPRPC_CHECKS
    atomic_uintptr_t holder;
#endif
};

/* HPRPC_ENOMEM. */
int hprpc__mutex_init(struct hprpc__mutex *mutex);
void hprpc__mutex_destroy(struct hprpc__mutex *mutex);

static inline void hprpc__mutex_set_holder(struct hprpc__mutex *mutex, uintptr_t holder)
{
#ifdef HPRPC_CHECKS
    /* relaxed: a thread asks only whether it is the holder itself */
    atomic_store_explicit(&mutex->holder, holder, memory_order_relaxed);
#else
    (void)mutex;
    (void)holder;
#endif
}

static inline void hprpc__mutex_lock(struct hprpc__mutex *mutex)
{
    pthread_mutex_lock(&mutex->inside);
    hprpc__mutex_set_holder(mutex, hprpc__thread_self());
}

static inline void hprpc__mutex_unlock(struct hprpc__mutex *mutex)
{
    hprpc__mutex_set_holder(mutex, 0);
    pthread_mutex_unlock(&mutex->inside);
}

/* Checks that this thread holds the lock. */
static inline void hprpc__assert_locked(const struct hprpc__mutex *mutex)
{
#ifdef HPRPC_CHECKS
    struct hprpc__mutex *asked = (struct hprpc__mutex *)mutex;

    hprpc__assert(atomic_load_explicit(&asked->holder, memory_order_relaxed) == hprpc__thread_self());
#else
    (void)mutex;
#endif
}

/* ---- Conditions ---- */

struct hprpc__condition {
    pthread_cond_t inside;
};

void hprpc__condition_init(struct hprpc__condition *condition);
void hprpc__condition_destroy(struct hprpc__condition *condition);

/* Sleeps until the condition is signalled, or less; at most `nanoseconds` (HPRPC__NEVER: no limit). Under the lock. */
void hprpc__condition_wait(struct hprpc__condition *condition, struct hprpc__mutex *mutex, uint64_t nanoseconds);

static inline void hprpc__condition_signal(struct hprpc__condition *condition)
{
    pthread_cond_signal(&condition->inside);
}

static inline void hprpc__condition_broadcast(struct hprpc__condition *condition)
{
    pthread_cond_broadcast(&condition->inside);
}

/* ---- Threads ---- */

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
 * the application's next cancellation point.
 */
static inline int hprpc__cancellation_disable(void)
{
    int before;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static inline void hprpc__cancellation_restore(int before)
{
    pthread_setcancelstate(before, NULL);
}

static inline bool hprpc__thread_is_self(const struct hprpc__thread *thread)
{
    return pthread_equal(thread->inside, pthread_self());
}

#endif
