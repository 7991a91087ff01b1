/* SPDX-License-Identifier: MIT */
/* The parties: a client that calls its server, or a server that calls a client back. */
#include "simulation/call.h"
#include "simulation/link.h"
#include "simulation/talk.h"

#define PAUSE (5 * MILLISECOND) /* of a caller between two steps of its talks */

void party_init(struct party *party, struct actor *actor, struct hprpc_controller *controller)
{
    *party = (struct party){ .world = actor->world, .actor = actor, .controller = controller };
    party->client = hprpc_controller_client(controller);
}

bool party_has_ended(const struct party *party)
{
    struct hprpc_peer peer;
    const struct link *link = party->world->links;

    if (party->closed || party->restless)
        return party->closed;
    hprpc_controller_peer(party->controller, &peer);
    while (link && (int64_t)link->number != peer.pid)
        link = link->next;
    return !link || link_has_ended(link);
}

bool party_is_awaited(const struct party *party)
{
    const struct link *awaits = party->actor->awaits;
    struct hprpc_peer peer;

    /* whatever its actor waits for, it waits for on this client */
    if (party->restless)
        return actor_waits(party->actor);
    hprpc_controller_peer(party->controller, &peer);
    return awaits && (int64_t)awaits->number == peer.pid;
}

static uint32_t limit_of(const struct world *world, int side)
{
    return world->rules.max_message[side] ? world->rules.max_message[side] : UINT32_MAX;
}

uint32_t party_limit(const struct party *party)
{
    return limit_of(party->world, !party->called_back);
}

uint32_t party_own_limit(const struct party *party)
{
    return limit_of(party->world, party->called_back);
}

/* True if party_bind() may fail with `code`. */
static bool may_fail_with(const struct party *party, int code, uint64_t started)
{
    const struct world *world = party->world;

    switch (code) {
    case HPRPC_ENOTSENT:
    case HPRPC_EMAYBE:
    case HPRPC_EPEERDIED:
        return party_has_ended(party);
    case HPRPC_EDEADLINE:
        return world->now >= started + 30000 * MILLISECOND;
    case HPRPC_ENOMEM:
    case HPRPC_EBUSY:
        return world->memory.failures > 0;
    case HPRPC_EUNIMPLEMENTED:
        return party->called_back;
    default:
        return false;
    }
}

bool party_bind(struct party *party)
{
    struct world *world = party->world;
    struct actor *waiter = world->current;
    struct hprpc_detail detail = { "" };
    uint64_t started = world->now;
    int r;

    if (party->bound)
        return true;
    actor_begin_wait(waiter);
    r = hprpc_stub_bind(party->client, &called, &detail, &party->binding);
    actor_end_wait(waiter);
    world_trace(world, "binds: %s", hprpc_error_name(r));
    world_check(world, r == 0 || may_fail_with(party, r, started), "a service is not bound: %s: %s",
                hprpc_error_name(r), detail.text);
    party->bound = r == 0;
    return party->bound;
}

struct call *party_draw(struct party *party)
{
    struct call *call = party->calls;

    for (uint64_t skip = world_random(party->world, 8); call && skip; skip--)
        call = call->next;
    return call;
}

void party_act_on_impulse(struct party *party)
{
    struct world *world = party->world;
    struct call *other = party_draw(party);

    if (party->leaving || !party->bound)
        return;
    world_trace(world, "and at once:");
    if (!party->actor->runs && !world->settling && world_chance(world, world->rules.talkative / 4)) {
        talk_start(party, HPRPC_CALL_NO_WAIT);
        return;
    }
    switch (world_random(world, 6)) {
    case 0:
        call_note(call_new(party, 0, 0), HPRPC_CALL_NO_WAIT);
        break;
    case 1:
        if (other && world_chance(world, world->climate.cancel * 4))
            call_cancel(other);
        break;
    case 2:
        if (other && (other->finished || world_chance(world, world->climate.cancel * 4)))
            call_clear(other);
        break;
    case 3:
        if (!world_chance(world, world->climate.close))
            break;
        party->closed = true;
        if (party->restless)
            hprpc_client_close(party->client);
        else
            hprpc_controller_close(party->controller);
        break;
    case 4:
        call_exchange(call_new(party, 0, 0), world->rules.tight ? HPRPC_CALL_NO_WAIT : 0);
        break;
    default:
        call_post(call_new(party, 0, (uint32_t)world_random(world, 3)), HPRPC_CALL_NO_WAIT);
        break;
    }
}

void party_collect(struct party *party)
{
    struct call *next;

    for (struct call *call = party->calls; call; call = next) {
        next = call->next;
        if (call->cleared || call->busy)
            continue;
        if (!call->finished && call->call.pending && hprpc_pending_call_done(call->call.pending))
            call_finish(call);
        if (call->finished && world_chance(party->world, 300))
            call_clear(call);
    }
}

void party_talk(struct party *party, bool may_wait)
{
    struct talk *next;

    /* a step may clear others, in callbacks */
    for (struct talk *talk = party->talks; talk; talk = next) {
        talk_step(talk, may_wait);
        next = talk->open ? talk->next : NULL;
    }
}

uint64_t party_next_step(const struct party *party)
{
    for (const struct talk *talk = party->talks; talk; talk = talk->next) {
        if (!talk->finished)
            return party->world->now + PAUSE;
    }
    return NEVER;
}

bool party_is_done(const struct party *party)
{
    for (const struct talk *talk = party->talks; talk; talk = talk->next) {
        if (!talk->finished)
            return false;
    }
    for (const struct call *call = party->calls; call; call = call->next) {
        if (!call->finished)
            return false;
    }
    return true;
}

bool party_is_calling(const struct party *party)
{
    for (const struct talk *talk = party->talks; talk; talk = talk->next) {
        if (talk->busy)
            return true;
    }
    for (const struct call *call = party->calls; call; call = call->next) {
        if (call->busy)
            return true;
    }
    return false;
}

void party_clear(struct party *party)
{
    while (party->calls) {
        world_check(party->world, !party->calls->busy, "call %u is still being made", (uint32_t)party->calls->tag);
        call_clear(party->calls);
    }
    while (party->talks) {
        world_check(party->world, !party->talks->busy, "talk %u is still being made", (uint32_t)party->talks->tag);
        talk_clear(party->talks);
    }
}
