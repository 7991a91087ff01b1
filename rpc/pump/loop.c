/* SPDX-License-Identifier: MIT */
/* A loop: its active, parked and napping connections, their deadlines, and its turns. */
#include "rpc/pump/loop.h"

#include <unistd.h>

#include "base/wake.h"
#include "base/deadline.h"
#include "rpc/connection/control.h"
#include "rpc/connection/life.h"
#include "rpc/connection/send.h"
#include "rpc/connection/waiters.h"
#include "rpc/pump/break.h"
#include "rpc/pump/turn.h"
#include "rpc/pump/watcher.h"
#include "rpc/serve/services.h"
#include "rpc/stream/stream.h"

enum {
    PROCESS_TURNS = 16,     /* over the active connections, in one turn that may not sleep */
    ACTIVE_MAX = 8,         /* spinning over more connections than this would starve them all */
    POLL_EVERY = 25 * 1000, /* nanoseconds between two looks at epoll while a connection is active */
    LONG_TURN = 10 * 1000,  /* nanoseconds; shorter turns keep others waiting no longer than what they bring is worth */
    CLOCK_EVERY = 16,       /* turns between two looks at the clock */
    POLITE_MAX = 16,        /* messages in one turn; a connection that had more waits for its place in the round */
};

/* ---- Active, parked and napping ---- */

/* Puts a connection to sleep that only time wakes. */
static void nap(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    controller->naps = true;
    if (!loop->napping_count++)
        loop->nap_end = hprpc_context_now(loop->context) + HPRPC__NAP_NANOSECONDS;
}

static void wake_up(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    if (!controller->naps)
        return;
    controller->naps = false;
    loop->napping_count--;
}

static void activate(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    if (controller->active)
        return;
    wake_up(loop, controller);
    controller->channel->ops->disarm(controller->channel);
    controller->active = true;
    controller->fresh = true;
    hprpc__spin_resume(&controller->spin, controller->channel->wait, &controller->pump.spins);
    loop->active[loop->active_count++] = controller;
}

static void deactivate(struct hprpc__loop *loop, uint32_t index)
{
    loop->active[index]->active = false;
    loop->active[index] = loop->active[--loop->active_count];
}

/* Parks a connection without memory to receive: its descriptors would wake the loop at once, so only the nap's end does. */
static bool park_without_memory(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    hprpc__mutex_lock(&controller->lock);
    hprpc__watcher_remove(&loop->poller, controller);
    hprpc__mutex_unlock(&controller->lock);
    nap(loop, controller);
    return true;
}

/* Parks a connection; false when it has something to do after all. */
static bool park(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    struct hprpc_channel *channel = controller->channel;
    bool wakes;

    if (controller->needs_memory)
        return park_without_memory(loop, controller);
    /* relaxed: this thread has counted its own news, and others ring */
    if (KODOSIS_UNLIKELY(atomic_load_explicit(&controller->tickets.later, memory_order_relaxed)) &&
        hprpc__streams_room_has_come(controller))
        return false;
    hprpc__mutex_lock(&controller->lock);
    wakes = hprpc__watcher_update(&loop->poller, controller);
    hprpc__mutex_unlock(&controller->lock);
    hprpc__pump_stir(controller);
    if (channel->ops->arm(channel)) {
        channel->ops->disarm(channel);
        return false;
    }
    if (!wakes)
        nap(loop, controller);
    return true;
}

static void watch_changed(struct hprpc__host *host, struct hprpc_controller *controller)
{
    struct hprpc__loop *loop = (struct hprpc__loop *)host;

    if (!hprpc__watcher_update(&loop->poller, controller))
        atomic_store_explicit(&loop->unwatched, true, memory_order_relaxed); /* the kick publishes it */
    /* the loop's thread may sleep inside a handler, on the descriptors that `watch` named before */
    if (!hprpc__pump_is_mine(&controller->pump))
        hprpc__loop_kick(loop);
}

