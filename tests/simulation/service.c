/* SPDX-License-Identifier: MIT */
/* The service that both sides offer: its handlers do what the requests ask for. */
#include <stdlib.h>

#include "simulation/cast.h"
#include "simulation/talk.h"

/* The arguments of a procedure, and the call that they belong to. */
struct work {
    struct actor *actor;
    struct world *world;
    struct hprpc_request *request;
    struct call *call;
    struct kodosis_bytes payload;
};

enum { CODE = HPRPC_EPERMISSION };

/* ---- Answers ---- */

static int reply(struct hprpc_request *request, uint64_t tag, uint32_t size)
{
    uint8_t *bytes = malloc(size + 1);
    struct kodosis_bytes payload = { bytes, size };
    struct kodosis_writer *writer;
    int r;

    fill(bytes, size, ~tag);
    r = hprpc_request_reply_begin(request, kodosis_size_bytes(8, payload), &writer);
    if (r == 0) {
        kodosis_write_uint64(writer, tag);
        kodosis_write_bytes(writer, payload);
        r = hprpc_request_reply_send(request);
    }
    free(bytes);
    return r;
}

static int raise(struct hprpc_request *request, uint64_t tag)
{
    struct kodosis_writer *writer;
    int r = hprpc_request_raise_begin(request, "sim.Trouble", 8, &writer);

    if (r < 0)
        return r;
    kodosis_write_uint64(writer, tag);
    return hprpc_request_reply_send(request);
}

static int fail(struct work *work)
{
    char text[32];

    snprintf(text, sizeof(text), "call %u", (uint32_t)work->call->tag);
    return hprpc_request_fail(work->request, HPRPC_EAPPLICATION, text);
}

/* ---- Answers that come later ---- */

/* Returns NULL if the server already keeps as many requests as it may. */
static struct deferred *defer(struct work *work)
{
    struct deferred *deferred;
    struct world *world = work->world;
    int r = hprpc_request_defer(work->request);

    world_check(world, r == 0 || r == HPRPC_EBUSY, "call %u cannot be deferred: %s", (uint32_t)work->call->tag,
                hprpc_error_name(r));
    work->call->refused = r < 0;
    if (r < 0)
        return NULL;
    deferred = malloc(sizeof(*deferred));
    *deferred = (struct deferred){
        .actor = work->actor,
        .request = work->request,
        .tag = work->call->tag,
        .reply_size = work->call->reply_size,
        .view = work->payload,
        .since = world->now,
        .answer_at = world->now + world_random(world, world_chance(world, 300) ? 80 * MILLISECOND : MILLISECOND),
        .next = world->deferred,
    };
    world->deferred = deferred;
    return deferred;
}

/* Closes the connection on which `request` came. */
static void hang_up(struct actor *actor, struct hprpc_request *request)
{
    struct hprpc_controller *controller = hprpc_request_controller(request);
    struct party *party = actor->party_for(actor, controller);

    if (party && !party->restless)
        party->closed = true;
    hprpc_controller_close(controller);
}

/* True if the actor that deferred the request still has a party for its connection. */
static bool is_known(const struct deferred *deferred)
{
    const struct party *party = deferred->actor->parties;

    while (party && party->controller != hprpc_request_controller(deferred->request))
        party = party->next;
    return party != NULL;
}

