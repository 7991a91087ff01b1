/* SPDX-License-Identifier: MIT */
/* The calls of a simulation: starts them, follows them, and checks how they end. */
#include "simulation/call.h"
#include "simulation/talk.h"

#include <stdlib.h>

enum {
    DEFAULT_TIMEOUT_MS = 30000,
    LATE_START = 1000, /* milliseconds: callbacks that run inside the wait may take their time */
};

/* ---- Bytes that are told apart ---- */

static uint8_t byte_at(uint64_t tag, size_t i)
{
    return (uint8_t)((tag >> (i % 8 * 8)) + i);
}

void fill(uint8_t *bytes, size_t size, uint64_t tag)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(tag, i);
}

bool is_filled(const uint8_t *bytes, size_t size, uint64_t tag)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != byte_at(tag, i))
            return false;
    }
    return true;
}

/* ---- Making one ---- */

static uint32_t draw_size(struct world *world)
{
    switch (world_random(world, 20)) {
    case 0:
        return (uint32_t)world_random(world, world_chance(world, 100) ? 200000 : 50000);
    case 1:
    case 2:
    case 3:
        return (uint32_t)world_random(world, 3000);
    default:
        return (uint32_t)world_random(world, 300);
    }
}

static enum behaviour draw_behaviour(struct world *world, uint32_t depth)
{
    enum behaviour behaviour = (enum behaviour)world_random(world, BEHAVIOURS + 4);

    if (behaviour >= BEHAVIOURS || ((behaviour == NEST || behaviour == CALL_BACK) && !depth))
        return REPLY;
    if (behaviour == HANG_UP && !world_chance(world, world->climate.close))
        return DEFER;
    return behaviour;
}

static enum procedure draw_procedure(struct world *world)
{
    uint64_t drawn = world_random(world, 24);

    return drawn == 0 ? MISSING : drawn == 1 ? UNKNOWN : drawn < 4 ? POKE : WORK;
}

static void remember(struct world *world, struct call *call)
{
    if (world->call_count == world->call_capacity) {
        world->call_capacity = world->call_capacity ? world->call_capacity * 2 : 64;
        world->calls = realloc(world->calls, world->call_capacity * sizeof(*world->calls));
    }
    call->tag = random_next(&world->random) << 32 | world->call_count;
    world->calls[world->call_count++] = call;
}

struct call *call_find(struct world *world, uint64_t tag)
{
    uint32_t index = (uint32_t)tag;

    return index < world->call_count && world->calls[index]->tag == tag ? world->calls[index] : NULL;
}

struct call *call_new(struct party *party, uint32_t level, uint32_t depth)
{
    struct world *world = party->world;
    struct call *call = calloc(1, sizeof(*call));

    remember(world, call);
    call->party = party;
    call->procedure = draw_procedure(world);
    call->behaviour = draw_behaviour(world, depth);
    call->depth = depth;
    call->level = level;
    call->size = draw_size(world);
    call->reply_size = draw_size(world);
    if (world_chance(world, world->climate.hurry))
        call->call.timeout_ms = (uint32_t)world_random(world, 60);
    else if (world_chance(world, 100))
        call->call.timeout_ms = HPRPC_NO_TIMEOUT;
    call->next = party->calls;
    party->calls = call;
    return call;
}

/* ---- The request ---- */

static uint64_t size_of(const struct call *call)
{
    struct kodosis_bytes payload = { NULL, call->size };

    if (call->procedure == POKE)
        return 8;
    return kodosis_size_bytes(8 + 1 + 1 + 4, payload) + (call->behaviour == SPOILED);
}

static void write_request(struct kodosis_writer *writer, const struct call *call)
{
    uint8_t *bytes = malloc(call->size + 1);
    struct kodosis_bytes payload = { bytes, call->size };

    fill(bytes, call->size, call->tag);
    kodosis_write_uint64(writer, call->tag);
    if (call->procedure != POKE) {
        kodosis_write_uint8(writer, (uint8_t)call->behaviour);
        kodosis_write_uint8(writer, (uint8_t)call->depth);
        kodosis_write_uint32(writer, call->reply_size);
        kodosis_write_bytes(writer, payload);
        if (call->behaviour == SPOILED)
            kodosis_write_uint8(writer, 0);
    }
    /* the writer borrows the bytes until the message is published; the publisher frees them */
    if (!writer->reference_count)
        free(bytes);
}

