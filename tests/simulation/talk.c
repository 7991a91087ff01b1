/* SPDX-License-Identifier: MIT */
/* The callers of talks: what they do, what they are told, and whether that may be so. */
#include "simulation/talk.h"

#include <stdlib.h>

#include "rpc/call/ticket.h"

enum { DEFAULT_TIMEOUT_MS = 30000, LATE_START = 1000, BURST = 12 };

/* ---- Making one ---- */

static void remember(struct world *world, struct talk *talk)
{
    if (world->talk_count == world->talk_capacity) {
        world->talk_capacity = world->talk_capacity ? world->talk_capacity * 2 : 16;
        world->talks = realloc(world->talks, world->talk_capacity * sizeof(struct talk *));
    }
    talk->tag = random_next(&world->random) << 32 | world->talk_count;
    world->talks[world->talk_count++] = talk;
}

struct talk *talk_find(struct world *world, uint64_t tag)
{
    uint32_t index = (uint32_t)tag;

    return index < world->talk_count && world->talks[index]->tag == tag ? world->talks[index] : NULL;
}

static struct talk *talk_new(struct party *party)
{
    struct world *world = party->world;
    struct talk *talk = calloc(1, sizeof(*talk));

    remember(world, talk);
    talk->party = party;
    talk->procedure = (enum procedure)(DOWN + world_random(world, 3));
    talk_plan(talk);
    if (world_chance(world, world->climate.hurry))
        talk->call.timeout_ms = (uint32_t)world_random(world, 100);
    talk->next = party->talks;
    party->talks = talk;
    return talk;
}

static void leave_party(struct talk *talk)
{
    struct talk **place = &talk->party->talks;

    while (*place != talk)
        place = &(*place)->next;
    *place = talk->next;
    talk->open = false;
}

/* ---- Starting ---- */

static bool may_not_start(const struct talk *talk, int r, uint32_t flags)
{
    const struct party *party = talk->party;
    const struct world *world = party->world;
    uint32_t timeout = talk->call.timeout_ms ? talk->call.timeout_ms : DEFAULT_TIMEOUT_MS;

    switch (r) {
    case HPRPC_ENOTSENT:
        return party->restless ? party->closed : party_has_ended(party) || world->stops;
    case HPRPC_EBUSY:
        return flags & HPRPC_CALL_NO_WAIT || (party->restless && world->memory.failures);
    case HPRPC_EDEADLINE:
        return world->now >= talk->started + timeout * MILLISECOND;
    case HPRPC_ENOMEM:
        return world->memory.failures > 0;
    default:
        return false;
    }
}

void stay_begin(struct stay *stay, struct actor *actor, uint32_t events)
{
    actor_begin_wait(actor);
    *stay = (struct stay){ events, actor, actor->blocking };
}

void stay_end(struct stay *stay)
{
    actor_end_wait(stay->actor->world->current);
    *stay = (struct stay){ 0 };
}

static void begin_wait(struct talk *talk, uint32_t events)
{
    struct actor *actor = talk->party->world->current;

    talk->busy++;
    if (talk->call.flags & HPRPC_CALL_NO_WAIT) {
        /* it does not let others act, although a wait around it does */
        talk->around = actor->blocking;
        actor->blocking = actor->runs;
    } else {
        stay_begin(&talk->stay, actor, events);
    }
}

static void end_wait(struct talk *talk)
{
    talk->busy--;
    if (talk->call.flags & HPRPC_CALL_NO_WAIT)
        talk->party->world->current->blocking = talk->around;
    else
        stay_end(&talk->stay);
}

uint32_t talks_forbid_waiting(const struct party *party)
{
    return party->talks ? HPRPC_CALL_NO_WAIT : 0;
}

