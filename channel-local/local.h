/* SPDX-License-Identifier: MIT */
/*
 * The inside of the local channel. A connection is two ends in one process. Each end has an inbox, a ring of slots that the other
 * end fills: one thread at a time sends, one receives, and neither waits for the other. What an end owns (its inbox, the memory of the
 * bodies there, the doorbell) is of its own context, because that of the other end may be gone first.
 *
 * An end touches the other one only under its own `lock`, and only while `peer` says that there is one. An end that is freed, or that
 * closes its doorbell, takes the other end's lock for that; the registry's lock keeps both ends alive meanwhile.
 */
#ifndef HPRPC_CHANNEL_LOCAL_LOCAL_H
#define HPRPC_CHANNEL_LOCAL_LOCAL_H

#include <hprpc/channel/transport.h>

#include "base/single-thread.h"
#include "channel-local/block.h"
#include "channel-local/registry.h"

enum {
    LOCAL_SLOTS = 128,                  /* of an inbox; a power of two */
    LOCAL_RESERVE = LOCAL_SLOTS / 4,    /* of those, the slots that requests leave to answers */
    LOCAL_APART = 64,                   /* bytes of a cache line */
    LOCAL_INLINE = 96,                  /* the longest body in a slot */
    LOCAL_BYTES = 1024 * 1024,          /* in the blocks of an inbox, from which on further ones have no room */
    LOCAL_GIVE_EVERY = LOCAL_SLOTS / 4, /* slots taken, after which the sender is told of them */
    LOCAL_GIVE_BYTES = LOCAL_BYTES / 4, /* the same for bytes of blocks */
};

struct local_slot {
    struct hprpc_header header;
    struct local_block *block; /* that has the body; NULL: it is in `body` */
    uint32_t size;             /* of the body */
    struct hprpc_descriptors
        *descriptors; /* with HPRPC_FLAG_DESCRIPTORS, else not set; of the receiving side's context */
    _Alignas(8) uint8_t body[LOCAL_INLINE];
};

enum local_state {
    LOCAL_OPEN,
    LOCAL_BREAKING, /* a thread is writing the reason */
    LOCAL_BROKEN,
};

struct local_end {
    struct hprpc_channel channel; /* first, so that a channel is an end */
    struct local_registry *registry;
    atomic_int state;       /* enum local_state */
    int code;               /* why it is broken, once it is */
    atomic_bool closed;     /* on this side */
    atomic_bool gone;       /* the other side has closed, and sends no more */
    atomic_bool hungry;     /* a message of this side found no room */
    int bell;               /* wakes this side; -1 once it is closed. Changed under the other end's lock */
    atomic_uint rings;      /* of the bell so far, counted before each one */
    uint32_t rings_taken;   /* the receiving side's */
    struct local_end *next; /* in a listener's backlog */

    /* the sending side: under `lock` */
    struct hprpc__mutex lock;
    struct local_end *peer;    /* NULL once it is freed; changed under the registry's lock as well */
    uint32_t head;             /* slots of the peer's inbox that were filled so far */
    uint32_t free_until;       /* before this `head`, slots are known to be free */
    uint64_t put;              /* bytes of blocks that were put there so far */
    struct hprpc__list staged; /* blocks that found no room */
    size_t staged_bytes;
    bool unrung; /* something was published while corked: the peer may still sleep */

    /* the inbox: what both sides write */
    uint8_t apart[LOCAL_APART]; /* so that the threads of the two sides write to different cache lines */
    atomic_uint filled;         /* slots, by the sender */
    uint8_t apart_too[LOCAL_APART];
    atomic_uint taken;            /* slots that are free again, by the receiver */
    _Atomic uint64_t taken_bytes; /* of blocks */
    atomic_bool sleeping;         /* the receiver wants to be rung for a message; the side that clears it rings */
    atomic_bool starved;          /* the sender wants to be rung for room; the receiver clears it, and rings */