/* Returns the bytes that write_request() did not free, or NULL. */
static void *borrowed_bytes(const struct kodosis_writer *writer)
{
    return writer->reference_count ? (void *)writer->references[0].data : NULL;
}

static void describe_start(const struct call *call, const char *how, int r)
{
    world_trace(call->party->world, "call %u %s: procedure %d, behaviour %d, level %u, %u bytes for %u: %s",
                (uint32_t)call->tag, how, call->procedure, call->behaviour, call->level, call->size, call->reply_size,
                hprpc_error_name(r));
}

/* Checks that the call may fail to start with `r`. */
static void judge_start(const struct call *call, int r, uint32_t flags)
{
    struct world *world = call->party->world;
    bool may = false;

    if (r == HPRPC_ETOOBIG)
        may = size_of(call) > party_limit(call->party);
    else if (r == HPRPC_ENOTSENT && call->party->restless)
        /* a call waits for a connection until the client is closed; one that is one-way may be sent when its connection ends */
        may = call->party->closed || (call->procedure == NOTE && call->order);
    else if (r == HPRPC_ENOTSENT)
        may = party_has_ended(call->party) || world->stops;
    else if (r == HPRPC_EBUSY)
        may = flags & HPRPC_CALL_NO_WAIT || (call->party->restless && world->memory.failures);
    else if (r == HPRPC_EDEADLINE)
        may = world->now >= call->deadline;
    else if (r == HPRPC_ENOMEM)
        may = world->memory.failures > 0;
    else if (r == HPRPC_EUNIMPLEMENTED)
        may = call->procedure == UNKNOWN;
    else if (r == HPRPC_EMAYBE)
        may = call->procedure == NOTE && (party_has_ended(call->party) || call->party->restless);
    world_check(world, may, "call %u does not start: %s: %s", (uint32_t)call->tag, hprpc_error_name(r),
                call->call.detail ? call->call.detail : "?");
    world_check(world, call->call.detail != NULL, "call %u does not start, and nobody says why", (uint32_t)call->tag);
    world_check(world, r != HPRPC_EDEADLINE || world->now < call->deadline + LATE_START * MILLISECOND,
                "call %u has waited too long for a connection", (uint32_t)call->tag);
}

static int begin(struct call *call, struct hprpc_stub *stub, uint32_t flags)
{
    struct party *party = call->party;
    struct actor *waiter = party->world->current;
    uint32_t timeout = call->call.timeout_ms ? call->call.timeout_ms : DEFAULT_TIMEOUT_MS;
    int r;

    call->started = party->world->now;
    call->deadline = timeout == HPRPC_NO_TIMEOUT ? NEVER : call->started + timeout * MILLISECOND;
    flags |= talks_forbid_waiting(party);
    call->call.flags = flags;
    call->busy = true;
    actor_begin_wait(waiter);
    r = (call->procedure == NOTE ? hprpc_stub_begin_oneway : hprpc_stub_begin)(
        stub, party->client, party->binding, &call->call, call->procedure, size_of(call));
    actor_end_wait(waiter);
    call->busy = false;
    if (r < 0) {
        describe_start(call, "does not start", r);
        judge_start(call, r, flags);
        call->finished = true;
        call->code = r;
        return r;
    }
    call->copied = call->procedure != NOTE && !stub->pending;
    world_check(party->world, !call->copied || party->restless, "call %u is copied", (uint32_t)call->tag);
    world_check(party->world, call->copied || size_of(call) <= party_limit(party),
                "call %u is sent beyond the other side's limit", (uint32_t)call->tag);
    call->order = ++party->sent;
    call->ticket = stub->pending;
    write_request(stub->writer, call);
    return 0;
}

/* ---- The outcome ---- */

static bool succeeds(enum behaviour behaviour)
{
    return behaviour == REPLY || behaviour == DEFER || behaviour == NEST || behaviour == CALL_BACK ||
           behaviour == HANG_UP;
}

