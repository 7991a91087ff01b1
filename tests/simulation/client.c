/* SPDX-License-Identifier: MIT */
/* The life of a client: it connects, calls in every way, serves, and leaves. */
#include "simulation/cast.h"
#include "simulation/link.h"
#include "simulation/talk.h"

enum { LATE_CONNECTING = 400 }; /* milliseconds: see LATER in call.c */

static struct client *client_of(struct actor *actor)
{
    return (struct client *)actor;
}

static struct party *party_for(struct actor *actor, struct hprpc_controller *controller)
{
    struct client *client = client_of(actor);

    world_check(actor->world, client->restless || client->party.controller == controller,
                "a request names a connection of somebody else's");
    return &client->party;
}

/* ---- Connecting ---- */

static bool may_fail_with(const struct world *world, int code, uint64_t started)
{
    switch (code) {
    case HPRPC_EREFUSED:
        return !world->climate.calm || world->rules.max_connections;
    case HPRPC_EPEERDIED:
    case HPRPC_ECLOSED:
        return !world->climate.calm;
    case HPRPC_EDEADLINE:
        return (!world->climate.calm || world->rules.max_connections || world->stops) &&
               world->now >= started + 1000 * MILLISECOND;
    case HPRPC_ENOMEM:
        return world->memory.failures > 0;
    default:
        return false;
    }
}

/* `changed` of a client that reconnects: it is READY and RECONNECTING by turns, until its end. */
static void note_restless(struct client *client, enum hprpc_client_state state, int code, const char *reason)
{
    struct world *world = client->actor.world;
    bool explained = state == HPRPC_CLIENT_RECONNECTING || state == HPRPC_CLIENT_CLOSED;

    world_check(world, !client->told_end, "state %d is told after the end", state);
    world_check(world, explained == (code < 0) && explained == (reason[0] != '\0'), "state %d comes with %s: %s", state,
                hprpc_error_name(code), reason);
    switch (state) {
    case HPRPC_CLIENT_CONNECTING:
        world_check(world, client->told == 0, "it connects twice");
        break;
    case HPRPC_CLIENT_READY:
        world_check(world, client->told % 2 == 1, "it is told to be ready twice");
        break;
    case HPRPC_CLIENT_DRAINING:
        world_check(world, client->told && client->told % 2 == 0, "a connection drains that is not there");
        return;
    case HPRPC_CLIENT_RECONNECTING:
        world_check(world, client->told && client->told % 2 == 0, "it reconnects, and was not ready");
        break;
    default:
        world_check(world, state == HPRPC_CLIENT_CLOSED && client->party.closed, "it ends in state %d", state);
        client->told_end = true;
    }
    client->told++;
}

/* The callback `changed`: checks that each state is reported once and in order, and that the end has a reason. */
static void note_state(void *self, enum hprpc_client_state state, int code, const char *reason)
{
    struct client *client = self;
    struct world *world = client->actor.world;

    world_trace(world, "state %d: %s: %s", state, hprpc_error_name(code), reason);
    if (client->restless) {
        note_restless(client, state, code, reason);
        return;
    }
    if (state == HPRPC_CLIENT_DRAINING) {
        world_check(world, client->told == 2 && !client->told_end && !code, "a connection drains that is not there");
        return;
    }
    if (state <= HPRPC_CLIENT_READY) {
        world_check(world, client->told == (unsigned)state && !client->told_end && !code && !reason[0],
                    "state %d is told when %u were told before", state, client->told);
        client->told++;
        return;
    }
    world_check(world, client->told && !client->told_end, "the end is told twice, or before the beginning");
    world_check(world, code < 0 && reason[0], "the connection ends, and nobody says why");
    world_check(world, (state == HPRPC_CLIENT_CLOSED) == client->party.closed,
                "the connection is told to be %s, and was %sclosed here",
                state == HPRPC_CLIENT_CLOSED ? "closed" : "broken", client->party.closed ? "" : "not ");
    client->told_end = true;
}

static void check_states(const struct client *client, int r)
{
    if (client->restless) {
        world_check(client->actor.world, r < 0 || client->told >= 2, "it is connected, and was not told to be ready");
        return;
    }
    world_check(
        client->actor.world,
        r == 0 ? client->told == 2 : client->told == (client->told_end ? 1u : 0u) + (client->told == 2 ? 1u : 0u),
        "after %s, %u states were told, and %s end", hprpc_error_name(r), client->told, client->told_end ? "an" : "no");
}

static enum hprpc_pump draw_pump(struct world *world)
{
    uint64_t drawn = world_random(world, 8);

    return drawn < 2 ? HPRPC_PUMP_CALLER : drawn < 4 ? HPRPC_PUMP_THREAD : HPRPC_PUMP_LOOP;
}

