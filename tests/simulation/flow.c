/* SPDX-License-Identifier: MIT */
/* Checks of the windows, sums and queues of streams: of one side, of both sides of a connection, and of the server's quota. */
#include "simulation/cast.h"
#include "simulation/link.h"
#include "simulation/talk.h"

#include "rpc/call/ticket.h"
#include "rpc/serve/request.h"
#include "rpc/server.h"
#include "rpc/stream/stream.h"

enum { LONGEST = ELEMENT_MAX, STEP = 16 << 10 /* of the server's quota */ };

/* ---- One stream ---- */

struct sums {
    struct hprpc__sum in, out;
    uint64_t count;
};

/* Elements that came, and neither are given back nor wait to be. */
static uint64_t elements_held(const struct hprpc__stream *stream)
{
    const struct hprpc__queue *queue = &stream->queue;

    return (uint64_t)queue->ready + queue->arrived + (queue->current.place != HPRPC__BODY_NONE) +
           stream->receiving.under_way;
}

static void check_arrivals(struct world *world, const struct hprpc__stream *stream)
{
    const struct hprpc__flow *in = &stream->in;
    uint64_t back = (uint64_t)stream->taken.elements + stream->read.elements, held = elements_held(stream);

    if (stream->arrival == HPRPC__ARRIVAL_DROPPED)
        return;
    world_check(world, in->elements == back + held, "%u elements came on stream %u, %llu were read and %llu are there",
                in->elements, stream->call, (unsigned long long)back, (unsigned long long)held);
    world_check(world, in->bytes >= stream->read.bytes + stream->taken.bytes,
                "more bytes of stream %u were read than came", stream->call);
}

static void check_charge(struct world *world, const struct hprpc__stream *stream)
{
    world_check(world, stream->charged <= stream->in.bytes && stream->charged % STEP == 0,
                "%llu bytes are there on stream %u, and %llu are counted", (unsigned long long)stream->in.bytes,
                stream->call, (unsigned long long)stream->charged);
    if (stream->arrival == HPRPC__ARRIVAL_KEPT && stream->controller->quota)
        world_check(world, stream->in.bytes - stream->charged < STEP, "of %llu bytes on stream %u, %llu are counted",
                    (unsigned long long)stream->in.bytes, stream->call, (unsigned long long)stream->charged);
}

static void check_stream(struct world *world, const struct hprpc__streams *streams, const struct hprpc__stream *stream,
                         struct sums *sums)
{
    world_check(world, !stream->over, "stream %u is over, and is taken for open", stream->call);
    world_check(world,
                stream->out.elements <= streams->out.most.elements &&
                    stream->out.bytes <= streams->out.most.bytes + LONGEST,
                "%u elements of %llu bytes are out on stream %u, which is beyond its window", stream->out.elements,
                (unsigned long long)stream->out.bytes, stream->call);
    world_check(
        world, stream->in.elements <= streams->in.most.elements && stream->in.bytes <= streams->in.most.bytes + LONGEST,
        "%u elements of %llu bytes came on stream %u, which is beyond its window", stream->in.elements,
        (unsigned long long)stream->in.bytes, stream->call);
    check_arrivals(world, stream);
    check_charge(world, stream);
    sums->in.bytes += stream->in.bytes;
    sums->in.beyond += stream->beyond_in;
    sums->out.bytes += stream->out.bytes;
    sums->out.beyond += stream->beyond_out;
    sums->count++;
}

/* ---- One side of a connection ---- */

static void check_bound(struct world *world, const struct hprpc__window *window, const struct hprpc__sum *sum,
                        const struct hprpc__sum *counted, uint64_t count)
{
    world_check(world, sum->bytes == counted->bytes && sum->beyond == counted->beyond,
                "streams have %llu bytes out, %llu beyond, and are taken for %llu and %llu",
                (unsigned long long)counted->bytes, (unsigned long long)counted->beyond, (unsigned long long)sum->bytes,
                (unsigned long long)sum->beyond);
    world_check(world, sum->bytes <= 2 * window->total + 2ull * LONGEST + count * (window->share + HPRPC__PIECE_MAX),
                "%llu bytes are out on %llu streams, of a total of %llu", (unsigned long long)sum->bytes,
                (unsigned long long)count, (unsigned long long)window->total);
}