static uint64_t size_of_reply(const struct call *call)
{
    struct kodosis_bytes payload = { NULL, call->reply_size };

    return kodosis_size_bytes(8, payload);
}

/* Returns the code with which the call ends if nothing but its handler decides. */
static int intended_code(const struct call *call)
{
    if (call->procedure == MISSING || call->procedure == UNKNOWN)
        return HPRPC_EUNIMPLEMENTED;
    if (call->procedure == POKE || call->procedure == NOTE)
        return 0;
    if (succeeds(call->behaviour))
        return size_of_reply(call) > party_own_limit(call->party) ? HPRPC_ETOOBIG : 0;
    switch (call->behaviour) {
    case FAIL:
    case RAISE:
        return HPRPC_EAPPLICATION;
    case RETURN:
        return HPRPC_EPERMISSION;
    case SILENCE:
        return HPRPC_EINTERNAL;
    default:
        return HPRPC_EBODY;
    }
}

/* True if the call began before the other side's limit was known, and is larger. */
static bool is_too_big(const struct call *call, int code)
{
    return code == HPRPC_ETOOBIG && call->copied && size_of(call) > party_limit(call->party);
}

/* True if a small limit in `rules`, or a stopping server, may have refused the call. */
static bool may_be_turned_away(const struct call *call)
{
    const struct rules *rules = &call->party->world->rules;

    return call->refused || call->party->world->stops || rules->max_depth || rules->max_kept_calls ||
           rules->max_kept_bytes;
}

static bool may_end_with(const struct call *call, int code)
{
    const struct world *world = call->party->world;

    if (code == intended_code(call) || is_too_big(call, code))
        return true;
    switch (code) {
    case HPRPC_ECANCELLED:
        return call->cancelled;
    case HPRPC_EDEADLINE:
        return world->now >= call->deadline;
    case HPRPC_EMAYBE:
    case HPRPC_EPEERDIED:
        return party_has_ended(call->party) || call->party->restless;
    case HPRPC_ENOTSENT:
        return party_has_ended(call->party) || call->party->restless || may_be_turned_away(call);
    case HPRPC_EBUSY:
        return world->memory.failures > 0 || may_be_turned_away(call);
    case HPRPC_ENOMEM:
        return world->memory.failures > 0;
    default:
        return false;
    }
}

/* True if the call may fail in a calm world: a small limit refused it, or a client left while the server called it. */
static bool is_excused(const struct call *call)
{
    return is_too_big(call, call->code) ||
           ((call->code == HPRPC_EBUSY || call->code == HPRPC_ENOTSENT) && may_be_turned_away(call)) ||
           (call->party->restless && call->party->world->stops) || call->party->called_back;
}

static void judge(const struct call *call)
{
    struct world *world = call->party->world;

    world_check(world, may_end_with(call, call->code), "call %u ends with %s: %s", (uint32_t)call->tag,
                hprpc_error_name(call->code), call->call.detail ? call->call.detail : "?");
    world_check(world, !world->climate.calm || call->code == intended_code(call) || is_excused(call),
                "call %u ends with %s although nothing went wrong", (uint32_t)call->tag, hprpc_error_name(call->code));
    world_check(world, call->code || call->executions == 1, "call %u succeeds after %u executions", (uint32_t)call->tag,
                call->executions);
    world_check(world, call->code >= 0 || call->call.detail, "call %u fails, and nobody says why", (uint32_t)call->tag);
    world_check(world,
                call->code != HPRPC_EPEERDIED || world->memory.failures > 0 || !call->call.detail ||
                    strcmp(call->call.detail, hprpc_error_text(call->code)) != 0,
                "call %u fails, and nobody says why its connection ended", (uint32_t)call->tag);
}

static void check_reply(struct call *call, struct kodosis_reader *reader)
{
    struct world *world = call->party->world;
    struct kodosis_bytes payload;
    uint64_t tag;

    if (call->procedure == POKE)
        return;
    tag = kodosis_read_uint64(reader);
    payload = kodosis_read_bytes(reader);
    world_check(world, tag == call->tag, "call %u gets the reply of call %u", (uint32_t)call->tag, (uint32_t)tag);
    world_check(world, payload.size == call->reply_size && is_filled(payload.data, payload.size, ~call->tag),
                "call %u gets a reply with other bytes", (uint32_t)call->tag);
    call->view = payload.data;
}

