/* SPDX-License-Identifier: MIT */
/*
 * Talks: calls with streams. A talk knows what both sides have sent and read, so each element, and the end, can be checked on the
 * side that gets it. Its caller acts in steps of its actor; its callee is a job.
 */
#ifndef SIMULATION_TALK_H
#define SIMULATION_TALK_H

#include <hprpc/stream.h>

#include "simulation/call.h"

struct end;
struct hprpc__stream;

enum direction { UPWARD, DOWNWARD }; /* from the caller to the callee, and back */

enum { ELEMENT_MAX = 160 * 1000 }; /* bytes of an encoded element, at most */

/* A library call that waits. */
struct stay {
    uint32_t events; /* that it waits for, of a stream; 0: there is none */
    const struct actor *actor;
    unsigned depth; /* how many of them the actor is inside of, with this one */
};

void stay_begin(struct stay *stay, struct actor *actor, uint32_t events);
void stay_end(struct stay *stay);

/* One direction of a talk. */
struct half {
    bool exists;         /* the procedure has a stream in this direction */
    uint32_t planned;    /* elements that the sender means to send; some may be larger than the other side takes */
    uint32_t at;         /* the sender's next one */
    uint32_t sent;       /* elements that went */
    bool said_end;       /* the sender says, or has said, that no more follow */
    uint32_t next;       /* the number that the reader expects, or that of a later one */
    uint32_t read;       /* elements that came */
    bool heard_end;      /* the reader was told that no more follow */
    bool lost;           /* the reader was told that there was no memory for what came */
    const uint8_t *view; /* the bytes of the element that was read last, until the next one is; or NULL */
};

struct talk {
    uint64_t tag;
    struct party *party;
    enum procedure procedure;
    struct half halves[2];
    bool large; /* some of its elements go in pieces */
    struct hprpc_call call;
    uint64_t started, deadline, moved_at; /* moved_at: when the caller sent something last */
    unsigned busy;                        /* library calls about it that the caller is inside of */
    struct stay stay;                     /* of the one that waits */
    unsigned around;                      /* waits that its actor is inside of, around one that does not wait */
    bool open;                            /* it was started, and is not cleared */
    bool cancelled, finished, clearing;
    bool told; /* the caller was told how it ended: with `code` */
    int code;
    unsigned registered; /* callbacks of the caller that wait */
    bool sent_since;     /* the caller has sent something since it registered the last one, and so knows that it can */

    /* the callee's */
    unsigned executions;
    bool refused;  /* its handler wanted to defer it, and was not allowed to */
    bool answered; /* with `verdict` */
    int verdict;
    struct job *job; /* until that is over */
    struct talk *next;
};

/* ---- element.c ---- */

/* Sets the sizes and numbers of what both sides send. */
void talk_plan(struct talk *talk);

/* The size of an encoded element. */
uint64_t element_size(const struct talk *talk, enum direction direction, uint32_t number);

/* Writes it; returns bytes that the writer may have borrowed, which the caller frees once the element is sent. */
void *element_write(struct kodosis_writer *writer, const struct talk *talk, enum direction direction, uint32_t number);

/* Checks that the element is the next one that fits, and keeps its view. */
void element_read(struct kodosis_reader *reader, struct talk *talk, enum direction direction);

/* Checks the view of the element that was read last, which is about to be given back. */
void element_forget(struct talk *talk, enum direction direction);

/* Checks that all that was sent has come. */
void half_check_end(struct talk *talk, enum direction direction);

/* Returns the size of the largest element that the reader of this direction takes. */
uint32_t half_limit(const struct talk *talk, enum direction direction);

/* ---- talk.c: the caller ---- */

/* Starts a talk. `flags` as for a call. */
void talk_start(struct party *party, uint32_t flags);

/*
 * HPRPC_CALL_NO_WAIT, if another call of the party must not wait for credit: talks of that party may have it, and do not go on while
 * their caller waits.
 */
uint32_t talks_forbid_waiting(const struct party *party);

/* Does something about the talk. Where it `may_wait`, perhaps inside the library. */
void talk_step(struct talk *talk, bool may_wait);

/* Clears the talk. One that is not complete is cancelled by that. */
void talk_clear(struct talk *talk);

struct talk *talk_find(struct world *world, uint64_t tag);

/* Checks, when all actors sleep, that the talk is not past its deadline, or its next look, by so many nanoseconds. */
void talk_check_overdue(const struct talk *talk, uint64_t late);

/* Checks, when all actors are gone, that every talk ended once and ran at most once; frees the talks. */
void talks_check(struct world *world);

/* ---- job.c: the callee ---- */

/* How the callee goes on where it would have to wait. */
enum way {
    INLINE,   /* not at all: its handler fails */
    NOTIFIED, /* in callbacks */
    THREADED, /* on a thread of its own, which waits */
    WORKING,  /* on a worker, which waits */
};

struct job {
    struct actor actor; /* its thread, if it has one */
    struct world *world;
    struct talk *talk;
    struct hprpc_request *request; /* until it is answered */
    struct hprpc_controller *controller;
    const struct actor *host; /* whose handler it was */
    enum way way;
    uint32_t steps;      /* that are left before it answers, whatever has come until then */
    int wanted;          /* the code that it answers with */
    int end;             /* what it was told about the end of its request, or 0 */
    struct stay stay;    /* of a function of its request */
    unsigned registered; /* callbacks that wait */
    bool stepping;
    struct job *next;
};

/* Executes a request with streams: the handler of all of them. */
int job_execute(struct actor *actor, struct hprpc_request *request, uint64_t tag);

/* True if a thread is inside a library call for a request that the actor's handlers got. */
bool jobs_wait(const struct actor *host);

/* ---- flow.c ---- */

/* Checks what holds at any time for the windows, sums and queues of all connections. */
void flows_check(struct world *world);

/* Checks, when all actors sleep, that nothing on a stream was left untold or unsent. An actor looks at `end`. */
void flows_check_sleep(struct world *world, const struct end *end);

/* Checks, when all actors sleep, what the server has counted of all streams. */
void flows_check_quota(struct world *world);

/* Checks, when all actors sleep, that no library call waits for what is there. */
void flows_check_waits(struct world *world);

/* True if the connection has streams that are not over; and if the stream is one of them. */
bool flows_are_open(const struct hprpc_controller *controller);
bool flow_is_open(const struct hprpc__stream *stream);

#endif
