/* SPDX-License-Identifier: MIT */
/* The listener of the simulated transport. */
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "simulation/link.h"

static struct listening *listening_of(struct hprpc_listener *listener)
{
    return (struct listening *)listener;
}

struct listening *listening_find(struct world *world, const char *name)
{
    struct listening *listening = world->listenings;

    while (listening && strcmp(listening->name, name) != 0)
        listening = listening->next;
    return listening;
}

/* Returns the oldest connection that has reached the listener, or NULL. */
static struct link *first_waiting(const struct listening *listening)
{
    struct link *first = NULL;

    for (struct link *link = listening->waiting; link; link = link->next_waiting) {
        if (link->open_at <= listening->world->now && !link->cut && (!first || link->number < first->number))
            first = link;
    }
    return first;
}

void listening_update(struct listening *listening)
{
    uint64_t count = 1;
    bool on = first_waiting(listening) != NULL;
    ssize_t r;

    if (listening->fd < 0 || listening->lit == on)
        return;
    listening->lit = on;
    r = on ? write(listening->fd, &count, sizeof(count)) : read(listening->fd, &count, sizeof(count));
    (void)r;
}

static void take_off(struct listening *listening, struct link *link)
{
    struct link **place = &listening->waiting;

    while (*place != link)
        place = &(*place)->next_waiting;
    *place = link->next_waiting;
    link->listening = NULL;
}

static int accept_one(struct hprpc_listener *listener, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct listening *listening = listening_of(listener);
    struct world *world = listening->world;
    struct link *link = first_waiting(listening);
    struct end *end;

    if (!link)
        return 0;
    if (!world->climate.calm && world_chance(world, 20))
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "out of descriptors");
    end = end_new(link, 1);
    if (!end)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "no memory for an end");
    take_off(listening, link);
    link->accepted = true;
    world_trace(world, "%us is accepted", link->number);
    listening_update(listening);
    link_update(link);
    world_stir(world);
    *ret_channel = &end->base;
    return 1;
}

static size_t watch(struct hprpc_listener *listener, struct hprpc_watch *ret_watches)
{
    const struct listening *listening = listening_of(listener);

    if (listening->fd < 0)
        return 0;
    ret_watches[0] = (struct hprpc_watch){ listening->fd, POLLIN, false };
    return 1;
}

static void address(struct hprpc_listener *listener, char *ret_uri, size_t capacity)
{
    snprintf(ret_uri, capacity, "sim://%s", listening_of(listener)->name);
}

static void free_listening(struct hprpc_listener *listener)
{
    struct listening *listening = listening_of(listener);
    struct world *world = listening->world;
    struct listening **place = &world->listenings;

    while (listening->waiting) {
        struct link *link = listening->waiting;

        take_off(listening, link);
        link->refused = true;
        link_update(link);
    }
    while (*place != listening)
        place = &(*place)->next;
    *place = listening->next;
    if (listening->fd >= 0)
        close(listening->fd);
    hprpc_context_release(world->context, listening, sizeof(*listening));
    world_stir(world);
}

static const struct hprpc_listener_ops listening_ops = { accept_one, watch, address, free_listening };

int listening_open(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                   struct hprpc_listener **ret_listener)
{
    struct world *world = world_of(context);
    struct listening *listening;

    if (listening_find(world, uri->rest))
        return hprpc_detail_set(detail, HPRPC_EINUSE, "%s is taken", uri->rest);
    listening = hprpc_context_allocate(context, sizeof(*listening));
    if (!listening)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a listener");
    *listening = (struct listening){ .base = { &listening_ops, context }, .world = world, .fd = -1 };
    snprintf(listening->name, sizeof(listening->name), "%s", uri->rest);
    if (world_chance(world, 700) || world->current->runs)
        listening->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    listening->next = world->listenings;
    world->listenings = listening;
    *ret_listener = &listening->base;
    return 0;
}

uint64_t listening_next(const struct listening *listening)
{
    uint64_t next = NEVER;

    for (const struct link *link = listening->waiting; link; link = link->next_waiting) {
        if (link->open_at > listening->world->now && link->open_at < next)
            next = link->open_at;
    }
    return next;
}
