/* SPDX-License-Identifier: MIT */
/* Several threads use one client and one server at the same time. This is what the parts of the program share. */
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
    ACTIONS = 150,       /* of a player in a round */
    CALLS = ACTIONS * 4, /* more calls than a player makes in a round */
    OPEN = 6,            /* calls that a player has under way */
    HELD = 4,            /* replies that a player keeps until the client is freed */
    BODY_MAX = 400000,   /* the largest body that is not too big */
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

/* Returns how often the call of this number ran. Fails if that is more than once. */
unsigned times_run(struct target *target, uint64_t number);

/* The number of a player's nth call, and the bytes that belong to a number. */
uint64_t number_of(unsigned player, unsigned nth);
void fill(uint64_t number, uint8_t *data, size_t size);
bool is_filled(uint64_t number, const uint8_t *data, size_t size);

/* ---- One round ---- */

enum end {
    END_QUIET,  /* the players end first */
    END_SERVER, /* the server stops while the players call */
    END_CLIENT, /* the client is closed while the players call */
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
    atomic_uint actions;              /* actions of all players so far */
    atomic_ullong notes;              /* one-way calls that were sent */
    atomic_uint alone;                /* calls under way that their callback collects */
    atomic_uint arrivals, departures; /* how often the server's callbacks were called */

    /* Calls that any thread may cancel. A call is taken off before it is cleared. */
    pthread_mutex_t board;
    struct posted *posted[PLAYERS * OPEN * 2];

    /* A call that one player leaves and the next one takes. */
    _Atomic(struct posted *) gift;
};

/* ---- calls.c: asynchronous calls ---- */

/* A posted call. It lives until the end of the round, because its callback may run after it was cleared. */
struct posted {
    struct game *game;
    struct hprpc_call call;
    struct hprpc_pending_call
        *pending; /* the same as call.pending, which only the thread that collects the call may read */
    uint64_t number;
    size_t size;
    bool late_is_fair; /* it may end with HPRPC_EDEADLINE */
    bool alone;        /* its callback collects it */
    atomic_bool cancelled;
    atomic_uint ends; /* how often its callback ran */
    struct posted *next;
};

struct player {
    struct game *game;
    unsigned index;
    unsigned calls; /* how many it made */
    struct random random;
    pthread_t thread;
    int outcome[CALLS]; /* NOT_KNOWN, or the code of the call */
    uint8_t *body, *reply;
    struct posted *open[OPEN];
    struct posted *held[HELD];
    struct posted *all; /* the list of the calls that it posted */
};

enum { NOT_KNOWN = 1 };

/* Posts a call, if there is room for it. */
void call_post(struct player *player);

/* Collects a call that is complete. If `wait`, waits until one is. */
void call_collect(struct player *player, bool wait);

/* Clears a call, complete or not. */
void call_drop(struct player *player);

/* Keeps the reply of a call until the client is freed. */
void call_hold(struct player *player);

/* Cancels a random call of any player. */
void call_cancel(struct player *player);

/* Leaves a call to the player that comes next, and takes the call that was left. */
void call_give(struct player *player);

/* Collects all calls of the player. */
void call_drain(struct player *player);

/* Checks that the kept replies have not changed, and clears them. Called when the client is freed. */
void call_release(struct player *player);

/* ---- player.c ---- */

/* Checks that something may end with `r`. `fair` is a code that is always allowed, or 0. */
void expect(struct game *game, const char *what, int r, int fair, const char *detail);

/* Returns the number of the player's next call, whose outcome is noted later. */
unsigned next_call(struct player *player);

size_t random_size(struct player *player);

/* The function of a player's thread: plays its actions. */
void *play(void *argument);

#endif
