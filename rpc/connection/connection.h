/* SPDX-License-Identifier: MIT */
/*
 * The inside of a controller: one connection, its two roles, and which thread may touch which field.
 *
 * Three domains guard its fields:
 *   lock    the send lock: the sending side of the channel, the tickets, our credit at the other side, the state
 *   pump    the thread that owns the pump: the receiving side of the channel and the requests being dispatched
 *   atomic  any thread
 */
#ifndef HPRPC_RPC_CONNECTION_CONNECTION_H
#define HPRPC_RPC_CONNECTION_CONNECTION_H

#include <stdatomic.h>

#include <hprpc/stub.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/thread.h"
#include "base/reason.h"
#include "base/references.h"
#include "base/deadline.h"
#include "rpc/connection/body.h"
#include "rpc/connection/shared.h"
#include "rpc/connection/spin.h"

enum { HPRPC__CALLS_LIMIT = 65536 };   /* most calls in flight that either side may allow the other */
enum { HPRPC__OWN_SERVICES = 0x8000 }; /* numbers from here on are services of this one connection */
enum {
    HPRPC__QUEUED_REPLIES_MAX = 64 * 1024 * 1024, /* bytes that wait to be sent, beyond which a reply is an error */
    HPRPC__UNREAD_MAX = 256 * 1024 * 1024,        /* bytes that wait to be sent, beyond which the connection breaks */
};

enum hprpc__state {
    HPRPC__OPENING, /* the other side's HELLO has not come */
    HPRPC__READY,
    HPRPC__BROKEN, /* every call is complete; the controller only waits to be freed */
};

/* What the other side allows. */
struct hprpc__peer_limits {
    uint32_t max_message;
    uint32_t max_calls;
    uint64_t max_call_bytes;
    uint32_t timeout_ms;
    uint32_t features; /* enum hprpc__feature; those that this side knows */
    uint32_t stream_elements;
    uint64_t stream_bytes;
    uint64_t streams_bytes;
};

/* Whether the other side has given a sign of life. */
struct hprpc__keepalive {
    _Atomic hprpc__deadline next_look; /* HPRPC__NEVER: no pings; written by the pump, read by any thread */
    uint32_t silent;                   /* intervals in a row in which nothing came */
    bool heard;                        /* something came since the last look */
};

struct hprpc__grant;
struct hprpc__services;
struct hprpc__streams;
struct hprpc__sleeper;

/* What drives controllers: a client, which has one at a time, or a loop of a server. The callbacks tell it what it must know. */
struct hprpc__host {
    /* The channel waits for other events than before, or has something to do now. Under the controller's lock. */
    void (*watch_changed)(struct hprpc__host *host, struct hprpc_controller *controller);

    /* The controller's first deadline is earlier than before. By the pump's owner. NULL: the host asks before each sleep. */
    void (*deadline_moved)(struct hprpc__host *host, struct hprpc_controller *controller);

    /* A thread that pumped inside a wait gives the pump back to the host's event loop. By that thread. NULL: there is no loop. */
    void (*handed_back)(struct hprpc__host *host, struct hprpc_controller *controller);

    /* The connection became READY or BROKEN. On the pumping thread, no lock held. NULL: the host does not care. */
    void (*state_changed)(struct hprpc__host *host, struct hprpc_controller *controller);

    /*
     * The opening failed, or took too long. On the pumping thread, no lock held. True: the host has acted on it, and the connection
     * goes on opening over another channel, or is broken by now; false: it breaks. NULL: it always breaks.
     */
    bool (*opening_failed)(struct hprpc__host *host, struct hprpc_controller *controller, int code, const char *reason);

    /*
     * Finds what the handle of a proxy stands for on this connection, for a request that was posted (rpc/call/posted.h). 0; HPRPC_EAGAIN:
     * it is not known yet; or the code with which the request fails. Not under the lock. NULL: no request is posted without a connection.
     */
    int (*find_binding)(struct hprpc__host *host, struct hprpc_controller *controller, struct hprpc_binding *handle,
                        const struct hprpc_binding **ret_binding);

