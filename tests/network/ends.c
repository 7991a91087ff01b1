/* SPDX-License-Identifier: MIT */
/* How the other side ends without a word: at rest, in a call, or because an address is no longer there. */
#include "network/scenarios.h"

#include <stdio.h>

/* Waits until the server has seen all its connections end. */
static void await_gone(struct world *world)
{
    struct patience patience = patience_begin();

    while (atomic_load(&world->gone) < GUESTS)
        check(try_again(&patience));
}

static void rest(struct guest *guest)
{
    struct hprpc_detail detail = { "" };
    int r;

    guest_connect(guest, "?keepalive=3");
    check(guest_call(guest, 10, 0) == 0);
    meet(guest->world);
    meet(guest->world); /* the cable is out */
    r = guest_await_end(guest);
    check(r == HPRPC_EPEERDIED);
    check(guest_call(guest, 10, 0) == HPRPC_ENOTSENT);
    guest_leave(guest);
    /* nothing answers a new one either, or the system knows by then that nothing will */
    r = guest_try(guest, guest->host, guest->port, "", 300, &detail);
    check(r == HPRPC_EDEADLINE || r == HPRPC_EADDRESS);
    meet(guest->world);
    meet(guest->world); /* the cable is in */
    guest_connect_again(guest, "");
    check(guest_call(guest, 10, 0) == 0);
    guest_leave(guest);
}

/* Both sides find out that the other one is gone, though neither has anything to say. */
void a_peer_that_vanishes_at_rest(void)
{
    static struct world world;

    world_open(&world, "&keepalive=3");
    world_begin(&world, rest);
    meet(&world);
    link_do(FAR, "ip link set far down");
    meet(&world);
    meet(&world);
    await_gone(&world);
    link_do(FAR, "ip link set far up");
    meet(&world);
    world_end(&world);
    world_close(&world);
}

static const char *query; /* of the guests that call into the void */

/* A call is held by the server, another one is sent into the void. */
static void call_into_the_void(struct guest *guest)
{
    struct hprpc_call held = HPRPC_CALL_INIT;
    int r;

    guest_connect(guest, query);
    check(tiny_poke_start(&guest->tiny, &held, "held", 4) == 0);
    meet(guest->world);
    meet(guest->world); /* the way is gone */
    r = guest_call(guest, 100000, 0);
    check(r == HPRPC_EPEERDIED);
    check(tiny_poke_finish(&held) == HPRPC_EPEERDIED);
    check(held.detail && held.detail[0]);
    hprpc_call_clear(&held);
    check(guest_await_end(guest) == HPRPC_EPEERDIED);
    guest_leave(guest);
    meet(guest->world);
    meet(guest->world); /* the way is there again */
    guest_connect_again(guest, "");
    check(guest_call(guest, 10, 0) == 0);
    guest_leave(guest);
}

/* The way is taken away while each guest waits for an answer, and given back when all have found out. */
static void vanish(enum side side, const char *take, const char *give, int keepalive)
{
    struct patience patience = patience_begin();
    static struct world world;
    char options[24];

    snprintf(options, sizeof(options), "?keepalive=%d", keepalive);
    query = options;
    world_open(&world, "&keepalive=3");
    world_begin(&world, call_into_the_void);
    meet(&world);
    while (atomic_load(&world.inside) < GUESTS)
        check(try_again(&patience));
    link_do(side, take);
    meet(&world);
    meet(&world);
    await_gone(&world);
    link_do(side, give);
    meet(&world);
    world_end(&world);
    world_close(&world);
}

/* Data that is not acknowledged bounds a connection as well as probes do. */
void a_peer_that_vanishes_in_a_call(void)
{
    vanish(FAR, "ip link set far down", "ip link set far up", 3);
}

/* The requests arrive, and neither acknowledgements nor answers come back. */
void a_way_back_that_is_gone(void)
{
    vanish(FAR, "ip route add blackhole 192.0.2.1 && ip -6 route add blackhole 2001:db8::1",
           "ip route del blackhole 192.0.2.1 && ip -6 route del blackhole 2001:db8::1", 3);
}

/* A client that got another address, as one does in another network: its connections end, and new ones have the new address. */
void a_client_whose_address_changes(void)
{
    vanish(NEAR,
           "ip addr del 192.0.2.1/24 dev near && ip addr add 192.0.2.3/24 dev near && "
           "ip addr del 2001:db8::1/64 dev near && ip addr add 2001:db8::3/64 dev near nodad",
           "true", 3);
}

/*
 * From 15 seconds on, the system is not given a time-out but attempts that come close together, where it can do that. This takes
 * as long as it says.
 */
void a_peer_that_vanishes_for_patient_clients(void)
{
    vanish(FAR, "ip link set far down", "ip link set far up", 15);
}