/* Answers one deferred request. Returns false if there was no memory or room: the request stays, and is answered later. */
static bool answer(struct world *world, struct deferred *deferred)
{
    int r;

    check_view(call_find(world, deferred->tag), deferred);
    if (world_chance(world, world->climate.close) && is_known(deferred))
        hang_up(deferred->actor, deferred->request);
    world_check(world, is_filled(deferred->view.data, deferred->view.size, deferred->tag),
                "the arguments of call %u changed while it was deferred", (uint32_t)deferred->tag);
    r = reply(deferred->request, deferred->tag, deferred->reply_size);
    world_trace(world, "call %u is answered: %s", (uint32_t)deferred->tag, hprpc_error_name(r));
    if (r == HPRPC_ENOMEM || r == HPRPC_EBUSY) {
        deferred->answer_at = world->now + MILLISECOND;
        return false;
    }
    if (r == HPRPC_ETOOBIG)
        r = hprpc_request_fail(deferred->request, r, NULL);
    world_check(world, r == 0 || r == HPRPC_ECLOSED || r == HPRPC_EPEERDIED, "call %u cannot be answered: %s",
                (uint32_t)deferred->tag, hprpc_error_name(r));
    return true;
}

static void forget(struct world *world, struct deferred *deferred)
{
    for (uint32_t i = 0; i < world->call_count; i++) {
        if (world->calls[i]->then == deferred)
            world->calls[i]->then = NULL;
    }
    free(deferred);
}

static void answer_those_due(struct world *world, bool all)
{
    struct deferred **place = &world->deferred;

    while (*place) {
        struct deferred *deferred = *place;

        if ((all || deferred->answer_at <= world->now) && answer(world, deferred)) {
            *place = deferred->next;
            forget(world, deferred);
        } else {
            place = &deferred->next;
        }
    }
}

static uint64_t next_due(const struct world *world)
{
    uint64_t next = NEVER;

    for (const struct deferred *deferred = world->deferred; deferred; deferred = deferred->next)
        next = deferred->answer_at < next ? deferred->answer_at : next;
    return next;
}

void work_off_deferred(struct actor *actor)
{
    struct world *world = actor->world;

    while (world->actors->next) {
        answer_those_due(world, false);
        actor_rest(actor, next_due(world));
    }
    while (world->deferred)
        answer_those_due(world, true);
}

/* ---- Calls within calls ---- */

/* Calls the caller and waits. The request is answered even if that call fails. */
static void nest(struct work *work)
{
    struct party *party = work->actor->party_for(work->actor, hprpc_request_controller(work->request));
    struct call *call;

    if (!party || !party_bind(party))
        return;
    call = call_new(party, work->call->level + 1, work->call->depth - 1);
    call_exchange(call, work->world->rules.tight ? HPRPC_CALL_NO_WAIT : 0);
    if (world_chance(work->world, 800))
        call_clear(call);
}

static int call_back(struct work *work)
{
    struct party *party = work->actor->party_for(work->actor, hprpc_request_controller(work->request));
    struct deferred *deferred;
    struct call *call;

    if (!party || !party_bind(party))
        return defer(work) ? 0 : HPRPC_EBUSY;
    deferred = defer(work);
    if (!deferred)
        return HPRPC_EBUSY;
    deferred->answer_at = NEVER;
    call = call_new(party, work->call->level + 1, work->call->depth - 1);
    call->then = deferred;
    if (!call_post(call, HPRPC_CALL_NO_WAIT))
        deferred->answer_at = 0;
    return 0;
}

/* ---- Handlers ---- */

static int behave(struct work *work)
{
    struct call *call = work->call;

    switch (call->behaviour) {
    case FAIL:
        return fail(work);
    case RETURN:
        return CODE;
    case RAISE:
        return raise(work->request, call->tag);
    case SILENCE:
        return 0;
    case DEFER:
        return defer(work) ? 0 : HPRPC_EBUSY;
    case CALL_BACK:
        return call_back(work);
    case NEST:
        nest(work);
        break;
    case HANG_UP:
        hang_up(work->actor, work->request);
        break;
    default:
        break;
    }
    world_check(work->world, is_filled(work->payload.data, work->payload.size, call->tag),
                "the arguments of call %u changed while it ran", (uint32_t)call->tag);
    return reply(work->request, call->tag, call->reply_size);
}