void talk_start(struct party *party, uint32_t flags)
{
    uint32_t no_wait = talks_forbid_waiting(party);
    struct talk *talk = talk_new(party);
    struct world *world = party->world;
    struct hprpc_stub stub;
    int r;

    talk->started = talk->moved_at = world->now;
    talk->deadline = talk->call.timeout_ms ? world->now + talk->call.timeout_ms * MILLISECOND : NEVER;
    talk->call.flags = flags |= no_wait;
    begin_wait(talk, 0);
    r = hprpc_stub_begin_stream(&stub, party->client, party->binding, &talk->call, talk->procedure, 8);
    if (r == 0) {
        kodosis_write_uint64(stub.writer, talk->tag);
        r = hprpc_stub_post(&stub);
        world_check(world, r == 0, "talk %u is not posted: %s", (uint32_t)talk->tag, hprpc_error_name(r));
    }
    end_wait(talk);
    world_trace(world, "talk %u starts: procedure %d, %u up, %u down: %s", (uint32_t)talk->tag, talk->procedure,
                talk->halves[UPWARD].planned, talk->halves[DOWNWARD].planned, hprpc_error_name(r));
    talk->open = true;
    if (r == 0)
        return;
    world_check(world, may_not_start(talk, r, flags), "talk %u does not start: %s: %s", (uint32_t)talk->tag,
                hprpc_error_name(r), talk->call.detail ? talk->call.detail : "?");
    world_check(world,
                r != HPRPC_EDEADLINE || world->now < talk->started + (DEFAULT_TIMEOUT_MS + LATE_START) * MILLISECOND,
                "talk %u has waited too long to start", (uint32_t)talk->tag);
    talk->finished = true;
    talk->code = r;
    leave_party(talk);
    hprpc_call_clear(&talk->call);
}

/* ---- The outcome ---- */

/* True if a small limit in `rules`, or a stopping server, may have refused the call. */
static bool may_be_turned_away(const struct talk *talk)
{
    const struct rules *rules = &talk->party->world->rules;

    return talk->refused || talk->party->world->stops || rules->max_kept_calls || rules->max_kept_bytes;
}

/* True if its caller may have taken the call for idle: it has sent nothing for so long. */
static bool may_be_idle(const struct talk *talk)
{
    const struct world *world = talk->party->world;
    uint64_t idle = world->rules.stream_idle_ms[talk->party->called_back] * MILLISECOND;

    return idle && world->now >= talk->moved_at + idle / 4 * 3;
}

static bool may_end_with(const struct talk *talk, int code)
{
    const struct party *party = talk->party;
    const struct world *world = party->world;

    if (talk->answered && code == talk->verdict)
        return true;
    switch (code) {
    case HPRPC_ECANCELLED:
        return talk->cancelled;
    case HPRPC_EDEADLINE:
        return world->now >= talk->deadline || may_be_idle(talk);
    case HPRPC_EMAYBE:
    case HPRPC_EPEERDIED:
        return party_has_ended(party) || party->restless;
    case HPRPC_ENOTSENT:
        return party_has_ended(party) || party->restless || may_be_turned_away(talk);
    case HPRPC_EBUSY:
        return world->memory.failures > 0 || may_be_turned_away(talk);
    case HPRPC_ENOMEM:
        return world->memory.failures > 0;
    default:
        return false;
    }
}

/* True if the talk may fail in a calm world. */
static bool is_excused(const struct talk *talk)
{
    return ((talk->code == HPRPC_EBUSY || talk->code == HPRPC_ENOTSENT) && may_be_turned_away(talk)) ||
           (talk->party->restless && talk->party->world->stops) || talk->party->called_back;
}

/* The library has said how the talk has ended. It says the same for ever. */
static void tell(struct talk *talk, int code)
{
    struct world *world = talk->party->world;

    world_check(world, !talk->told || talk->code == code, "talk %u ends with %s, and then with %s", (uint32_t)talk->tag,
                hprpc_error_name(talk->code), hprpc_error_name(code));
    if (talk->told)
        return;
    talk->told = true;
    talk->code = code;
    world_trace(world, "talk %u ends: %s", (uint32_t)talk->tag, hprpc_error_name(code));
    world_check(world, may_end_with(talk, code), "talk %u ends with %s: %s", (uint32_t)talk->tag,
                hprpc_error_name(code), talk->call.detail ? talk->call.detail : "?");
    world_check(world, !world->climate.calm || (talk->answered && code == talk->verdict) || is_excused(talk),
                "talk %u ends with %s although nothing went wrong", (uint32_t)talk->tag, hprpc_error_name(code));
    world_check(world, code == 0 || talk->call.detail, "talk %u fails, and nobody says why", (uint32_t)talk->tag);
    world_stir(world);
}

/* True if the code can only be what the callee has answered. */
static bool is_the_callees(const struct talk *talk, int code)
{
    return talk->answered && code == talk->verdict && (code == HPRPC_EAPPLICATION || code == HPRPC_EPERMISSION);
}

/* ---- Sending ---- */