    /* the receiving side's */
    uint32_t at;       /* slots that were received */
    uint32_t seen;     /* slots that are known to be filled */
    uint64_t at_bytes; /* of blocks that were received */
    bool lent;         /* the last message may still lie in its slot, at `at` */
    bool deaf;         /* it has broken the channel, and receives no more */
    bool quiet;        /* nothing was received since the last arm */
    struct local_store store;
    struct local_slot slots[LOCAL_SLOTS];
};

static inline struct local_end *local_end(struct hprpc_channel *channel)
{
    return (struct local_end *)(void *)channel;
}

static inline struct local_slot *local_slot(struct local_end *end, uint32_t index)
{
    return &end->slots[index % LOCAL_SLOTS];
}

/*
 * Stores a word, before this thread looks at another one that the other side stores before it looks at this one: one of the two sees
 * the other's. So it is sequentially consistent, as those looks are; with one thread there is no other side at that moment.
 */
static inline void local_publish(atomic_uint *word, uint32_t value)
{
    if (hprpc__single_threaded())
        atomic_store_explicit(word, value, memory_order_relaxed);
    else
        atomic_store(word, value);
}

/* As local_publish, for a flag. */
static inline void local_raise(atomic_bool *flag)
{
    if (hprpc__single_threaded())
        atomic_store_explicit(flag, true, memory_order_relaxed);
    else
        atomic_store(flag, true);
}

/* Whether the flag was raised; clears it. It is looked at after a local_publish. */
static inline bool local_lower(atomic_bool *flag)
{
    /* sequentially consistent: pairs with local_raise, see local_publish */
    return __builtin_expect(atomic_load(flag), 0) && atomic_exchange(flag, false);
}

/* ---- channel.c: what both sides have in common ---- */

/* Makes two ends that know each other, one of each context. HPRPC_ENOMEM, HPRPC_ESYSTEM, with the sentence. */
int hprpc__local_pair_new(struct local_registry *registry, struct hprpc_context *contexts[2],
                          const enum hprpc_wait waits[2], struct hprpc_detail *detail, struct local_end *ret_ends[2]);

/* Breaks an end, unless it is broken already; returns the code that it is broken with. */
int hprpc__local_fail(struct local_end *end, int code, const char *reason);

/* The slow half of local_broken. */
int hprpc__local_code(struct local_end *end);

/* The code that it is broken with; 0 while it is open. */
static inline int local_broken(struct local_end *end)
{
    /* relaxed: the slow half acquires */
    return KODOSIS_LIKELY(atomic_load_explicit(&end->state, memory_order_relaxed) == LOCAL_OPEN)
               ? 0
               : hprpc__local_code(end);
}

/* Rings the bell of an end. Under the lock of the other end, or by the end's own sending side. */
void hprpc__local_ring(struct local_end *end);

/* ---- sender.c ---- */

int hprpc__local_start_call(struct hprpc_channel *base, const struct hprpc_header *header, uint32_t size,
                            struct hprpc_reservation *ret_reservation);
int hprpc__local_end_call(struct hprpc_channel *base, struct hprpc_reservation *reservation);
void hprpc__local_cancel_call(struct hprpc_channel *base, struct hprpc_reservation *reservation);
int hprpc__local_flush(struct hprpc_channel *base);

/* Sets `queued` to what waits. Under the end's lock. */
void hprpc__local_set_queued(struct local_end *end);

/* Whether a message of this side that found no room would find some now. On the receiving side. */
bool hprpc__local_has_room_again(struct local_end *end);

/* ---- receiver.c ---- */

int hprpc__local_receive(struct hprpc_channel *base, struct hprpc_message *ret_message);
void hprpc__local_release(struct hprpc_channel *base, struct hprpc_message *message);
bool hprpc__local_arm(struct hprpc_channel *base);
void hprpc__local_disarm(struct hprpc_channel *base);

/* Gives back what was not received. No other thread touches the end. */
void hprpc__local_inbox_clear(struct local_end *end);

/* ---- listener.c ---- */

int hprpc__local_open_listener(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                               struct hprpc_listener **ret_listener);
int hprpc__local_open_channel(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                              struct hprpc_channel **ret_channel);

extern const struct hprpc_transport hprpc_transport_local;

#endif