/* ---- Deadlines ---- */

static void note_deadline(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    hprpc__deadline deadline = hprpc__controller_deadline(controller);

    if (deadline < loop->next_deadline)
        loop->next_deadline = deadline;
}

/* A handler, or the application between two turns, made a call on this connection, and no turn of it may follow. */
static void deadline_moved(struct hprpc__host *host, struct hprpc_controller *controller)
{
    note_deadline((struct hprpc__loop *)host, controller);
}

/* ---- News of the ring ---- */

static void arrived(void *self, void *owner)
{
    activate(self, owner);
}

/* Takes note of what the ring has sent. A turn follows only if there is more to do than that. */
static void sent(void *self, void *owner)
{
    struct hprpc_controller *controller = owner;
    int r = hprpc__flush(controller);

    if ((r < 0 && r != HPRPC_EAGAIN) || atomic_load_explicit(&controller->pump.waiting, memory_order_relaxed))
        activate(self, controller);
}

/* Sleeps inside a handler: on the ring, if its connection is there. */
static bool sleep_inside(struct hprpc__host *host, const struct hprpc_watch *watches, size_t count,
                         uint64_t nanoseconds, bool *ret_kicked)
{
    struct hprpc__loop *loop = (struct hprpc__loop *)host;

    hprpc__engine_push(&loop->engine);
    if (!loop->engine.ring || !count || watches[0].fd != loop->poller.common)
        return false;
    *ret_kicked = hprpc__engine_sleep(&loop->engine, loop->wake_fd, nanoseconds);
    return true;
}

/* ---- Life ---- */

int hprpc__loop_init(struct hprpc__loop *loop, struct hprpc_context *context)
{
    const struct hprpc__ring_ears ears = { .arrived = arrived, .sent = sent, .self = loop };

    memset(loop, 0, sizeof(*loop));
    loop->context = context;
    hprpc__engine_init(&loop->engine, context, &loop->poller, &ears);
    loop->host.sleep = sleep_inside;
    loop->host.watch_changed = watch_changed;
    loop->host.deadline_moved = deadline_moved;
    loop->host.pumps_alone = true;
    loop->host.pumps_always = true;
    hprpc__loop_seat_init(loop);
    loop->next_deadline = HPRPC__NEVER;
    atomic_init(&loop->connection_count, 0);
    atomic_init(&loop->turns, 0);
    atomic_init(&loop->unwatched, false);
    hprpc__mutex_init(&loop->lock);
    loop->alarm.fd = -1;
    loop->wake_fd = hprpc__wake_open();
    if (hprpc__poller_init(&loop->poller) < 0 || loop->wake_fd < 0 || hprpc__alarm_init(&loop->alarm) < 0)
        return HPRPC_ESYSTEM;
    return hprpc__watcher_add(&loop->poller, loop->wake_fd, loop) &&
                   hprpc__watcher_add(&loop->poller, loop->alarm.fd, &loop->alarm)
               ? 0
               : HPRPC_ESYSTEM;
}

void hprpc__loop_kick(const struct hprpc__loop *loop)
{
    hprpc__wake_ring(loop->wake_fd);
}

/* ---- Connections come and go ---- */

static int reserve_active(struct hprpc__loop *loop)
{
    uint32_t capacity = loop->active_capacity ? loop->active_capacity * 2 : 16;
    struct hprpc_controller **active;

    if (loop->listed_count < loop->active_capacity)
        return 0;
    active = hprpc_context_allocate(loop->context, capacity * sizeof(*active));
    if (!active)
        return HPRPC_ENOMEM;
    if (loop->active_count)
        memcpy(active, loop->active, loop->active_count * sizeof(*active));
    hprpc_context_release(loop->context, loop->active, loop->active_capacity * sizeof(*active));
    loop->active = active;
    loop->active_capacity = capacity;
    return 0;
}