static int send_element(struct talk *talk, uint32_t number)
{
    struct hprpc_stub stub;
    void *bytes;
    int r;

    begin_wait(talk, HPRPC_STREAM_WRITABLE);
    r = hprpc_stub_element_begin(&stub, &talk->call, element_size(talk, UPWARD, number));
    if (r == 0) {
        talk->stay.events = 0;
        bytes = element_write(stub.writer, talk, UPWARD, number);
        r = hprpc_stub_element_send(&stub);
        free(bytes);
    }
    end_wait(talk);
    return r;
}

/* Sends an element. False: no further one can be sent now. */
static bool send_one(struct talk *talk)
{
    struct half *half = &talk->halves[UPWARD];
    struct world *world = talk->party->world;
    uint32_t number = half->at;
    bool fits = element_size(talk, UPWARD, number) <= half_limit(talk, UPWARD);
    int r;

    if (half->said_end || talk->told || number == half->planned)
        return false;
    half->at++;
    half->sent += fits;
    r = send_element(talk, number);
    world_trace(world, "talk %u sends %u: %s", (uint32_t)talk->tag, number, hprpc_error_name(r));
    world_check(world, r != 0 || fits, "element %u of talk %u is sent beyond the other side's limit", number,
                (uint32_t)talk->tag);
    if (r == 0)
        talk->moved_at = world->now;
    talk->sent_since = talk->sent_since || r == 0;
    if (r == 0 || (r == HPRPC_ETOOBIG && !fits))
        return true;
    half->at--;
    half->sent -= fits;
    if (r == HPRPC_EBUSY)
        world_check(world, talk->call.flags & HPRPC_CALL_NO_WAIT || hprpc_pending_call_done(talk->call.pending),
                    "talk %u waits, and is told to try again", (uint32_t)talk->tag);
    if (r == HPRPC_EBUSY && !hprpc_pending_call_done(talk->call.pending))
        return false;
    if (r == HPRPC_ENOMEM && world->memory.failures && !hprpc_pending_call_done(talk->call.pending))
        return false;
    if (r == HPRPC_ECLOSED)
        world_check(world, talk->answered && !talk->verdict, "talk %u takes no more elements, and was not answered",
                    (uint32_t)talk->tag);
    else
        tell(talk, r);
    half->said_end = true; /* nothing of it is looked at any more */
    return false;
}

static void say_end(struct talk *talk)
{
    struct world *world = talk->party->world;
    int r;

    talk->halves[UPWARD].said_end = true;
    r = hprpc_call_end(&talk->call);
    world_trace(world, "talk %u says END: %s", (uint32_t)talk->tag, hprpc_error_name(r));
    world_check(world, r == 0, "talk %u cannot say its end: %s", (uint32_t)talk->tag, hprpc_error_name(r));
}

/* ---- Reading ---- */

static int read_element(struct talk *talk)
{
    struct hprpc_stub stub;
    int r;

    element_forget(talk, DOWNWARD);
    begin_wait(talk, HPRPC_STREAM_READABLE);
    r = hprpc_stub_next(&stub, &talk->call);
    end_wait(talk);
    if (r != 1)
        return r;
    element_read(&stub.reader, talk, DOWNWARD);
    r = hprpc_stub_next_end(&stub);
    world_check(talk->party->world, r == 0, "an element of talk %u is not at its end: %s", (uint32_t)talk->tag,
                hprpc_error_name(r));
    return 1;
}

/* True if the reader may be told that there was no memory: the server has a quota over all of its connections. */
static bool may_lose(const struct talk *talk)
{
    const struct world *world = talk->party->world;

    return world->memory.failures || (talk->party->called_back && world->rules.max_kept_stream_bytes);
}

/* Reads an element. False: no further one can be read now. */
static bool read_one(struct talk *talk)
{
    struct half *half = &talk->halves[DOWNWARD];
    struct world *world = talk->party->world;
    int r;

    if (!half->exists || half->heard_end || half->lost || talk->told)
        return false;
    r = read_element(talk);
    world_trace(world, "talk %u reads: %s", (uint32_t)talk->tag, r == 1 ? "an element" : hprpc_error_name(r));
    if (r == 1)
        return true;
    if (r == 0) {
        half_check_end(talk, DOWNWARD);
    } else if (r == HPRPC_EBUSY && !hprpc_pending_call_done(talk->call.pending)) {
        world_check(world, talk->call.flags & HPRPC_CALL_NO_WAIT, "talk %u waits, and is told to try again",
                    (uint32_t)talk->tag);
    } else if (r == HPRPC_ENOMEM && may_lose(talk)) {
        half->lost = true;
    } else {
        if (is_the_callees(talk, r))
            /* an error does not wait for the pieces of the last element */
            world_check(world,
                        half->read + talk->large >= half->sent || talk->cancelled || world->now >= talk->deadline,
                        "talk %u reads %u of %u elements, and then %s", (uint32_t)talk->tag, half->read, half->sent,
                        hprpc_error_name(r));
        tell(talk, r);
    }
    return false;
}

