/* SPDX-License-Identifier: MIT */
/* Waiting for a ticket, for room, or for the end: pumping, or sleeping while another thread pumps. */
#include "rpc/pump/wait.h"

#include <poll.h>

#include "base/poller.h"
#include "base/wake.h"
#include "base/deadline.h"
#include "rpc/call/ticket.h"
#include "rpc/connection/life.h"
#include "rpc/connection/send.h"
#include "rpc/pump/turn.h"
#include "rpc/pump/sleeper.h"
#include "rpc/serve/workers.h"
#include "rpc/connection/spin.h"
#include "rpc/pump/watcher.h"

enum outcome { GO_ON, THERE, TIME_IS_OVER, BROKEN };

/* ---- Waiting ---- */

/* Whether `progress` or `turns` has changed since an attempt that found no room. */
static bool may_have_room(struct hprpc_controller *controller, const struct hprpc__room *room)
{
    bool may;

    hprpc__mutex_lock(&controller->lock);
    may = controller->progress != room->progress ||
          atomic_load_explicit(&controller->turns, memory_order_relaxed) != room->turns;
    hprpc__mutex_unlock(&controller->lock);
    return may;
}

static bool has_come(struct hprpc__stream *stream, uint32_t events)
{
    bool come;

    hprpc__mutex_lock(&stream->controller->lock);
    come = hprpc__stream_events(stream, events);
    hprpc__mutex_unlock(&stream->controller->lock);
    return come;
}

static __attribute__((noinline)) bool is_any_there(struct hprpc_controller *controller,
                                                   const struct hprpc__awaited *awaited)
{
    if (awaited->room)
        return may_have_room(controller, awaited->room);
    if (awaited->stream)
        return has_come(awaited->stream, awaited->events);
    for (size_t i = 0; i < awaited->count; i++) {
        if (awaited->pending[i] && hprpc__ticket_is_done(awaited->pending[i]))
            return true;
    }
    return false;
}

/* Whether what is awaited is there: as a rule one ticket. */
static inline bool is_there(struct hprpc_controller *controller, const struct hprpc__awaited *awaited)
{
    if (KODOSIS_LIKELY(awaited->count == 1 && awaited->pending[0]))
        return hprpc__ticket_is_done(awaited->pending[0]);
    return is_any_there(controller, awaited);
}

/* A wait in progress. The deadline is fixed at the first look at the clock. */
struct wait {
    struct hprpc_controller *controller;
    const struct hprpc__awaited *awaited;
    uint32_t timeout_ms;
    hprpc__deadline deadline;
    struct hprpc_request *inside; /* the handler on this connection that waits, if its thread is a worker; NULL */
    struct hprpc__spin spin;
};

/* Whether a wait without tickets is at its end. A wait for tickets goes on: the thread that breaks the connection completes them. */
static bool is_over(const struct wait *wait)
{
    return hprpc__state(wait->controller) == HPRPC__BROKEN && !wait->awaited->count;
}

static uint64_t look_at_clock(struct wait *wait)
{
    uint64_t now = hprpc_context_now(wait->controller->context);

    if (!wait->deadline)
        wait->deadline = hprpc__deadline_after_ms(now, wait->timeout_ms);
    return now;
}

/* Whether a nested request waits that may run on this thread, inside the handler that waits here. */
static bool can_help(const struct wait *wait)
{
    return wait->inside && hprpc__workers_has_nested(wait->controller->workers, wait->inside);
}

/* Sleeps while another thread pumps, until that completes what this thread waits for, or gives up the pump. */
static enum outcome wait_for_pumper(struct wait *wait)
{
    struct hprpc__pump *pump = &wait->controller->pump;
    struct hprpc__waiter waiter = { .awaited = wait->awaited, .helps = wait->inside };
    uint64_t now = look_at_clock(wait);
    bool there, stays;

    if (now >= wait->deadline)
        return TIME_IS_OVER;
    hprpc__condition_init(&waiter.wake);

