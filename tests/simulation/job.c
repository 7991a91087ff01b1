/* SPDX-License-Identifier: MIT */
/* The callees of talks: requests with streams, as handlers, callbacks, threads and workers serve them. */
#include "simulation/talk.h"

#include <stdlib.h>

#include "rpc/connection/waiters.h"
#include "rpc/serve/request.h"

/* ---- What the callee may be told ---- */

static bool may_be_told(const struct job *job, int code)
{
    const struct talk *talk = job->talk;
    const struct world *world = job->world;
    bool ended = !talk->open || party_has_ended(talk->party) || talk->party->restless || world->stops;
    bool idle = world->rules.stream_idle_ms[0] || world->rules.stream_idle_ms[1];

    switch (code) {
    case HPRPC_ECANCELLED:
        return talk->cancelled || world->now >= talk->deadline || idle || ended;
    case HPRPC_EDEADLINE:
        return world->now >= talk->deadline || idle;
    case HPRPC_ECLOSED:
    case HPRPC_EPEERDIED:
        return ended;
    default:
        return false;
    }
}

/* A function of the request has said that it is at its end. From then on all of them say so. */
static void tell(struct job *job, int code)
{
    world_check(job->world, may_be_told(job, code), "the callee of talk %u is told %s", (uint32_t)job->talk->tag,
                hprpc_error_name(code));
    job->end = code;
}

/* ---- Elements ---- */

/* Whether this thread may wait for the request's streams, which it does in a turn of the simulation's own. */
static bool begin_wait(struct job *job, uint32_t events)
{
    bool waits = !hprpc__pump_is_mine(&job->controller->pump);

    if (!waits)
        return false;
    stay_begin(&job->stay, job->world->current, events);
    return true;
}

static void end_wait(struct job *job, bool waits)
{
    if (waits)
        stay_end(&job->stay);
}

static int send_element(struct job *job, uint32_t number)
{
    struct kodosis_writer *writer;
    bool waits = begin_wait(job, HPRPC_STREAM_WRITABLE);
    void *bytes;
    int r;

    r = hprpc_request_element_begin(job->request, element_size(job->talk, DOWNWARD, number), &writer);
    if (r == 0) {
        job->stay.events = 0;
        bytes = element_write(writer, job->talk, DOWNWARD, number);
        r = hprpc_request_element_send(job->request);
        free(bytes);
    }
    end_wait(job, waits);
    world_check(job->world, r != HPRPC_EBUSY || !waits, "talk %u waits, and its callee is told to try again",
                (uint32_t)job->talk->tag);
    return r;
}

/* Sends the next element. 1: it went, or cannot go at all; else the code. */
static int send_one(struct job *job)
{
    struct talk *talk = job->talk;
    struct half *half = &talk->halves[DOWNWARD];
    uint32_t number = half->at;
    bool fits = element_size(talk, DOWNWARD, number) <= half_limit(talk, DOWNWARD);
    int r;

    half->at++;
    half->sent += fits;
    r = send_element(job, number);
    world_trace(job->world, "talk %u sends %u back: %s", (uint32_t)talk->tag, number, hprpc_error_name(r));
    world_check(job->world, r != 0 || fits, "element %u of talk %u is sent back beyond the caller's limit", number,
                (uint32_t)talk->tag);
    if (r == 0 || (r == HPRPC_ETOOBIG && !fits))
        return 1;
    half->at--;
    half->sent -= fits;
    if (r == HPRPC_ENOMEM)
        world_check(job->world, job->world->memory.failures, "talk %u has no memory to send back", (uint32_t)talk->tag);
    else if (r != HPRPC_EBUSY)
        tell(job, r);
    return r;
}

/* Reads the next element. 1: it came; 0: none follows; else the code. */
static int read_one(struct job *job)
{
    struct talk *talk = job->talk;
    struct kodosis_reader reader;
    bool waits;
    int r;

    element_forget(talk, UPWARD);
    waits = begin_wait(job, HPRPC_STREAM_READABLE);
    r = hprpc_request_next_begin(job->request, &reader);
    end_wait(job, waits);
    world_trace(job->world, "talk %u is read: %s", (uint32_t)talk->tag, r == 1 ? "an element" : hprpc_error_name(r));
    world_check(job->world, r != HPRPC_EBUSY || !waits, "talk %u waits, and its callee is told to read again",
                (uint32_t)talk->tag);
    if (r == 1) {
        element_read(&reader, talk, UPWARD);
        world_check(job->world, hprpc_request_next_end(job->request, &reader) == 0, "an element is not at its end");
    } else if (r == 0) {
        half_check_end(talk, UPWARD);
    } else if (r == HPRPC_ENOMEM) {
        world_check(job->world, job->world->memory.failures || job->world->rules.max_kept_stream_bytes,
                    "an element of talk %u is lost", (uint32_t)talk->tag);
        talk->halves[UPWARD].lost = true;
    } else if (r != HPRPC_EBUSY) {
        tell(job, r);
    }
    return r;
}