/* ---- The end ---- */

static int collect(struct talk *talk)
{
    struct hprpc_stub stub;
    uint64_t tag, count;
    int r;

    element_forget(talk, DOWNWARD);
    talk->halves[UPWARD].said_end = true;
    begin_wait(talk, 0);
    r = hprpc_stub_collect(&stub, &talk->call);
    end_wait(talk);
    if (r < 0)
        return r;
    if (talk->procedure == UP) {
        tag = kodosis_read_uint64(&stub.reader);
        count = kodosis_read_uint32(&stub.reader);
        world_check(talk->party->world, tag == talk->tag && count == talk->halves[UPWARD].read,
                    "talk %u gets an answer that is not its own", (uint32_t)talk->tag);
    }
    return hprpc_stub_end(&stub);
}

static void finish(struct talk *talk)
{
    struct world *world = talk->party->world;
    int r = collect(talk);

    world_check(world, !talk->finished, "talk %u is finished twice", (uint32_t)talk->tag);
    tell(talk, r);
    talk->finished = true;
    world_check(world, r || talk->executions == 1, "talk %u succeeds after %u executions", (uint32_t)talk->tag,
                talk->executions);
}

void talk_clear(struct talk *talk)
{
    struct world *world = talk->party->world;

    if (talk->busy || !talk->open)
        return;
    world_trace(world, "talk %u is cleared%s", (uint32_t)talk->tag, talk->finished ? "" : " unfinished");
    element_forget(talk, DOWNWARD);
    talk->clearing = true;
    talk->cancelled = talk->cancelled || !talk->finished;
    leave_party(talk);
    hprpc_call_clear(&talk->call);
    world_check(world, !talk->registered, "talk %u is over without its notification", (uint32_t)talk->tag);
    talk->halves[UPWARD].said_end = true;
    if (!talk->told)
        talk->code = HPRPC_ECANCELLED;
    talk->finished = true;
}

static void cancel(struct talk *talk)
{
    world_trace(talk->party->world, "talk %u is cancelled", (uint32_t)talk->tag);
    talk->cancelled = true;
    hprpc_pending_call_cancel(talk->call.pending);
}

/* ---- Notifications ---- */

/* The caller was told that it can read, so `_next` must not be busy. */
static void read_at_once(struct talk *talk)
{
    struct half *half = &talk->halves[DOWNWARD];
    uint32_t read = half->read;

    if (!half->exists || half->heard_end || half->lost || talk->told)
        return;
    read_one(talk);
    world_check(talk->party->world, half->read > read || half->heard_end || half->lost || talk->told,
                "talk %u is told to read, and nothing is there", (uint32_t)talk->tag);
}

static void hear(void *self, uint32_t events)
{
    struct talk *talk = self;
    struct world *world = talk->party->world;

    world_check(world, talk->registered-- == 1, "talk %u is notified twice", (uint32_t)talk->tag);
    world_check(world, events, "talk %u is notified of nothing", (uint32_t)talk->tag);
    world_trace(world, "talk %u is notified of %u", (uint32_t)talk->tag, events);
    world_stir(world);
    if (talk->clearing || talk->finished || talk->busy || talk->party->leaving)
        return;
    talk->call.flags = HPRPC_CALL_NO_WAIT;
    if (events & HPRPC_STREAM_READABLE)
        read_at_once(talk);
    while (world_chance(world, 700) && send_one(talk))
        continue;
    if (world_chance(world, world->climate.impulsive))
        talk_step(talk, false);
}

static void ask_for_notice(struct talk *talk)
{
    uint32_t events = 1 + (uint32_t)world_random(talk->party->world, 3);
    int r;

    if (talk->registered)
        return;
    talk->registered++;
    talk->sent_since = false;
    r = hprpc_call_notify(&talk->call, events, hear, talk);
    world_check(talk->party->world, r == 0, "talk %u cannot be notified: %s", (uint32_t)talk->tag, hprpc_error_name(r));
}