static void own(struct hprpc_controller *controller)
{
    atomic_store_explicit(&controller->pump.owner, hprpc__thread_self(), memory_order_relaxed);
}

/* Offers the ring to a new connection; and to all, once they are many. */
static void offer_ring(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    struct hprpc__engine *engine = &loop->engine;

    if (!engine->many && loop->listed_count + 1 >= HPRPC__ENGINE_MANY) {
        engine->many = true;
        for (struct hprpc_controller *other = loop->connections; other; other = other->next)
            hprpc__engine_offer(engine, other->channel, other);
    }
    hprpc__engine_offer(engine, controller->channel, controller);
}

/* A channel carries descriptors only for a server that passes some: a ring, which may serve the others, has no room for them. */
static void forgo_descriptors(struct hprpc_controller *controller)
{
    if (!hprpc__services_pass_descriptors(controller->shared->services))
        controller->channel->carries_descriptors = false;
}

static void enlist(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    own(controller);
    if (reserve_active(loop) < 0) {
        hprpc__controller_break(controller, HPRPC_ENOMEM, "out of memory for another connection");
        atomic_fetch_sub_explicit(&loop->connection_count, 1, memory_order_relaxed);
        hprpc_controller_drop(controller);
        return;
    }
    forgo_descriptors(controller);
    offer_ring(loop, controller);
    /* hprpc__loop_gather walks the list on any thread */
    hprpc__mutex_lock(&loop->lock);
    controller->previous = NULL;
    controller->next = loop->connections;
    if (controller->next)
        controller->next->previous = controller;
    loop->connections = controller;
    loop->listed_count++;
    hprpc__mutex_unlock(&loop->lock);
    note_deadline(loop, controller);
    activate(loop, controller);
}

static void forget(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    hprpc__mutex_lock(&controller->lock);
    hprpc__watcher_remove(&loop->poller, controller);
    hprpc__controller_let_go(controller);
    hprpc__mutex_unlock(&controller->lock);
    wake_up(loop, controller);
    hprpc__mutex_lock(&loop->lock);
    if (controller->previous)
        controller->previous->next = controller->next;
    else
        loop->connections = controller->next;
    if (controller->next)
        controller->next->previous = controller->previous;
    loop->listed_count--;
    hprpc__mutex_unlock(&loop->lock);
    atomic_fetch_sub_explicit(&loop->connection_count, 1, memory_order_relaxed);
    hprpc_controller_drop(controller);
}

void hprpc__loop_add(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    atomic_fetch_add_explicit(&loop->connection_count, 1, memory_order_relaxed);
    if (atomic_load_explicit(&loop->owner, memory_order_relaxed) == hprpc__thread_self()) {
        enlist(loop, controller);
        return;
    }
    hprpc__mutex_lock(&loop->lock);
    controller->next = loop->arrivals;
    loop->arrivals = controller;
    hprpc__mutex_unlock(&loop->lock);
    hprpc__loop_kick(loop);
}

static void take_arrivals(struct hprpc__loop *loop)
{
    struct hprpc_controller *controller, *next;

    hprpc__mutex_lock(&loop->lock);
    controller = loop->arrivals;
    loop->arrivals = NULL;
    hprpc__mutex_unlock(&loop->lock);
    for (; controller; controller = next) {
        next = controller->next;
        enlist(loop, controller);
    }
}

size_t hprpc__loop_gather(struct hprpc__loop *loop, struct hprpc_controller **ret_controllers, size_t capacity)
{
    size_t count = 0;

    hprpc__mutex_lock(&loop->lock);
    for (struct hprpc_controller *controller = loop->connections; controller; controller = controller->next, count++)
        if (count < capacity)
            ret_controllers[count] = hprpc_controller_keep(controller);
    hprpc__mutex_unlock(&loop->lock);
    return count;
}