    hprpc__waiter_enlist(pump, &waiter);
    there = is_there(wait->controller, wait->awaited);
    stays = !there && !can_help(wait);
    hprpc__mutex_lock(&pump->lock);
    /* sequentially consistent: pairs with hprpc__pump_disown, which looks for waiters after it has cleared `owner` */
    if (stays && !waiter.woken && (pump->pumps_alone || atomic_load(&pump->owner)) && !is_over(wait))
        hprpc__condition_wait(&waiter.wake, &pump->lock,
                              wait->deadline == HPRPC__NEVER ? HPRPC__NEVER : wait->deadline - now);
    hprpc__waiter_unlink(pump, &waiter);
    hprpc__mutex_unlock(&pump->lock);

    return there ? THERE : GO_ON;
}

static void take_kick(struct hprpc__pump *pump)
{
    if (hprpc__wake_take(pump->wake_fd))
        pump->host->woke_for_host = true;
}

/* Sleeps until a kick, for a millisecond at most: the channel has no descriptors, or there is no memory. True: a kick came. */
static bool nap(const struct hprpc__pump *pump, uint64_t now, hprpc__deadline until)
{
    const struct hprpc_watch wake = { .fd = pump->wake_fd, .events = POLLIN };

    return hprpc__poll_last(&wake, 1, until - now < HPRPC__NAP_NANOSECONDS ? until - now : HPRPC__NAP_NANOSECONDS);
}

/* Sleeps where the channel's descriptors are registered with an event loop: as that says, or in poll. True: a kick came. */
static bool sleep_inside_loop(struct hprpc_controller *controller, uint64_t now, hprpc__deadline until)
{
    struct hprpc__host *host = controller->pump.host;
    struct hprpc_watch watches[HPRPC_WATCH_MAX + 1];
    uint64_t nanoseconds = until == HPRPC__NEVER ? HPRPC__NEVER : until - now;
    size_t count;
    bool kicked;

    hprpc__mutex_lock(&controller->lock);
    count = controller->channel->ops->watch(controller->channel, watches);
    hprpc__mutex_unlock(&controller->lock);
    hprpc__pump_stir(controller);
    watches[count] = (struct hprpc_watch){ .fd = controller->pump.wake_fd, .events = POLLIN };
    if (controller->channel->ops->arm(controller->channel))
        return false;
    if (host->sleep && host->sleep(host, watches, count, nanoseconds, &kicked))
        return kicked;
    if (!count)
        return nap(&controller->pump, now, until);
    return hprpc__poll_last(watches, count + 1, nanoseconds);
}

/* Does the same in the set of a client that has no event loop. */
static bool sleep_until(struct hprpc_controller *controller, uint64_t now, hprpc__deadline until)
{
    struct hprpc__sleeper *sleeper = controller->pump.host->sleeper;
    bool wakes;

    hprpc__mutex_lock(&controller->lock);
    wakes = hprpc__watcher_update(&sleeper->poller, controller);
    hprpc__mutex_unlock(&controller->lock);
    hprpc__pump_stir(controller);
    if (controller->channel->ops->arm(controller->channel))
        return false;
    return wakes ? hprpc__sleeper_sleep(sleeper, now, until) : nap(&controller->pump, now, until);
}

/* Sleeps until the channel has something, a kick comes, or the time is over; at most a nap if the channel cannot wake us. */
static void sleep_on_channel(struct wait *wait, uint64_t now)
{
    int cancellation;
    struct hprpc_controller *controller = wait->controller;
    hprpc__deadline until = hprpc__controller_deadline(controller);
    bool kicked;

    if (wait->deadline < until)
        until = wait->deadline;
    if (until <= now)
        return;
    cancellation = hprpc__cancellation_disable();
    if (controller->needs_memory)
        kicked = nap(&controller->pump, now, until);
    else if (controller->pump.host->sleeper)
        kicked = sleep_until(controller, now, until);
    else
        kicked = sleep_inside_loop(controller, now, until);
    if (kicked)
        take_kick(&controller->pump);
    controller->channel->ops->disarm(controller->channel);
    hprpc__cancellation_restore(cancellation);
}

/* Begins to spin as the channel has it now, if that is not how the wait began: a connection that opens may get another channel. */
static inline void follow_channel(struct hprpc_controller *controller, struct hprpc__spin *spin)
{
    if (KODOSIS_UNLIKELY(spin->wait != controller->channel->wait))
        hprpc__spin_start(spin, controller->channel->wait, &controller->pump.spins);
}

/* Called between two looks at a channel that had nothing: spins on, or looks at the clock and sleeps. */
static enum outcome pause_or_sleep(struct wait *wait, uint32_t looks)
{
    uint64_t now;

