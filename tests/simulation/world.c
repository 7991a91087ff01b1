/* SPDX-License-Identifier: MIT */
/* The world: decides which actor acts next, and what time it is. */
#include "simulation/world.h"

#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "simulation/fiber.h"
#include "simulation/cast.h"
#include "simulation/link.h"
#include "simulation/talk.h"

enum { STEPS_MAX = 400 * 1000 };

struct world *world_now_simulated;

static const struct hprpc_transport *const transports[] = { &hprpc_transport_sim, NULL };

/* ---- What is said ---- */

static void say(struct world *world, FILE *file, const char *format, va_list arguments)
{
    fprintf(file, "%12.6f %-8s ", (double)world->now / 1e6, world->current ? world->current->name : "world");
    vfprintf(file, format, arguments);
    fputc('\n', file);
}

void world_trace(struct world *world, const char *format, ...)
{
    va_list arguments;

    if (!world->trace)
        return;
    va_start(arguments, format);
    say(world, world->trace, format, arguments);
    va_end(arguments);
}

void world_check(struct world *world, bool holds, const char *format, ...)
{
    va_list arguments;

    if (holds)
        return;
    if (world->trace)
        fflush(world->trace);
    fflush(stdout);
    fprintf(stderr, "seed %llu is wrong:\n", (unsigned long long)world->seed);
    va_start(arguments, format);
    say(world, stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "see it with: simulate --seeds %llu 1 --trace\n", (unsigned long long)world->seed);
    fflush(stderr);
    abort();
}

static void hear_log(void *self, enum hprpc_log_level level, const char *text)
{
    struct world *world = self;

    world_trace(world, "log: %s", text);
    /* without memory, a message of the keepalive may not be sent */
    world_check(world, !strstr(text, "no sign of life") || !world->closed_in_silence || world->memory.failures,
                "a live peer, to which nothing is under way, is taken for dead");
    /* both sides keep to the protocol, so no other error may be logged */
    world_check(world,
                level != HPRPC_LOG_ERROR || strncmp(text, "accepting pauses", 16) == 0 ||
                    strncmp(text, "clients are turned away", 23) == 0,
                "the library says: %s", text);
}

/* ---- Life ---- */

uint64_t world_random(struct world *world, uint64_t limit)
{
    return random_below(&world->random, limit);
}

bool world_chance(struct world *world, uint32_t per_thousand)
{
    return random_chance(&world->random, per_thousand);
}

/* Reading the clock takes up to 200 ns. */
static uint64_t look_at_clock(void *self)
{
    struct world *world = self;

    world->now += world_random(world, 200);
    return world->now;
}

static uint64_t draw_random(void *self)
{
    return random_next(&((struct world *)self)->random);
}

static uint32_t draw(struct world *world, uint32_t chance, uint32_t most)
{
    return world_chance(world, chance) ? 1 + (uint32_t)world_random(world, most) : 0;
}

static void draw_climate(struct world *world)
{
    struct climate *climate = &world->climate;

    climate->crowded = draw(world, 400, 200);
    climate->slow = draw(world, 500, 200);
    climate->leave_behind = draw(world, 500, 500);
    climate->capacity = 200u << world_random(world, 12);
    climate->oversleep = draw(world, 300, 200);
    climate->impulsive = draw(world, 400, 300);
    climate->flood = draw(world, 300, 200);
    climate->calm = world_chance(world, 250);
    if (climate->calm)
        return;
    climate->cut = draw(world, 400, 700);
    climate->memory = draw(world, 350, 60);
    climate->hurry = draw(world, 500, 600);
    climate->cancel = draw(world, 500, 150);
    climate->close = draw(world, 500, 30);
    world->memory.fail = climate->memory;
}

static void draw_rules(struct world *world)
{
    struct rules *rules = &world->rules;

    rules->tight = world_chance(world, 300);
    rules->max_depth = draw(world, 150, 3);
    for (int side = 0; side < 2; side++)
        rules->max_message[side] = world_chance(world, 150) ? 400 + (uint32_t)world_random(world, 3000) : 0;
    rules->max_kept_calls = draw(world, 150, 6);
    rules->max_kept_bytes = draw(world, 150, 20000);
    rules->max_connections = draw(world, 150, 3);
    rules->keepalive_ms = world_chance(world, 300) ? 100 + (uint32_t)world_random(world, 400) : 0;
    rules->workers = draw(world, 150, 3);
    rules->handshake_timeout_ms = 500;
    rules->restless = draw(world, 400, 1000);
    rules->restarts = world->climate.calm ? 0 : draw(world, 300, 8);
}

