/* SPDX-License-Identifier: MIT */
/* Calls with a story: what is asked for, what became of it, and whether that may be. */
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

enum procedure { WORK, NOTE, POKE, MISSING, UNKNOWN, PROCEDURES };

/* One side of a connection, as the one that calls. */
struct party {
    struct world *world;
    struct actor *actor;
    struct hprpc_controller *controller;
    struct hprpc_client *client;
    bool bound;
    bool closed;      /* by us */
    bool called_back; /* it belongs to the server; then the other side may offer nothing */
    bool leaving;     /* its connection is being freed: nothing new may begin */
    uint32_t sent;    /* requests so far */
    uint32_t ran;     /* the last of them, of those from outside handlers, that was executed */
    struct hprpc_binding *binding;
    struct call *calls; /* those that were not cleared */
    struct party *next;
};

struct call {
    uint64_t tag;
    struct party *party;
    enum procedure procedure;
    enum behaviour behaviour;
    uint32_t depth; /* NEST and CALL_BACK: how much deeper it may go */
    uint32_t level; /* how deep it is */
    uint32_t size, reply_size;
    uint64_t started, deadline;
    struct hprpc_call call;
    uint32_t order;                    /* among its party's, once it was sent */
    struct hprpc_pending_call *ticket; /* as long as it is open */
    bool busy;                         /* an actor is inside the call that sends it, or waits for it */
    bool refused;                      /* its handler might not defer it */
    bool cleared;
    bool cancelled;
    bool finished;
    bool clearing;
    bool notifies;
    unsigned notified;
    unsigned executions; /* of its handler */
    int code;
    const uint8_t *view; /* of the reply, until it is cleared */
    struct deferred *then;
    struct call *next;
};

/* A new call with chance arguments; `level` is 0 outside handlers. */
struct call *call_new(struct party *party, uint32_t level, uint32_t depth);

/* Each runs the call by one of the ways there are; false when it could not start. */
bool call_post(struct call *call, uint32_t flags);
bool call_exchange(struct call *call, uint32_t flags);
bool call_note(struct call *call, uint32_t flags);

/* Takes the outcome of a call that is complete, and judges it. */
void call_finish(struct call *call);

/* Gives the call's memory back; unless it is complete, that cancels it. */
void call_clear(struct call *call);

void call_cancel(struct call *call);

/* The one with this tag; NULL when there is none. */
struct call *call_find(struct world *world, uint64_t tag);

/* All actors sleep: then no deadline may have passed unnoticed. */
void calls_check_overdue(struct world *world);

/* At the end of the world: every story must have an end. */
void calls_check(struct world *world);

/* The bytes that belong to a tag. */
void fill(uint8_t *bytes, size_t size, uint64_t tag);
bool is_filled(const uint8_t *bytes, size_t size, uint64_t tag);

/* ---- party.c ---- */

void party_init(struct party *party, struct actor *actor, struct hprpc_controller *controller);

/* Asks for the numbers of the service, if that was not done yet. */
bool party_bind(struct party *party);

/* Whether the connection has ended, so that calls may fail for it. */
bool party_has_ended(const struct party *party);

/* The largest body that may be sent to the other side of it. */
uint32_t party_limit(const struct party *party);

/* The largest that may come back. */
uint32_t party_own_limit(const struct party *party);

/* Does something at once, from within a completion. */
void party_act_on_impulse(struct party *party);

/* Whether its actor is inside a wait that pumps its connection. */
bool party_is_awaited(const struct party *party);

/* Any of its calls, or NULL. */
struct call *party_draw(struct party *party);

/* Finishes what is complete. */
void party_collect(struct party *party);

/* Whether another thread is inside one of the calls: a callback on the client's own may be. */
bool party_is_calling(const struct party *party);

/* Whether all its calls are complete. */
bool party_is_done(const struct party *party);

void party_clear(struct party *party);

/* ---- service.c ---- */

/* The service as it is offered, and as callers know it: with a procedure more. */
extern const struct hprpc_interface served, called;
extern const struct service_handlers service_handlers;

struct deferred {
    struct actor *actor; /* whose handler deferred it */
    struct hprpc_request *request;
    uint64_t tag;
    uint32_t reply_size;
    struct kodosis_bytes view; /* of the request */
    uint64_t since, answer_at;
    struct deferred *next;
};

/* An actor that answers what others deferred, also when they are gone. */
void work_off_deferred(struct actor *actor);

#endif
