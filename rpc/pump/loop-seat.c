/* SPDX-License-Identifier: MIT */
/*
 * Who is inside a loop, and how a thread that waits on the other side of a connection within this process serves it there. It may if it
 * ran the last turn of the loop, and no thread is inside: then it is the thread on which the application has the loop's handlers run.
 */
#include "rpc/pump/loop.h"

#include <sched.h>
#include <stddef.h>

#include "base/poller.h"
#include "base/single-thread.h"
#include "rpc/connection/spin.h"
#include "rpc/pump/turn.h"

enum { YIELDS = 64 }; /* while another thread serves a connection: as a rule it is through by then */

/* ---- Taking the loop ---- */

static bool try_take(struct hprpc__loop *loop)
{
    unsigned state = HPRPC__LOOP_FREE;

    if (hprpc__single_threaded()) {
        if (atomic_load_explicit(&loop->taken, memory_order_relaxed) != HPRPC__LOOP_FREE)
            return false;
        atomic_store_explicit(&loop->taken, HPRPC__LOOP_TAKEN, memory_order_relaxed);
        return true;
    }
    /* acquire: pairs with the release in hprpc__loop_leave, so that what was done in the loop is visible */
    return atomic_compare_exchange_strong_explicit(&loop->taken, &state, HPRPC__LOOP_TAKEN, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* Has the thread that has the loop kick when it leaves. False: it has left. */
static bool want(struct hprpc__loop *loop)
{
    unsigned state = HPRPC__LOOP_TAKEN;

    /* relaxed: the kick tells of it */
    return atomic_compare_exchange_strong_explicit(&loop->taken, &state, HPRPC__LOOP_WANTED, memory_order_relaxed,
                                                   memory_order_relaxed) ||
           state == HPRPC__LOOP_WANTED;
}

/* Whether the loop is taken by this thread, or is free and was this thread's last. */
static bool is_mine(const struct hprpc__loop *loop)
{
    /* relaxed: this thread asks for its own name, which no other thread stores */
    return atomic_load_explicit(&((struct hprpc__loop *)loop)->owner, memory_order_relaxed) == hprpc__thread_self();
}

bool hprpc__loop_try_enter(struct hprpc__loop *loop)
{
    bool taken = try_take(loop);

    while (!taken && !is_mine(loop) && !want(loop))
        taken = try_take(loop);
    return taken;
}

/* Lets the thread that has the loop run: yields at first, then sleeps a millisecond at a time. */
static void let_run(const struct hprpc__loop *loop, int attempt)
{
    const struct hprpc_watch wake = { .fd = loop->wake_fd };

    if (attempt < YIELDS)
        sched_yield();
    else
        hprpc__poll_last(&wake, 1, HPRPC__NAP_NANOSECONDS);
}

bool hprpc__loop_enter(struct hprpc__loop *loop)
{
    for (int attempt = 0; !hprpc__loop_try_enter(loop); attempt++) {
        if (is_mine(loop))
            return false;
        let_run(loop, attempt);
    }
    return true;
}

void hprpc__loop_close_seat(struct hprpc__loop *loop)
{
    /* sequentially consistent: pairs with enter, which says that it serves before it takes the loop */
    for (int attempt = 0; !hprpc__loop_try_enter(loop) && !is_mine(loop) && atomic_load(&loop->serves); attempt++)
        let_run(loop, attempt);
}

void hprpc__loop_leave(struct hprpc__loop *loop)
{
    unsigned state = HPRPC__LOOP_TAKEN;

    if (hprpc__single_threaded()) {
        atomic_store_explicit(&loop->taken, HPRPC__LOOP_FREE, memory_order_relaxed);
        return;
    }
    /* release: pairs with the acquire in try_take */
    while (!atomic_compare_exchange_strong_explicit(&loop->taken, &state, HPRPC__LOOP_FREE, memory_order_release,
                                                    memory_order_relaxed)) {
        /* before the loop is free, because the thread that wants it may be about to free its memory; the ring stays until a turn */
        hprpc__loop_kick(loop);
        /* relaxed: this thread has the loop still */
        atomic_store_explicit(&loop->taken, HPRPC__LOOP_TAKEN, memory_order_relaxed);
        state = HPRPC__LOOP_TAKEN;
    }
}

/* ---- Serving from the other side ---- */

static struct hprpc__loop *loop_of(const struct hprpc__seat *seat)
{
    return (struct hprpc__loop *)((uintptr_t)seat - offsetof(struct hprpc__loop, seat));
}

static void set_serves(struct hprpc__loop *loop, bool serves)
{
    if (hprpc__single_threaded())
        atomic_store_explicit(&loop->serves, serves, memory_order_relaxed);
    else
        atomic_store(&loop->serves, serves);
}

static bool enter(const struct hprpc__seat *seat, void *seated)
{
    struct hprpc__loop *loop = loop_of(seat);

    (void)seated;
    if (!is_mine(loop))
        return false;
    set_serves(loop, true);
    if (try_take(loop))
        return true;
    set_serves(loop, false);
    return false;
}

/* Accepts what waits to be accepted. 1 if something did. */
static int accept_there(struct hprpc__loop *loop)
{
    unsigned before = atomic_load_explicit(&loop->connection_count, memory_order_relaxed);

    hprpc__loop_look(loop);
    /* what else had an event is active now, and must be served */
    hprpc__loop_kick(loop);
    return atomic_load_explicit(&loop->connection_count, memory_order_relaxed) != before;
}

/* After a turn outside the loop's own: whether the loop must do another one. A parked connection is still armed, or is armed again. */
static bool wants_turn(const struct hprpc_controller *controller)
{
    return !controller->active && (hprpc__state((struct hprpc_controller *)controller) == HPRPC__BROKEN ||
                                   controller->needs_memory || controller->channel->ops->arm(controller->channel));
}

static int serve_connection(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    enum hprpc__state before = hprpc__state(controller);
    int count;

    if (before == HPRPC__BROKEN)
        return 0;
    count = hprpc__controller_turn(controller, 1, NULL);
    if (count == HPRPC_EFORKED)
        return count;
    if (wants_turn(controller))
        hprpc__loop_hurry(loop, controller);
    /* later, its deadlines move by deadline_moved alone */
    if (KODOSIS_UNLIKELY(before == HPRPC__OPENING))
        loop->next_deadline = hprpc__deadline_earlier(loop->next_deadline, hprpc__controller_deadline(controller));
    if (KODOSIS_UNLIKELY(loop->host.woke_for_host)) {
        loop->host.woke_for_host = false;
        hprpc__loop_kick(loop);
    }
    return count > 0 ? count : 0;
}

static int serve(const struct hprpc__seat *seat, void *seated)
{
    struct hprpc__loop *loop = loop_of(seat);
    int r = seated ? serve_connection(loop, seated) : accept_there(loop);

    /* in a child of fork the loop is the parent's */
    if (r == HPRPC_EFORKED)
        return r;
    set_serves(loop, false);
    hprpc__loop_leave(loop);
    return r;
}

void hprpc__loop_seat_init(struct hprpc__loop *loop)
{
    loop->seat = (struct hprpc__seat){ .enter = enter, .serve = serve };
    loop->host.seat = &loop->seat;
    atomic_init(&loop->taken, HPRPC__LOOP_FREE);
    atomic_init(&loop->serves, false);
}