static void draw_streams(struct world *world)
{
    struct rules *rules = &world->rules;

    rules->talkative = draw(world, 500, 500);
    for (int side = 0; side < 2; side++) {
        rules->stream_elements[side] = draw(world, 400, 12);
        rules->stream_bytes[side] = draw(world, 400, 20000);
        rules->max_stream_bytes[side] = draw(world, 300, 60000);
        rules->stream_idle_ms[side] =
            world->climate.calm || !world_chance(world, 150) ? 0 : 20 + draw(world, 1000, 300);
    }
    rules->max_kept_stream_bytes = draw(world, 150, 100000);
}

struct world *world_new(uint64_t seed, FILE *trace)
{
    struct world *world = calloc(1, sizeof(*world));
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;

    world_now_simulated = world;
    threads_set_alone(true);
    world->seed = seed;
    world->random.state = seed * 0x2545f4914f6cdd1du + 1;
    world->now = 1000 * MILLISECOND;
    world->trace = trace;
    world->memory.world = world;
    world->memory.holds = 1;
    options.allocator = memory_allocator(&world->memory);
    options.log = hear_log;
    options.log_self = world;
    options.now = look_at_clock;
    options.now_self = world;
    options.random = draw_random;
    options.random_self = world;
    options.transports = transports;
    world_check(world, hprpc_context_new(&options, &world->context) == 0, "no context");
    world->memory.holds = 0;
    draw_climate(world);
    draw_rules(world);
    draw_streams(world);
    return world;
}

struct world *world_of(struct hprpc_context *context)
{
    return ((struct memory *)hprpc_context_allocator(context)->self)->world;
}

void world_free(struct world *world)
{
    struct party *party;

    world_check(world, !world->links && !world->listenings, "a connection or a listener is left over");
    hprpc_context_free(world->context);
    world_check(world, !world->memory.used, "%llu bytes are left over", (unsigned long long)world->memory.used);
    while ((party = world->departed)) {
        world->departed = party->next;
        free(party);
    }
    threads_clear(world);
    free(world->calls);
    free(world->talks);
    free(world);
    world_now_simulated = NULL;
}

/* ---- Actors ---- */

static void start(void *self)
{
    struct actor *actor = self;

    actor->act(actor);
}

void world_add(struct world *world, struct actor *actor, const char *name, void (*act)(struct actor *actor))
{
    struct actor **last = &world->actors;

    snprintf(actor->name, sizeof(actor->name), "%s", name);
    actor->world = world;
    actor->act = act;
    actor->fiber = fiber_new(start, actor);
    actor->wake_at = NEVER;
    while (*last)
        last = &(*last)->next;
    actor->next = *last;
    *last = actor;
}

void actor_yield(struct actor *actor)
{
    fiber_yield(actor->fiber);
}

void actor_rest(struct actor *actor, uint64_t until)
{
    actor->idle = true;
    actor->wake_at = until;
    fiber_yield(actor->fiber);
    actor->idle = false;
    actor->wake_at = NEVER;
}

void actor_rest_or_spin(struct actor *actor, uint64_t until)
{
    uint64_t now = actor->world->now;

    actor_rest(actor, until > now ? until : now + random_between(&actor->world->random, 1, 10 * MILLISECOND));
}

void actor_oversleep(struct actor *actor, uint64_t until)
{
    actor->deaf = true;
    actor->wake_at = until;
    fiber_yield(actor->fiber);
    actor->wake_at = NEVER;
}

void actor_begin_wait(struct actor *actor)
{
    actor->blocking++;
}

void actor_end_wait(struct actor *actor)
{
    actor->blocking--;
    actor->awaits = NULL;
    actor->waited_at = actor->world->now;
}

bool actor_waits(const struct actor *actor)
{
    return actor->blocking > (actor->runs ? 1u : 0u);
}

void world_stir(struct world *world)
{
    world->happenings++;
    for (struct actor *actor = world->actors; actor; actor = actor->next)
        actor->idle = false;
}

bool descriptor_is_ready(int fd)
{
    struct pollfd look = { fd, POLLIN, 0 };

    return poll(&look, 1, 0) > 0;
}

/* ---- Turns ---- */

static bool is_awake(const struct actor *actor)
{
    return !actor->idle && !actor->deaf;
}

static struct actor *draw_actor(struct world *world)
{
    uint32_t awake = 0, chosen;

    for (const struct actor *actor = world->actors; actor; actor = actor->next)
        awake += is_awake(actor);
    if (!awake)
        return NULL;
    chosen = (uint32_t)world_random(world, awake);
    for (struct actor *actor = world->actors; actor; actor = actor->next) {
        if (is_awake(actor) && chosen-- == 0)
            return actor;
    }
    return NULL;
}

