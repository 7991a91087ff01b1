/* SPDX-License-Identifier: MIT */
/* Locks and conditions: sleeping and waking by futex, where a thread must. */
#include "base/lock.h"

#include <limits.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/deadline.h"

/* The operations on words that only one process has, as futex(2) numbers them: not every libc comes with the kernel's header. */
enum { WAIT_PRIVATE = 128 + 0, WAKE_PRIVATE = 128 + 1 };

/* Machines of 32 bits have another call for times of 64 bits. */
#ifdef SYS_futex_time64
enum { FUTEX = SYS_futex_time64 };
#else
enum { FUTEX = SYS_futex };
#endif

/* ---- Futexes ---- */

/* Sleeps while the word has this value, at most `nanoseconds`, or less. */
static void sleep_on(atomic_uint *word, unsigned value, uint64_t nanoseconds)
{
    const struct timespec limit = { (time_t)(nanoseconds / HPRPC__SECOND), (long)(nanoseconds % HPRPC__SECOND) };

    syscall(FUTEX, word, WAIT_PRIVATE, value, nanoseconds == HPRPC__NEVER ? NULL : &limit, NULL, 0);
}

static void wake(atomic_uint *word, int count)
{
    syscall(FUTEX, word, WAKE_PRIVATE, count, NULL, NULL, 0);
}

/* ---- Locks ---- */

void hprpc__mutex_init(struct hprpc__mutex *mutex)
{
    atomic_init(&mutex->state, HPRPC__LOCK_FREE);
    hprpc__mutex_set_holder(mutex, 0);
}

void hprpc__mutex_wait(struct hprpc__mutex *mutex)
{
    /* acquire: pairs with the release in hprpc__mutex_unlock. It leaves AWAITED, because other threads may sleep as well */
    while (atomic_exchange_explicit(&mutex->state, HPRPC__LOCK_AWAITED, memory_order_acquire) != HPRPC__LOCK_FREE)
        sleep_on(&mutex->state, HPRPC__LOCK_AWAITED, HPRPC__NEVER);
}

void hprpc__mutex_wake(struct hprpc__mutex *mutex)
{
    wake(&mutex->state, 1);
}

/* ---- Conditions ---- */

void hprpc__condition_init(struct hprpc__condition *condition)
{
    atomic_init(&condition->signals, 0);
}

void hprpc__condition_wait(struct hprpc__condition *condition, struct hprpc__mutex *mutex, uint64_t nanoseconds)
{
    /* relaxed, here and below: the lock orders them; the kernel compares the value once more before the thread sleeps */
    unsigned signals = atomic_load_explicit(&condition->signals, memory_order_relaxed);

    hprpc__assert_locked(mutex);
    hprpc__mutex_unlock(mutex);
    sleep_on(&condition->signals, signals, nanoseconds);
    hprpc__mutex_lock(mutex);
}

void hprpc__condition_signal(struct hprpc__condition *condition)
{
    atomic_fetch_add_explicit(&condition->signals, 1, memory_order_relaxed);
    wake(&condition->signals, 1);
}

void hprpc__condition_broadcast(struct hprpc__condition *condition)
{
    atomic_fetch_add_explicit(&condition->signals, 1, memory_order_relaxed);
    wake(&condition->signals, INT_MAX);
}