    if (!hprpc__spin_wants_clock(&wait->spin, looks))
        return GO_ON;
    now = look_at_clock(wait);
    hprpc__controller_expire(wait->controller, now);
    if (is_there(wait->controller, wait->awaited))
        return THERE;
    if (now >= wait->deadline)
        return TIME_IS_OVER;
    follow_channel(wait->controller, &wait->spin);
    if (hprpc__spin_goes_on(&wait->spin, wait->controller->context, now))
        return GO_ON;
    sleep_on_channel(wait, now);
    hprpc__spin_slept(&wait->spin);
    return GO_ON;
}

/*
 * Does one turn, before which it may sleep, on a thread that owns the pump and lacks room. Only another attempt can tell whether
 * a turn has made room, so there is no turn between the last attempt and the sleep. `assisted`: the other side was served just now, so
 * there is no sleep.
 */
static enum outcome pump_for_room(struct wait *wait, bool assisted)
{
    struct hprpc_controller *controller = wait->controller;
    struct hprpc__room *room = wait->awaited->room;
    uint64_t now = look_at_clock(wait);

    if (!room->spins)
        hprpc__spin_start(&room->spin, controller->channel->wait, &controller->pump.spins);
    room->spins = true;
    hprpc__controller_expire(controller, now);
    if (is_there(controller, wait->awaited))
        return THERE;
    if (now >= wait->deadline)
        return TIME_IS_OVER;
    follow_channel(controller, &room->spin);
    if (!assisted && !hprpc__spin_goes_on(&room->spin, controller->context, now))
        sleep_on_channel(wait, now);
    return hprpc__controller_turn(controller, 1, NULL) < 0 ? BROKEN : THERE;
}

/* Does the same without callbacks of calls: each would find room that this thread has waited for. */
static enum outcome pump_without_callbacks(struct wait *wait, bool assisted)
{
    struct hprpc__pump *pump = &wait->controller->pump;
    enum outcome outcome;

    pump->rooms++;
    outcome = pump_for_room(wait, assisted);
    pump->rooms--;
    return outcome;
}

/*
 * Has the other side of a channel within this process served by this thread, if it may. Where it may not, and where something was left
 * unsent because it might, sends that. GO_ON: nothing was done there; THERE: something was; BROKEN in a child of fork that came out of
 * a handler there.
 */
static __attribute__((noinline)) enum outcome assist(struct hprpc_controller *controller)
{
    int r = controller->channel->assist(controller->channel);

    if (KODOSIS_UNLIKELY(!hprpc__shared_is_ours(controller->shared)))
        return BROKEN;
    hprpc__flush(controller);
    return r > 0 ? THERE : GO_ON;
}

/* Whether the thread that pumps may put another channel under the connection, so that no other thread may look at that. */
static bool may_change_channel(struct hprpc_controller *controller)
{
    return hprpc__state(controller) == HPRPC__OPENING && controller->pump.reopens;
}

static inline enum outcome try_assist(struct hprpc_controller *controller)
{
    return KODOSIS_LIKELY(!controller->channel->assist) ? GO_ON : assist(controller);
}

/* Called between two turns that both had messages, but not the awaited one: deadlines may have passed. */
static enum outcome look_up(struct wait *wait)
{
    uint64_t now = look_at_clock(wait);

    hprpc__controller_expire(wait->controller, now);
    return is_there(wait->controller, wait->awaited) ? THERE : now >= wait->deadline ? TIME_IS_OVER : GO_ON;
}

/* Does turns, on a thread that owns the pump, until what it waits for is there. */
static enum outcome pump(struct wait *wait)
{
    const struct hprpc_pending_call *only = wait->awaited->count == 1 ? wait->awaited->pending[0] : NULL;
    enum outcome outcome = GO_ON, assisted;
    bool busy = false;
    uint32_t looks;
    int r;

