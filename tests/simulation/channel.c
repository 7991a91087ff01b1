/* SPDX-License-Identifier: MIT */
/* The channel operations of one end of a simulated connection. */
#include <poll.h>
#include <unistd.h>

#include "simulation/link.h"

static struct end *end_of(struct hprpc_channel *channel)
{
    return (struct end *)channel;
}

static struct world *world_at(const struct end *end)
{
    return end->link->world;
}

static char side_name(const struct end *end)
{
    return end->side ? 's' : 'c';
}

static const char *type_name(uint8_t type)
{
    static const char *const names[] = { "?",      "HELLO",  "BIND", "BOUND", "REQUEST", "REPLY", "ERROR",
                                         "CANCEL", "CREDIT", "PING", "PONG",  "GOODBYE", "DATA",  "END" };

    return type < sizeof(names) / sizeof(names[0]) ? names[type] : names[0];
}

static void tell(const struct end *end, const char *what, const struct hprpc_header *header, uint32_t size)
{
    world_trace(world_at(end), "%u%c %s %s call %u, %u bytes", end->link->number, side_name(end), what,
                type_name(header->type), header->call, size);
}

/* ---- Sending ---- */

static int start_call(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size,
                      struct hprpc_reservation *ret_reservation)
{
    struct end *end = end_of(channel);
    struct world *world = world_at(end);
    bool may_wait = header->type == HPRPC_MESSAGE_REQUEST || header->type == HPRPC_MESSAGE_BIND ||
                    header->type == HPRPC_MESSAGE_DATA;
    struct packet *packet;

    world_check(world, !end->reserved, "%u%c has two reservations at once", end->link->number, side_name(end));
    if (end->closed)
        return HPRPC_ECLOSED;
    if (end->broken)
        return end->broken;
    if (end->side == 0 && (!end->link->accepted || world->now < end->link->open_at)) {
        end->wants_room = true;
        return HPRPC_EAGAIN;
    }
    if (may_wait && world->now >= end->room_at && world_chance(world, world->climate.crowded))
        end->room_at = world->now + world_random(world, 3 * MILLISECOND);
    if (may_wait && !end_has_room(end)) {
        tell(end, "has no room for", header, size);
        end->wants_room = true;
        return HPRPC_EAGAIN;
    }

    packet = hprpc_context_allocate(world->context, sizeof(*packet) + size);
    if (!packet)
        return HPRPC_ENOMEM;
    *packet = (struct packet){ .header = *header, .size = size };
    end->reserved = 1;
    kodosis_writer_init(&ret_reservation->writer, packet->body, size);
    ret_reservation->writer.references = ret_reservation->references;
    ret_reservation->writer.reference_capacity = (uint32_t)world_random(world, 5);
    ret_reservation->size = size;
    ret_reservation->token[0] = (uintptr_t)packet;
    return 0;
}

static struct packet *take_reservation(struct end *end, struct hprpc_reservation *reservation)
{
    world_check(world_at(end), end->reserved == 1, "a reservation is ended twice");
    end->reserved = 0;
    return (struct packet *)reservation->token[0];
}

/* Puts a packet on the wire. It arrives no earlier than the packet before it. */
static void depart(struct end *end, struct packet *packet)
{
    struct lane *lane = &end->link->lanes[end->side];
    struct world *world = world_at(end);
    uint64_t arrival = world->now + world_random(world, 300 * MICROSECOND);

    if (world_chance(world, world->climate.slow))
        arrival += world_random(world, 40 * MILLISECOND);
    if (arrival < lane->last_arrival)
        arrival = lane->last_arrival;
    lane->last_arrival = arrival;
    packet->visible_at = arrival;
    if (end->link->cut)
        packet_free(world, packet);
    else
        queue_put(&lane->wire, packet);
}

static int end_call(struct hprpc_channel *channel, struct hprpc_reservation *reservation)
{
    struct end *end = end_of(channel);
    struct packet *packet = take_reservation(end, reservation);
    struct lane *lane = &end->link->lanes[end->side];
    struct world *world = world_at(end);
    const struct kodosis_writer *writer = &reservation->writer;

    world_check(world, writer->status == KODOSIS_OK && writer->cursor == writer->end,
                "a message is published unfinished");
    for (uint32_t i = 0; i < writer->reference_count; i++)
        memcpy(writer->references[i].place, writer->references[i].data, writer->references[i].size);
    tell(end, channel->corked ? "sends, corked," : "sends", &packet->header, packet->size);
    if (end->closed || end->broken) {
        packet_free(world, packet);
        return end->closed ? HPRPC_ECLOSED : end->broken;
    }
    if (channel->corked || lane->outbox.first || lane->wire.bytes >= world->climate.capacity ||
        world_chance(world, world->climate.leave_behind)) {
        queue_put(&lane->outbox, packet);
        hprpc_channel_set_queued(channel, true);
    } else {
        depart(end, packet);
    }
    link_update(end->link);
    world_stir(world);
    return 0;
}

