/* SPDX-License-Identifier: MIT */
/* Simulated connections: the transport "sim", made with hprpc/channel/transport.h alone. */
#ifndef SIMULATION_LINK_H
#define SIMULATION_LINK_H

#include <hprpc/channel/transport.h>

#include "simulation/world.h"

/* How an end of a connection lets its owner sleep. */
enum manner {
    POLLED,   /* not at all: it has no descriptors, and is looked at every millisecond */
    LEVEL,    /* descriptors that are readable as long as there is something to do, like a socket's */
    DOORBELL, /* a descriptor that is rung once for each arm(), like that of shared memory */
    PACKETS, /* the same, watched by level, and it stays readable once the other side has hung up: that without trust */
};

struct packet {
    struct hprpc_header header;
    uint64_t visible_at; /* when it is on its way: its arrival */
    uint32_t size;
    struct packet *next;
    uint64_t body[]; /* aligned to 8 */
};

struct queue {
    struct packet *first, **last;
    uint64_t bytes;
    uint32_t count;
};

/* One direction. */
struct lane {
    struct queue outbox; /* published, but left for flush */
    struct queue wire;   /* under way or arrived */
    uint64_t last_arrival;
};

struct end {
    struct hprpc_channel base;
    struct link *link;
    int side; /* 0 connected, 1 was accepted; sends into the lane of that number */
    enum manner manner;
    int in_fd, out_fd;
    bool in_lit, out_lit;
    bool armed;
    bool rung;         /* and the doorbell was not drained since */
    bool was_ready;    /* at the last update, */
    uint64_t ready_at; /* and since when */
    bool closed;
    bool wants_room;   /* a reservation found none */
    uint64_t room_at;  /* none before this time */
    uint32_t reserved; /* start_call without its end_call or cancel_call: 0 or 1 */
    uint32_t borrowed; /* messages that were received and not released */
    bool vain;         /* the last look found nothing */
    bool must_return;  /* the last of them must be released before the next receive */
    int broken;        /* once it was reported */
    const struct actor *owner;
};

struct link {
    struct world *world;
    uint32_t number;
    uint64_t open_at; /* when the listener's answer arrives */
    uint64_t cut_at;  /* when the connection dies by itself */
    bool refused;     /* there is no listener */
    bool cut;
    bool accepted;
    bool silent; /* a stranger's */
    struct end *ends[2];
    struct lane lanes[2];
    struct listening *listening; /* as long as it waits to be accepted */
    struct link *next, *next_waiting;
};

/* A listener of the transport. */
struct listening {
    struct hprpc_listener base;
    struct world *world;
    char name[32];
    int fd; /* -1: it is polled */
    bool lit;
    struct link *waiting;
    struct listening *next;
};

extern const struct hprpc_transport hprpc_transport_sim;
extern const struct hprpc_channel_ops end_ops;

/* The world behind a context whose transport is this one. */
struct world *world_of(struct hprpc_context *context);

/* ---- link.c ---- */

/* A connection towards a name. NULL when there is no memory. */
struct link *link_new(struct world *world, struct listening *listening);

/* One of its ends is gone. */
void link_leave(struct link *link, int side);

/* Moves what may move, and rings. After every change, and whenever time has passed. */
void link_update(struct link *link);

/* The earliest time after now at which something happens on it by itself, or NEVER. */
uint64_t link_next(const struct link *link);

/* The connection dies: what has not arrived is partly lost. */
void link_cut(struct link *link);

/* Whether anything is under way or left behind. */
bool link_is_quiet(const struct link *link);

/* Whether the connection has ended, or is about to, from the view of one side or the other. */
bool link_has_ended(const struct link *link);

/* Whether `receive` would find something. */
bool end_can_receive(const struct end *end);

/* Whether the medium takes another request. */
bool end_has_room(const struct end *end);

/* Whether its owner should look at it. */
bool end_is_ready(const struct end *end);

/* An end over a link. NULL when there is no memory. */
struct end *end_new(struct link *link, int side);

struct packet *queue_take(struct queue *queue);
void queue_put(struct queue *queue, struct packet *packet);
void packet_free(struct world *world, struct packet *packet);

/* ---- listening.c ---- */

int listening_open(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                   struct hprpc_listener **ret_listener);
struct listening *listening_find(struct world *world, const char *name);
void listening_update(struct listening *listening);
uint64_t listening_next(const struct listening *listening);

#endif
