/* SPDX-License-Identifier: MIT */
/* The life of the server: it serves, calls back, and sometimes is freed and opened again. */
#include <stdlib.h>

#include "simulation/cast.h"
#include "simulation/link.h"
#include "simulation/talk.h"

#include "rpc/server.h"

enum { LATE_STOPPING = 20 }; /* milliseconds */

static struct server *server_of(struct actor *actor)
{
    return (struct server *)actor;
}

/* ---- Those it calls back ---- */

static struct party *party_for(struct actor *actor, struct hprpc_controller *controller)
{
    struct server *server = server_of(actor);
    struct party *party = server->actor.parties;

    while (party && party->controller != controller)
        party = party->next;
    if (party)
        return party;
    party = malloc(sizeof(*party));
    party_init(party, actor, hprpc_controller_keep(controller));
    party->called_back = true;
    party->next = server->actor.parties;
    server->actor.parties = party;
    return party;
}

static void drop_party(struct server *server, struct party *party)
{
    struct party **place = &server->actor.parties;

    party_clear(party);
    while (*place != party)
        place = &(*place)->next;
    *place = party->next;
    hprpc_controller_drop(party->controller);
    party->closed = party->leaving = true;
    /* calls that the party sent may still arrive, and their checks read the party */
    party->next = server->actor.world->departed;
    server->actor.world->departed = party;
}

static struct party *draw_party(struct server *server)
{
    struct party *party = server->actor.parties;

    for (uint64_t skip = world_random(server->actor.world, 4); party && skip; skip--)
        party = party->next;
    return party;
}

/* ---- One step ---- */

static void start_call(struct server *server, struct party *party)
{
    struct world *world = server->actor.world;
    struct call *call;

    if (!party->bound)
        return;
    if (!server->actor.runs && !world->settling && world_chance(world, world->rules.talkative)) {
        talk_start(party, HPRPC_CALL_NO_WAIT);
        return;
    }
    call = call_new(party, 0, (uint32_t)world_random(world, 4));
    if (world_chance(world, 200))
        call_note(call, HPRPC_CALL_NO_WAIT);
    else
        call_post(call, HPRPC_CALL_NO_WAIT);
}

static void meddle(struct server *server, struct party *party)
{
    struct world *world = server->actor.world;
    struct call *call = party_draw(party);

    if (call && world_chance(world, world->climate.cancel)) {
        call_cancel(call);
    } else if (call && world_chance(world, world->climate.cancel)) {
        call_clear(call);
    } else if (world_chance(world, world->climate.close)) {
        world_trace(world, "the server closes a connection");
        party->closed = true;
        hprpc_controller_close(party->controller);
    }
}

static uint64_t wake_time(const struct server *server)
{
    int timeout = server->server ? hprpc_server_timeout(server->server) : -1;
    uint64_t wake_at = timeout < 0 ? NEVER : server->actor.world->now + (uint64_t)timeout * MILLISECOND;

    for (const struct party *party = server->actor.parties; party; party = party->next)
        wake_at = party_next_step(party) < wake_at ? party_next_step(party) : wake_at;
    return wake_at;
}

static void process(struct server *server)
{
    struct world *world = server->actor.world;
    uint64_t happenings = world->happenings;
    uint64_t wake_at = wake_time(server);

    if (descriptor_is_ready(hprpc_server_descriptor(server->server)) || wake_at <= world->now ||
        world_chance(world, 30))
        hprpc_server_process(server->server);
    for (struct party *party = server->actor.parties; party; party = party->next)
        party_talk(party, false);
    for (struct party *party = server->actor.parties; party; party = party->next)
        party_collect(party);
    if (world_chance(world, world->climate.oversleep))
        actor_oversleep(&server->actor, world->now + world_random(world, 100 * MILLISECOND));
    else if (world->happenings == happenings)
        actor_rest_or_spin(&server->actor, wake_time(server));
    else
        actor_yield(&server->actor);
}

static void step(struct server *server)
{
    struct world *world = server->actor.world;
    struct party *party = draw_party(server);

    switch (party ? world_random(world, 12) : 0) {
    case 1:
        start_call(server, party);
        break;
    case 2:
        meddle(server, party);
        break;
    case 3:
        /* a worker may be about to call with this party */
        if (!world->rules.workers && world_chance(world, 50) && party_is_done(party))
            drop_party(server, party);
        break;
    default:
        process(server);
        break;
    }
}

/* ---- A life ---- */