static void cancel_call(struct hprpc_channel *channel, struct hprpc_reservation *reservation)
{
    struct end *end = end_of(channel);

    packet_free(world_at(end), take_reservation(end, reservation));
}

static int flush(struct hprpc_channel *channel)
{
    struct end *end = end_of(channel);
    struct lane *lane = &end->link->lanes[end->side];
    struct world *world = world_at(end);
    bool moved = false;

    if (end->closed)
        return HPRPC_ECLOSED;
    if (end->broken)
        return end->broken;
    while (lane->outbox.first && world->now >= end->room_at && lane->wire.bytes < world->climate.capacity) {
        depart(end, queue_take(&lane->outbox));
        moved = true;
        if (world_chance(world, world->climate.leave_behind))
            end->room_at = world->now + world_random(world, MILLISECOND);
    }
    hprpc_channel_set_queued(channel, lane->outbox.first != NULL);
    link_update(end->link);
    if (moved || lane->outbox.first)
        world_trace(world, "%u%c flushes, %u stay", end->link->number, side_name(end), lane->outbox.count);
    if (moved)
        world_stir(world);
    return lane->outbox.first ? HPRPC_EAGAIN : 0;
}

/* ---- Receiving ---- */

enum { LOOKS = 32 }; /* the library looks so often, or less, before it sends what there is room for */

/* Called when receive() finds nothing: lets other actors act if the current one is inside a library call that may wait. */
static void let_others_act(struct end *end)
{
    struct actor *actor = world_at(end)->current;

    if (!actor || !actor->blocking)
        return;
    if (actor->runs && !actor_waits(actor)) {
        /* the library looks at the actor's other connections next */
        actor->world->now += world_random(actor->world, 10 * MICROSECOND);
        actor_yield(actor);
        return;
    }
    actor->awaits = end->link;
    end->found_nothing = false;
    if (end->roomy)
        actor_yield(actor);
    else
        actor_rest(actor, NEVER);
}

static int report_broken(struct end *end)
{
    const struct link *link = end->link;
    int code = HPRPC_EPEERDIED;

    if (end->side == 0 && !link->accepted)
        code = link->cut ? HPRPC_EPEERDIED : HPRPC_EREFUSED;
    end->broken = hprpc_channel_fail(&end->base, code, code == HPRPC_EREFUSED ? "nobody listens" : "the peer is gone");
    world_trace(world_at(end), "%u%c reports %s", link->number, side_name(end), hprpc_error_name(code));
    return end->broken;
}

static int deliver(struct end *end, struct hprpc_message *ret_message)
{
    struct packet *packet = queue_take(&end->link->lanes[1 - end->side].wire);
    struct world *world = world_at(end);

    if (packet->size > end->base.receive_limit) {
        packet_free(world, packet);
        end->broken = hprpc_channel_fail(&end->base, HPRPC_EPROTOCOL, "a message beyond the limit");
        return end->broken;
    }
    *ret_message = (struct hprpc_message){
        .header = packet->header,
        .body = (const uint8_t *)packet->body,
        .size = packet->size,
        .lendable = world_chance(world, 500),
        .token = { (uintptr_t)packet },
    };
    end->borrowed++;
    end->must_return = !ret_message->lendable;
    tell(end, "receives", &packet->header, packet->size);
    link_update(end->link);
    world_stir(world);
    return 1;
}

static int receive(struct hprpc_channel *channel, struct hprpc_message *ret_message)
{
    struct end *end = end_of(channel);
    const struct lane *lane = &end->link->lanes[1 - end->side];
    bool room = end->wants_room && end_has_room(end);

    world_check(world_at(end), !end->must_return, "%u%c receives before a message that is not lendable was released",
                end->link->number, side_name(end));
    end->wants_room = end->wants_room && !room;
    end->roomy = room ? LOOKS : end->roomy - (end->roomy > 0);
    /* not at the first receive() that finds nothing: it ends a batch, and the library flushes the batch's messages after it */
    if (!end->broken && !room && !end_is_ready(end) && end->found_nothing)
        let_others_act(end);
    end->found_nothing = !end_can_receive(end);
    if (end->closed)
        end->broken = HPRPC_ECLOSED;
    if (end->broken)
        return end->broken;
    if (!end_can_receive(end)) {
        link_update(end->link);
        return 0;
    }
    return lane->wire.first && !(end->side == 0 && !end->link->accepted) ? deliver(end, ret_message)
                                                                         : report_broken(end);
}

