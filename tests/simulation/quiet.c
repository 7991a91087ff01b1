/* SPDX-License-Identifier: MIT */
/* Checks of the library's inner state: of a connection when nothing is under way on it, of requests, and of the server. */
#include "simulation/cast.h"
#include "simulation/link.h"
#include "simulation/talk.h"

#include "rpc/call/ticket.h"
#include "rpc/serve/call-ids.h"
#include "rpc/serve/request.h"
#include "rpc/server.h"

enum { NOTICES_MS = 20 };

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
    return controller->running || flows_are_open(controller) || !hprpc__list_is_empty(&controller->waiting) ||
           (controller->workers && atomic_load(&controller->quota->calls)) || has_deferred(world, controller);
}

bool is_quiet(const struct client *client)
{
    const struct end *end = (const struct end *)client->party.controller->channel;
    const struct hprpc_controller *other = server_side(client);
    const struct party *party = client->actor.world->server->actor.parties;

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
    for (const struct talk *talk = party ? party->talks : NULL; talk; talk = talk->next)
        count += talk->call.pending != NULL;
    return count;
}

/* Checks that only one-way calls hold credit of `callee`, and that neither side has a call id in use. */
static void check_direction(struct world *world, struct hprpc_controller *caller, struct hprpc_controller *callee)
{
    /* when the other side drains, requests that it did not take keep their credit until the end */
    bool drains = caller->draining;

    world_check(world,
                drains || (caller->calls_out == callee->oneway_calls && callee->oneway_calls == callee->oneway_done),
                "%u calls of credit are taken, %u one-way requests came, %u are consumed", caller->calls_out,
                callee->oneway_calls, callee->oneway_done);
    world_check(
        world,
        drains || (caller->bytes_out == callee->oneway_bytes && callee->oneway_bytes == callee->oneway_bytes_done),
        "%llu bytes of credit are taken, %llu came one-way, %llu are consumed", (unsigned long long)caller->bytes_out,
        (unsigned long long)callee->oneway_bytes, (unsigned long long)callee->oneway_bytes_done);
    world_check(world, callee->bytes_received == atomic_load(&callee->bytes_answered),
                "requests of %llu bytes came, and of %llu bytes were answered",
                (unsigned long long)callee->bytes_received, (unsigned long long)atomic_load(&callee->bytes_answered));
    for (uint32_t call = 0; call < callee->own->max_calls; call++) {
        _Atomic(struct hprpc_request *) *cell = hprpc__call_ids_find(callee, call);

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
    world_check(world, !atomic_load(&own->statistics.stray_replies) && !atomic_load(&other->statistics.stray_replies),
                "an answer met no call, and not because it was late");
    world_check(world, own->tickets.held == tickets_of(&client->party), "%u tickets are held, and %u calls hold one",
                own->tickets.held, tickets_of(&client->party));
}

/* ---- Requests ---- */

static bool is_in_time(const struct world *world, const struct hprpc_request *request)
{
    uint32_t timeout =
        request->header.flags & HPRPC_FLAG_TIMEOUT ? request->header.timeout_ms : request->controller->peer.timeout_ms;

    return !request->arrived || timeout == HPRPC_NO_TIMEOUT ||
           world->now < request->arrived + (timeout + 1ull) * MILLISECOND;
}

/* True if the server was told to stop more than NOTICES_MS ago, and was outside waits since then, so that it has noticed. */
static bool is_stopping(const struct world *world)
{
    const struct server *server = world->server;

    return server->server && world->stopped_at && world->now > world->stopped_at + NOTICES_MS * MILLISECOND &&
           !actor_waits(&server->actor) && server->actor.waited_at < world->stopped_at;
}

void check_execution(const struct call *call, const struct hprpc_request *request)
{
    struct world *world = call->party->world;
    const struct hprpc_request *outer = request->controller->workers ? NULL : request->outer;
    uint32_t number = (uint32_t)call->tag;
    uint32_t limit = request->controller->own->max_depth;

    world_check(world, request->header.depth < limit, "call %u is executed at depth %u of %u", number,
                request->header.depth, limit);
    world_check(world, !outer || outer->header.depth < request->header.depth,
                "call %u, at depth %u, nests into a request at depth %u", number, request->header.depth,
                outer ? outer->header.depth : 0);
    if (!(request->header.flags & HPRPC_FLAG_ONEWAY))
        world_check(world, !atomic_load(&((struct hprpc_request *)request)->cancelled) && is_in_time(world, request),
                    "call %u is executed, and nobody waits any more", number);
    if (request->controller->quota && !request->arrived && !request->controller->workers)
        world_check(world, !is_stopping(world), "call %u is executed, and the server is stopping", number);
    /* workers execute requests in any order; and requests may still be under way on a connection that another one has replaced */
    if (request->header.depth || request->controller->workers || call->party->restless)
        return;
    world_check(world, call->order > call->party->ran, "call %u is executed out of its turn", number);
    call->party->ran = call->order;
}

/* True if no packet that the caller sent is under way. */
static bool has_said_all(const struct party *party)
{
    const struct end *end = (const struct end *)party->controller->channel;
    const struct lane *lane = &end->link->lanes[end->side];

    return !lane->outbox.first && !lane->wire.first;
}

void check_view(const struct call *call, const struct deferred *deferred)
{
    struct world *world = call->party->world;
    bool cancelled = hprpc_request_cancelled(deferred->request);
    uint32_t remaining = hprpc_request_remaining(deferred->request), number = (uint32_t)call->tag;
    uint32_t timeout = call->call.timeout_ms ? call->call.timeout_ms : 30000;
    uint64_t passed = (world->now - deferred->since) / MILLISECOND;
    uint64_t most = passed < timeout ? timeout - passed : 0;
    uint64_t since = (world->now - call->started) / MILLISECOND;
    uint64_t least = since < timeout ? timeout - since : 0;

    if (call->cleared || party_has_ended(call->party) || call->party->restless)
        return;
    world_check(world, !cancelled || call->cancelled || world->now >= call->deadline,
                "the handler of call %u sees it cancelled, which it is not", number);
    if (timeout == HPRPC_NO_TIMEOUT)
        world_check(world, remaining == HPRPC_NO_TIMEOUT, "call %u has no deadline, and %u ms remain", number,
                    remaining);
    else
        world_check(world, remaining <= most + 1 && least <= remaining + 1ull,
                    "of %u ms, %u remain to call %u after %llu", timeout, remaining, number,
                    (unsigned long long)passed);
    world_check(world, cancelled || !call->finished || world->memory.failures || !has_said_all(call->party),
                "call %u is over, and its handler does not see it", number);
}

/* ---- The server ---- */

struct sum {
    uint32_t calls;
    uint64_t bytes;
};

static void add_request(struct sum *sum, const struct hprpc_request *request)
{
    sum->calls++;
    sum->bytes += request->charge;
}

/* Adds requests with streams, which are kept from their beginning. */
static void add_streams(struct sum *sum, struct hprpc_controller *controller)
{
    const struct hprpc__stream *stream = flows_are_open(controller) ? controller->streams->open : NULL;

    for (; stream; stream = stream->next) {
        if (stream->callee)
            add_request(sum, atomic_load(hprpc__call_ids_find(controller, stream->call)));
    }
    for (const struct hprpc__link *link = controller->waiting.first; link; link = link->next) {
        const struct hprpc_request *request = (const struct hprpc_request *)link;

        if (request->stream && request->stream->over)
            add_request(sum, request);
    }
}

/* Those that their connection does not know any more: they were cancelled, or it has ended. */
static void add_jobs(struct sum *sum, const struct world *world, const struct hprpc__quota *quota)
{
    for (const struct job *job = world->jobs; job; job = job->next) {
        if (job->request && job->controller->quota == quota && !flow_is_open(job->request->stream))
            add_request(sum, job->request);
    }
}

/*
 * Adds up the requests that the server keeps: deferred ones, those with streams, and those in the list `waiting` of a connection, which
 * counts them once more.
 */
static struct sum kept(const struct hprpc_server *server, const struct world *world)
{
    struct hprpc_controller *controller = server->loops[0].loop.connections;
    struct sum sum = { 0 };

    for (const struct deferred *deferred = world->deferred; deferred; deferred = deferred->next) {
        if (deferred->request->controller->quota != &server->shared->quota)
            continue;
        add_request(&sum, deferred->request);
    }
    add_jobs(&sum, world, &server->shared->quota);
    for (; controller; controller = controller->next) {
        add_streams(&sum, controller);
        for (const struct hprpc__link *link = controller->waiting.first; link; link = link->next)
            add_request(&sum, (const struct hprpc_request *)link);
    }
    return sum;
}

static uint32_t count_connections(const struct hprpc_server *server)
{
    uint32_t count = 0;

    for (const struct hprpc_controller *controller = server->loops[0].loop.connections; controller;
         controller = controller->next)
        count++;
    return count;
}

/*
 * Counts connections that were turned away and are broken, and that the loop still lists: while a handler waits, it removes
 * none.
 */
static uint32_t count_gone(const struct hprpc_server *server)
{
    uint32_t count = 0;

    for (struct hprpc_controller *controller = server->loops[0].loop.connections; controller;
         controller = controller->next)
        count += controller->turned_away && hprpc__state(controller) == HPRPC__BROKEN;
    return count;
}

void server_check(const struct server *server)
{
    struct hprpc_server *inside = server->server;
    struct world *world = server->actor.world;
    struct hprpc__quota *quota;
    struct sum sum;
    uint32_t connections;

    if (!inside)
        return;
    world_check(world, !is_stopping(world) || !world->listenings, "the server is stopping, and listens");
    quota = &inside->shared->quota;
    sum = kept(inside, world);
    /* requests that workers hold are in neither list */
    world_check(
        world,
        world->rules.workers || (atomic_load(&quota->calls) == sum.calls && atomic_load(&quota->bytes) == sum.bytes),
        "the server keeps %u requests of %llu bytes, and takes them for %u of %llu", sum.calls,
        (unsigned long long)sum.bytes, atomic_load(&quota->calls), (unsigned long long)atomic_load(&quota->bytes));
    world_check(world, sum.calls <= quota->max_calls && sum.bytes <= quota->max_bytes,
                "the server keeps %u requests of %llu bytes, which is beyond its limits", sum.calls,
                (unsigned long long)sum.bytes);
    flows_check_quota(world);
    connections = count_connections(inside);
    world_check(world,
                connections == atomic_load(&inside->loops[0].loop.connection_count) &&
                    connections <= inside->max_connections + atomic_load(&inside->turning_away) + count_gone(inside),
                "the server has %u connections, takes them for %u, and may have %u", connections,
                atomic_load(&inside->loops[0].loop.connection_count), inside->max_connections);
}
