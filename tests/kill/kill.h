/* SPDX-License-Identifier: MIT */
/* What the parts of the kill test share: it kills and stops processes, and looks at their peers. */
#ifndef TESTS_KILL_KILL_H
#define TESTS_KILL_KILL_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hprpc/client.h>
#include <hprpc/server.h>

#include "base/step.h"
#include "target.h"

/* Prints what is wrong and in which round, and ends the program. */
void kill_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define check(condition) ((condition) ? (void)0 : kill_fail("%s:%d: %s", __FILE__, __LINE__, #condition))

/* ---- relay.c: streams, one call after the other; and what serves them ---- */

struct traffic;

struct relay {
    struct hprpc_call call;
    bool open, ended;        /* it was started; no more parts follow */
    unsigned sent, read;     /* parts of this call */
    unsigned parts, relayed; /* that came back, and calls that ended as they should, of all calls */
    unsigned late;           /* calls that ended at their deadline */
};

/* Sends and reads what goes without waiting. Starts the next call where one has ended. False: the connection has ended. */
bool relay_turn(struct traffic *traffic);

/* Ends the call, and reads on until that is over, whatever its code. */
void relay_drain(struct traffic *traffic);

/* The handler of Relay. */
int relay_serve(void *self, struct hprpc_request *request);

/* ---- traffic.c: calls of every size, several at a time ---- */

enum { TRAFFIC_CALLS = 4 };

struct traffic {
    struct hprpc_client *client;
    struct target_target_proxy proxy;
    enum hprpc_pump pump;
    struct traffic_call {
        struct hprpc_call call;
        uint8_t *data;
        size_t size;
        bool open;
    } calls[TRAFFIC_CALLS];
    struct hprpc_call passing; /* a call with descriptors, where the transport carries them */
    bool carries, passes;
    struct relay relay;  /* a call with streams */
    atomic_uint ends;    /* how many callbacks ran: one for each call */
    uint32_t timeout_ms; /* of each call */
    unsigned number;     /* how many calls were started */
    unsigned answered, late, broken;
    int code; /* the code of the last call that failed */
};

/* Connects and binds, and sets the time-out of every call. Returns a negative code if that fails. */
int traffic_open(struct traffic *traffic, struct hprpc_context *context, const char *uri, enum hprpc_pump pump,
                 uint32_t timeout_ms);

/*
 * Starts as many calls as there is room for, and collects those that are complete; if `wait`, waits for one. Returns false if
 * the connection is broken.
 */
bool traffic_turn(struct traffic *traffic, bool wait);

/* Collects all open calls, whatever their codes. */
void traffic_drain(struct traffic *traffic);

void traffic_close(struct traffic *traffic);

/* ---- victim.c: the process that dies ---- */

struct fate {
    int step;   /* an enum hprpc__step; -1: it is killed from outside */
    int nth;    /* strikes the nth time that it comes to this step */
    int number; /* SIGKILL or SIGSTOP */
};

extern const struct target_target_service target_service;

/* Plays the role "serve" or "call" of this program: ROLE URI PUMP STEP NTH SIGNAL. */
int victim_main(char **arguments);

/* Starts a victim, and returns the first line that it prints. */
pid_t victim_start(const char *role, const char *uri, enum hprpc_pump pump, const struct fate *fate, char *ret_line,
                   size_t capacity);

#endif
