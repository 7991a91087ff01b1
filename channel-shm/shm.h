/* SPDX-License-Identifier: MIT */
/* The inside of the shared-memory channel: its two sides, which run at the same time, and what they have in common. */
#ifndef HPRPC_CHANNEL_SHM_SHM_H
#define HPRPC_CHANNEL_SHM_SHM_H

#include <sys/types.h>

#include <hprpc/channel/transport.h>

#include "base/list.h"
#include "channel-shm/arena.h"
#include "channel-shm/bell.h"
#include "channel-shm/layout.h"
#include "channel-shm/segment.h"

/* Most times that a sender looks again because room came while it looked: a peer that always gives room must not keep it busy. */
enum { SHM_LOOKS = 16 };

enum shm_state {
    SHM_OPENING,
    SHM_OPEN,
    SHM_BREAKING, /* a thread is writing the reason */
    SHM_BROKEN,
};

/* A message that found no room: a private copy that flush sends, whole or in pieces. */
struct shm_staged {
    struct hprpc__link link;
    struct hprpc_header header;
    uint32_t size;
    uint32_t sent;                              /* bytes that were sent already, as pieces */
    const struct kodosis_reference *references; /* runs that are not in `body` yet; only inside end_call */
    uint32_t reference_count;
    _Alignas(16) uint8_t body[];
};

static inline struct shm_staged *shm_staged_of(struct hprpc__link *link)
{
    return (struct shm_staged *)(void *)link;
}

/* What is known about long bodies that went in pieces. */
struct shm_growth {
    int32_t wishes; /* how many there were of late; negative after the system has refused memory */
    uint64_t head;  /* slots published when the last one came */
};

/* The sending side; everything here is private. */
struct shm_sender {
    struct shm_slot *slots, *end; /* the ring */
    struct shm_words *words;
    struct shm_slot *next; /* the one at `head` */
    uint32_t tag;          /* its lap, as it will be published */
    uint64_t head;         /* slots published so far */
    uint64_t consumed;     /* slots that the receiver gave back, as last seen */
    uint32_t slot_count;
    uint32_t reserve;         /* slots that requests leave to others */
    bool unrung;              /* published while corked: the receiver may still sleep */
    _Atomic bool hungry;      /* a message was refused, or left to flush, because there was no room */
    struct shm_bell bell;     /* wakes the receiver */
    struct hprpc__list queue; /* of staged messages */
    size_t staged;            /* bytes of what is in the queue */
    struct shm_growth growth;
    struct shm_arena arena;
};

/* The receiving side; private, and but for the last five fields the pumping thread's. */
struct shm_receiver {
    struct shm_slot *slots, *end; /* the ring */
    struct shm_words *words;
    struct shm_slot *next; /* the one at `tail` */
    uint32_t tag;          /* its lap, as it is expected */
    uint64_t tail;         /* slots taken so far */
    uint64_t published;    /* slots that the sender knows to be free */
    uint64_t publish_at;   /* the `tail` at which it must know of more */
    uint32_t slot_count;
    uint32_t idle; /* calls that found nothing, since the lifeline was looked at */
    bool lent;     /* the last message may still lie in its slot */
    bool armed;
    bool unread;          /* the doorbell may be readable */
    bool drains;          /* the doorbell is drained before each sleep, because the sleep is by level, not by edge */
    bool woken;           /* the thread came back from a sleep, and has found no message since */
    struct shm_bell bell; /* wakes the sender */
    uint8_t *arena;
    uint32_t units, unit_shift, return_shift;
    uint8_t *extension; /* of the arena, or NULL */
    uint32_t extension_units, extension_shift;
    uint32_t found;             /* of these units, the first ones are known to have memory */
    struct hprpc_header header; /* of the message whose pieces are coming */
    uint8_t *whole;             /* its body, or NULL */
    uint32_t whole_size, whole_filled;
    _Atomic uint32_t *returns;
    _Alignas(128) _Atomic uint64_t returned; /* entries of the return ring taken */
    _Atomic uint32_t held[2];                /* units that are lent out, of the base and of the extension */
    _Atomic uint32_t ringing;                /* threads that are ringing after they gave a chunk back */
    atomic_bool let_go;                      /* the doorbell is closed */
};

/* What a URI says. */
struct shm_options {
    enum hprpc_wait wait;
    uint32_t slots, arena; /* 0 where it says nothing */
    uint32_t extension;    /* likewise; SHM_NO_EXTENSION: none */
    mode_t mode;           /* of a listener's socket; to a client it says nothing */
    bool untrusted;        /* bodies are copied before they are read, and the segment cannot shrink */
};

struct shm_channel {
    struct hprpc_channel base;
    _Atomic int state;
    int code; /* why it is broken, once it is */
    bool server;
    struct shm_options options;
    int (*open)(struct shm_channel *channel); /* the next step of opening: 0, or a code */
    int socket;                               /* the lifeline */
    struct shm_bell bell;                     /* wakes us */
    struct shm_bell peer_bell;
    int64_t pid, uid, gid; /* the other side's */
    void *memory;
    size_t mapped; /* bytes of the segment that are mapped there */
    bool borrowed; /* the channel must not unmap `memory` */
    struct shm_geometry geometry;
    char path[108];   /* that a client connected to */
    size_t allocated; /* bytes at `allocation` */
    void *allocation;
    _Alignas(128) struct shm_sender sender;
    _Alignas(128) struct shm_receiver receiver;
};

static inline struct shm_channel *shm_channel(struct hprpc_channel *channel)
{
    return (struct shm_channel *)(void *)channel;
}

/* ---- channel.c: what both sides have in common ---- */

