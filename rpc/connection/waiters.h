/* SPDX-License-Identifier: MIT */
/* The threads that wait on a connection: which of them pumps, and how the others are woken. */
#ifndef HPRPC_RPC_CONNECTION_WAITERS_H
#define HPRPC_RPC_CONNECTION_WAITERS_H

#include "rpc/connection/connection.h"
#include "base/deadline.h"

/* Attempts to send a request that found no credit or no room, and the waiting between them. Starts zeroed. */
struct hprpc__room {
    struct hprpc__link link;  /* in the controller's line */
    bool in_line;             /* lock */
    uint32_t turns;           /* the controller's, before the last attempt */
    uint32_t progress;        /* the controller's, after the last attempt */
    bool lacks_room;          /* lock: the last attempt found credit, and no room in the channel */
    hprpc__deadline deadline; /* of all the waiting; 0 before it begins */
    bool spins;               /* `spin` has begun; it belongs to the pump */
    struct hprpc__spin spin;
};

struct hprpc__stream;

/*
 * What a thread waits for: the first of these tickets; with `room`, that another attempt may succeed; with `stream`, that it is
 * readable or writable, as `events` says; with none of them, that the connection breaks.
 */
struct hprpc__awaited {
    struct hprpc_pending_call *const *pending;
    size_t count;
    struct hprpc__room *room;
    struct hprpc__stream *stream; /* lives as long as the wait */
    uint32_t events;              /* enum hprpc_stream_event */
};

struct hprpc__waiter {
    struct hprpc__link link;
    struct hprpc__condition wake;
    const struct hprpc__awaited *awaited;
    bool helps; /* its thread runs nested requests meanwhile */
    bool woken;
};

void hprpc__pump_init(struct hprpc__pump *pump, struct hprpc__host *host, int wake_fd);

/*
 * Call these before and after each attempt, the second one under the lock. They record `turns` and `progress`, so the wait returns at
 * once if either has changed. All that an attempt looks at must lie between them.
 */
static inline void hprpc__room_before(struct hprpc__room *room, struct hprpc_controller *controller)
{
    room->turns = atomic_load_explicit(&controller->turns, memory_order_relaxed);
}

static inline void hprpc__room_after(struct hprpc__room *room, const struct hprpc_controller *controller)
{
    room->progress = controller->progress;
}

/* Whether this thread owns the pump. */
static inline bool hprpc__pump_is_mine(const struct hprpc__pump *pump)
{
    /* relaxed: this thread asks for its own name, which no other thread stores */
    return atomic_load_explicit(&((struct hprpc__pump *)pump)->owner, memory_order_relaxed) == hprpc__thread_self();
}

/* Whether the pump belongs to another thread, or to an application's loop, which may be asleep. */
bool hprpc__pump_is_elsewhere(const struct hprpc__pump *pump);

/* Wakes the pumping thread out of its sleep. Any thread. */
void hprpc__pump_kick(const struct hprpc__pump *pump);

/* Called when a ticket's deadline became the first of its connection: wakes a thread that sleeps for longer. Under the lock. */
static inline void hprpc__pump_deadline_moved(struct hprpc_controller *controller)
{
    struct hprpc__host *host = controller->pump.host;

    if (hprpc__pump_is_elsewhere(&controller->pump))
        hprpc__pump_kick(&controller->pump);
    else if (host->deadline_moved)
        host->deadline_moved(host, controller);
}

/* Takes the pump for this thread; false when another has it. */
bool hprpc__pump_try_own(struct hprpc__pump *pump);

/* Gives it up and wakes a thread that may want it. */
void hprpc__pump_disown(struct hprpc__pump *pump);

/* Wakes the threads that wait for a ticket; with NULL, those that wait for room. */
void hprpc__pump_wake_waiters(struct hprpc__pump *pump, const struct hprpc_pending_call *pending);

/* Wakes threads that wait for this ticket. Cheap when no thread waits. */
static inline void hprpc__pump_wake(struct hprpc__pump *pump, const struct hprpc_pending_call *pending)
{
    /* sequentially consistent: pairs with hprpc__waiter_enlist, which comes before the waiter's last look at DONE */
    if (KODOSIS_UNLIKELY(atomic_load(&pump->waiting)))
        hprpc__pump_wake_waiters(pump, pending);
}

/* Wakes threads that wait for this stream; with NULL, for any stream. Cheap when no thread waits. */
void hprpc__pump_wake_stream(struct hprpc__pump *pump, const struct hprpc__stream *stream);

/* Wakes threads that can run nested requests while they wait. Cheap when no thread waits. */
void hprpc__pump_wake_helpers(struct hprpc__pump *pump);

/* Called after a turn: wakes threads that wait for credit or room, to try again. Cheap when there are none. */
void hprpc__pump_stir(struct hprpc_controller *controller);

/* Wakes one thread that waits, if no thread pumps, so that it takes the pump. */
void hprpc__pump_pass_on(struct hprpc__pump *pump);

/* Puts a waiter, which lives on its thread's stack, into the list; and takes it out, under the pump's lock. */
void hprpc__waiter_enlist(struct hprpc__pump *pump, struct hprpc__waiter *waiter);
void hprpc__waiter_unlink(struct hprpc__pump *pump, struct hprpc__waiter *waiter);

#endif
