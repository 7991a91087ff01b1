/* SPDX-License-Identifier: MIT */
/*
 * Replaces the threads that the library starts with actors (the linker's --wrap). An actor lets others act where the library
 * sleeps or finds nothing, never while it holds a lock, so locks stay the system's. Waits for a condition are replaced too.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/lock.h"
#include "base/single-thread.h"
#include "simulation/world.h"

struct thread {
    struct actor actor;
    void *(*run)(void *argument);
    void *argument;
    bool over;
};

/* An actor that waits for a condition. */
struct waiting {
    const struct hprpc__condition *condition;
    bool woken;
    struct waiting *next;
};

static struct waiting *all_waiting;

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_join(pthread_t joined, void **ret_value);
void __wrap_hprpc__condition_wait(struct hprpc__condition *condition, struct hprpc__mutex *lock, uint64_t nanoseconds);
void __wrap_hprpc__condition_signal(struct hprpc__condition *condition);
void __wrap_hprpc__condition_broadcast(struct hprpc__condition *condition);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);

/* ---- Threads ---- */

void threads_set_alone(bool alone)
{
#ifdef HPRPC__KNOWS_ALONE
    __libc_single_threaded = alone;
#else
    (void)alone;
#endif
}

static void live(struct actor *actor)
{
    struct thread *thread = (struct thread *)actor;

    thread->run(thread->argument);
    thread->over = true;
    world_stir(actor->world);
}

int __wrap_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    struct world *world = world_now_simulated;
    struct thread *thread = calloc(1, sizeof(*thread));
    char name[24];

    (void)attributes;
    threads_set_alone(false);
    thread->run = run;
    thread->argument = argument;
    thread->actor.runs = true;
    thread->actor.blocking = 1;
    snprintf(name, sizeof(name), "thread %u", ++world->threads % 1000);
    world_add(world, &thread->actor, name, live);
    *ret_thread = (pthread_t)(uintptr_t)thread;
    world_stir(world);
    return 0;
}

int __wrap_pthread_join(pthread_t joined, void **ret_value)
{
    struct thread *thread = (struct thread *)(uintptr_t)joined;

    (void)ret_value;
    while (!thread->over)
        actor_rest(world_now_simulated->current, NEVER);
    /* threads_clear() frees it, when world_run() no longer goes through the actors */
    thread->argument = world_now_simulated->joined;
    world_now_simulated->joined = thread;
    return 0;
}

void threads_clear(struct world *world)
{
    struct thread *thread;

    while ((thread = world->joined)) {
        world->joined = thread->argument;
        free(thread);
    }
}

/* ---- Conditions ---- */

void __wrap_hprpc__condition_wait(struct hprpc__condition *condition, struct hprpc__mutex *lock, uint64_t nanoseconds)
{
    struct actor *actor = world_now_simulated->current;
    struct waiting waiting = { .condition = condition, .next = all_waiting };
    struct waiting **place = &all_waiting;
    uint64_t until = nanoseconds == NEVER ? NEVER : actor->world->now + nanoseconds;

    all_waiting = &waiting;
    hprpc__mutex_unlock(lock);
    while (!waiting.woken && actor->world->now < until)
        actor_rest(actor, until);
    while (*place != &waiting)
        place = &(*place)->next;
    *place = waiting.next;
    hprpc__mutex_lock(lock);
}

static void signal_to(const struct hprpc__condition *condition, bool all)
{
    bool done = false;

    for (struct waiting *waiting = all_waiting; waiting && !done; waiting = waiting->next) {
        if (waiting->condition != condition || waiting->woken)
            continue;
        waiting->woken = true;
        done = !all;
    }
    world_stir(world_now_simulated);
}

void __wrap_hprpc__condition_signal(struct hprpc__condition *condition)
{
    signal_to(condition, false);
}

void __wrap_hprpc__condition_broadcast(struct hprpc__condition *condition)
{
    signal_to(condition, true);
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    if (!world_now_simulated)
        return __real_clock_gettime(clock, ret_time);
    *ret_time = (struct timespec){ (time_t)(world_now_simulated->now / (1000 * MILLISECOND)),
                                   (long)(world_now_simulated->now % (1000 * MILLISECOND)) };
    return 0;
}
