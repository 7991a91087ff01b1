/* SPDX-License-Identifier: MIT */
/* A stranger connects and then sends nothing, or HELLO only. The server must close its connection in time. */
#include "simulation/cast.h"
#include "simulation/link.h"

/* in a nested wait, the server may not look at other connections for as long as a call lasts */
enum { PATIENCE_MS = 60000 };

static void say_hello(struct world *world, struct hprpc_channel *channel)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_HELLO };
    struct hprpc_reservation reservation;

    if (channel->ops->start_call(channel, &header, 21, &reservation) < 0)
        return;
    kodosis_write_uint32(&reservation.writer, 1u << 20);
    kodosis_write_uint32(&reservation.writer, 16);
    kodosis_write_uint64(&reservation.writer, 1u << 20);
    kodosis_write_uint32(&reservation.writer, 1000);
    kodosis_write_bool(&reservation.writer, true);
    channel->ops->end_call(channel, &reservation);
    world_trace(world, "a stranger says HELLO");
}

/* Receives what there is, and sends nothing. Returns false when the connection has ended. */
static bool listen_in(struct hprpc_channel *channel)
{
    struct hprpc_message message;
    int r;

    while ((r = channel->ops->receive(channel, &message)) > 0)
        channel->ops->release(channel, &message);
    channel->ops->flush(channel);
    return r == 0;
}

static void be_silent(struct stranger *stranger, struct hprpc_channel *channel)
{
    struct world *world = stranger->actor.world;
    const struct end *end = (const struct end *)channel;
    uint64_t until = world->now + PATIENCE_MS * MILLISECOND;
    bool greeted = !stranger->says_hello;

    end->link->silent = true;
    while (listen_in(channel)) {
        if (!greeted && end->link->accepted && world->now >= end->link->open_at) {
            say_hello(world, channel);
            greeted = true;
        }
        world_check(world, world->now < until, "the server has patience with a silent stranger");
        actor_rest(&stranger->actor, until);
    }
}

void stranger_act(struct actor *actor)
{
    struct stranger *stranger = (struct stranger *)actor;
    struct world *world = actor->world;
    struct hprpc_uri uri = { .scheme = "sim", .rest = "server" };
    struct hprpc_channel *channel;

    while (!world->opened)
        actor_rest(actor, NEVER);
    actor_rest(actor, world->now + world_random(world, 100 * MILLISECOND));
    if (hprpc_transport_sim.connect(world->context, &uri, NULL, &channel) == 0) {
        channel->receive_limit = UINT32_MAX;
        be_silent(stranger, channel);
        channel->ops->free(channel);
    }
    world->clients--;
    world_stir(world);
}