bool hprpc__loop_has_unsent(const struct hprpc__loop *loop)
{
    bool unsent = false;

    for (struct hprpc_controller *controller = loop->connections; controller && !unsent;
         controller = controller->next) {
        /* under the lock, an answer that has left the quota is in the channel */
        hprpc__mutex_lock(&controller->lock);
        unsent = controller->channel->queued > 0;
        hprpc__mutex_unlock(&controller->lock);
    }
    return unsent;
}

void hprpc__loop_end_all(struct hprpc__loop *loop)
{
    struct hprpc_controller *controller;

    take_arrivals(loop);
    while ((controller = loop->connections)) {
        own(controller);
        hprpc__controller_end(controller);
        hprpc__controller_break(controller, HPRPC_EMAYBE, "the server stopped");
        controller->active = false;
        forget(loop, controller);
    }
    loop->active_count = 0;
    hprpc__engine_close(&loop->engine);
}

void hprpc__loop_fall_silent(struct hprpc__loop *loop)
{
    hprpc__poller_remove(&loop->poller, loop->wake_fd);
    hprpc__poller_remove(&loop->poller, loop->alarm.fd);
}

void hprpc__loop_clear(struct hprpc__loop *loop)
{
    hprpc__loop_end_all(loop);
    hprpc_context_release(loop->context, loop->active, loop->active_capacity * sizeof(*loop->active));
    hprpc__alarm_clear(&loop->alarm);
    hprpc__poller_clear(&loop->poller);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
}

/* ---- Events ---- */

static void say_drain(struct hprpc__loop *loop)
{
    for (struct hprpc_controller *controller = loop->connections; controller; controller = controller->next) {
        hprpc__mutex_lock(&controller->lock);
        hprpc__drain_send(controller);
        hprpc__mutex_unlock(&controller->lock);
    }
}

/* Another thread left something in a queue, and the kernel would not watch for room: a turn, and then naps, must do. */
static void look_at_queues(struct hprpc__loop *loop)
{
    for (struct hprpc_controller *controller = loop->connections; controller; controller = controller->next)
        if (__atomic_load_n(&controller->channel->queued, __ATOMIC_RELAXED))
            activate(loop, controller);
}

static void answer_kick(struct hprpc__loop *loop)
{
    if (!hprpc__wake_take(loop->wake_fd))
        return;
    /* the thread that rang may have set a deadline earlier than `next_deadline` */
    loop->next_deadline = 0;
    take_arrivals(loop);
    if (atomic_load_explicit(&loop->draining, memory_order_relaxed))
        say_drain(loop);
    if (atomic_exchange_explicit(&loop->unwatched, false, memory_order_relaxed))
        look_at_queues(loop);
}

/* Turns the active connections from `first` on round: a round goes from the last one to the first. */
static void turn_round(struct hprpc__loop *loop, uint32_t first)
{
    for (uint32_t last = loop->active_count; first + 1 < last; first++) {
        struct hprpc_controller *controller = loop->active[--last];

        loop->active[last] = loop->active[first];
        loop->active[first] = controller;
    }
}

/* Looks for events. The connections that have news become active so that a round serves them in the order in which they came. */
static int take_events(struct hprpc__loop *loop, int timeout)
{
    void *owners[HPRPC__POLLER_EVENTS];
    uint32_t first = loop->active_count;
    int count = hprpc__engine_wait(&loop->engine, timeout, owners);

    if (count < 0)
        return count;
    for (int i = 0; i < count; i++) {
        void *other = hprpc__watcher_other(owners[i]);

        if (!other)
            activate(loop, owners[i]);
        else if (other == loop)
            answer_kick(loop);
        else if (other == &loop->alarm)
            hprpc__alarm_take(&loop->alarm);
        else if (loop->other)
            loop->other(loop->self, other);
    }
    turn_round(loop, first);
    return 0;
}

void hprpc__loop_look(struct hprpc__loop *loop)
{
    take_events(loop, 0);
}