    /* The time at which every connection must end; HPRPC__NEVER for none. NULL: always none. */
    hprpc__deadline (*stop_deadline)(struct hprpc__host *host);

    /*
     * Sleeps at most `nanoseconds` inside a handler, until the channel that watches these descriptors has something, or a kick
     * comes (`ret_kicked`). False: the thread must poll them. By the pump's owner. NULL: it always must.
     */
    bool (*sleep)(struct hprpc__host *host, const struct hprpc_watch *watches, size_t count, uint64_t nanoseconds,
                  bool *ret_kicked);

    bool pumps_always; /* some thread always pumps, so that a PING is answered */
    bool pumps_alone;  /* only the host's own thread pumps; other threads wait for it */

    /* A wait inside a handler took a ring of `wake_fd`, perhaps meant for the host, which must look again. By the pump's owner. */
    bool woke_for_host;

    /* Lets threads on the other side of a channel within this process serve its connections. NULL: none may. */
    const struct hprpc__seat *seat;

    /* Where the pumping thread sleeps, if everything that wakes it is registered there. NULL: it polls. */
    struct hprpc__sleeper *sleeper;
};

/* A thread that waits while another one pumps. Lives on its stack. */
struct hprpc__waiter;

struct hprpc__pump {
    struct hprpc__host *host;
    atomic_uintptr_t owner;   /* the pumping thread, or 0 */
    atomic_uint waiting;      /* length of `waiters` */
    atomic_uint wanting;      /* how many of them wait for credit or room */
    struct hprpc__mutex lock; /* of `waiters`; a thread that takes it has no other lock */
    int wake_fd;              /* wakes the pumping thread; the host's */
    struct hprpc__list waiters;
    struct hprpc__spin_history spins; /* pump */
    bool pumps_alone;                 /* a copy of the host's: a thread that waits may outlive the host */
    bool reopens;                     /* the host may put another channel under a connection that is opening */
    uint32_t rooms; /* pump: how many calls of its owner stand in the line; no callback runs inside them */
};

enum { HPRPC__NO_DEPTH = UINT16_MAX };

/* A call id and the ticket it stands for. Ids that are free form a list. */
struct hprpc__slot {
    struct hprpc_pending_call *ticket;
    uint32_t next_free;
    uint16_t depth; /* the call's, as it is on the wire; HPRPC__NO_DEPTH where the ticket is no call's */
    bool streamed;  /* a call of this id has had streams */
};

struct hprpc__tickets {
    struct hprpc__slot *slots;
    uint32_t capacity;
    uint32_t free_id;          /* head of the list of free ids, `capacity` when there is none */
    uint32_t held;             /* tickets that callers have not cleared */
    bool last_frees;           /* no reference is left: the last of these tickets destroys the controller */
    struct hprpc__list pool;   /* tickets to use again */
    struct hprpc__list queue;  /* tickets whose BIND waits to be sent, in order */
    struct hprpc__list posted; /* tickets whose REQUEST waits for a connection, in order (rpc/call/posted.h) */
    struct hprpc__list untold; /* finished tickets whose callbacks wait until their thread has room for a request */
    bool telling;              /* a thread runs those callbacks */
    atomic_uint
        later; /* length of `queue`, `posted`, `untold` and the news of streams; written under the lock, read by the pump */
};

struct hprpc_client {
    struct hprpc_controller *controller;
    struct hprpc_binding *bindings; /* lock: one for each interface that was bound */
};

/* Fields that a call needs stand close together; and as many connections rest at a time, no room is left between fields. */
struct hprpc_controller {
    struct hprpc_client client;
    struct hprpc_context *context;
    struct hprpc_channel *channel;
    struct hprpc__shared *shared;    /* a reference; the host has one, too */
    const struct hprpc__limits *own; /* what we allow the other side; in `shared` */
    struct hprpc__mutex lock;
    atomic_uint state; /* enum hprpc__state, written under the lock */
    struct hprpc__references references;
    int code;                       /* lock: why it is BROKEN */
    struct hprpc__peer_limits peer; /* what the other side allows us; set before the state becomes READY */
    struct hprpc__pump pump;

