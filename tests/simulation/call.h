/* SPDX-License-Identifier: MIT */
/* Calls that remember what they asked for and how they ended, so that it can be checked. */
#ifndef SIMULATION_CALL_H
#define SIMULATION_CALL_H

#include <hprpc/stub.h>

#include "simulation/world.h"

/* What a request asks its handler to do. */
enum behaviour {
    REPLY,     /* answer at once */
    FAIL,      /* fail with a sentence */
    RETURN,    /* return a code */
    RAISE,     /* raise a typed error */
    SILENCE,   /* return without an answer */
    DEFER,     /* answer later */
    NEST,      /* call the caller and wait, then answer */
    CALL_BACK, /* call the caller, and answer when that is complete */
    HANG_UP,   /* close the connection, then answer */
    SPOILED,   /* cannot be decoded */
    BEHAVIOURS
};

/* Those of DOWN, UP and BOTH have streams: from the callee, to it, or both. UNKNOWN is the last. */
enum procedure { WORK, NOTE, POKE, MISSING, DOWN, UP, BOTH, UNKNOWN, PROCEDURES };

/* The calling role of one side of a connection. */
struct party {
    struct world *world;
    struct actor *actor;
    struct hprpc_controller *controller;
    struct hprpc_client *client;
    bool bound;
    bool
        restless; /* its client reconnects: `controller` is NULL, and any of its calls may meet the end of a connection */
    bool closed;      /* its actor closed the connection */
    bool called_back; /* true for the server's: the client may offer no service */
    bool leaving;     /* its connection is being freed: no new call may begin */
    uint32_t sent;    /* requests so far */
    uint32_t ran;     /* `order` of the last executed call that no handler made */
    struct hprpc_binding *binding;
    struct call *calls; /* the calls that are not cleared yet */
    struct talk *talks; /* likewise */
    struct party *next;
};

struct call {
    uint64_t tag;
    struct party *party;
    enum procedure procedure;
    enum behaviour behaviour;
    uint32_t depth; /* of NEST and CALL_BACK: how many more levels may follow */
    uint32_t level; /* how many handlers it is nested in */
    uint32_t size, reply_size;
    uint64_t started, deadline;
    struct hprpc_call call;
    uint32_t order;                    /* its number among the calls that its party sent; 0 before */
    struct hprpc_pending_call *ticket; /* from its start until it ends or is cleared */
    bool busy;                         /* an actor is inside the library call that sends it or waits for it */
    bool awaited;                      /* an actor waits for it and others, so that it may not be cleared */
    bool refused;                      /* its handler wanted to defer it, and was not allowed to */
    bool copied;                       /* it began without a connection, in a copy */
    bool cleared;
    bool cancelled;
    bool finished;
    bool clearing;
    bool notifies;
    unsigned notified;
    unsigned executions; /* how often its handler ran */
    int code;
    const uint8_t *view; /* the bytes of the reply, until the call is cleared */
    struct deferred *then;
    struct call *next;
};

/* Makes a call with random arguments. `level` is 0 outside handlers. */
struct call *call_new(struct party *party, uint32_t level, uint32_t depth);

/* Each sends the call in another way, and returns false if the call could not start. */
bool call_post(struct call *call, uint32_t flags);
bool call_exchange(struct call *call, uint32_t flags);
bool call_note(struct call *call, uint32_t flags);

/* Collects the outcome of a complete call, and checks it. */
void call_finish(struct call *call);

/* Clears the call. A call that is not complete is cancelled by that. */
void call_clear(struct call *call);

void call_cancel(struct call *call);

/* Returns the call with this tag, or NULL. */
struct call *call_find(struct world *world, uint64_t tag);

/* Checks, when all actors sleep, that no call is past its deadline. */
void calls_check_overdue(struct world *world);

/* Checks, when all actors are gone, that every call ended once and ran at most once; frees the calls. */
void calls_check(struct world *world);

/* Writes, and compares, the bytes that belong to a tag. */
void fill(uint8_t *bytes, size_t size, uint64_t tag);
bool is_filled(const uint8_t *bytes, size_t size, uint64_t tag);

/* ---- party.c ---- */

void party_init(struct party *party, struct actor *actor, struct hprpc_controller *controller);

/* Binds the service, unless that is done. Returns false if it failed. */
bool party_bind(struct party *party);

/* True if the connection has ended, so that its calls may fail. */
bool party_has_ended(const struct party *party);

/* Returns the size of the largest body that the other side takes. */
uint32_t party_limit(const struct party *party);

/* Returns the size of the largest body that this side takes. */
uint32_t party_own_limit(const struct party *party);

/* Does something random from within a completion callback. */
void party_act_on_impulse(struct party *party);

/* True if its actor is inside a wait that pumps its connection. */
bool party_is_awaited(const struct party *party);

/* Returns a random call of the party, or NULL. */
struct call *party_draw(struct party *party);

/* Finishes calls that are complete, and clears some of them. */
void party_collect(struct party *party);

/* The time at which its actor takes the next step of its talks, where nothing happens before; or NEVER. */
uint64_t party_next_step(const struct party *party);

/* Does something about each talk. */
void party_talk(struct party *party, bool may_wait);

/* True if an actor is inside a library call for one of the calls: a callback on the client's own thread may be. */
bool party_is_calling(const struct party *party);

/* True if all its calls have ended. */
bool party_is_done(const struct party *party);

void party_clear(struct party *party);

/* ---- service.c ---- */

/* `served` is the interface that a side offers. `called` is the one that callers know: it has one procedure more. */
extern const struct hprpc_interface served, called;
extern const struct service_handlers service_handlers;

struct deferred {
    struct actor *actor; /* the actor whose handler deferred the request */
    struct hprpc_request *request;
    uint64_t tag;
    uint32_t reply_size;
    struct kodosis_bytes view; /* the payload of the request */
    uint64_t since, answer_at;
    struct deferred *next;
};

/* The act of an actor that answers deferred requests until it is the last actor. */
void work_off_deferred(struct actor *actor);

#endif