static void check_sentence(struct call *call)
{
    struct world *world = call->party->world;
    struct kodosis_reader reader;
    char text[32];

    snprintf(text, sizeof(text), "call %u", (uint32_t)call->tag);
    /* without memory, the library may send the code without the sentence */
    if (call->behaviour == FAIL && !world->memory.failures)
        world_check(world, strcmp(call->call.detail, text) == 0, "call %u fails with the sentence \"%s\"",
                    (uint32_t)call->tag, call->call.detail);
    if (call->behaviour == RAISE)
        world_check(world,
                    hprpc_stub_raised(&call->call, "sim.Trouble", &reader) == 0 &&
                        kodosis_read_uint64(&reader) == call->tag,
                    "call %u gets another error raised", (uint32_t)call->tag);
}

static void end(struct call *call, struct hprpc_stub *stub, int r)
{
    struct world *world = call->party->world;

    world_check(world, !call->finished, "call %u ends twice", (uint32_t)call->tag);
    call->finished = true;
    call->ticket = NULL;
    if (r == 0) {
        check_reply(call, &stub->reader);
        r = hprpc_stub_end(stub);
    }
    call->code = r;
    world_trace(world, "call %u ends: %s", (uint32_t)call->tag, hprpc_error_name(r));
    judge(call);
    if (r == HPRPC_EAPPLICATION)
        check_sentence(call);
    world_stir(world);
    if (call->then)
        call->then->answer_at = 0;
}

void call_finish(struct call *call)
{
    struct hprpc_stub stub;
    int r = hprpc_stub_collect(&stub, &call->call);

    end(call, &stub, r);
}

/* ---- The ways to call ---- */

static void hear_end(void *self, struct hprpc_pending_call *pending)
{
    struct call *call = self;
    struct world *world = call->party->world;

    (void)pending;
    world_check(world, !call->notified++, "call %u is notified twice", (uint32_t)call->tag);
    if (call->clearing || call->finished)
        return;
    call_finish(call);
    if (world_chance(world, 300))
        call_clear(call);
    if (world_chance(world, world->climate.impulsive))
        party_act_on_impulse(call->party);
}

bool call_post(struct call *call, uint32_t flags)
{
    struct world *world = call->party->world;
    struct hprpc_stub stub;
    void *borrowed;
    int r;

    if (begin(call, &stub, flags) < 0)
        return false;
    borrowed = borrowed_bytes(stub.writer);
    /* callbacks may run inside, which must not clear it */
    call->busy = true;
    r = hprpc_stub_post(&stub);
    call->busy = false;
    free(borrowed);
    describe_start(call, "is posted", r);
    if (r < 0 && call->copied) {
        judge_start(call, r, flags);
        call->finished = true;
        call->code = r;
        return false;
    }
    world_check(world, r == 0, "call %u is not posted: %s", (uint32_t)call->tag, hprpc_error_name(r));
    call->ticket = call->call.pending;
    /* an actor that collects this call late must not delay the answer that depends on it */
    call->notifies = call->then || call->party->actor->runs || world_chance(world, 600);
    if (call->notifies)
        hprpc_pending_call_notify(call->call.pending, hear_end, call);
    return true;
}

bool call_exchange(struct call *call, uint32_t flags)
{
    struct actor *waiter = call->party->world->current;
    struct hprpc_stub stub;
    void *borrowed;
    int r;

    if (begin(call, &stub, flags) < 0)
        return false;
    describe_start(call, "is made", 0);
    borrowed = borrowed_bytes(stub.writer);
    call->busy = true;
    actor_begin_wait(waiter);
    r = hprpc_stub_exchange(&stub);
    actor_end_wait(waiter);
    call->busy = false;
    free(borrowed);
    end(call, &stub, r);
    return true;
}