    /* the calling role */
    struct hprpc__tickets tickets;  /* lock */
    struct hprpc__list line;        /* lock: the requests that wait for credit or room (line.h) */
    _Atomic uint64_t requests_sent; /* since HELLO; written under the lock */
    uint64_t taken_there;           /* pump: how many of them the other side says it took; HPRPC__TAKEN_UNKNOWN */
    uint64_t bytes_out;             /* lock: bodies of requests without an answer, one-way ones without credit */
    uint64_t oneway_bytes_out;      /* lock: those of the one-way ones among them */
    uint32_t calls_out;             /* lock: the requests */
    uint32_t oneway_calls_out;      /* lock: the one-way ones among them */
    _Atomic hprpc__deadline next_deadline; /* no ticket expires before it; written under the lock */
    uint64_t silence;          /* a request after so long looks at the connection first; 0: some thread always pumps */
    _Atomic uint64_t asked_at; /* the time of the last request; any thread */

    struct hprpc__streams *streams; /* lock: what the streams of both roles have in common; NULL before the first one */

    /* the serving role */
    struct hprpc__quota *quota;                     /* the server's, in `shared`, or NULL */
    struct hprpc__workers *workers;                 /* the server's, or NULL: handlers run inline */
    _Atomic(struct hprpc__services *) own_services; /* of this connection alone, or NULL; made under the lock */
    struct hprpc__grant *grants;                    /* pump: what BIND gave the other side */
    uint32_t grant_count;                           /* pump */
    uint64_t calls_received;                        /* pump: requests that want an answer */
    uint64_t bytes_received;                        /* pump: their bodies */
    _Atomic uint64_t bytes_answered;                /* of those that got an answer; written under the lock */
    _Atomic uint64_t calls_answered;                /* those; written under the lock */
    uint32_t told;                            /* lock: requests that were answered at their CANCEL, and are held */
    struct hprpc__call_ids *live;             /* pump: which incoming call ids are in use */
    struct hprpc_request *running;            /* pump: the innermost handler that runs inline */
    struct hprpc__list waiting;               /* pump: requests that must not nest into `running` */
    struct hprpc__list spare;                 /* pump: requests to use again */
    struct hprpc__list returned;              /* lock: requests to use again, put back by other threads */
    _Atomic uint64_t requests_taken;          /* since HELLO; written by the pump */
    uint32_t oneway_calls;                    /* lock: one-way requests that came and were not credited back */
    uint32_t oneway_done;                     /* lock: those of them that are consumed */
    uint64_t oneway_bytes, oneway_bytes_done; /* lock: their bodies */

    struct {
        _Atomic uint64_t replies_received;
        _Atomic uint64_t late_replies, stray_replies, busy, expired, copied, lent;
    } statistics;

    bool closing;           /* lock: closed on this side */
    bool draining;          /* lock: the other side takes no more requests */
    bool starved;           /* lock: closed, because there was no memory for what the other side waits for */
    bool parted;            /* pump: the other side has said GOODBYE */
    bool drained;           /* pump: the other side was told that this one takes no more */
    bool begins;            /* this side connected, and says HELLO first */
    bool turned_away;       /* the other side's HELLO is answered by GOODBYE, with `reason`; pump */
    bool announced;         /* pump: the host was told that it is READY */
    bool hello_sent;        /* pump */
    bool forgot_streams;    /* pump: there was no memory to note that a request came with STREAM */
    bool needs_memory;      /* pump: the last turn found none, and can go on with some */
    bool corks;             /* pump: what is sent now leaves together, at the end of the turn */
    bool has_own_clock;     /* `silence` is in the context's nanoseconds rather than in ticks */
    atomic_bool takes_none; /* requests that come from now on are not taken: the other side was told how many were */
    atomic_bool awaited;    /* the thread that owns the pump waits, so it sees what comes */
    atomic_bool hungry;     /* the last turn found no memory to receive; written by the pump */
    bool active;            /* for the host, as the fields down to `naps`; pump */
    bool fresh;             /* it has had no turn since its news came */
    bool greedy;            /* its last turn had many messages */
    bool naps;              /* it sleeps, and only time wakes it */
    uint8_t watch_count;    /* lock: what the host has registered */
    uint32_t progress;      /* lock: changes whenever credit or room may have come */
    atomic_uint turns;      /* of the pump; written by its owner. A turn may make room in the channel */
    struct hprpc__keepalive keepalive;        /* pump */
    struct hprpc__spin spin;                  /* for the host; pump */
    struct hprpc_controller *next, *previous; /* for the host's lists; pump */

