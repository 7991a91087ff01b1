/* SPDX-License-Identifier: MIT */
/* Simulated connections: the transport "sim", written with hprpc/channel/transport.h alone. */
#ifndef SIMULATION_LINK_H
#define SIMULATION_LINK_H

#include <hprpc/channel/transport.h>

#include "simulation/world.h"

/* How an end lets its owner sleep. */
enum manner {
    POLLED,   /* it has no descriptors; its owner looks at it every millisecond */
    LEVEL,    /* descriptors that are readable while there is something to do, like a socket's */
    DOORBELL, /* a descriptor that rings once for each arm(), like that of shared memory */
    PACKETS,  /* as DOORBELL, watched by level, readable for ever once the other side is gone (memory without trust) */
};

struct packet {
    struct hprpc_header header;
    uint64_t visible_at; /* when it arrives; set when it goes on the wire */
    uint32_t size;
    struct packet *next;
    uint64_t body[]; /* aligned to 8 */
};

struct queue {
    struct packet *first, **last;
    uint64_t bytes;
    uint32_t count;
};

/* One direction of a link. */
struct lane {
    struct queue outbox; /* packets that end_call() left for flush() */
    struct queue wire;   /* packets that are under way or have arrived */
    uint64_t last_arrival;
};

struct end {
    struct hprpc_channel base;
    struct link *link;
    int side; /* 0: it connected; 1: it was accepted. It sends into lanes[side]. */
    enum manner manner;
    int in_fd, out_fd;
    bool in_lit, out_lit;
    bool armed;
    bool rung;         /* the doorbell rang, and was not drained since */
    bool was_ready;    /* end_is_ready() at the last update */
    uint64_t ready_at; /* when end_is_ready() last became true */
    bool closed;
    bool wants_room;    /* start_call() returned HPRPC_EAGAIN */
    uint64_t room_at;   /* before this time there is no room */
    uint32_t reserved;  /* 1 between start_call() and its end_call() or cancel_call() */
    uint32_t borrowed;  /* messages that were received and not released */
    uint32_t roomy;     /* so many times receive() does not sleep, because there has been room since */
    bool found_nothing; /* the last receive() found nothing */
    bool must_return;   /* the last message must be released before the next receive() */
    int broken;         /* the code of the end, once receive() has reported it */
    const struct actor *owner;
};

struct link {
    struct world *world;
    uint32_t number;
    uint64_t open_at; /* before this time the listener does not see it, and side 0 cannot use it */
    uint64_t cut_at;  /* when link_update() cuts it, or NEVER */
    bool refused;     /* no listener has its name, or the listener was freed */
    bool cut;
    bool accepted;
    bool silent; /* side 0 is a stranger */
    struct end *ends[2];
    struct lane lanes[2];
    struct listening *listening; /* until it is accepted; then NULL */
    struct link *next, *next_waiting;
};

/* A listener of the transport "sim". */
struct listening {
    struct hprpc_listener base;
    struct world *world;
    char name[32];
    int fd; /* -1: its owner polls it */
    bool lit;
    struct link *waiting;
    struct listening *next;
};

extern const struct hprpc_transport hprpc_transport_sim;
extern const struct hprpc_channel_ops end_ops;

/* Returns the world that made `context`. */
struct world *world_of(struct hprpc_context *context);

/* ---- link.c ---- */

/* Makes a connection to `listening`; if that is NULL, one that is refused. Returns NULL when there is no memory. */
struct link *link_new(struct world *world, struct listening *listening);

/* Notes that one end is gone. Frees the link when both are. */
void link_leave(struct link *link, int side);

/*
 * Cuts the link if its time has come, and sets the descriptors of its ends. Called after each change, and when time has passed.
 */
void link_update(struct link *link);

/* Returns the earliest time after now at which the link changes by itself, or NEVER. */
uint64_t link_next(const struct link *link);

/* Cuts the connection. Some of the packets that have not arrived are lost. */
void link_cut(struct link *link);

/* True if both lanes are empty. */
bool link_is_quiet(const struct link *link);

/* True if the link is not usable: cut, refused, not accepted yet, or closed at one end. */
bool link_has_ended(const struct link *link);

/* True if receive() would find a message, or the end of the connection. */
bool end_can_receive(const struct end *end);

/* True if start_call() takes another request. */
bool end_has_room(const struct end *end);

/* True if its owner should look at the end: it can receive, send what found no room, or flush. */
bool end_is_ready(const struct end *end);

/* Makes the end of a link for one side. Returns NULL when there is no memory. */
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