bool call_note(struct call *call, uint32_t flags)
{
    struct hprpc_stub stub;
    void *borrowed;
    int r;

    call->procedure = NOTE;
    call->behaviour = REPLY;
    if (begin(call, &stub, flags) < 0)
        return false;
    borrowed = borrowed_bytes(stub.writer);
    r = hprpc_stub_send(&stub);
    free(borrowed);
    describe_start(call, "is sent off", r);
    if (r < 0)
        judge_start(call, r, flags);
    call->finished = true;
    return r == 0;
}

void call_cancel(struct call *call)
{
    if (!call->call.pending || call->finished || call->busy)
        return;
    world_trace(call->party->world, "call %u is cancelled", (uint32_t)call->tag);
    call->cancelled = true;
    hprpc_pending_call_cancel(call->call.pending);
}

void call_clear(struct call *call)
{
    struct call **place = &call->party->calls;
    struct world *world = call->party->world;

    if (call->busy || call->awaited || call->cleared)
        return;
    call->cleared = true;
    call->clearing = true;
    if (!call->finished) {
        world_trace(world, "call %u is cleared unfinished", (uint32_t)call->tag);
        call->cancelled = true;
    } else if (call->view) {
        world_check(world, is_filled(call->view, call->reply_size, ~call->tag), "the reply of call %u changed",
                    (uint32_t)call->tag);
    }
    while (*place != call)
        place = &(*place)->next;
    *place = call->next;
    call->view = NULL;
    call->ticket = NULL;
    hprpc_call_clear(&call->call);
    world_check(world, !call->notifies || call->notified == 1, "call %u is over without its notification",
                (uint32_t)call->tag);
    if (call->finished)
        return;
    call->finished = true;
    call->code = HPRPC_ECANCELLED;
    if (call->then)
        call->then->answer_at = 0;
}

/* ---- Time ---- */

enum {
    LATE = 2,    /* milliseconds that a loop may be late: its timeout is rounded up */
    LATER = 400, /* a wait reads the clock only at every 16th receive(), and each receive() takes long here */
};

/* By how many nanoseconds the party may notice a deadline too late. `busy`: an actor is inside a library call for that call. */
static uint64_t lateness(const struct party *party, bool busy)
{
    const struct actor *actor = party->actor;
    bool waits = (actor->blocking && !actor->threaded) || busy;

    return (waits ? LATER : LATE) * MILLISECOND;
}

static void check_overdue(const struct call *call)
{
    struct world *world = call->party->world;
    uint64_t late = lateness(call->party, call->busy);

    if (!call->ticket || call->deadline == NEVER || world->now < call->deadline + late)
        return;
    world_check(world, hprpc_pending_call_done(call->ticket), "everybody sleeps, and call %u is overdue",
                (uint32_t)call->tag);
}

void calls_check_overdue(struct world *world)
{
    for (const struct actor *actor = world->actors; actor; actor = actor->next) {
        for (const struct party *party = actor->parties; party && !actor->deaf; party = party->next) {
            if (!actor->threaded && (actor->caller || actor_waits(actor)) && !party_is_awaited(party))
                continue;
            for (const struct call *call = party->calls; call; call = call->next)
                check_overdue(call);
            for (const struct talk *talk = party->talks; talk; talk = talk->next)
                talk_check_overdue(talk, lateness(party, talk->busy));
        }
    }
}

/* ---- The end of the world ---- */

static bool did_not_run(const struct call *call)
{
    int code = call->code;

    if (code == HPRPC_ETOOBIG)
        return !call->order; /* once sent, the reply was too big, and the handler ran */
    return code == HPRPC_ENOTSENT || (code == HPRPC_EBUSY && !call->refused) || code == HPRPC_EUNIMPLEMENTED ||
           code == HPRPC_EBODY;
}

void calls_check(struct world *world)
{
    for (uint32_t i = 0; i < world->call_count; i++) {
        struct call *call = world->calls[i];

        world_check(world, call->finished, "call %u never ends", i);
        world_check(world, call->executions <= 1, "call %u is executed %u times", i, call->executions);
        world_check(world, !call->executions || !did_not_run(call), "call %u is executed, and ends with %s", i,
                    hprpc_error_name(call->code));
        free(call);
    }
}