    assisted = try_assist(wait->controller);
    if (KODOSIS_UNLIKELY(assisted == BROKEN))
        return BROKEN;
    if (wait->awaited->room)
        return wait->awaited->room->in_line ? pump_without_callbacks(wait, assisted == THERE)
                                            : pump_for_room(wait, assisted == THERE);
    hprpc__spin_start(&wait->spin, wait->controller->channel->wait, &wait->controller->pump.spins);
    /* our HELLO goes out in a turn, so the first turn comes before the first sleep */
    if (assisted == GO_ON && hprpc__spin_sleeps_at_once(&wait->spin) && hprpc__state(wait->controller) == HPRPC__READY)
        outcome = pause_or_sleep(wait, 0);
    while (outcome == GO_ON) {
        looks = hprpc__spin_looks(&wait->spin);
        r = hprpc__controller_turn(wait->controller, looks, only);
        if (r > 0)
            hprpc__spin_paid(&wait->spin);
        if (r != HPRPC_EFORKED && is_there(wait->controller, wait->awaited))
            return THERE;
        if (r < 0)
            return BROKEN;
        if (r > 0)
            hprpc__spin_start(&wait->spin, wait->controller->channel->wait, &wait->controller->pump.spins);
        assisted = r == 0 ? try_assist(wait->controller) : GO_ON;
        if (assisted == BROKEN)
            return BROKEN;
        if (r == 0 && assisted == GO_ON)
            outcome = pause_or_sleep(wait, looks);
        else if (busy)
            outcome = look_up(wait);
        busy = r > 0 || assisted == THERE;
    }
    return outcome;
}

static int code_of(enum outcome outcome)
{
    return outcome == THERE ? 0 : outcome == BROKEN ? HPRPC_ECLOSED : HPRPC_EAGAIN;
}

/* The request on this connection whose handler waits here on a worker's thread; NULL on other threads. */
static struct hprpc_request *worker_inside(const struct hprpc_controller *controller)
{
    struct hprpc_request *request = controller->workers ? hprpc__workers_running(controller->workers) : NULL;

    return request && request->controller == controller ? request : NULL;
}

/*
 * Before a wait inside a turn: what the turn has for streams so far must not wait for its end, which may depend on it. Not before one for
 * room, which callbacks might take.
 */
static __attribute__((noinline)) void hurry_streams(struct hprpc_controller *controller,
                                                    const struct hprpc__awaited *awaited)
{
    if (!awaited->room)
        hprpc__streams_tell(controller);
    if (hprpc__shared_is_ours(controller->shared))
        hprpc__streams_push(controller);
}

static int wait_on(struct hprpc_controller *controller, const struct hprpc__awaited *awaited, uint32_t timeout_ms,
                   hprpc__deadline *deadline)
{
    struct wait wait = {
        .controller = controller,
        .awaited = awaited,
        .timeout_ms = timeout_ms,
        .deadline = *deadline,
        .inside = worker_inside(controller),
    };
    enum outcome outcome = GO_ON;
    bool slept = false;

    while (outcome == GO_ON) {
        if (!hprpc__shared_is_ours(controller->shared)) {
            return HPRPC_ECLOSED;
        } else if (is_there(controller, awaited)) {
            outcome = THERE;
        } else if (hprpc__pump_is_mine(&controller->pump)) {
            /* inside a handler or a callback: messages that this batch has corked must not wait for its end */
            hprpc__flush(controller);
            /* relaxed: a hint, and the turns of the wait look again */
            if (KODOSIS_UNLIKELY(atomic_load_explicit(&controller->tickets.later, memory_order_relaxed)))
                hurry_streams(controller, awaited);
            if (hprpc__shared_is_ours(controller->shared))
                outcome = is_there(controller, awaited) ? THERE : pump(&wait);
        } else if (!controller->pump.pumps_alone && hprpc__pump_try_own(&controller->pump)) {
            /* a hint alone: a thread that would look at the connection need not */
            atomic_store_explicit(&controller->awaited, true, memory_order_relaxed);
            outcome = pump(&wait);
            if (!hprpc__shared_is_ours(controller->shared))
                return HPRPC_ECLOSED;
            atomic_store_explicit(&controller->awaited, false, memory_order_relaxed);
            if (controller->pump.host->handed_back)
                controller->pump.host->handed_back(controller->pump.host, controller);
            hprpc__pump_disown(&controller->pump);
        } else if (is_over(&wait)) {
            outcome = BROKEN;
        } else if (wait.inside && !slept) {
            hprpc__workers_set_waiting(controller->workers, true);
            slept = true;
        } else if ((may_change_channel(controller) || try_assist(controller) == GO_ON) &&
                   (!wait.inside || !hprpc__workers_run_nested(controller->workers, wait.inside))) {
            outcome = wait_for_pumper(&wait);
            slept = true;
        }
    }
    if (!hprpc__shared_is_ours(controller->shared))
        return HPRPC_ECLOSED;
    if (slept && wait.inside)
        hprpc__workers_set_waiting(controller->workers, false);
    /* the former owner may have woken this thread to take the pump, and this thread leaves: another one must */
    if (slept && !controller->pump.pumps_alone)
        hprpc__pump_pass_on(&controller->pump);
    *deadline = wait.deadline;
    return code_of(outcome);
}