void hprpc__loop_hurry(struct hprpc__loop *loop, struct hprpc_controller *controller)
{
    activate(loop, controller);
    hprpc__loop_kick(loop);
}

/* ---- A turn ---- */

enum look { BUSY, IDLE, PARKED, GONE, FORKED };

/* Whether a connection is parked as soon as nothing is there: it never spins, or too many others are active. */
static bool is_parked_at_once(const struct hprpc__loop *loop, const struct hprpc_controller *controller)
{
    return hprpc__spin_sleeps_at_once(&controller->spin) ||
           (controller->channel->wait != HPRPC_WAIT_SPIN && loop->active_count > ACTIVE_MAX);
}

static bool is_through_spinning(struct hprpc__loop *loop, struct hprpc_controller *controller, bool may_spin,
                                uint32_t looks)
{
    if (!may_spin || is_parked_at_once(loop, controller))
        return true;
    return hprpc__spin_wants_clock(&controller->spin, looks) &&
           !hprpc__spin_goes_on(&controller->spin, loop->context, hprpc_context_now(loop->context));
}

/* Serves one active connection. */
static enum look look_at(struct hprpc__loop *loop, struct hprpc_controller *controller, bool may_spin)
{
    /* with other active connections there is only one look */
    uint32_t looks = may_spin && loop->active_count == 1 ? hprpc__spin_looks(&controller->spin) : 1;
    int count = hprpc__controller_turn(controller, looks, NULL);

    if (count < 0)
        return count == HPRPC_EFORKED ? FORKED : GONE;
    if (count > 0) {
        hprpc__spin_paid(&controller->spin);
        hprpc__spin_start(&controller->spin, controller->channel->wait, &controller->pump.spins);
        note_deadline(loop, controller);
        controller->greedy = count > POLITE_MAX;
        /* without a second look, which would be one system call too many; and a parked connection may go first when it has news */
        if (!is_parked_at_once(loop, controller) || !park(loop, controller))
            return BUSY;
        return PARKED;
    }
    if (!is_through_spinning(loop, controller, may_spin, looks) || !park(loop, controller))
        return IDLE;
    hprpc__spin_slept(&controller->spin);
    return PARKED;
}

/* Serves the active connection at `index`: 1, it stays active; 0; HPRPC_EFORKED. */
static int look_at_index(struct hprpc__loop *loop, uint32_t index, bool may_spin)
{
    struct hprpc_controller *controller = loop->active[index];
    enum look look;

    controller->fresh = false;
    look = look_at(loop, controller, may_spin);
    if (look == FORKED)
        return HPRPC_EFORKED;
    if (look == BUSY || look == IDLE)
        return 1;
    deactivate(loop, index);
    if (look == GONE)
        forget(loop, controller);
    return 0;
}

/*
 * Whether to look at epoll between two connections of a round. Where each of them asks for little, a look would cost more than it gives:
 * what it finds would have waited no longer than they have. So it follows a turn that took long, or one of a connection that asks for `much`.
 */
static bool looks_between(struct hprpc__loop *loop, bool much)
{
    uint64_t now = hprpc_context_now(loop->context), took = now - loop->served;

    loop->served = now;
    if (now - loop->polled < POLL_EVERY || (!much && took < LONG_TURN))
        return false;
    loop->polled = now;
    return true;
}

/* Whether a connection asks for little, and has had no turn since its news came: none that comes later is served before it. */
static bool goes_first(const struct hprpc_controller *controller)
{
    return controller->fresh && !controller->greedy;
}

/* Serves connections that ask for little, and have news, before the rest of a round. 0 or HPRPC_EFORKED. */
static int serve_polite(struct hprpc__loop *loop, bool may_spin)
{
    uint32_t first = loop->active_count, index;
    int r = 0;

    take_events(loop, 0);
    for (index = loop->active_count; r >= 0 && index > first; index--) {
        if (!loop->active[index - 1]->greedy)
            r = look_at_index(loop, index - 1, may_spin);
    }
    return r < 0 ? r : 0;
}