static void release(struct hprpc_channel *channel, struct hprpc_message *message)
{
    struct end *end = end_of(channel);

    world_check(world_at(end), end->borrowed > 0, "a message is released twice");
    end->borrowed--;
    if (!message->lendable)
        end->must_return = false;
    packet_free(world_at(end), (struct packet *)message->token[0]);
}

/* ---- Sleeping ---- */

static size_t watch(struct hprpc_channel *channel, struct hprpc_watch *ret_watches)
{
    const struct end *end = end_of(channel);

    if (end->manner == POLLED)
        return 0;
    ret_watches[0] = (struct hprpc_watch){ end->in_fd, POLLIN, end->manner == DOORBELL };
    if (end->manner != LEVEL || !end->link->lanes[end->side].outbox.first)
        return 1;
    ret_watches[1] = (struct hprpc_watch){ end->out_fd, POLLIN, false };
    return 2;
}

static bool arm(struct hprpc_channel *channel)
{
    struct end *end = end_of(channel);
    struct actor *actor = world_at(end)->current;
    uint64_t count;

    /* a sleeper that watches the level of in_fd would be woken by the last ring again */
    if (end->rung && !end->in_lit && read(end->in_fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        end->rung = false;
    /* an end that is ready does not ring: arm() returns true, so the actor does not sleep */
    end->armed = (end->manner == DOORBELL || end->manner == PACKETS) && !end_is_ready(end);
    if (actor && actor_waits(actor))
        actor->awaits = end->link;
    return end_is_ready(end);
}

static void disarm(struct hprpc_channel *channel)
{
    end_of(channel)->armed = false;
}

/* ---- The end ---- */

static void close_end(struct hprpc_channel *channel)
{
    struct end *end = end_of(channel);

    if (end->closed)
        return;
    world_trace(world_at(end), "%u%c closes", end->link->number, side_name(end));
    world_at(end)->closed_in_silence = !end->link->silent && link_is_quiet(end->link) && !link_has_ended(end->link);
    end->closed = true;
    link_update(end->link);
    world_stir(world_at(end));
}

static void free_end(struct hprpc_channel *channel)
{
    struct end *end = end_of(channel);
    struct world *world = world_at(end);

    world_check(world, !end->reserved && !end->borrowed, "%u%c is freed with %u reservations and %u messages lent out",
                end->link->number, side_name(end), end->reserved, end->borrowed);
    close_end(channel);
    world_trace(world, "%u%c is freed", end->link->number, side_name(end));
    if (end->in_fd >= 0)
        close(end->in_fd);
    if (end->out_fd >= 0)
        close(end->out_fd);
    link_leave(end->link, end->side);
    hprpc_channel_clear(channel);
    hprpc_context_release(world->context, end, sizeof(*end));
}

static void describe(struct hprpc_channel *channel, struct hprpc_peer *ret_peer)
{
    const struct end *end = end_of(channel);

    *ret_peer = (struct hprpc_peer){ .transport = "sim", .pid = end->link->number, .uid = -1, .gid = -1 };
    snprintf(ret_peer->address, sizeof(ret_peer->address), "connection %u", end->link->number);
}

const struct hprpc_channel_ops end_ops = {
    .start_call = start_call,
    .end_call = end_call,
    .cancel_call = cancel_call,
    .flush = flush,
    .receive = receive,
    .release = release,
    .watch = watch,
    .arm = arm,
    .disarm = disarm,
    .close = close_end,
    .free = free_end,
    .describe = describe,
};

/* ---- Connecting ---- */

static int connect_to(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                      struct hprpc_channel **ret_channel)
{
    struct world *world = world_of(context);
    struct listening *listening = listening_find(world, uri->rest);
    struct link *link = link_new(world, listening);
    struct end *end;

    if (!link)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a connection");
    end = end_new(link, 0);
    if (!end) {
        link->listening = NULL;
        link_leave(link, 0);
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for an end");
    }
    if (listening) {
        link->next_waiting = listening->waiting;
        listening->waiting = link;
        listening_update(listening);
    }
    world_trace(world, "%uc connects to %s", link->number, uri->rest);
    *ret_channel = &end->base;
    return 0;
}

const struct hprpc_transport hprpc_transport_sim = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "sim",
    .connect = connect_to,
    .listen = listening_open,
};
