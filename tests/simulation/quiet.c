/* What must hold when nothing is under way on a connection. This looks inside the library. */
#include "simulation/cast.h"
#include "simulation/link.h"

#include "rpc/pending.h"
#include "rpc/request.h"
#include "rpc/server.h"

static struct hprpc_controller *server_side(const struct client *client)
{
    const struct server *server = client->actor.world->server;
    const struct end *end = (const struct end *)client->party.controller->channel;
    struct hprpc_controller *controller = server->server ? server->server->loops[0].loop.connections : NULL;

    while (controller && controller->channel != &end->link->ends[1]->base)
        controller = controller->next;
    return controller;
}

static bool has_deferred(const struct world *world, const struct hprpc_controller *controller)
{
    for (const struct deferred *deferred = world->deferred; deferred; deferred = deferred->next) {
        if (hprpc_request_controller(deferred->request) == controller)
            return true;
    }
    return false;
}

static bool is_busy(const struct world *world, const struct hprpc_controller *controller)
{
    return controller->running || controller->waiting_first || has_deferred(world, controller);
}

bool is_quiet(const struct client *client)
{
    const struct end *end = (const struct end *)client->party.controller->channel;
    const struct hprpc_controller *other = server_side(client);
    const struct party *party = client->actor.world->server->parties;

    while (party && party->controller != other)
        party = party->next;
    return other && link_is_quiet(end->link) && !is_busy(client->actor.world, client->party.controller) &&
           !is_busy(client->actor.world, other) && (!party || party_is_done(party));
}

static uint32_t tickets_of(const struct party *party)
{
    uint32_t count = 0;

    for (const struct call *call = party ? party->calls : NULL; call; call = call->next)
        count += call->call.pending != NULL;
    return count;
}

/* All that `caller` took of the credit of `callee`, and all that it knows of. */
static void check_direction(struct world *world, struct hprpc_controller *caller, struct hprpc_controller *callee)
{
    world_check(world, caller->calls_out == callee->oneway_calls && callee->oneway_calls == callee->oneway_done,
                "%u calls of credit are taken, %u one-way requests came, %u are consumed", caller->calls_out,
                callee->oneway_calls, callee->oneway_done);
    world_check(world, caller->bytes_out == callee->oneway_bytes && callee->oneway_bytes == callee->oneway_bytes_done,
                "%llu bytes of credit are taken, %llu came one-way, %llu are consumed",
                (unsigned long long)caller->bytes_out, (unsigned long long)callee->oneway_bytes,
                (unsigned long long)callee->oneway_bytes_done);
    world_check(world, callee->bytes_received == atomic_load(&callee->bytes_answered),
                "requests of %llu bytes came, and of %llu bytes were answered",
                (unsigned long long)callee->bytes_received, (unsigned long long)atomic_load(&callee->bytes_answered));
    for (uint32_t call = 0; call < callee->own.max_calls; call++) {
        _Atomic(struct hprpc_request *) *cell = hprpc__live_find(callee, call);

        world_check(world, !cell || !atomic_load(cell), "call id %u is still taken for in use", call);
    }
    for (uint32_t id = 0; id < caller->tickets.capacity; id++)
        world_check(world, !caller->tickets.slots[id].ticket, "call id %u still waits for its answer", id);
}

void check_credit(const struct client *client)
{
    struct world *world = client->actor.world;
    struct hprpc_controller *own = client->party.controller, *other = server_side(client);

    check_direction(world, own, other);
    check_direction(world, other, own);
    world_check(world, own->tickets.held == tickets_of(&client->party), "%u tickets are held, and %u calls hold one",
                own->tickets.held, tickets_of(&client->party));
}