/* A round: serves every active connection. 0; or HPRPC_EFORKED in a child of fork that came out of a handler, and nothing is touched. */
static int look_at_active(struct hprpc__loop *loop, bool may_spin)
{
    bool greedy;
    int r = 0;

    /* this round has come from a look at epoll just now */
    if (!loop->served && loop->active_count > 1)
        loop->polled = loop->served = hprpc_context_now(loop->context);
    /* from the last one, whose place needs no other connection when it goes; those that come meanwhile stand behind */
    for (uint32_t index = loop->active_count; r >= 0 && index > 0; index--) {
        /* as it was in its last turn: it may be gone after this one */
        greedy = loop->active[index - 1]->greedy;
        r = look_at_index(loop, index - 1, may_spin);
        /* one that stays has more to do */
        if (r >= 0 && index > 1 && !goes_first(loop->active[index - 2]) && looks_between(loop, greedy || r == 1))
            r = serve_polite(loop, may_spin);
    }
    if (r < 0)
        return r;
    /* a wait inside a handler took a kick that this loop must answer */
    if (loop->host.woke_for_host)
        hprpc__loop_kick(loop);
    loop->host.woke_for_host = false;
    return 0;
}

/* The connection of this loop with the most unread bytes; NULL if those are below the average of all slow connections. */
static struct hprpc_controller *find_slowest(struct hprpc__loop *loop)
{
    uint64_t all = atomic_load_explicit(&loop->quota->unread, memory_order_relaxed), most = 0;
    unsigned slow = atomic_load_explicit(&loop->quota->slow, memory_order_relaxed);
    struct hprpc_controller *slowest = NULL;

    for (struct hprpc_controller *controller = loop->connections; controller; controller = controller->next) {
        hprpc__mutex_lock(&controller->lock);
        if (controller->unread > most) {
            most = controller->unread;
            slowest = controller;
        }
        hprpc__mutex_unlock(&controller->lock);
    }
    return most >= all / (slow ? slow : 1) ? slowest : NULL;
}

/* Ends the connections with the most unread bytes until the quota's `unread` is within its limit. */
static __attribute__((noinline)) void end_slowest(struct hprpc__loop *loop)
{
    struct hprpc_controller *slowest;

    while (hprpc__quota_overflows(loop->quota) && (slowest = find_slowest(loop))) {
        hprpc__controller_break(
            slowest, HPRPC_EPROTOCOL,
            "the other side reads its answers too slowly, and all connections have too many waiting");
        activate(loop, slowest);
    }
}

static inline void relieve(struct hprpc__loop *loop)
{
    if (KODOSIS_UNLIKELY(hprpc__quota_overflows(loop->quota)))
        end_slowest(loop);
}

void hprpc__loop_drain(struct hprpc__loop *loop)
{
    /* relaxed: the kick orders it; answer_kick loads it */
    atomic_store_explicit(&loop->draining, true, memory_order_relaxed);
    hprpc__loop_kick(loop);
}

static void expire(struct hprpc__loop *loop, uint64_t now)
{
    struct hprpc_controller *next;

    if (now < loop->next_deadline)
        return;
    loop->next_deadline = HPRPC__NEVER;
    for (struct hprpc_controller *controller = loop->connections; controller; controller = next) {
        /* relaxed: this thread writes it */
        uint32_t turns = atomic_load_explicit(&controller->turns, memory_order_relaxed);

        next = controller->next;
        hprpc__controller_expire(controller, now);
        note_deadline(loop, controller);
        /* a callback that waits has disarmed the channel, and nothing would tell of what comes */
        if (hprpc__state(controller) == HPRPC__BROKEN ||
            turns != atomic_load_explicit(&controller->turns, memory_order_relaxed))
            activate(loop, controller);
    }
}

