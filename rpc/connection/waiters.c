/* SPDX-License-Identifier: MIT */
/* The threads that wait on a connection: which of them pumps, and how the others are woken. */
#include "rpc/connection/waiters.h"

#include "base/single-thread.h"
#include "base/wake.h"

static struct hprpc__waiter *waiter_of(struct hprpc__link *link)
{
    return (struct hprpc__waiter *)link;
}

/* Wakes a thread that waits. Under the pump's lock. */
static void wake_one(struct hprpc__waiter *waiter)
{
    waiter->woken = true;
    hprpc__condition_signal(&waiter->wake);
}

void hprpc__pump_init(struct hprpc__pump *pump, struct hprpc__host *host, int wake_fd)
{
    pump->host = host;
    pump->pumps_alone = host->pumps_alone;
    pump->reopens = host->opening_failed;
    pump->wake_fd = wake_fd;
    pump->waiters = (struct hprpc__list){ 0 };
    pump->spins = (struct hprpc__spin_history){ 0 };
    atomic_init(&pump->owner, 0);
    atomic_init(&pump->waiting, 0);
    atomic_init(&pump->wanting, 0);
    hprpc__mutex_init(&pump->lock);
}

/* ---- Who pumps ---- */

bool hprpc__pump_is_elsewhere(const struct hprpc__pump *pump)
{
    bool loop = pump->host->pumps_always && !pump->pumps_alone;

    return !hprpc__pump_is_mine(pump) && (loop || atomic_load(&((struct hprpc__pump *)pump)->owner));
}

bool hprpc__pump_try_own(struct hprpc__pump *pump)
{
    uintptr_t nobody = 0, self = hprpc__thread_self();

    if (hprpc__single_threaded()) {
        if (atomic_load_explicit(&pump->owner, memory_order_relaxed))
            return false;
        atomic_store_explicit(&pump->owner, self, memory_order_relaxed);
        return true;
    }
    /* acquire: pairs with the store in hprpc__pump_disown, so that the last owner's work is visible */
    return atomic_compare_exchange_strong(&pump->owner, &nobody, self);
}

void hprpc__pump_pass_on(struct hprpc__pump *pump)
{
    if (!atomic_load(&pump->waiting))
        return;
    hprpc__mutex_lock(&pump->lock);
    if (!hprpc__list_is_empty(&pump->waiters) && !atomic_load(&pump->owner))
        wake_one(waiter_of(pump->waiters.first));
    hprpc__mutex_unlock(&pump->lock);
}

void hprpc__pump_disown(struct hprpc__pump *pump)
{
    if (hprpc__single_threaded()) {
        atomic_store_explicit(&pump->owner, 0, memory_order_relaxed);
        return;
    }
    /*
     * Sequentially consistent: pairs with hprpc__waiter_enlist. A waiter counts itself and then looks at `owner`; this thread
     * clears `owner` and then looks at the count. With release alone both could miss, and the waiter would sleep without a pump.
     */
    atomic_store(&pump->owner, 0);
    hprpc__pump_pass_on(pump);
}

/* ---- Waking ---- */

static bool waits_for(const struct hprpc__waiter *waiter, const struct hprpc_pending_call *pending)
{
    if (!pending)
        return waiter->awaited->room != NULL;
    for (size_t i = 0; i < waiter->awaited->count; i++) {
        if (waiter->awaited->pending[i] == pending)
            return true;
    }
    return false;
}

void hprpc__pump_wake_waiters(struct hprpc__pump *pump, const struct hprpc_pending_call *pending)
{
    hprpc__mutex_lock(&pump->lock);
    for (struct hprpc__link *link = pump->waiters.first; link; link = link->next) {
        if (waits_for(waiter_of(link), pending))
            wake_one(waiter_of(link));
    }
    hprpc__mutex_unlock(&pump->lock);
}

void hprpc__pump_wake_stream(struct hprpc__pump *pump, const struct hprpc__stream *stream)
{
    /* sequentially consistent: pairs with hprpc__waiter_enlist, which comes before the waiter's last look at the stream */
    if (!atomic_load(&pump->waiting))
        return;
    hprpc__mutex_lock(&pump->lock);
    for (struct hprpc__link *link = pump->waiters.first; link; link = link->next) {
        const struct hprpc__stream *awaited = waiter_of(link)->awaited->stream;

        if (awaited && (!stream || awaited == stream))
            wake_one(waiter_of(link));
    }
    hprpc__mutex_unlock(&pump->lock);
}

void hprpc__pump_wake_helpers(struct hprpc__pump *pump)
{
    /* sequentially consistent: pairs with hprpc__waiter_enlist, which comes before the waiter's last look at the queue */
    if (!atomic_load(&pump->waiting))
        return;
    hprpc__mutex_lock(&pump->lock);
    for (struct hprpc__link *link = pump->waiters.first; link; link = link->next) {
        if (waiter_of(link)->helps)
            wake_one(waiter_of(link));
    }
    hprpc__mutex_unlock(&pump->lock);
}

void hprpc__pump_stir(struct hprpc_controller *controller)
{
    /*
     * Relaxed: a waiter that counts itself too late to be seen here looks at `turns` after that, under the lock. The pump takes
     * the lock before it sleeps, and stirs once more after that. So one of the two sees the other.
     */
    if (!atomic_load_explicit(&controller->pump.wanting, memory_order_relaxed))
        return;
    hprpc__mutex_lock(&controller->lock);
    controller->progress++;
    hprpc__mutex_unlock(&controller->lock);
    hprpc__pump_wake_waiters(&controller->pump, NULL);
}

void hprpc__pump_kick(const struct hprpc__pump *pump)
{
    if (pump->wake_fd >= 0)
        hprpc__wake_ring(pump->wake_fd);
}

/* ---- The list ---- */

void hprpc__waiter_enlist(struct hprpc__pump *pump, struct hprpc__waiter *waiter)
{
    hprpc__mutex_lock(&pump->lock);
    hprpc__list_put_in_front(&pump->waiters, &waiter->link);
    /* sequentially consistent: pairs with hprpc__pump_wake and hprpc__pump_disown, which see this waiter from here on */
    atomic_fetch_add(&pump->waiting, 1);
    if (waiter->awaited->room)
        atomic_fetch_add(&pump->wanting, 1);
    hprpc__mutex_unlock(&pump->lock);
}

void hprpc__waiter_unlink(struct hprpc__pump *pump, struct hprpc__waiter *waiter)
{
    hprpc__assert_locked(&pump->lock);
    hprpc__list_remove(&pump->waiters, &waiter->link);
    atomic_fetch_sub(&pump->waiting, 1);
    if (waiter->awaited->room)
        atomic_fetch_sub(&pump->wanting, 1);
}