/* Checks that the call `tag` exists and is executed for the first time. */
static void note_execution(struct work *work, uint64_t tag)
{
    work->call = call_find(work->world, tag);
    world_check(work->world, work->call != NULL, "a request of nobody's is executed");
    world_trace(work->world, "call %u is executed", (uint32_t)tag);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): world_check() ends the program */
    world_check(work->world, !work->call->executions++, "call %u is executed twice", (uint32_t)tag);
    check_execution(work->call, work->request);
    world_stir(work->world);
}

struct service_handlers {
    int (*work)(struct work *work);
    int (*missing)(struct work *work);
};

const struct service_handlers service_handlers = { behave, NULL };

static struct work work_of(void *self, struct hprpc_request *request)
{
    struct actor *actor = self;

    return (struct work){ .actor = actor, .world = actor->world, .request = request };
}

static int read_work(struct work *work, struct kodosis_reader *reader)
{
    uint64_t tag = kodosis_read_uint64(reader);

    kodosis_read_run(reader, 1 + 1 + 4);
    work->payload = kodosis_read_bytes(reader);
    if (kodosis_reader_finish(reader) != KODOSIS_OK)
        return HPRPC_EBODY;
    note_execution(work, tag);
    world_check(work->world,
                work->payload.size == work->call->size && is_filled(work->payload.data, work->payload.size, tag),
                "call %u arrives with other bytes", (uint32_t)tag);
    return 0;
}

static int invoke_work(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    struct work work = work_of(self, request);
    int r = read_work(&work, reader);

    return r < 0 ? r : ((const struct service_handlers *)handlers)->work(&work);
}

static int invoke_note(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    struct work work = work_of(self, request);

    (void)handlers;
    return read_work(&work, reader);
}

static int invoke_poke(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    struct work work = work_of(self, request);
    uint64_t tag = kodosis_read_uint64(reader);

    (void)handlers;
    if (kodosis_reader_finish(reader) != KODOSIS_OK)
        return HPRPC_EBODY;
    note_execution(&work, tag);
    return 0;
}

static int invoke_missing(const void *handlers, void *self, struct hprpc_request *request,
                          struct kodosis_reader *reader)
{
    const struct service_handlers *all = handlers;
    struct work work = work_of(self, request);
    int r;

    if (!all->missing)
        return HPRPC_EUNIMPLEMENTED;
    r = read_work(&work, reader);
    return r < 0 ? r : all->missing(&work);
}

static int invoke_talk(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    uint64_t tag = kodosis_read_uint64(reader);

    (void)handlers;
    return kodosis_reader_finish(reader) == KODOSIS_OK ? job_execute(self, request, tag) : HPRPC_EBODY;
}

/* The last procedure is only in `called`: callers know it, and no side offers it. */
static const struct hprpc_procedure procedures[PROCEDURES] = {
    [WORK] = { "Work", 1, 0, invoke_work, NULL },
    [NOTE] = { "Note", 2, HPRPC_PROCEDURE_ONEWAY, invoke_note, NULL },
    [POKE] = { "Poke", 3, HPRPC_PROCEDURE_VOID, invoke_poke, NULL },
    [MISSING] = { "Missing", 4, 0, invoke_missing, NULL },
    [DOWN] = { "Down", 6, HPRPC_PROCEDURE_STREAMS_OUT | HPRPC_PROCEDURE_VOID, invoke_talk, NULL },
    [UP] = { "Up", 7, HPRPC_PROCEDURE_STREAMS_IN, invoke_talk, NULL },
    [BOTH] = { "Both", 8, HPRPC_PROCEDURE_STREAMS_IN | HPRPC_PROCEDURE_STREAMS_OUT | HPRPC_PROCEDURE_VOID, invoke_talk,
               NULL },
    [UNKNOWN] = { "Unknown", 5, 0, invoke_missing, NULL },
};

const struct hprpc_interface served = { "sim.Work", 1, PROCEDURES - 1, procedures };
const struct hprpc_interface called = { "sim.Work", 1, PROCEDURES, procedures };