static bool open_server(struct server *server)
{
    struct world *world = server->actor.world;
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    int r;

    options.max_calls = world->rules.tight ? 1 + (uint32_t)world_random(world, 6) : 0;
    options.max_call_bytes = world->rules.tight ? 1 + world_random(world, 20000) : 0;
    options.max_depth = world->rules.max_depth;
    options.max_message = world->rules.max_message[1];
    options.stream_elements = world->rules.stream_elements[1];
    options.stream_bytes = world->rules.stream_bytes[1];
    options.max_stream_bytes = world->rules.max_stream_bytes[1];
    options.stream_idle_ms = world->rules.stream_idle_ms[1];
    options.max_kept_stream_bytes = world->rules.max_kept_stream_bytes;
    options.max_kept_calls = world->rules.max_kept_calls;
    options.max_kept_bytes = world->rules.max_kept_bytes;
    options.max_connections = world->rules.max_connections;
    options.keepalive_ms = world->rules.keepalive_ms;
    options.handshake_timeout_ms = world->rules.handshake_timeout_ms;
    options.stop_timeout_ms = server->stop_ms;
    options.workers = world->rules.workers;
    r = hprpc_server_new(world->context, &options, &server->server);
    if (r == 0)
        r = hprpc_server_add(server->server, &served, &service_handlers, server);
    if (r == 0)
        r = hprpc_server_listen(server->server, "sim://server", &detail);
    world_trace(world, "the server opens: %s", hprpc_error_name(r));
    world_check(world, r == 0 || (r == HPRPC_ENOMEM && world->memory.failures), "the server does not open: %s: %s",
                hprpc_error_name(r), detail.text);
    if (r == 0) {
        world->opened = true;
        world_stir(world);
        return true;
    }
    hprpc_server_free(server->server);
    server->server = NULL;
    return false;
}

static void close_server(struct server *server)
{
    struct world *world = server->actor.world;
    struct hprpc_server *freed = server->server;

    world_trace(world, "the server is freed");
    for (struct party *party = server->actor.parties; party; party = party->next)
        party->closed = party->leaving = true;
    server->server = NULL;
    hprpc_server_free(freed);
    /* the parties keep their controllers longer than the server: calling with one must fail, and do no harm */
    for (struct party *party = server->actor.parties; party; party = party->next) {
        start_call(server, party);
        hprpc_controller_close(party->controller);
    }
    while (server->actor.parties)
        drop_party(server, server->actor.parties);
}

/* ---- A life that the library runs ---- */

/*
 * Serves until hprpc_server_stop is called. The stop ends in time, counted from the last nested wait, and not early if requests
 * are left.
 */
static void run(struct server *server)
{
    struct world *world = server->actor.world;
    struct hprpc__quota *quota = &server->server->shared->quota;
    uint64_t last, kept;
    int r;

    world->stopped_at = 0;
    actor_begin_wait(&server->actor);
    r = hprpc_server_run(server->server);
    world_trace(world, "the server has stopped: %s", hprpc_error_name(r));
    last = server->actor.waited_at > world->stopped_at ? server->actor.waited_at : world->stopped_at;
    last += (server->stop_ms + LATE_STOPPING) * MILLISECOND;
    kept = atomic_load(&quota->calls);
    world_check(world, r == 0 && world->stopped_at, "the server stops by itself: %s", hprpc_error_name(r));
    world_check(world, world->now < last, "the server takes too long to stop");
    world_check(world, !kept || world->now >= world->stopped_at + server->stop_ms * MILLISECOND,
                "the server stops early, with %u requests left", (unsigned)kept);
    actor_end_wait(&server->actor);
    close_server(server);
}

static void stop(struct world *world)
{
    world_trace(world, "the server is told to stop");
    world->stopped_at = world->now;
    world->stops++;
    hprpc_server_stop(world->server->server);
    world_stir(world);
}

void stopper_act(struct actor *actor)
{
    struct world *world = actor->world;
    uint64_t until;

    while (world->clients) {
        until = world->climate.calm ? NEVER : world->now + world_random(world, 2000 * MILLISECOND);
        while (world->clients && world->now < until)
            actor_rest(actor, until);
        if (!world->server->server || world->stopped_at)
            continue;
        stop(world);
    }
    while (world->server->server && !world->stopped_at) {
        stop(world);
        actor_yield(actor);
    }
}

void server_act(struct actor *actor)
{
    struct server *server = server_of(actor);
    struct world *world = actor->world;

    actor->party_for = party_for;
    while (world->clients) {
        if (!server->server && !open_server(server)) {
            actor_rest(actor, world->now + MILLISECOND);
            continue;
        }
        if (server->stop_ms) {
            run(server);
            continue;
        }
        step(server);
        if (world_chance(world, world->rules.restarts) ||
            (world_chance(world, world->climate.close) && world_chance(world, 30))) {
            close_server(server);
            if (world_chance(world, 500))
                actor_oversleep(actor, world->now + world_random(world, 2000 * MILLISECOND));
        }
    }
    if (server->server)
        close_server(server);
}
