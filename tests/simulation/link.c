/* SPDX-License-Identifier: MIT */
/* A simulated connection: the packets between its two ends, and its descriptors. */
#include "simulation/link.h"

#include <sys/eventfd.h>
#include <unistd.h>

/* ---- Queues ---- */

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){ .last = NULL };
    queue->last = &queue->first;
}

void queue_put(struct queue *queue, struct packet *packet)
{
    packet->next = NULL;
    *queue->last = packet;
    queue->last = &packet->next;
    queue->bytes += packet->size;
    queue->count++;
}

struct packet *queue_take(struct queue *queue)
{
    struct packet *packet = queue->first;

    queue->first = packet->next;
    if (!queue->first)
        queue->last = &queue->first;
    queue->bytes -= packet->size;
    queue->count--;
    return packet;
}

void packet_free(struct world *world, struct packet *packet)
{
    hprpc_context_release(world->context, packet, sizeof(*packet) + packet->size);
}

static void queue_clear(struct world *world, struct queue *queue)
{
    while (queue->first)
        packet_free(world, queue_take(queue));
}

/* Keeps the first `count` packets and frees the others. */
static void queue_cut(struct world *world, struct queue *queue, uint32_t count)
{
    struct queue kept;

    queue_init(&kept);
    while (count-- && queue->first)
        queue_put(&kept, queue_take(queue));
    queue_clear(world, queue);
    while (kept.first)
        queue_put(queue, queue_take(&kept));
}

/* ---- Life ---- */

struct link *link_new(struct world *world, struct listening *listening)
{
    struct link *link = hprpc_context_allocate(world->context, sizeof(*link));
    struct link **last;

    if (!link)
        return NULL;
    *link = (struct link){
        .world = world,
        .number = ++world->link_count,
        .open_at = world->now + world_random(world, 2 * MILLISECOND),
        .cut_at = NEVER,
        .refused = !listening,
        .listening = listening,
    };
    if (world_chance(world, world->climate.cut))
        link->cut_at = world->now + world_random(world, world_chance(world, 200) ? 3 * MILLISECOND : 400 * MILLISECOND);
    for (int side = 0; side < 2; side++) {
        queue_init(&link->lanes[side].outbox);
        queue_init(&link->lanes[side].wire);
    }
    for (last = &world->links; *last; last = &(*last)->next)
        continue;
    *last = link;
    return link;
}

static void link_free(struct link *link)
{
    struct world *world = link->world;
    struct link **place = &world->links;

    for (int side = 0; side < 2; side++) {
        queue_clear(world, &link->lanes[side].outbox);
        queue_clear(world, &link->lanes[side].wire);
    }
    for (struct actor *actor = world->actors; actor; actor = actor->next)
        actor->awaits = actor->awaits == link ? NULL : actor->awaits;
    while (*place != link)
        place = &(*place)->next;
    *place = link->next;
    hprpc_context_release(world->context, link, sizeof(*link));
}

static void stop_waiting(struct link *link)
{
    struct link **place;

    if (!link->listening)
        return;
    place = &link->listening->waiting;
    while (*place != link)
        place = &(*place)->next_waiting;
    *place = link->next_waiting;
    listening_update(link->listening);
    link->listening = NULL;
}

void link_leave(struct link *link, int side)
{
    struct world *world = link->world;

    link->ends[side] = NULL;
    if (side == 0)
        stop_waiting(link);
    if (!link->ends[0] && !link->ends[1])
        link_free(link);
    else
        link_update(link);
    world_stir(world);
}

static enum manner draw_manner(struct world *world)
{
    return (enum manner)world_random(world, PACKETS + 1);
}

struct end *end_new(struct link *link, int side)
{
    static const enum hprpc_wait waits[] = { HPRPC_WAIT_ADAPTIVE, HPRPC_WAIT_SPIN, HPRPC_WAIT_BLOCK };
    struct world *world = link->world;
    struct end *end = hprpc_context_allocate(world->context, sizeof(*end));
    enum hprpc_wait wait;

    if (!end)
        return NULL;
    *end = (struct end){
        .link = link, .side = side, .manner = draw_manner(world), .in_fd = -1, .out_fd = -1, .owner = world->current
    };
    if (end->manner != POLLED)
        end->in_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (end->manner == LEVEL)
        end->out_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    wait = waits[world_random(world, 3)];
    /* an end that spins never sleeps: other actors would not act while the library drives it */
    if ((world->current->runs || world->current->threaded) && wait == HPRPC_WAIT_SPIN)
        wait = HPRPC_WAIT_BLOCK;
    hprpc_channel_init(&end->base, &end_ops, world->context, wait);
    link->ends[side] = end;
    return end;
}

/* ---- What one end sees ---- */

static const struct lane *incoming(const struct end *end)
{
    return &end->link->lanes[1 - end->side];
}

static const struct lane *outgoing(const struct end *end)
{
    return &end->link->lanes[end->side];
}

