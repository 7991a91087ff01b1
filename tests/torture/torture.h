/* SPDX-License-Identifier: MIT */
/* Several threads use one client and one server, all at the same time: what the parts of the program share. */
#ifndef TESTS_TORTURE_TORTURE_H
#define TESTS_TORTURE_TORTURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hprpc/hprpc.h>

#include "simulation/random.h"
#include "support/memory.h"
#include "support/patience.h"
#include "target.h"

enum {
    PLAYERS = 4,         /* threads */
    ACTIONS = 150,       /* of one player in a round */
    CALLS = ACTIONS * 4, /* more than a player makes in a round */
    OPEN = 6,            /* calls that one player has under way */
    HELD = 4,            /* replies that it keeps until the client is gone */
    BODY_MAX = 400000,   /* bytes of the largest body; more than that is too big */
};

/* Prints what is wrong and in which round, and ends the program. */
void torture_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define check(condition) ((condition) ? (void)0 : torture_fail("%s:%d: %s", __FILE__, __LINE__, #condition))

/* ---- service.c: the target, which serves on both sides ---- */

struct keeper; /* answers deferred requests on a thread of its own */

struct target {
    struct keeper *keeper;
    atomic_ullong noted;
    atomic_uchar ran[PLAYERS][CALLS]; /* how often the call of this number ran */
};

extern const struct torture_target_service target_service;

void target_init(struct target *target);
void target_clear(struct target *target);

/* How often the call of this number ran: never more than once. */
unsigned times_run(struct target *target, uint64_t number);

/* The number of a player's nth call; and the bytes of a body that belongs to it. */
uint64_t number_of(unsigned player, unsigned nth);
void fill(uint64_t number, uint8_t *data, size_t size);
bool is_filled(uint64_t number, const uint8_t *data, size_t size);

/* ---- One round ---- */

enum end {
    END_QUIET,  /* the players come to their end first */
    END_SERVER, /* the server stops while they call */
    END_CLIENT, /* the client is closed while they call */
    ENDS
};

struct game {
    unsigned number;
    const char *wait;
    enum hprpc_pump pump;
    enum end end;

    struct memory memory;
    struct hprpc_context *context;
    struct hprpc_server *server;
    struct hprpc_client *client;
    struct torture_target_proxy proxy;
    struct target target;
    char uri[200];

    atomic_bool ending;               /* connections may end from now on */
    atomic_uint actions;              /* of all players so far */
    atomic_ullong notes;              /* that were sent */
    atomic_uint alone;                /* calls under way that their notification takes in */
    atomic_uint arrivals, departures; /* that the server told */

    /* Calls that any thread may cancel. A call leaves before it is cleared. */
    pthread_mutex_t board;
    struct posted *posted[PLAYERS * OPEN * 2];

    /* A call that one player gives away and the next one takes over. */
    _Atomic(struct posted *) gift;
};

/* ---- calls.c: asynchronous calls ---- */

/* It lives until the end of the round: its notification may come after it was cleared. */
struct posted {
    struct game *game;
    struct hprpc_call call;
    struct hprpc_pending_call *pending; /* as the call has it, which only the thread that takes it in may read */
    uint64_t number;
    size_t size;
    bool late_is_fair; /* its deadline may pass */
    bool alone;        /* its notification takes it in */
    atomic_bool cancelled;
    atomic_uint ends; /* notifications */
    struct posted *next;
};

struct player {
    struct game *game;
    unsigned index;
    unsigned calls; /* so far */
    struct random random;
    pthread_t thread;
    int outcome[CALLS]; /* NOT_KNOWN, or what the call returned */
    uint8_t *body, *reply;
    struct posted *open[OPEN];
    struct posted *held[HELD];
    struct posted *all; /* a list of those that it posted */
};

enum { NOT_KNOWN = 1 };

/* Starts one if there is room for it. */
void call_post(struct player *player);

/* Takes in one that is complete, waiting for it if `wait`. */
void call_collect(struct player *player, bool wait);

/* Clears one, complete or not. */
void call_drop(struct player *player);

/* Keeps the reply of one until the client is gone. */
void call_hold(struct player *player);

/* Cancels any call of any player. */
void call_cancel(struct player *player);

/* Leaves one to whichever player comes next, and takes over what was left. */
void call_give(struct player *player);

/* Takes in all that the player has. */
void call_drain(struct player *player);

/* What was held is as it was; then it is cleared. The client is gone. */
void call_release(struct player *player);

/* ---- player.c ---- */

/* Whether a call may come to this; `fair` is a code that this call may have at any time, or 0. */
void expect(struct game *game, const char *what, int r, int fair, const char *detail);

/* Takes a number for a call; its outcome is noted later. */
unsigned next_call(struct player *player);

size_t random_size(struct player *player);

/* Plays its actions: a thread's function. */
void *play(void *player);

#endif
