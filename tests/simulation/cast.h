/* SPDX-License-Identifier: MIT */
/* The actors of a simulated world: clients, the server, its stopper, and a stranger. */
#ifndef SIMULATION_CAST_H
#define SIMULATION_CAST_H

#include "simulation/call.h"

struct client {
    struct actor actor;
    struct hprpc_client *client;
    struct party party;
    uint32_t steps; /* that it still takes before it ends */
    bool restless;  /* it reconnects */
    unsigned told;  /* how many states `changed` reported of this connection */
    bool told_end;
};

struct server {
    struct actor actor;
    struct hprpc_server *server; /* NULL while there is no server */
    uint32_t stop_ms;            /* the server's stop_timeout_ms; 0: an event loop drives it */
};

/* An actor that connects without the library's client, and sends too little. */
struct stranger {
    struct actor actor;
    bool says_hello; /* false: it sends nothing at all */
};

void client_act(struct actor *actor);
void server_act(struct actor *actor);
void stopper_act(struct actor *actor);
void stranger_act(struct actor *actor);

/* Checks what holds for the server whenever all actors sleep. */
void server_check(const struct server *server);

/* Checks that `request`, which is about to be executed, is in its turn, in time and within the limits. */
void check_execution(const struct call *call, const struct hprpc_request *request);

/* Checks what the handler of a deferred request sees of its call: whether it is cancelled, and the time that remains. */
void check_view(const struct call *call, const struct deferred *deferred);

/* Checks, while is_quiet() is true, that both sides have all their credit back. */
void check_credit(const struct client *client);

/* True if nothing is under way on the client's connection. */
bool is_quiet(const struct client *client);

#endif