/* Activates the napping connections if the nap is over. */
static void end_naps(struct hprpc__loop *loop, uint64_t now)
{
    if (!loop->napping_count || now < loop->nap_end)
        return;
    for (struct hprpc_controller *controller = loop->connections; controller; controller = controller->next) {
        if (controller->naps)
            activate(loop, controller);
    }
}

hprpc__deadline hprpc__loop_deadline(const struct hprpc__loop *loop)
{
    if (loop->active_count)
        return 0;
    return loop->napping_count && loop->nap_end < loop->next_deadline ? loop->nap_end : loop->next_deadline;
}

/* Whether to leave epoll out of this turn: a connection is active, and the others can wait a few microseconds. */
static bool skip_epoll(struct hprpc__loop *loop, unsigned turns)
{
    uint64_t now;

    if (!loop->active_count)
        return false;
    if (turns % CLOCK_EVERY)
        return true;
    now = hprpc_context_now(loop->context);
    if (now - loop->polled < POLL_EVERY)
        return true;
    loop->polled = now;
    return false;
}

static int look_around(struct hprpc__loop *loop, int timeout)
{
    int r = take_events(loop, timeout);
    uint64_t now;

    loop->served = 0;
    if (r < 0 || (loop->next_deadline == HPRPC__NEVER && !loop->napping_count))
        return r;
    now = hprpc_context_now(loop->context);
    expire(loop, now);
    end_naps(loop, now);
    return 0;
}

static int sleep_until(struct hprpc__loop *loop, hprpc__deadline until)
{
    hprpc__deadline deadline = hprpc__loop_deadline(loop);
    uint64_t now;

    if (until < deadline)
        deadline = until;
    if (deadline == HPRPC__NEVER)
        return look_around(loop, -1);
    if (!deadline)
        return look_around(loop, 0);
    /* the alarm rings before the deadline: no need to look at the clock, nor to set the alarm */
    if (deadline >= loop->alarm.due)
        return look_around(loop, -1);
    now = hprpc_context_now(loop->context);
    if (deadline > now)
        hprpc__alarm_set(&loop->alarm, now, deadline);
    return look_around(loop, deadline > now ? -1 : 0);
}

/* For an application's own loop: does what can be done now, then parks all connections, so that the descriptor tells of more. */
static int turn_without_sleep(struct hprpc__loop *loop)
{
    int r = look_around(loop, 0);

    relieve(loop);
    for (int turn = 0; r == 0 && loop->active_count && turn < PROCESS_TURNS; turn++) {
        r = look_at_active(loop, false);
        if (r == 0)
            relieve(loop);
    }
    if (r == HPRPC_EFORKED)
        return r;
    /* some connections have more to do: the descriptor must stay ready */
    if (loop->active_count)
        hprpc__loop_kick(loop);
    return r;
}

static void own_all(struct hprpc__loop *loop)
{
    uintptr_t self = hprpc__thread_self();

    if (atomic_load_explicit(&loop->owner, memory_order_relaxed) == self)
        return;
    atomic_store_explicit(&loop->owner, self, memory_order_relaxed);
    for (struct hprpc_controller *controller = loop->connections; controller; controller = controller->next)
        own(controller);
}

int hprpc__loop_turn(struct hprpc__loop *loop, bool may_sleep, hprpc__deadline until)
{
    unsigned turns = atomic_load_explicit(&loop->turns, memory_order_relaxed) + 1;

    own_all(loop);
    /* relaxed: this thread alone writes it, and readers only compare */
    atomic_store_explicit(&loop->turns, turns, memory_order_relaxed);
    if (!may_sleep)
        return turn_without_sleep(loop);
    if (look_at_active(loop, true) < 0)
        return HPRPC_EFORKED;
    relieve(loop);
    if (!skip_epoll(loop, turns))
        return sleep_until(loop, until);
    hprpc__engine_push(&loop->engine);
    return 0;
}