static void check_side(struct world *world, const struct hprpc_controller *controller)
{
    const struct hprpc__streams *streams = controller->streams;
    struct sums sums = { 0 };
    uint32_t pushing = 0;

    for (const struct hprpc__stream *stream = streams ? streams->open : NULL; stream; stream = stream->next) {
        check_stream(world, streams, stream, &sums);
        pushing += hprpc__stream_has_pieces(stream);
    }
    if (!streams)
        return;
    check_bound(world, &streams->in, &streams->sum_in, &sums.in, sums.count);
    check_bound(world, &streams->out, &streams->sum_out, &sums.out, sums.count);
    world_check(world, pushing == streams->pushing, "%u streams have pieces to send, and are taken for %u", pushing,
                streams->pushing);
}

/* ---- Both sides of a connection ---- */

static const struct hprpc__stream *find_other(const struct hprpc_controller *controller,
                                              const struct hprpc__stream *stream)
{
    const struct hprpc__stream *other = controller->streams ? controller->streams->open : NULL;

    while (other && (other->call != stream->call || other->callee == stream->callee))
        other = other->next;
    return other;
}

/* What one side has sent, and not heard to be given back, is at the other side or under way; if nothing is, both count the same. */
static void check_flow(struct world *world, const struct hprpc__stream *out, const struct hprpc__stream *in, bool quiet)
{
    world_check(world, in->in.elements <= out->out.elements && in->in.bytes <= out->out.bytes,
                "%u elements of %llu bytes came on stream %u, and %u of %llu are out", in->in.elements,
                (unsigned long long)in->in.bytes, in->call, out->out.elements, (unsigned long long)out->out.bytes);
    world_check(world, !quiet || (in->in.elements == out->out.elements && in->in.bytes == out->out.bytes),
                "nothing is under way, %u elements of %llu bytes came on stream %u, and %u of %llu are out",
                in->in.elements, (unsigned long long)in->in.bytes, in->call, out->out.elements,
                (unsigned long long)out->out.bytes);
}

static void check_both(struct world *world, const struct link *link, const struct hprpc_controller *one,
                       const struct hprpc_controller *other)
{
    bool quiet = link_is_quiet(link);

    for (const struct hprpc__stream *stream = one->streams ? one->streams->open : NULL; stream; stream = stream->next) {
        const struct hprpc__stream *counterpart = find_other(other, stream);

        if (!counterpart)
            continue;
        check_flow(world, stream, counterpart, quiet);
        check_flow(world, counterpart, stream, quiet);
    }
}

/* ---- All of them ---- */

static struct hprpc_controller *connections(const struct world *world)
{
    const struct hprpc_server *server = world->server ? world->server->server : NULL;

    return server ? server->loops[0].loop.connections : NULL;
}

/* The client's side of a connection; NULL: its client reconnects, or is gone. */
static struct hprpc_controller *client_side(const struct world *world, const struct end *end)
{
    for (const struct actor *actor = world->actors; actor; actor = actor->next) {
        for (const struct party *party = actor->parties; party; party = party->next) {
            if (party->controller && party->controller->channel == &end->base && !party->called_back)
                return party->controller;
        }
    }
    return NULL;
}

static void check_connection(struct world *world, const struct hprpc_controller *controller)
{
    const struct end *end = (const struct end *)controller->channel;
    const struct end *far = end->link->ends[0];
    const struct hprpc_controller *other = far ? client_side(world, far) : NULL;

    check_side(world, controller);
    if (!other)
        return;
    check_side(world, other);
    if (hprpc__state((struct hprpc_controller *)controller) == HPRPC__READY &&
        hprpc__state((struct hprpc_controller *)other) == HPRPC__READY && !link_has_ended(end->link))
        check_both(world, end->link, controller, other);
}

void flows_check(struct world *world)
{
    struct hprpc_server *server = world->server ? world->server->server : NULL;

    for (const struct hprpc_controller *controller = connections(world); controller; controller = controller->next)
        check_connection(world, controller);
    if (server)
        world_check(world, atomic_load(&server->shared->quota.stream_bytes) <= server->shared->quota.max_stream_bytes,
                    "the server keeps %llu bytes of elements",
                    (unsigned long long)atomic_load(&server->shared->quota.stream_bytes));
}

static bool is_broken(const struct hprpc_controller *controller)
{
    return hprpc__state((struct hprpc_controller *)controller) == HPRPC__BROKEN;
}

bool flows_are_open(const struct hprpc_controller *controller)
{
    return !is_broken(controller) && controller->streams && controller->streams->open;
}

bool flow_is_open(const struct hprpc__stream *stream)
{
    return !stream->over && !is_broken(stream->controller);
}

/* ---- When all sleep ---- */

static struct hprpc_controller *find_connection(const struct world *world, const struct end *end)
{
    struct hprpc_controller *controller = end->side ? connections(world) : client_side(world, end);

