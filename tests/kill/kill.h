/* SPDX-License-Identifier: MIT */
/* A harness that kills and stops processes: what its parts share. */
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

/* Prints what is wrong and in which round, and ends the harness. */
void kill_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define check(condition) ((condition) ? (void)0 : kill_fail("%s:%d: %s", __FILE__, __LINE__, #condition))

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
    atomic_uint ends;    /* notifications that came: one for each call */
    uint32_t timeout_ms; /* of each call */
    unsigned number;     /* of calls so far */
    unsigned answered, late, broken;
    int code; /* why the last one failed */
};

/* Connects and binds, and sets how long every call may take; a negative code when that fails. */
int traffic_open(struct traffic *traffic, struct hprpc_context *context, const char *uri, enum hprpc_pump pump,
                 uint32_t timeout_ms);

/* Starts as many calls as are free, takes in those that are complete; waits for one if `wait`. False: it is broken. */
bool traffic_turn(struct traffic *traffic, bool wait);

/* Takes in all that are open, whatever becomes of them. */
void traffic_drain(struct traffic *traffic);

void traffic_close(struct traffic *traffic);

/* ---- victim.c: the process that dies ---- */

struct fate {
    int step;   /* enum hprpc__step, or -1: it is killed from outside */
    int nth;    /* time that it comes there */
    int number; /* SIGKILL or SIGSTOP */
};

extern const struct target_target_service target_service;

/* The roles "serve" and "call" of this program: ROLE URI PUMP STEP NTH SIGNAL. */
int victim_main(char **arguments);

/* Starts one, and returns the first line that it says. */
pid_t victim_start(const char *role, const char *uri, enum hprpc_pump pump, const struct fate *fate, char *ret_line,
                   size_t capacity);

#endif