/* ---- A step ---- */

static void cork(struct talk *talk, int corked)
{
    int r = hprpc_call_cork(&talk->call, corked);

    world_check(talk->party->world, r == 0, "talk %u cannot be corked: %s", (uint32_t)talk->tag, hprpc_error_name(r));
}

static void send_some(struct talk *talk)
{
    bool corks = talk->halves[UPWARD].exists && world_chance(talk->party->world, 300);

    if (corks)
        cork(talk, 1);
    for (uint64_t i = 1 + world_random(talk->party->world, BURST); i && send_one(talk); i--)
        continue;
    if (corks)
        cork(talk, 0);
}

static void read_some(struct talk *talk)
{
    for (uint64_t i = 1 + world_random(talk->party->world, BURST); i && read_one(talk); i--)
        continue;
}

/* True if there is nothing left for the caller to do but to finish. */
static bool is_through(const struct talk *talk)
{
    const struct half *up = &talk->halves[UPWARD], *down = &talk->halves[DOWNWARD];

    return talk->told || (up->said_end && (!down->exists || down->heard_end || down->lost));
}

static void meddle(struct talk *talk)
{
    struct world *world = talk->party->world;

    if (world_chance(world, world->climate.cancel))
        cancel(talk);
    else if (world_chance(world, world->climate.cancel))
        talk_clear(talk);
}

static void end_or_send(struct talk *talk)
{
    struct half *half = &talk->halves[UPWARD];

    if (!half->said_end && (half->at == half->planned || world_chance(talk->party->world, 10)))
        say_end(talk);
    else
        send_some(talk);
}

static void act(struct talk *talk)
{
    struct world *world = talk->party->world;
    bool waits = !(talk->call.flags & HPRPC_CALL_NO_WAIT);

    if (is_through(talk)) {
        if (waits || hprpc_pending_call_done(talk->call.pending))
            finish(talk);
        return;
    }
    switch (world_random(world, 12)) {
    case 0:
        meddle(talk);
        break;
    case 1:
        ask_for_notice(talk);
        break;
    case 2:
        if (hprpc_pending_call_done(talk->call.pending) && world_chance(world, 300))
            finish(talk);
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        read_some(talk);
        break;
    default:
        end_or_send(talk);
        break;
    }
}

void talk_step(struct talk *talk, bool may_wait)
{
    struct world *world = talk->party->world;

    if (talk->busy || !talk->open)
        return;
    if (talk->finished) {
        if (world_chance(world, 300))
            talk_clear(talk);
        return;
    }
    /* a caller that waits in one direction does nothing for the other one, which the callee may wait for */
    may_wait = may_wait && (talk->procedure != BOTH || talk->deadline != NEVER || is_through(talk));
    talk->call.flags = may_wait && world_chance(world, 300) ? 0 : HPRPC_CALL_NO_WAIT;
    act(talk);
}

void talk_check_overdue(const struct talk *talk, uint64_t late)
{
    struct world *world = talk->party->world;
    hprpc__deadline deadline = talk->call.pending ? hprpc__ticket_deadline(talk->call.pending) : HPRPC__NEVER;

    if (talk->finished || deadline == HPRPC__NEVER || world->now < deadline + late)
        return;
    world_check(world, hprpc_pending_call_done(talk->call.pending), "everybody sleeps, and talk %u is overdue",
                (uint32_t)talk->tag);
}

/* ---- The end of the world ---- */

static bool did_not_run(const struct talk *talk)
{
    return talk->code == HPRPC_ENOTSENT || (talk->code == HPRPC_EBUSY && !talk->refused);
}

void talks_check(struct world *world)
{
    struct job *job;

    for (uint32_t i = 0; i < world->talk_count; i++) {
        struct talk *talk = world->talks[i];

        world_check(world, talk->finished, "talk %u never ends", i);
        world_check(world, talk->executions <= 1, "talk %u is executed %u times", i, talk->executions);
        world_check(world, !talk->executions || !did_not_run(talk), "talk %u is executed, and ends with %s", i,
                    hprpc_error_name(talk->code));
        world_check(world, !talk->job, "talk %u is served for ever", i);
        free(talk);
    }
    while ((job = world->jobs)) {
        world->jobs = job->next;
        free(job);
    }
}