static void remove_actor(struct world *world, struct actor *actor)
{
    struct actor **place = &world->actors;

    while (*place != actor)
        place = &(*place)->next;
    *place = actor->next;
    fiber_free(actor->fiber);
    world_stir(world);
}

static void take_turn(struct world *world, struct actor *actor)
{
    world->current = actor;
    fiber_resume(actor->fiber);
    world->current = NULL;
    if (fiber_ended(actor->fiber))
        remove_actor(world, actor);
}

/* ---- Time ---- */

/* Rings timers and updates links and listeners, because time has passed. */
static void refresh(struct world *world)
{
    struct link *next;

    alarms_ring(world);
    for (struct link *link = world->links; link; link = next) {
        next = link->next;
        link_update(link);
    }
    for (struct listening *listening = world->listenings; listening; listening = listening->next)
        listening_update(listening);
}

static void set_time(struct world *world, uint64_t time)
{
    world->now = time;
    for (struct actor *actor = world->actors; actor; actor = actor->next)
        actor->deaf = actor->deaf && actor->wake_at > time;
    refresh(world);
    world_stir(world);
}

static uint64_t next_event(const struct world *world)
{
    uint64_t next = alarms_next(), time;

    for (const struct link *link = world->links; link; link = link->next) {
        time = link_next(link);
        next = time < next ? time : next;
    }
    for (const struct listening *listening = world->listenings; listening; listening = listening->next) {
        time = listening_next(listening);
        next = time < next ? time : next;
    }
    for (const struct actor *actor = world->actors; actor; actor = actor->next)
        next = actor->wake_at < next ? actor->wake_at : next;
    return next;
}

static bool somebody_waits(const struct world *world)
{
    for (const struct actor *actor = world->actors; actor; actor = actor->next) {
        if (actor->blocking)
            return true;
    }
    return false;
}

/* True if the owner of the end would notice that it has something to do. A nested wait looks at its own connection only. */
static bool is_attended(const struct end *end)
{
    bool strange = end->link->silent && end->side == 0;

    if (end->owner->threaded)
        return !end->closed && !end->broken;
    if (end->owner->caller && !actor_waits(end->owner))
        return false;
    return !end->closed && !end->broken && !end->owner->deaf && !strange &&
           (!actor_waits(end->owner) || end->owner->awaits == end->link);
}

static const char *describe_sleep(const struct end *end)
{
    if (end->manner == POLLED)
        return "must be polled";
    if (end->manner == LEVEL)
        return end->in_lit ? "is readable" : end->out_lit ? "is writable" : "is dark";
    return end->armed ? "is armed" : "is not armed";
}

#define NAP_MAX (3 * MILLISECOND)

/* True if `end` is polled and became ready less than NAP_MAX ago: its owner may not have looked at it yet. */
static bool naps(const struct end *end)
{
    return end->manner == POLLED && end->link->world->now < end->ready_at + NAP_MAX;
}

/* Called when no actor has anything to do now: then no connection may have something for its owner. */
static void check_sleep(struct world *world)
{
    for (const struct link *link = world->links; link; link = link->next) {
        for (int side = 0; side < 2; side++) {
            const struct end *end = link->ends[side];

            if (!end)
                continue;
            world_check(world, !is_attended(end) || !end_is_ready(end) || naps(end),
                        "everybody sleeps, and connection %u has something for its side %c, which %s", link->number,
                        side ? 's' : 'c', describe_sleep(end));
            if (is_attended(end) && !naps(end))
                flows_check_sleep(world, end);
        }
    }
    calls_check_overdue(world);
    flows_check_waits(world);
    if (world->server)
        server_check(world->server);
}

/*
 * Goes on to the next event. While an actor waits inside the library, the end of its wait is not known, so time goes in small
 * steps.
 */
static void advance(struct world *world)
{
    uint64_t next = next_event(world);
    uint64_t step = MILLISECOND + world_random(world, 10 * MILLISECOND);

    if (next == NEVER || (somebody_waits(world) && next > world->now + step))
        next = world->now + step;
    set_time(world, next > world->now ? next : world->now);
}

void world_run(struct world *world)
{
    struct actor *actor;

    for (uint32_t step = 0; world->actors; step++) {
        world_check(world, step < STEPS_MAX, "the world does not come to an end");
        refresh(world);
        actor = draw_actor(world);
        if (!actor) {
            check_sleep(world);
            advance(world);
            continue;
        }
        take_turn(world, actor);
        flows_check(world);
        if (world_chance(world, 20))
            set_time(world, world->now + world_random(world, 200 * MICROSECOND));
    }
}