/* Makes a channel that is not connected to anything yet. */
int hprpc__shm_channel_new(struct hprpc_context *context, const struct shm_options *options,
                           struct shm_channel **ret_channel);

/* Attaches a channel to its memory, so much as is mapped, and makes it open; geometry and descriptors are in place. */
void hprpc__shm_channel_attach(struct shm_channel *channel, void *memory, size_t mapped);

/* Breaks the channel, unless it is broken already; returns the code that it is broken with. */
int hprpc__shm_break(struct shm_channel *channel, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a channel that is not open returns: the code that it is broken with, or `otherwise` while it is opening. */
int hprpc__shm_not_open(struct shm_channel *channel, int otherwise);

static inline bool shm_is_open(const struct shm_channel *channel)
{
    /* acquire: pairs with the release in hprpc__shm_channel_attach and hprpc__shm_break */
    return atomic_load_explicit(&channel->state, memory_order_acquire) == SHM_OPEN;
}

extern const struct hprpc_channel_ops hprpc__shm_channel_ops;

/* ---- sender.c ---- */

void hprpc__shm_sender_init(struct shm_sender *sender, const struct shm_geometry *geometry, const struct shm_lane *lane,
                            struct shm_bell bell);
int hprpc__shm_start_call(struct hprpc_channel *base, const struct hprpc_header *header, uint32_t size,
                          struct hprpc_reservation *ret_reservation);
int hprpc__shm_end_call(struct hprpc_channel *base, struct hprpc_reservation *reservation);
void hprpc__shm_cancel_call(struct hprpc_channel *base, struct hprpc_reservation *reservation);

/* Whether there is a free slot beyond `reserve` of them; looks at the shared word only if it must. 1, 0 or broken. */
int hprpc__shm_slot_room(struct shm_channel *channel, uint32_t reserve);

/* Writes a header into the next slot; returns the index of the next free word of `rest`. */
uint32_t hprpc__shm_slot_describe(struct shm_slot *slot, const struct hprpc_header *header);

/* The upper half of a commit word. */
static inline uint32_t shm_commit_upper(const struct hprpc_header *header, enum shm_kind kind, uint32_t inline_size)
{
    return header->type | (uint32_t)header->flags << 8 | (uint32_t)kind << 16 | inline_size << 24;
}

/* Publishes the next slot with the upper half of its commit word. */
static inline void shm_slot_commit(struct shm_sender *sender, uint32_t upper)
{
    hprpc__step(HPRPC__STEP_COMMIT);
    /* release: pairs with the acquire in load_commit (receiver.c) */
    atomic_store_explicit(&sender->next->commit, sender->tag | (uint64_t)upper << 32, memory_order_release);
    hprpc__step(HPRPC__STEP_COMMITTED);
    sender->head++;
    if (++sender->next == sender->end) {
        sender->next = sender->slots;
        sender->tag++;
    }
}

/*
 * Called after shm_park and one more look that found no room. True: room that comes free from now on wakes us. False: some came
 * free meanwhile, so look again.
 */
bool hprpc__shm_waits_for_room(struct shm_sender *sender);

/* Tells the other side that this one has closed, if there is room for it. */
void hprpc__shm_send_end(struct shm_channel *channel);

/* ---- staging.c ---- */

/* A private body of `size` bytes. HPRPC_ENOMEM. */
int hprpc__shm_stage(struct shm_channel *channel, const struct hprpc_header *header, uint32_t size,
                     struct shm_staged **ret_staged);
void hprpc__shm_staged_free(struct shm_channel *channel, struct shm_staged *staged);

/* Puts a staged message behind the others and sends as much as there is room for. */
int hprpc__shm_enqueue(struct shm_channel *channel, struct shm_staged *staged);

/* Sends staged messages as far as there is room. 0: none is left; HPRPC_EAGAIN: some are, and room will wake us; broken. */
int hprpc__shm_feed(struct shm_channel *channel);
int hprpc__shm_flush(struct hprpc_channel *base);

/* ---- growth.c ---- */

/* Counts a body that goes in pieces because it found no chunk. */
void hprpc__shm_went_in_pieces(struct shm_sender *sender);

/*
 * Called where a body found no free chunk. True: the arena has grown since, so look again. False: too few went in pieces so far, it
 * cannot grow so far, the other side could not read it, or the system has no memory for it.
 */
bool hprpc__shm_grow(struct shm_channel *channel, uint32_t size);

/* Whether a request that found no free chunk may wait for one, because it will come. */
bool hprpc__shm_may_wait(const struct shm_channel *channel, uint32_t size);

/* ---- receiver.c ---- */

void hprpc__shm_receiver_init(struct shm_receiver *receiver, const struct shm_geometry *geometry,
                              const struct shm_lane *lane, struct shm_bell bell);
int hprpc__shm_receive(struct hprpc_channel *base, struct hprpc_message *ret_message);
void hprpc__shm_release(struct hprpc_channel *base, struct hprpc_message *message);

/* Stops all ringing, though chunks may still be given back, so that the doorbell can be closed. */
void hprpc__shm_receiver_let_go(struct shm_channel *channel);
bool hprpc__shm_arm(struct hprpc_channel *base);
void hprpc__shm_disarm(struct hprpc_channel *base);

/* ---- options.c, connect.c, listener.c ---- */

int hprpc__shm_options(const struct hprpc_uri *uri, struct hprpc_detail *detail, struct shm_options *ret_options);

/* Fills in the peer of the socket; a peer of another user is not trusted. 0 or broken. */
int hprpc__shm_learn_peer(struct shm_channel *channel);

int hprpc__shm_connect(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc_channel **ret_channel);
int hprpc__shm_listen(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                      struct hprpc_listener **ret_listener);

extern const struct hprpc_transport hprpc_transport_shm;

#endif