static void init_party(struct client *client)
{
    party_init(&client->party, &client->actor, hprpc_client_controller(client->client));
    if (!client->restless)
        return;
    client->party.restless = true;
    client->party.controller = NULL;
    client->party.client = client->client;
}

static bool connect_client(struct client *client)
{
    struct world *world = client->actor.world;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    uint64_t started = world->now;
    int r;

    options.pump = draw_pump(world);
    client->actor.caller = options.pump == HPRPC_PUMP_CALLER;
    client->actor.threaded = options.pump == HPRPC_PUMP_THREAD;
    options.connect_timeout_ms = 1000;
    options.max_calls = world->rules.tight ? 1 + (uint32_t)world_random(world, 6) : 0;
    options.max_call_bytes = world->rules.tight ? 1 + world_random(world, 20000) : 0;
    options.max_depth = world->rules.max_depth;
    options.max_message = world->rules.max_message[0];
    options.stream_elements = world->rules.stream_elements[0];
    options.stream_bytes = world->rules.stream_bytes[0];
    options.max_stream_bytes = world->rules.max_stream_bytes[0];
    options.stream_idle_ms = world->rules.stream_idle_ms[0];
    options.keepalive_ms = world->rules.keepalive_ms;
    options.changed = note_state;
    options.changed_self = client;
    client->told = 0;
    client->told_end = false;
    client->restless = world_chance(world, world->rules.restless);
    options.reconnect = client->restless;
    client->party = (struct party){ .closed = client->restless };
    actor_begin_wait(&client->actor);
    r = hprpc_client_connect(world->context, "sim://server", &options, &detail, &client->client);
    actor_end_wait(&client->actor);
    world_trace(world, "connect: %s", hprpc_error_name(r));
    world_check(world, r == 0 || may_fail_with(world, r, started), "a client does not connect: %s: %s",
                hprpc_error_name(r), detail.text);
    world_check(world, r == 0 || world->now < started + (1000 + LATE_CONNECTING) * MILLISECOND,
                "connecting fails late: %s", detail.text);
    check_states(client, r);
    if (r < 0)
        return false;
    init_party(client);
    if (world_chance(world, 800))
        hprpc_client_offer(client->client, &served, &service_handlers, client);
    return true;
}

/* ---- One step ---- */

static void start_call(struct client *client)
{
    struct world *world = client->actor.world;
    uint32_t flags = world_chance(world, 400) ? HPRPC_CALL_NO_WAIT : 0;
    struct call *call;

    if (world_chance(world, world->rules.talkative)) {
        talk_start(&client->party, flags);
        return;
    }
    call = call_new(&client->party, 0, (uint32_t)world_random(world, 5));
    switch (world_random(world, 6)) {
    case 0:
        call_note(call, flags);
        break;
    case 1:
    case 2:
        call_exchange(call, flags);
        break;
    default:
        call_post(call, flags);
        break;
    }
}

static void wait_for_some(struct client *client)
{
    struct hprpc_pending_call *pending[4] = { NULL };
    struct call *awaited[4] = { NULL };
    struct world *world = client->actor.world;
    uint32_t timeouts[] = { 0, 1, 20, HPRPC_NO_TIMEOUT };
    size_t count = 0;

    for (struct call *call = client->party.calls; call && count < 4; call = call->next) {
        if (call->finished || !call->call.pending || call->awaited)
            continue;
        awaited[count] = call;
        pending[count++] = call->call.pending;
    }
    if (!count)
        return;
    world_trace(world, "waits for %zu calls", count);
    for (size_t i = 0; i < count; i++)
        awaited[i]->awaited = true;
    actor_begin_wait(&client->actor);
    hprpc_pending_call_wait_any(pending, count, timeouts[world_random(world, 4)]);
    actor_end_wait(&client->actor);
    for (size_t i = 0; i < count; i++)
        awaited[i]->awaited = false;
    world_trace(world, "has waited");
}

/* Sends one-way requests until there is no credit left, and one more, which waits for credit. */
static void flood(struct client *client)
{
    struct world *world = client->actor.world;

    for (uint64_t i = 5 + world_random(world, 60); i && call_note(call_new(&client->party, 0, 0), HPRPC_CALL_NO_WAIT);
         i--)
        continue;
    call_note(call_new(&client->party, 0, 0), 0);
}

static void meddle(struct client *client)
{
    struct world *world = client->actor.world;
    struct call *call = party_draw(&client->party);

    if (call && world_chance(world, world->climate.cancel))
        call_cancel(call);
    else if (call && world_chance(world, world->climate.cancel))
        call_clear(call);
    else if (world_chance(world, world->climate.close)) {
        world_trace(world, "the client is closed");
        client->party.closed = true;
        hprpc_client_close(client->client);
    }
}

/* Returns the time at which an event loop would process the client without an event. */
static uint64_t wake_time(const struct client *client)
{
    int timeout = hprpc_client_timeout(client->client);

    return timeout < 0 ? NEVER : client->actor.world->now + (uint64_t)timeout * MILLISECOND;
}

