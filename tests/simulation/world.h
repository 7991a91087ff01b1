/* SPDX-License-Identifier: MIT */
/*
 * A simulated world: one seed, one virtual clock, and actors (a server, clients) that take turns on one thread. All that
 * happens in a world follows from its seed.
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
struct job;
struct party;
struct server;
struct talk;
struct thread;
struct world;

/* A participant with a flow of control of its own. */
struct actor {
    char name[24];
    struct world *world;
    struct fiber *fiber;
    void (*act)(struct actor *actor);
    bool caller;        /* a client with HPRPC_PUMP_CALLER: it pumps only inside a wait */
    bool threaded;      /* a client with HPRPC_PUMP_THREAD: a thread of the library pumps its connection */
    bool runs;          /* one library call drives all its connections, and sleeps when none is ready */
    uint64_t waited_at; /* when its last wait ended */
    unsigned blocking;  /* how many library calls that may wait it is inside; if 0, receive() does not let others act */
    const struct link *awaits; /* the connection that its innermost wait pumps, or NULL */
    /* finds the party of a connection */
    struct party *(*party_for)(struct actor *actor, struct hprpc_controller *controller);
    struct party *parties; /* the parties whose calls it makes */
    bool idle;             /* it has nothing to do until something happens, or until wake_at */
    bool deaf;             /* it does nothing before wake_at, whatever happens */
    uint64_t wake_at;      /* or NEVER */
    struct actor *next;
};

/* What may go wrong in a world. Each chance counts the cases in a thousand. */
struct climate {
    bool calm;             /* nothing goes wrong, so every call must succeed */
    uint32_t cut;          /* a connection dies at some time */
    uint32_t memory;       /* an allocation fails */
    uint32_t hurry;        /* a call has a deadline that may pass */
    uint32_t cancel;       /* a step cancels a call */
    uint32_t close;        /* a step closes or frees a connection */
    uint32_t crowded;      /* a reservation finds no room */
    uint32_t slow;         /* a message takes up to 40 ms more */
    uint32_t leave_behind; /* end_call leaves its message for flush */
    uint32_t oversleep;    /* an event loop does nothing for up to 100 ms */
    uint32_t impulsive;    /* a completion callback does something at once */
    uint32_t flood;        /* a step sends many one-way requests */
    uint32_t capacity;     /* bytes that one direction takes before it is full */
};

/* The options of this world's clients and servers; 0 means the default. */
struct rules {
    bool tight;              /* credit is so short that nested calls must not wait for it */
    uint32_t max_depth;      /* so small that it is reached */
    uint32_t max_message[2]; /* [0] of clients, [1] of the server */
    uint32_t max_kept_calls;
    uint64_t max_kept_bytes;
    uint32_t max_connections;
    uint32_t keepalive_ms;
    uint32_t workers;
    uint32_t handshake_timeout_ms;
    uint32_t restless;  /* clients in a thousand that reconnect */
    uint32_t restarts;  /* steps in a thousand after which the server is freed, and comes again */
    uint32_t talkative; /* calls in a thousand that have streams */
    uint32_t stream_elements[2], stream_idle_ms[2];
    uint64_t stream_bytes[2], max_stream_bytes[2];
    uint64_t max_kept_stream_bytes;
};

struct world {
    uint64_t seed;
    uint64_t now; /* nanoseconds */
    struct random random;
    struct climate climate;
    struct rules rules;
    bool closed_in_silence; /* the connection closed last was alive and had nothing under way */
    struct memory memory;
    struct hprpc_context *context;
    FILE *trace; /* or NULL */

    struct actor *actors, *current;
    unsigned descriptors; /* how many were open when the world began */
    uint64_t happenings;  /* how often world_stir() was called */

    struct link *links;
    uint32_t link_count;
    struct listening *listenings;
    struct server *server;
    bool opened;           /* the server has listened for the first time */
    uint32_t clients;      /* clients and strangers that still act */
    uint32_t settling;     /* clients that wait until nothing is under way: servers start no talks meanwhile */
    uint32_t threads;      /* how many the library has started */
    struct thread *joined; /* threads that pthread_join() has taken */
    uint64_t stopped_at;   /* when the running server was told to stop; 0 if it was not */
    uint32_t stops;        /* how often a server was told to stop */

    struct deferred *deferred;
    struct party *departed; /* parties that the server has dropped */
    struct call **calls;    /* all calls ever made; the low half of a tag is the index */
    uint32_t call_count, call_capacity;
    struct talk **talks; /* likewise, of calls with streams */
    uint32_t talk_count, talk_capacity;
    struct job *jobs; /* all that ever served them */
};

/* The world that exists, or NULL. */
extern struct world *world_now_simulated;

/* Makes a world without actors. `trace` is borrowed; NULL means no trace. */
struct world *world_new(uint64_t seed, FILE *trace);

/* Checks that no connection, listener or memory is left over, and frees the world. */
void world_free(struct world *world);

/* Adds an actor, which is borrowed until the world ends. */
void world_add(struct world *world, struct actor *actor, const char *name, void (*act)(struct actor *actor));

/* Runs until all actors have returned. */
void world_run(struct world *world);

/* Writes a line to the trace, if there is one. printf-style. */
void world_trace(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Unless `holds`, prints the seed and what is wrong with it, and ends the program. printf-style. */
void world_check(struct world *world, bool holds, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Makes all idle actors look again, because something happened. */
void world_stir(struct world *world);

/* ---- For actors ---- */

/* The library's timers: when the next is due, or NEVER; and makes the descriptors of those that are due readable. */
uint64_t alarms_next(void);
void alarms_ring(struct world *world);

/* Tells the library whether there are several threads, as libc would: a world begins with one. */
void threads_set_alone(bool alone);

/* Frees the threads that were joined. */
void threads_clear(struct world *world);

/* Lets other actors act. */
void actor_yield(struct actor *actor);

/* Lets other actors act until something happens, or until the time `until`. */
void actor_rest(struct actor *actor, uint64_t until);

/* As actor_rest, for an event loop that only time may wake. If `until` is past, the actor rests up to 10 ms. */
void actor_rest_or_spin(struct actor *actor, uint64_t until);

/* Lets other actors act until the time `until`, whatever happens. */
void actor_oversleep(struct actor *actor, uint64_t until);

/* Called before and after a library call that may wait. */
void actor_begin_wait(struct actor *actor);
void actor_end_wait(struct actor *actor);

/*
 * True if the actor is inside a library call that waits. The call that drives all connections of an actor that `runs` does not
 * count.
 */
bool actor_waits(const struct actor *actor);

/* True if poll() finds the descriptor readable. */
bool descriptor_is_ready(int fd);

/* Draw a number below `limit`, and true in `per_thousand` of a thousand cases. */
uint64_t world_random(struct world *world, uint64_t limit);
bool world_chance(struct world *world, uint32_t per_thousand);

#endif
