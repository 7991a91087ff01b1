/* Those who act in a simulated world. */
#ifndef SIMULATION_CAST_H
#define SIMULATION_CAST_H

#include "simulation/call.h"

struct client {
    struct actor actor;
    struct hprpc_client *client;
    struct party party;
    uint32_t steps; /* that are left of its life */
};

struct server {
    struct actor actor;
    struct hprpc_server *server; /* NULL between two lives */
    struct party *parties;       /* those that its handlers called back over, each with a hold on its controller */
    uint32_t lives;
};

void client_act(struct actor *actor);
void server_act(struct actor *actor);

/* With nothing under way on this client's connection: the credit of both sides must be back. */
void check_credit(const struct client *client);

/* Whether nothing is under way on it. */
bool is_quiet(const struct client *client);

#endif