/*
 * For a client without a loop. With HPRPC_PUMP_CALLER, only a wait pumps: for pending calls, or for a call made for that
 * purpose.
 */
static void pump_as_caller(struct client *client, uint64_t until)
{
    struct world *world = client->actor.world;
    uint64_t wake_at = world->now + world_random(world, 5 * MILLISECOND);

    if (!party_is_done(&client->party))
        wait_for_some(client);
    else if (client->actor.caller && !party_has_ended(&client->party) && party_bind(&client->party))
        call_exchange(call_new(&client->party, 0, 0), 0);
    party_collect(&client->party);
    party_talk(&client->party, true);
    actor_rest_or_spin(&client->actor, wake_at < until ? wake_at : until);
}

/* Does what an event loop does: processes the client when there is an event, or when its time has come. */
static void process(struct client *client, uint64_t until)
{
    struct world *world = client->actor.world;
    uint64_t happenings = world->happenings;
    uint64_t wake_at;

    if (client->actor.caller || client->actor.threaded) {
        pump_as_caller(client, until);
        return;
    }
    wake_at = wake_time(client);
    if (descriptor_is_ready(hprpc_client_descriptor(client->client)) || wake_at <= world->now ||
        world_chance(world, 30))
        hprpc_client_process(client->client);
    party_collect(&client->party);
    party_talk(&client->party, world_chance(world, 300));
    wake_at = wake_time(client) < until ? wake_time(client) : until;
    wake_at = wake_at < party_next_step(&client->party) ? wake_at : party_next_step(&client->party);
    if (world_chance(world, world->climate.oversleep))
        actor_oversleep(&client->actor, world->now + world_random(world, 100 * MILLISECOND));
    else if (world->happenings == happenings)
        actor_rest_or_spin(&client->actor, wake_at);
    else
        actor_yield(&client->actor);
}

/* Makes no call for a while. */
static void linger(struct client *client)
{
    struct world *world = client->actor.world;
    uint64_t until = world->now + world_random(world, 3000 * MILLISECOND);

    while (world->now < until)
        process(client, until);
}

static void step(struct client *client)
{
    switch (world_random(client->actor.world, 8)) {
    case 0:
    case 1:
        start_call(client);
        break;
    case 2:
        wait_for_some(client);
        break;
    case 3:
        meddle(client);
        break;
    case 4:
        if (world_chance(client->actor.world, client->actor.world->climate.flood))
            flood(client);
        else if (world_chance(client->actor.world, client->actor.world->rules.keepalive_ms ? 80 : 5))
            linger(client);
        break;
    default:
        process(client, NEVER);
        break;
    }
}

/* ---- A life ---- */

/* Waits until all calls are complete and nothing is under way, then checks the credit. */
static void settle(struct client *client)
{
    struct world *world = client->actor.world;
    uint64_t until = world->now + 60000 * MILLISECOND;

    world->settling++;
    while (!party_is_done(&client->party) ||
           (!client->restless && !party_has_ended(&client->party) && !is_quiet(client))) {
        world_check(world, world->now < until, "a client's calls do not come to an end");
        process(client, NEVER);
    }
    world->settling--;
    if (!client->restless && !party_has_ended(&client->party))
        check_credit(client);
}

static void live(struct client *client)
{
    struct world *world = client->actor.world;

    client->actor.parties = &client->party;
    while (client->steps && party_bind(&client->party)) {
        client->steps--;
        step(client);
    }
    if (world->climate.calm || !world_chance(world, world->climate.close * 5))
        settle(client);
    /* a reply stays readable when its client is freed */
    if (world_chance(world, 500) && !party_is_calling(&client->party))
        party_clear(&client->party);
    world_trace(world, "the client is freed");
    if (!client->told_end)
        client->party.closed = true;
    client->party.leaving = true;
    client->actor.parties = NULL;
    /* hprpc_client_free() waits for threads that pump, and does not yield to them */
    if (jobs_wait(&client->actor))
        hprpc_client_close(client->client);
    while (jobs_wait(&client->actor))
        actor_rest(&client->actor, world->now + MILLISECOND);
    hprpc_client_free(client->client);
    world_check(world, client->told_end, "a client is gone, and its end was not told");
    actor_yield(&client->actor);
    party_clear(&client->party);
}

void client_act(struct actor *actor)
{
    struct client *client = client_of(actor);
    struct world *world = actor->world;

    actor->party_for = party_for;
    client->steps = 10 + (uint32_t)world_random(world, 80);
    while (!world->opened)
        actor_rest(actor, NEVER);
    for (int tries = 0; tries < 4 && client->steps; tries++) {
        actor_rest(actor, world->now + world_random(world, 50 * MILLISECOND));
        if (connect_client(client))
            live(client);
    }
    world->clients--;
    world_stir(world);
}
