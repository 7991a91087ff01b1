/* SPDX-License-Identifier: MIT */
/*
 * Locks and conditions of one word each, over the system's futexes. Taking a lock that is free, and giving back one that no thread
 * waits for, is inline and one atomic exchange; in a process of one thread, a plain load and store. With HPRPC_CHECKS a lock knows
 * which thread holds it, and functions check what comments demand ("under the lock"). Without it the checks compile to nothing.
 */
#ifndef HPRPC_BASE_LOCK_H
#define HPRPC_BASE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/single-thread.h"

/* In builds with HPRPC_CHECKS: stops the program at this line unless the condition holds. In others it costs nothing. */
#ifdef HPRPC_CHECKS
#define hprpc__assert(condition) ((condition) ? (void)0 : __builtin_trap())
#else
#define hprpc__assert(condition) ((void)sizeof(condition))
#endif

/* Names the calling thread; never 0. Where the compiler knows how, it is one load, and no call. */
static inline uintptr_t hprpc__thread_self(void)
{
#if defined(__x86_64__) && !defined(__clang__) && __GNUC__ >= 11 && !defined(HPRPC_PLAYED_THREADS)
    return (uintptr_t)__builtin_thread_pointer();
#else
    return (uintptr_t)pthread_self();
#endif
}

/* ---- Locks ---- */

enum { HPRPC__LOCK_FREE, HPRPC__LOCK_HELD, HPRPC__LOCK_AWAITED };

struct hprpc__mutex {
    atomic_uint state; /* HELD, or AWAITED where a thread may sleep for it */
#ifdef HPRPC_CHECKS
    atomic_uintptr_t holder;
#endif
};

void hprpc__mutex_init(struct hprpc__mutex *mutex);

/* The rare cases: the lock is held by another thread; another thread may sleep for it. */
void hprpc__mutex_wait(struct hprpc__mutex *mutex);
void hprpc__mutex_wake(struct hprpc__mutex *mutex);

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

/* Takes the lock if it is free. */
static inline bool hprpc__mutex_try(struct hprpc__mutex *mutex)
{
    unsigned state = HPRPC__LOCK_FREE;

    if (hprpc__single_threaded()) {
        if (atomic_load_explicit(&mutex->state, memory_order_relaxed) != HPRPC__LOCK_FREE)
            return false;
        atomic_store_explicit(&mutex->state, HPRPC__LOCK_HELD, memory_order_relaxed);
        return true;
    }
    /* acquire: pairs with the release in hprpc__mutex_unlock */
    return atomic_compare_exchange_strong_explicit(&mutex->state, &state, HPRPC__LOCK_HELD, memory_order_acquire,
                                                   memory_order_relaxed);
}

static inline void hprpc__mutex_lock(struct hprpc__mutex *mutex)
{
    if (__builtin_expect(!hprpc__mutex_try(mutex), 0))
        hprpc__mutex_wait(mutex);
    hprpc__mutex_set_holder(mutex, hprpc__thread_self());
}

static inline void hprpc__mutex_unlock(struct hprpc__mutex *mutex)
{
    hprpc__mutex_set_holder(mutex, 0);
    if (hprpc__single_threaded()) {
        atomic_store_explicit(&mutex->state, HPRPC__LOCK_FREE, memory_order_relaxed);
        return;
    }
    /* release: pairs with the acquires in hprpc__mutex_try and hprpc__mutex_wait */
    if (__builtin_expect(
            atomic_exchange_explicit(&mutex->state, HPRPC__LOCK_FREE, memory_order_release) == HPRPC__LOCK_AWAITED, 0))
        hprpc__mutex_wake(mutex);
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
    atomic_uint signals; /* so far */
};

void hprpc__condition_init(struct hprpc__condition *condition);

/*
 * Gives the lock back, sleeps until the condition is signalled, or less, at most `nanoseconds` (HPRPC__NEVER: no limit), and takes
 * the lock again. Under the lock.
 */
void hprpc__condition_wait(struct hprpc__condition *condition, struct hprpc__mutex *mutex, uint64_t nanoseconds);

/* Wakes one thread that waits, or all of them. Under the lock that they wait with. */
void hprpc__condition_signal(struct hprpc__condition *condition);
void hprpc__condition_broadcast(struct hprpc__condition *condition);

#endif
