/* SPDX-License-Identifier: MIT */
/*
 * A simulated world: one seed, one virtual clock, and actors (a server, clients) that take turns on one thread. Everything
 * that happens in it follows from the seed.
 */
#ifndef SIMULATION_WORLD_H
#define SIMULATION_WORLD_H

#include <stdio.h>

#include <hprpc/hprpc.h>

#include "simulation/memory.h"
#include "simulation/random.h"

#define MICROSECOND 1000ull
#define MILLISECOND (1000 * MICROSECOND)
#define NEVER UINT64_MAX

struct call;
struct deferred;
struct fiber;
struct link;
struct party;
struct server;
struct thread;
struct world;

/* A participant with a flow of control of its own. */
struct actor {
    char name[24];
    struct world *world;
    struct fiber *fiber;
    void (*act)(struct actor *actor);
    bool caller;               /* only pumps while it waits */
    bool threaded;             /* a thread of the library's pumps for it */
    bool runs;                 /* a library function drives all its connections, and sleeps when none has anything */
    uint64_t waited_at;        /* when it last was inside a wait */
    unsigned blocking;         /* inside so many library calls that wait; only then does a channel's look yield */
    const struct link *awaits; /* the connection that the innermost of them pumps */
    struct party *(*party_for)(struct actor *actor, struct hprpc_controller *controller); /* who calls back there */
    struct party *parties;                                                                /* those that call for it */
    bool idle;        /* has nothing to do before something happens */
    bool deaf;        /* whatever happens, it comes back no earlier than at this time: */
    uint64_t wake_at; /* or before this time */
    struct actor *next;
};

/* What may go wrong here, and how often: of a thousand opportunities each. */
struct climate {
    bool calm;             /* nothing goes wrong at all, so every call must succeed */
    uint32_t cut;          /* a connection dies at some time */
    uint32_t memory;       /* an allocation fails */
    uint32_t hurry;        /* a call has a deadline that may pass */
    uint32_t cancel;       /* a step cancels a call */
    uint32_t close;        /* a step closes or frees a connection */
    uint32_t crowded;      /* a reservation finds no room */
    uint32_t slow;         /* a message is long under way */
    uint32_t leave_behind; /* end_call leaves its message for flush */
    uint32_t oversleep;    /* a loop is looked at late */
    uint32_t impulsive;    /* the end of a call makes its caller do something at once */
    uint32_t flood;        /* a step sends many one-way requests */
    uint32_t capacity;     /* bytes of requests under way in one direction */
};

/* The options that this world's clients and servers have; 0 for their defaults. */
struct rules {
    bool tight;              /* credit is so short that nested calls must not wait for it */
    uint32_t max_depth;      /* so small that it is reached */
    uint32_t max_message[2]; /* of clients, and of the server */
    uint32_t max_kept_calls;
    uint64_t max_kept_bytes;
    uint32_t max_connections;
    uint32_t keepalive_ms;
    uint32_t workers;
    uint32_t handshake_timeout_ms;
};

struct world {
    uint64_t seed;
    uint64_t now; /* nanoseconds */
    struct random random;
    struct climate climate;
    struct rules rules;
    bool closed_in_silence; /* the connection that was closed last had nothing under way */
    struct memory memory;
    struct hprpc_context *context;
    FILE *trace; /* or NULL */

    struct actor *actors, *current;
    unsigned descriptors; /* that were open at the beginning */
    uint64_t happenings;  /* counts everything that may give an actor something to do */

    struct link *links;
    uint32_t link_count;
    struct listening *listenings;
    struct server *server;
    bool opened;           /* the server has listened for the first time */
    uint32_t clients;      /* that still live */
    uint32_t threads;      /* that the library started so far */
    struct thread *joined; /* those that are over */
    uint64_t stopped_at;   /* when the server was told to stop; 0 while it was not */
    uint32_t stops;        /* how often it was */

    struct deferred *deferred;
    struct party *departed; /* those that the server has dropped */
    struct call **calls;    /* all calls that were ever made, by the index that is in their tags */
    uint32_t call_count, call_capacity;
};

/* The one that exists. */
extern struct world *world_now_simulated;

/* A world without actors. The trace, or NULL, is borrowed. */
struct world *world_new(uint64_t seed, FILE *trace);

/* Checks that nothing was forgotten, and frees. */
void world_free(struct world *world);

/* Adds an actor, which is borrowed until the world ends. */
void world_add(struct world *world, struct actor *actor, const char *name, void (*act)(struct actor *actor));

/* Runs until all actors have returned. */
void world_run(struct world *world);

/* One line of the trace. printf-style. */
void world_trace(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says what is wrong with which seed, and ends the program, unless `holds`. printf-style. */
void world_check(struct world *world, bool holds, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Something happened: all actors that are idle look again. */
void world_stir(struct world *world);

/* ---- For actors ---- */

/* When the next of the library's timers is due; makes those that are due readable. */
uint64_t alarms_next(void);
void alarms_ring(struct world *world);

/* Frees what threads leave behind. */
void threads_clear(struct world *world);

/* Lets others act. */
void actor_yield(struct actor *actor);

/* Lets others act until something happens, or this time comes. */
void actor_rest(struct actor *actor, uint64_t until);

/* As an event loop does that nothing but time may wake: one that is due already comes round again in a moment. */
void actor_rest_or_spin(struct actor *actor, uint64_t until);

/* Lets others act until this time comes, whatever happens meanwhile. */
void actor_oversleep(struct actor *actor, uint64_t until);

/* Surround library calls that may wait. */
void actor_begin_wait(struct actor *actor);
void actor_end_wait(struct actor *actor);

/* Whether this actor is inside a wait. It is, for ever, while the library drives all its connections. */
bool actor_waits(const struct actor *actor);

/* Whether an event loop would find this descriptor readable. */
bool descriptor_is_ready(int fd);

/* Chance: a number below `limit`; true in so many of a thousand cases. */
uint64_t world_random(struct world *world, uint64_t limit);
bool world_chance(struct world *world, uint32_t per_thousand);

#endif