/* Waits with cancellation disabled: an opening has cancellation points, and the slots of some channels are such. */
static __attribute__((noinline)) int wait_without_cancellation(struct hprpc_controller *controller,
                                                               const struct hprpc__awaited *awaited,
                                                               uint32_t timeout_ms, hprpc__deadline *deadline)
{
    int cancellation = hprpc__cancellation_disable();
    int r = wait_on(controller, awaited, timeout_ms, deadline);

    hprpc__cancellation_restore(cancellation);
    return r;
}

int hprpc__pump_wait_on(struct hprpc_controller *controller, const struct hprpc__awaited *awaited, uint32_t timeout_ms,
                        hprpc__deadline *deadline)
{
    if (KODOSIS_UNLIKELY(hprpc__state(controller) == HPRPC__OPENING || !controller->channel->no_cancellation_points))
        return wait_without_cancellation(controller, awaited, timeout_ms, deadline);
    return wait_on(controller, awaited, timeout_ms, deadline);
}

int hprpc__pump_wait(struct hprpc_controller *controller, const struct hprpc__awaited *awaited, uint32_t timeout_ms)
{
    hprpc__deadline deadline = 0;

    return hprpc__pump_wait_on(controller, awaited, timeout_ms, &deadline);
}

int hprpc__pump_wait_for_room(struct hprpc_controller *controller, struct hprpc__room *room, uint32_t timeout_ms)
{
    const struct hprpc__awaited awaited = { .room = room };

    return hprpc__pump_wait_on(controller, &awaited, timeout_ms, &room->deadline);
}

void hprpc__pump_make_way(struct hprpc_controller *controller)
{
    bool crowded;

    /* a child of fork must not take the lock, which may be held for ever there */
    if (!hprpc__shared_is_ours(controller->shared))
        return;
    hprpc__mutex_lock(&controller->lock);
    crowded = !hprpc__list_is_empty(&controller->line);
    hprpc__mutex_unlock(&controller->lock);
    if (crowded) {
        hprpc__pump_stir(controller);
        hprpc__pump_kick(&controller->pump);
    }
    hprpc__tickets_tell(controller);
    hprpc__streams_tell(controller);
}

void hprpc__pump_turn(struct hprpc_controller *controller)
{
    if (hprpc__controller_turn(controller, 1, NULL) == HPRPC_EFORKED)
        return;
    hprpc__controller_expire(controller, hprpc_context_now(controller->context));
    if (controller->pump.host->handed_back)
        controller->pump.host->handed_back(controller->pump.host, controller);
    hprpc__pump_disown(&controller->pump);
}

/* Does a turn on the thread of an event loop, perhaps between two turns of that: the loop is told if something waits to be sent. */
static void turn_between(struct hprpc_controller *controller)
{
    if (hprpc__controller_turn(controller, 1, NULL) < 0 || !hprpc__queued(controller))
        return;
    hprpc__mutex_lock(&controller->lock);
    hprpc__look_at_queue(controller, true);
    hprpc__mutex_unlock(&controller->lock);
}

static void turn_once(struct hprpc_controller *controller)
{
    /* a broken connection has nothing left to do, and its host may be gone */
    if (hprpc__state(controller) == HPRPC__BROKEN)
        return;
    if (hprpc__pump_is_mine(&controller->pump)) {
        turn_between(controller);
    } else if (!controller->pump.pumps_alone && hprpc__pump_try_own(&controller->pump)) {
        hprpc__pump_turn(controller);
    }
}

void hprpc__pump_once(struct hprpc_controller *controller)
{
    int cancellation = hprpc__cancellation_disable();

    turn_once(controller);
    hprpc__cancellation_restore(cancellation);
}