/* ---- The answer ---- */

static int reply(struct hprpc_request *request, const struct talk *talk)
{
    struct kodosis_writer *writer;
    bool has_body = talk->procedure == UP;
    int r = hprpc_request_reply_begin(request, has_body ? 12 : 0, &writer);

    if (r < 0)
        return r;
    if (has_body) {
        kodosis_write_uint64(writer, talk->tag);
        kodosis_write_uint32(writer, talk->halves[UPWARD].read);
    }
    return hprpc_request_reply_send(request);
}

static void leave_talk(struct job *job)
{
    job->request = NULL;
    job->talk->job = NULL;
    job->talk->halves[DOWNWARD].said_end = true;
    world_stir(job->world);
}

/* Answers. HPRPC_EBUSY: pieces of an element go first. */
static int answer(struct job *job, int code)
{
    struct hprpc_request *request = job->request;
    struct talk *talk = job->talk;
    int r;

    /* it may be gone before the function returns: callbacks of others may run there */
    job->request = NULL;
    element_forget(talk, UPWARD);
    talk->answered = true;
    talk->verdict = code;
    talk->halves[DOWNWARD].said_end = true;
    r = code ? hprpc_request_fail(request, code, "as it was meant to be") : reply(request, talk);
    world_trace(job->world, "talk %u is answered with %s: %s", (uint32_t)talk->tag, hprpc_error_name(code),
                hprpc_error_name(r));
    if (!code && (r == HPRPC_EBUSY || r == HPRPC_ENOMEM)) {
        job->request = request;
        talk->answered = false;
        return r == HPRPC_EBUSY ? r : answer(job, r);
    }
    /* a request that was cancelled has been answered by that */
    if (r == HPRPC_ECLOSED)
        r = may_be_told(job, HPRPC_ECANCELLED) ? 0 : r;
    world_check(job->world, r == 0 || may_be_told(job, r) || (r == HPRPC_ENOMEM && job->world->memory.failures),
                "talk %u cannot be answered: %s", (uint32_t)talk->tag, hprpc_error_name(r));
    world_check(job->world, !job->registered, "talk %u is answered, and its callee was not notified",
                (uint32_t)talk->tag);
    leave_talk(job);
    return 0;
}

/* ---- One step ---- */

static bool can_send(const struct job *job)
{
    const struct half *half = &job->talk->halves[DOWNWARD];

    return half->exists && !half->said_end && half->at < half->planned;
}

static bool can_read(const struct job *job)
{
    const struct half *half = &job->talk->halves[UPWARD];

    return half->exists && !half->heard_end && !half->lost;
}

/* The code with which a job that is at its end, or has had enough, answers; 1: it goes on. */
static int outcome(const struct job *job)
{
    if (job->end)
        return job->end;
    if (job->talk->halves[UPWARD].lost)
        return HPRPC_ENOMEM;
    return job->steps == 0 || (!can_send(job) && !can_read(job)) ? job->wanted : 1;
}

static int send_or_read(struct job *job)
{
    bool sends = can_send(job) && (!can_read(job) || world_chance(job->world, 500));
    int r = sends ? send_one(job) : read_one(job);

    if (r == HPRPC_ENOMEM && sends)
        job->steps = 0;
    /* of a thread that does not wait: the other direction may go on */
    if (r != HPRPC_EBUSY || !(sends ? can_read(job) : can_send(job)))
        return r;
    return sends ? read_one(job) : send_one(job);
}

static void meddle(struct job *job)
{
    struct half *half = &job->talk->halves[DOWNWARD];

    if (!half->exists)
        return;
    if (!half->said_end && half->at == half->planned && world_chance(job->world, 300)) {
        int r = hprpc_request_end(job->request);

        half->said_end = r == 0;
        if (r < 0)
            tell(job, r);
    } else if (world_chance(job->world, 100)) {
        world_check(job->world, hprpc_request_cork(job->request, (int)world_random(job->world, 2)) == 0,
                    "talk %u cannot be corked", (uint32_t)job->talk->tag);
    }
}

/* Does one thing. 1: there is more to do; 0: the request is answered; HPRPC_EBUSY: it would have to wait. */
static int step(struct job *job)
{
    int code = outcome(job), r;

    if (code != 1)
        return answer(job, code);
    job->steps--;
    r = send_or_read(job);
    if (r == HPRPC_EBUSY)
        return r;
    if (!job->end)
        meddle(job);
    return 1;
}

/* ---- In callbacks ---- */

static void go_on(struct job *job);

static void hear(void *self, uint32_t events)
{
    struct job *job = self;

    world_check(job->world, job->registered-- == 1, "the callee of talk %u is notified twice",
                (uint32_t)job->talk->tag);
    world_check(job->world, events, "the callee of talk %u is notified of nothing", (uint32_t)job->talk->tag);
    world_stir(job->world);
    if (!job->stepping && job->request)
        go_on(job);
}

