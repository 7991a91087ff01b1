/* SPDX-License-Identifier: MIT */
/* Those who act in a simulated world. */
#ifndef SIMULATION_CAST_H
#define SIMULATION_CAST_H

#include "simulation/call.h"

struct client {
    struct actor actor;
    struct hprpc_client *client;
    struct party party;
    uint32_t steps; /* that are left of its life */
    unsigned told;  /* states that it was told, of this connection */
    bool told_end;
};

struct server {
    struct actor actor;
    struct hprpc_server *server; /* NULL between two lives */
    uint32_t stop_ms;            /* that it may take to stop; 0: it is driven by an event loop */
};

/* An actor whose side of a connection is played by hand, and badly. */
struct stranger {
    struct actor actor;
    bool says_hello; /* or nothing at all */
};

void client_act(struct actor *actor);
void server_act(struct actor *actor);
void stopper_act(struct actor *actor);
void stranger_act(struct actor *actor);

/* Checks what holds whenever all actors sleep. */
void server_check(const struct server *server);

/* A request is being executed: whether its turn has come, and nothing forbids it. */
void check_execution(const struct call *call, const struct hprpc_request *request);

/* What the handler of a deferred request may see of its caller. */
void check_view(const struct call *call, const struct deferred *deferred);

/* With nothing under way on this client's connection: the credit of both sides must be back. */
void check_credit(const struct client *client);

/* Whether nothing is under way on it. */
bool is_quiet(const struct client *client);

#endif