    uint64_t unread;                          /* lock: bytes in the channel's queue that the quota knows of */
    struct hprpc_reason reason;               /* lock: why it is BROKEN, in words */
    uint64_t number;                          /* among those of its host */
    uint64_t born;                            /* when it was made */
    _Atomic hprpc__deadline opening_deadline; /* written by the pump */
    hprpc__deadline hungry_until;             /* when a server's connection that is hungry breaks; HPRPC__NEVER; pump */
    struct hprpc_watch watches[HPRPC_WATCH_MAX]; /* lock */
};

/* The time that `silence` and `asked_at` are in. */
static inline uint64_t hprpc__silence_now(const struct hprpc_controller *controller)
{
    return KODOSIS_UNLIKELY(controller->has_own_clock) ? hprpc_context_now(controller->context) : hprpc__ticks();
}

/* Checks that this thread owns the pump. */
static inline void hprpc__assert_pumping(const struct hprpc__pump *pump)
{
    /* relaxed: this thread asks for its own name, which no other thread stores */
    hprpc__assert(atomic_load_explicit(&((struct hprpc__pump *)pump)->owner, memory_order_relaxed) ==
                  hprpc__thread_self());
    (void)pump;
}

/*
 * Counts one more and returns the count. Counters have one writer at a time (the lock or the pump), so no locked instruction is
 * needed; readers may be late.
 */
static inline uint64_t hprpc__count(_Atomic uint64_t *counter)
{
    uint64_t count = atomic_load_explicit(counter, memory_order_relaxed) + 1;

    atomic_store_explicit(counter, count, memory_order_relaxed);
    return count;
}

/* A request that wanted an answer gives its credit back. Under the lock, so no locked instruction is needed. */
static inline void hprpc__answered(struct hprpc_controller *controller, uint64_t size)
{
    hprpc__count(&controller->calls_answered);
    atomic_store_explicit(&controller->bytes_answered,
                          atomic_load_explicit(&controller->bytes_answered, memory_order_relaxed) + size,
                          memory_order_relaxed);
}

/*
 * Whether another `size` bytes of requests are within the credit. CREDIT comes in batches, so up to a quarter may be consumed and
 * not yet given back. A request of any size must not wait for that quarter, because nothing would end the wait.
 */
static inline bool hprpc__within_credit(uint64_t taken, uint64_t size, uint64_t max_call_bytes)
{
    return !taken || taken < max_call_bytes / 4 || taken + size <= max_call_bytes;
}

/* Whether the other side takes a request of `size` bytes now. Under the lock. */
static inline bool hprpc__has_credit(const struct hprpc_controller *controller, uint64_t size)
{
    return controller->calls_out < controller->peer.max_calls &&
           hprpc__within_credit(controller->bytes_out, size, controller->peer.max_call_bytes);
}

static inline enum hprpc__state hprpc__state(struct hprpc_controller *controller)
{
    /* acquire: pairs with the releases in hprpc__hello_receive and set_broken (break.c); a thread that sees READY sees `peer` */
    return (enum hprpc__state)atomic_load_explicit(&controller->state, memory_order_acquire);
}

/*
 * The code for a request that was not sent because the state is BROKEN. Where the other side has never said HELLO (its limits
 * are not there), this is the code that connecting failed with.
 */
static inline int hprpc__code_of_unsent(const struct hprpc_controller *controller)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): callers have a connection */
    return controller->peer.max_calls || controller->closing ? HPRPC_ENOTSENT : controller->code;
}

/* Bytes that wait in the channel for flush. */
static inline size_t hprpc__queued(const struct hprpc_controller *controller)
{
    return __atomic_load_n(&controller->channel->queued, __ATOMIC_RELAXED);
}

#endif