/* What a job waits for: whatever it could do next, or the end of the pieces that go before the answer. */
static uint32_t events_of(const struct job *job)
{
    if (outcome(job) != 1)
        return HPRPC_STREAM_WRITABLE;
    return (can_send(job) ? HPRPC_STREAM_WRITABLE : 0u) | (can_read(job) ? HPRPC_STREAM_READABLE : 0u);
}

/* Goes on until the request is answered, or a callback waits for what is missing. */
static void go_on(struct job *job)
{
    int r;

    while (job->request && !job->registered) {
        job->stepping = true;
        r = step(job);
        if (r == HPRPC_EBUSY) {
            job->registered++;
            r = hprpc_request_notify(job->request, events_of(job), hear, job);
            world_check(job->world, r == 0, "the callee of talk %u cannot be notified: %s", (uint32_t)job->talk->tag,
                        hprpc_error_name(r));
        }
        job->stepping = false;
    }
}

/* ---- On a thread ---- */

static void wait_through(struct job *job)
{
    struct actor *actor = job->world->current;

    while (job->request) {
        if (step(job) != HPRPC_EBUSY && world_chance(job->world, 950))
            continue;
        /* what is corked would wait as long */
        if (job->request && job->talk->halves[DOWNWARD].exists)
            hprpc_request_cork(job->request, 0);
        actor_rest(actor, job->world->now + 1 + world_random(job->world, 4 * MILLISECOND));
    }
}

static void live(struct actor *actor)
{
    wait_through((struct job *)actor);
}

/* ---- The handler ---- */

static int run_inline(struct job *job)
{
    struct talk *talk = job->talk;
    int r = 1;

    while (r == 1 && outcome(job) != 0)
        r = step(job);
    if (r == 0)
        return 0;
    talk->answered = true;
    talk->verdict = r == HPRPC_EBUSY ? HPRPC_EINTERNAL : 0;
    if (r == 1 && talk->procedure == UP)
        return answer(job, 0) == 0 ? 0 : HPRPC_EINTERNAL;
    element_forget(talk, UPWARD);
    leave_talk(job);
    return r == 1 ? 0 : r;
}

static int run_deferred(struct job *job)
{
    char name[24];
    int r = hprpc_request_defer(job->request);

    world_check(job->world, r == 0 || r == HPRPC_EBUSY, "talk %u cannot be deferred: %s", (uint32_t)job->talk->tag,
                hprpc_error_name(r));
    if (r < 0) {
        job->talk->refused = true;
        leave_talk(job);
        return r;
    }
    if (job->way == NOTIFIED) {
        go_on(job);
        return 0;
    }
    threads_set_alone(false);
    snprintf(name, sizeof(name), "talk %u", (uint32_t)job->talk->tag % 1000);
    world_add(job->world, &job->actor, name, live);
    return 0;
}

static enum way draw_way(struct world *world, const struct hprpc_request *request)
{
    if (!request->controller->workers)
        return (enum way)world_random(world, WORKING);
    /* what one waits for may need a worker, unless it ends by itself */
    return world->rules.stream_idle_ms[1] && world_chance(world, 500) ? WORKING : THREADED;
}

bool jobs_wait(const struct actor *host)
{
    for (const struct job *job = host->world->jobs; job; job = job->next) {
        if (job->host == host && job->stay.actor)
            return true;
    }
    return false;
}

static struct job *job_new(const struct actor *host, struct hprpc_request *request, struct talk *talk)
{
    struct world *world = host->world;
    struct job *job = calloc(1, sizeof(*job));
    uint64_t drawn = world_random(world, 10);

    *job = (struct job){ .world = world,
                         .talk = talk,
                         .request = request,
                         .controller = hprpc_request_controller(request),
                         .host = host,
                         .way = draw_way(world, request),
                         .steps = world_chance(world, 150) ? (uint32_t)world_random(world, 20) : UINT32_MAX,
                         .wanted = drawn == 0   ? HPRPC_EAPPLICATION
                                   : drawn == 1 ? HPRPC_EPERMISSION
                                                : 0,
                         .next = world->jobs };
    world->jobs = job;
    talk->job = job;
    return job;
}

int job_execute(struct actor *actor, struct hprpc_request *request, uint64_t tag)
{
    struct world *world = actor->world;
    struct talk *talk = talk_find(world, tag);
    struct job *job;

    world_check(world, talk != NULL, "a request of nobody's is executed");
    world_trace(world, "talk %u is executed", (uint32_t)tag);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): world_check() ends the program */
    world_check(world, !talk->executions++, "talk %u is executed twice", (uint32_t)tag);
    world_stir(world);
    job = job_new(actor, request, talk);
    if (job->way == INLINE)
        return run_inline(job);
    if (job->way != WORKING)
        return run_deferred(job);
    wait_through(job);
    return 0;
}
