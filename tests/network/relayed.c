/* SPDX-License-Identifier: MIT */
/* What a relay between the two sides does: resets, halves that are closed, sides that are slow. */
#include "network/relay.h"
#include "network/scenarios.h"

#include <stdio.h>

enum { SIZE = 100000 };

static struct relay relays[GUESTS];

/* Connects through this guest's own relay. */
static struct relay *connect_through(struct guest *guest)
{
    struct relay *relay = &relays[guest->number];
    struct hprpc_detail detail = { "" };

    atomic_store(&relay->left, -1);
    if (guest_try(guest, guest->host, relay->port, "", 0, &detail))
        fprintf(stderr, "%s\n", detail.text);
    check(guest->client);
    return relay;
}

/* Has the guests act, each of which makes so many connections, whose ends the server sees as well. */
static void play(void (*act)(struct guest *guest), unsigned connections)
{
    struct patience patience = patience_begin();
    static struct world world;

    world_open(&world, "");
    for (int i = 0; i < GUESTS; i++)
        relay_open(&relays[i], world.ports[i % ENGINES]);
    world_begin(&world, act);
    meet(&world);
    world_end(&world);
    while (atomic_load(&world.gone) < GUESTS * connections)
        check(try_again(&patience));
    for (int i = 0; i < GUESTS; i++)
        relay_close(&relays[i]);
    world_close(&world);
}

/* ---- Ends in the middle of a message ---- */

static const int places[] = { 0, 1, 5, 6, 7, 9, 40, 1000, 16384, 65536, SIZE - 1 };

enum { LOST = 2 * sizeof(places) / sizeof(places[0]) };

static void lose_messages(struct guest *guest, enum relay_end end)
{
    for (int i = 0; i < LOST; i++) {
        struct relay *relay = connect_through(guest);

        check(guest_call(guest, 10, 0) == 0);
        atomic_store(&relay->end, end);
        atomic_store(&relay->way, i % 2 ? RELAY_REQUESTS : RELAY_ANSWERS);
        atomic_store(&relay->left, places[i / 2]);
        check(guest_call(guest, SIZE, 0) == HPRPC_EPEERDIED);
        check(guest_await_end(guest) == HPRPC_EPEERDIED);
        check(guest_call(guest, 10, 0) == HPRPC_ENOTSENT);
        guest_leave(guest);
    }
    connect_through(guest);
    check(guest_call(guest, SIZE, 0) == 0);
    guest_leave(guest);
    meet(guest->world);
}

static void be_reset(struct guest *guest)
{
    lose_messages(guest, RELAY_RESET);
}

static void be_half_closed(struct guest *guest)
{
    lose_messages(guest, RELAY_HALF_CLOSE);
}

/* A reset comes at each place of a request or an answer: between two, in a header, in a body. The server serves the others. */
void resets_in_the_middle(void)
{
    play(be_reset, LOST + 1);
}

/* One half is closed while the other stays open: nothing can be answered any more, so the connection is over for both sides. */
void halves_that_are_closed(void)
{
    play(be_half_closed, LOST + 1);
}

/* ---- Sides that are slow ---- */

static void be_slow(struct guest *guest)
{
    struct relay *relay = connect_through(guest);

    /* a sender that says a few bytes at a time */
    for (size_t piece = 1; piece <= 4; piece++) {
        atomic_store(&relay->piece, piece);
        check(guest_call(guest, 0, 0) == 0);
        check(guest_call(guest, 1000 * piece, 0) == 0);
    }
    atomic_store(&relay->piece, 0);
    /* a reader that reads nothing: the calls end by their deadlines, and the connection goes on when it reads again */
    atomic_store(&relay->holds[RELAY_REQUESTS], true);
    for (int i = 0; i < 4; i++)
        check(guest_call(guest, 4000000, 50) == HPRPC_EDEADLINE);
    atomic_store(&relay->holds[RELAY_REQUESTS], false);
    check(guest_call(guest, SIZE, 0) == 0);
    /* a server that is not heard */
    atomic_store(&relay->holds[RELAY_ANSWERS], true);
    for (int i = 0; i < 4; i++)
        check(guest_call(guest, 4000000, 50) == HPRPC_EDEADLINE);
    atomic_store(&relay->holds[RELAY_ANSWERS], false);
    check(guest_call(guest, SIZE, 0) == 0);
    check(atomic_load(&guest->ends) == 0);
    guest_leave(guest);
    meet(guest->world);
}

void sides_that_are_slow(void)
{
    play(be_slow, 1);
}