/* True if the other end will send nothing beyond what is on the wire. */
static bool other_is_gone(const struct end *end)
{
    const struct link *link = end->link;
    const struct end *other = link->ends[1 - end->side];

    if (end->side == 0 && !link->accepted)
        return link->cut || link->refused || !link->listening;
    return link->cut || !other || other->closed;
}

static bool is_open(const struct end *end)
{
    return end->side == 1 || end->link->accepted;
}

bool end_can_receive(const struct end *end)
{
    const struct packet *first = incoming(end)->wire.first;
    uint64_t now = end->link->world->now;

    if (end->broken)
        return false;
    if (end->closed)
        return true;
    if (end->side == 0 && now < end->link->open_at)
        return end->link->cut;
    if (first)
        return first->visible_at <= now;
    return other_is_gone(end);
}

bool end_has_room(const struct end *end)
{
    const struct lane *lane = outgoing(end);
    const struct world *world = end->link->world;

    return is_open(end) && world->now >= end->link->open_at && world->now >= end->room_at && !lane->outbox.first &&
           lane->wire.bytes < world->climate.capacity;
}

/* True if flush() can move a packet. */
static bool can_flush(const struct end *end)
{
    const struct lane *lane = outgoing(end);

    return lane->outbox.first && !end->closed && !end->broken && end->link->world->now >= end->room_at &&
           lane->wire.bytes < end->link->world->climate.capacity;
}

bool end_is_ready(const struct end *end)
{
    return end_can_receive(end) || (end->wants_room && end_has_room(end)) || can_flush(end);
}

/* ---- Ringing ---- */

static void light(int fd, bool *lit, bool on)
{
    uint64_t count = 1;
    ssize_t r = 0;

    if (*lit == on)
        return;
    *lit = on;
    r = on ? write(fd, &count, sizeof(count)) : read(fd, &count, sizeof(count));
    (void)r;
}

static void ring(struct end *end)
{
    uint64_t one = 1;
    ssize_t r;

    if (!end->armed || !end_is_ready(end))
        return;
    end->armed = false;
    end->rung = true;
    r = write(end->in_fd, &one, sizeof(one));
    (void)r;
}

static void end_update(struct end *end)
{
    bool ready = end_is_ready(end);

    if (ready && !end->was_ready) {
        end->ready_at = end->link->world->now;
        world_stir(end->link->world);
    }
    end->was_ready = ready;
    if (end->manner == DOORBELL || end->manner == PACKETS)
        ring(end);
    if (end->manner == PACKETS && (end->closed || (other_is_gone(end) && !incoming(end)->wire.first)))
        light(end->in_fd, &end->in_lit, true);
    if (end->manner != LEVEL)
        return;
    light(end->in_fd, &end->in_lit, end_can_receive(end) || (end->wants_room && end_has_room(end)));
    light(end->out_fd, &end->out_lit, can_flush(end));
}

void link_update(struct link *link)
{
    if (!link->cut && link->world->now >= link->cut_at)
        link_cut(link);
    for (int side = 0; side < 2; side++) {
        if (link->ends[side])
            end_update(link->ends[side]);
    }
}

/* ---- Time ---- */

static uint64_t earlier(uint64_t now, uint64_t time, uint64_t next)
{
    return time > now && time < next ? time : next;
}

uint64_t link_next(const struct link *link)
{
    uint64_t now = link->world->now;
    uint64_t next = earlier(now, link->open_at, NEVER);

    if (!link->cut)
        next = earlier(now, link->cut_at, next);
    for (int side = 0; side < 2; side++) {
        if (link->lanes[side].wire.first)
            next = earlier(now, link->lanes[side].wire.first->visible_at, next);
        if (link->ends[side] && (link->ends[side]->wants_room || link->lanes[side].outbox.first))
            next = earlier(now, link->ends[side]->room_at, next);
    }
    return next;
}

/* Packets that have arrived stay. The first of those under way stay too, a random number of them; the others are lost. */
static void lose_some(struct link *link, struct lane *lane)
{
    uint32_t kept = 0;

    for (const struct packet *packet = lane->wire.first; packet && packet->visible_at <= link->world->now;)
        packet = (kept++, packet->next);
    kept += (uint32_t)world_random(link->world, lane->wire.count - kept + 1);
    queue_cut(link->world, &lane->wire, kept);
    queue_clear(link->world, &lane->outbox);
}

void link_cut(struct link *link)
{
    if (link->cut)
        return;
    world_trace(link->world, "connection %u dies", link->number);
    link->cut = true;
    for (int side = 0; side < 2; side++)
        lose_some(link, &link->lanes[side]);
    link_update(link);
    world_stir(link->world);
}

bool link_is_quiet(const struct link *link)
{
    for (int side = 0; side < 2; side++) {
        if (link->lanes[side].outbox.first || link->lanes[side].wire.first)
            return false;
    }
    return true;
}

bool link_has_ended(const struct link *link)
{
    if (link->cut || link->refused || !link->accepted)
        return true;
    return !link->ends[0] || !link->ends[1] || link->ends[0]->closed || link->ends[1]->closed;
}
