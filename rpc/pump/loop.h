/* SPDX-License-Identifier: MIT */
/*
 * A loop serves many connections on one thread. It looks at active connections in every turn, without a system call where
 * the transport allows it; the others are parked: armed, and asleep in one epoll set at no cost. A connection that cannot wake
 * the loop (its channel has no descriptors, or found no memory) naps: the loop looks at it every millisecond.
 */
#ifndef HPRPC_RPC_PUMP_LOOP_H
#define HPRPC_RPC_PUMP_LOOP_H

#include "rpc/pump/engine.h"
#include "rpc/pump/sleeper.h"
#include "base/deadline.h"
#include "base/seat.h"

/*
 * A thread that does turns, or serves a connection from its other side (base/seat.h), takes the loop for that: hprpc_server_run until it
 * returns, hprpc_server_process for as long as it takes.
 */
enum hprpc__loop_taken {
    HPRPC__LOOP_FREE,
    HPRPC__LOOP_TAKEN,
    HPRPC__LOOP_WANTED, /* taken, and another thread wants it: the thread that has it kicks when it leaves */
};

struct hprpc__loop {
    struct hprpc__host host;
    struct hprpc_context *context;
    struct hprpc__poller poller;
    struct hprpc__engine engine;
    int wake_fd;
    struct hprpc__quota *quota;        /* its server's */
    struct hprpc__mutex lock;          /* of `arrivals`, and of `connections` while its thread changes it */
    struct hprpc_controller *arrivals; /* connections that another thread accepted for this loop */
    atomic_uint connection_count;      /* including arrivals */

    atomic_bool draining; /* its connections are to say DRAIN */
    atomic_bool
        unwatched; /* something waits in a queue of a connection, and does not wake the loop when there is room */

    atomic_uintptr_t owner; /* the thread that ran the last turn, stored by itself */
    atomic_uint taken;      /* enum hprpc__loop_taken */
    atomic_bool serves;     /* a thread serves a connection from its other side, or is about to try */

    /* Takes an event of the epoll set whose owner is no connection. NULL: there are none. */
    void (*other)(void *self, void *owner);
    void *self;

    /* touched by that thread alone */
    struct hprpc_controller *connections; /* all, newest first */
    struct hprpc_controller **active;     /* those that each turn looks at */
    uint32_t listed_count, active_count, active_capacity;
    hprpc__deadline next_deadline; /* no connection wants hprpc__controller_expire before it */
    uint64_t polled;               /* when epoll was last asked */
    uint64_t served;         /* when the last connection of a round was served; 0: none since the last look at epoll */
    uint32_t napping_count;  /* connections that nap, */
    hprpc__deadline nap_end; /* and until when */
    struct hprpc__alarm alarm;
    struct hprpc__seat seat;
    atomic_uint turns; /* so far; other threads may see that it sleeps */
};

/* Makes an empty loop. HPRPC_ESYSTEM. hprpc__loop_clear is safe after a failure. */
int hprpc__loop_init(struct hprpc__loop *loop, struct hprpc_context *context);

/* Closes and forgets every connection and gives the descriptors back. No thread may be inside the loop. */
void hprpc__loop_clear(struct hprpc__loop *loop);

/*
 * Takes the loop for this thread. False: it is taken, by this thread or by another one, which kicks when it leaves. Never waits.
 */
bool hprpc__loop_try_enter(struct hprpc__loop *loop);

/*
 * Waits until this thread has the loop, if another one has it, which serves a connection from its other side: as long as a handler takes.
 * False: this thread has it already, or had it and left a handler by longjmp.
 */
bool hprpc__loop_enter(struct hprpc__loop *loop);

/* Gives the loop back. */
void hprpc__loop_leave(struct hprpc__loop *loop);

/* Waits while a thread serves a connection from its other side; none does after that. A thread that never comes back is not awaited. */
void hprpc__loop_close_seat(struct hprpc__loop *loop);

/* Fills in `seat`. */
void hprpc__loop_seat_init(struct hprpc__loop *loop);

/* Puts a connection among the active ones and rings, so that a turn follows. On a thread that has taken the loop. */
void hprpc__loop_hurry(struct hprpc__loop *loop, struct hprpc_controller *controller);

/* Takes what events there are, without a turn: accepts. On a thread that has taken the loop. */
void hprpc__loop_look(struct hprpc__loop *loop);

/* Gives a new controller, whose host is this loop, to it; the loop owns the reference. Any thread. */
void hprpc__loop_add(struct hprpc__loop *loop, struct hprpc_controller *controller);

/*
 * One turn: serves what is there; with `may_sleep`, spins and sleeps as the connections' strategies say, but not beyond
 * `until`. 0 or HPRPC_ESYSTEM; HPRPC_EFORKED in a child of fork that came out of a handler.
 */
int hprpc__loop_turn(struct hprpc__loop *loop, bool may_sleep, hprpc__deadline until);

/* When the loop wants a turn even if nothing happens; 0 for at once, HPRPC__NEVER. */
hprpc__deadline hprpc__loop_deadline(const struct hprpc__loop *loop);

/*
 * Keeps the connections that the loop serves, at most `capacity`; the caller drops them. Returns how many there are, which may
 * be more. Any thread.
 */
size_t hprpc__loop_gather(struct hprpc__loop *loop, struct hprpc_controller **ret_controllers, size_t capacity);

/* Whether a connection has yet to send something that was said on it. On the loop's thread. */
bool hprpc__loop_has_unsent(const struct hprpc__loop *loop);

/* Wakes the loop. Any thread; async-signal-safe. */
void hprpc__loop_kick(const struct hprpc__loop *loop);

/* Sends DRAIN on every connection whose other side understands it. Any thread; the loop's thread does it. */
void hprpc__loop_drain(struct hprpc__loop *loop);

/* Ends every connection in an orderly way, and closes the ring, if there is one. On the loop's thread. */
void hprpc__loop_end_all(struct hprpc__loop *loop);

/* Makes the loop's descriptor quiet for an application's loop, also after a ring. No turn may follow. */
void hprpc__loop_fall_silent(struct hprpc__loop *loop);

#endif