    while (end->side && controller && controller->channel != &end->base)
        controller = controller->next;
    return controller;
}

/* Whether the next piece of an element could go. Under the lock. */
static bool could_push(const struct hprpc__stream *stream, const struct end *end)
{
    const struct hprpc__streams *streams = stream->controller->streams;

    return hprpc__stream_has_pieces(stream) && end_has_room(end) &&
           (stream->sending.done || hprpc__window_allows(&streams->out, &stream->out, &streams->sum_out,
                                                         stream->sending.size) != HPRPC__LEAVE_NONE);
}

static bool is_known_to(const void *talk)
{
    return talk && ((const struct talk *)talk)->sent_since;
}

/* Whether a callback should have been called. That it can send, or nothing any more, its own side may know already. Under the lock. */
static bool is_due(const struct hprpc__stream *stream)
{
    bool knows = stream->said_end || !stream->notify || (!stream->callee && is_known_to(stream->notify_self));
    uint32_t events = knows ? stream->events & ~(uint32_t)HPRPC_STREAM_WRITABLE : stream->events;

    /* callbacks do not run on a thread that waits for room, which they might take */
    return stream->notify && !stream->controller->pump.rooms && hprpc__stream_events(stream, events);
}

void flows_check_sleep(struct world *world, const struct end *end)
{
    struct hprpc_controller *controller = find_connection(world, end);

    if (!controller || controller->running || hprpc__state(controller) != HPRPC__READY || !flows_are_open(controller))
        return;
    hprpc__mutex_lock(&controller->lock);
    for (const struct hprpc__stream *stream = controller->streams->open; stream; stream = stream->next) {
        world_check(world, !is_due(stream), "everybody sleeps, and a callback of stream %u, side %c, was not told",
                    stream->call, end->side ? 's' : 'c');
        world_check(world, !could_push(stream, end), "everybody sleeps, and stream %u has pieces to send",
                    stream->call);
    }
    hprpc__mutex_unlock(&controller->lock);
}

/* Whether what a thread waits for has come to its stream, and it waits for nothing else inside of that. */
static bool has_come(const struct hprpc__stream *stream, const struct stay *stay)
{
    struct hprpc_controller *controller = stream ? stream->controller : NULL;
    bool come;

    if (!stream || !stay->events || stay->actor->blocking > stay->depth || controller->running)
        return false;
    hprpc__mutex_lock(&controller->lock);
    come = hprpc__stream_events(stream, stay->events);
    hprpc__mutex_unlock(&controller->lock);
    return come;
}

/* The bytes that the server's quota has counted of streams that are over, and not freed. */
static uint64_t charged_behind(const struct world *world, const struct hprpc__quota *quota)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < world->talk_count; i++) {
        const struct talk *talk = world->talks[i];
        const struct hprpc__stream *caller = talk->call.pending ? talk->call.pending->stream : NULL;
        const struct hprpc__stream *callee = talk->job && talk->job->request ? talk->job->request->stream : NULL;

        if (caller && !flow_is_open(caller) && caller->controller->quota == quota)
            sum += caller->charged;
        if (callee && !flow_is_open(callee) && callee->controller->quota == quota)
            sum += callee->charged;
    }
    return sum;
}

void flows_check_quota(struct world *world)
{
    struct hprpc_server *server = world->server->server;
    const struct hprpc__quota *quota = &server->shared->quota;
    uint64_t sum = charged_behind(world, quota);

    for (const struct hprpc_controller *controller = connections(world); controller; controller = controller->next) {
        const struct hprpc__stream *stream = flows_are_open(controller) ? controller->streams->open : NULL;

        for (; stream; stream = stream->next)
            sum += stream->charged;
    }
    world_check(world, sum == atomic_load(&((struct hprpc__quota *)quota)->stream_bytes),
                "streams have %llu bytes of elements, and the server takes them for %llu", (unsigned long long)sum,
                (unsigned long long)atomic_load(&((struct hprpc__quota *)quota)->stream_bytes));
}

void flows_check_waits(struct world *world)
{
    for (uint32_t i = 0; i < world->talk_count; i++) {
        const struct talk *talk = world->talks[i];
        const struct job *job = talk->job;

        world_check(world, !job || !job->request || !has_come(job->request->stream, &job->stay),
                    "everybody sleeps, and the callee of talk %u waits for what has come", i);
        world_check(world, !talk->call.pending || !has_come(talk->call.pending->stream, &talk->stay),
                    "everybody sleeps, and talk %u waits for what has come", i);
    }
}
