/* SPDX-License-Identifier: MIT */
/* What the way between the two sides does: it stops for a moment, leads nowhere, is narrow, or is one link. */
#include "network/scenarios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- A cable that is pulled, and put in again ---- */

static void call_on_and_on(struct guest *guest)
{
    guest_connect(guest, "");
    check(guest_call(guest, 10, 0) == 0);
    meet(guest->world);
    while (!atomic_load(&guest->world->over))
        check(guest_call(guest, 20000, 0) == 0);
    guest_leave(guest);
}

/* Waits until each guest has some more answers. */
static void await_answers(struct world *world, unsigned more)
{
    unsigned before[GUESTS];

    for (int i = 0; i < GUESTS; i++)
        before[i] = atomic_load(&world->guests[i].calls);
    for (int i = 0; i < GUESTS; i++) {
        struct patience patience = patience_begin();

        while (atomic_load(&world->guests[i].calls) < before[i] + more)
            check(try_again(&patience));
    }
}

/* Calls that are under way when the link goes down are answered when it is up again; none is lost, and no connection ends. */
void cable_pulled_for_a_moment(void)
{
    static const char *const down[] = { "ip link set far down", "ip link set near down" };
    static const char *const up[] = { "ip link set far up", "ip link set near up" };
    static struct world world;

    world_open(&world, "");
    world_begin(&world, call_on_and_on);
    meet(&world);
    for (int i = 0; i < 2; i++) {
        await_answers(&world, 3);
        link_do(i == 0 ? FAR : NEAR, down[i]);
        /* long enough that the system sends again, and less often */
        link_do(FAR, "sleep 0.3");
        link_do(i == 0 ? FAR : NEAR, up[i]);
        await_answers(&world, 3);
    }
    atomic_store(&world.over, true);
    world_end(&world);
    world_close(&world);
}

/* ---- Routes that lead nowhere ---- */

static void meet_a_black_hole(struct guest *guest)
{
    struct hprpc_detail detail = { "" };

    guest_connect(guest, "?keepalive=3");
    check(guest_call(guest, 10, 0) == 0);
    meet(guest->world);
    meet(guest->world); /* this side's route is a black hole */
    check(guest_call(guest, 5000, 0) == HPRPC_EPEERDIED);
    check(guest_await_end(guest) == HPRPC_EPEERDIED);
    guest_leave(guest);
    check(guest_try(guest, guest->host, guest->port, "", 0, &detail) == HPRPC_EADDRESS);
    check(strstr(detail.text, "(the system has no way there)"));
    meet(guest->world);
    meet(guest->world); /* it is the other side's that is */
    check(guest_try(guest, guest->host, guest->port, "", 300, &detail) == HPRPC_EDEADLINE);
    check(strstr(detail.text, "no answer from ") && strstr(detail.text, guest->host));
    meet(guest->world);
    meet(guest->world); /* none is */
    guest_connect_again(guest, "");
    check(guest_call(guest, 5000, 0) == 0);
    guest_leave(guest);
}

void routes_that_lead_nowhere(void)
{
    static struct world world;

    world_open(&world, "");
    world_begin(&world, meet_a_black_hole);
    meet(&world);
    link_do(NEAR, "ip route add blackhole 192.0.2.2 && ip -6 route add blackhole 2001:db8::2");
    meet(&world);
    meet(&world);
    link_do(NEAR, "ip route del blackhole 192.0.2.2 && ip -6 route del blackhole 2001:db8::2");
    link_do(FAR, "ip route add blackhole 192.0.2.1 && ip -6 route add blackhole 2001:db8::1");
    meet(&world);
    meet(&world);
    link_do(FAR, "ip route del blackhole 192.0.2.1 && ip -6 route del blackhole 2001:db8::1");
    meet(&world);
    world_end(&world);
    world_close(&world);
}

/* ---- Addresses that do not answer ---- */

static void expect_failure(struct guest *guest, const char *host, int code, const char *text)
{
    struct hprpc_detail detail = { "" };
    int r = guest_try(guest, host, 7788, "", code == HPRPC_EDEADLINE ? 300 : 0, &detail);

    if (r != code || !strstr(detail.text, text))
        fprintf(stderr, "%s: %s, %s\n", host, hprpc_error_name(r), detail.text);
    check(r == code && strstr(detail.text, text));
}

static void knock_everywhere(struct guest *guest)
{
    expect_failure(guest, "192.0.2.9", HPRPC_EDEADLINE, "no answer from 192.0.2.9:7788");
    expect_failure(guest, "[2001:db8::9]", HPRPC_EDEADLINE, "no answer from [2001:db8::9]:7788");
    expect_failure(guest, "192.0.2.2", HPRPC_EREFUSED, "nobody listens at 192.0.2.2:7788");
    expect_failure(guest, "[2001:db8::2]", HPRPC_EREFUSED, "nobody listens at [2001:db8::2]:7788");
    expect_failure(guest, "198.51.100.1", HPRPC_EADDRESS, "cannot connect to 198.51.100.1:7788");
    expect_failure(guest, "198.51.100.129", HPRPC_EPERMISSION, "cannot connect to 198.51.100.129:7788");
    expect_failure(guest, "203.0.113.1", HPRPC_EADDRESS, "cannot connect to 203.0.113.1:7788");
    /* no machine has it, which the system finds out */
    expect_failure(guest, "192.0.2.77", HPRPC_EADDRESS, "cannot connect to 192.0.2.77:7788");
    meet(guest->world);
}

/* Silence ends by the client's deadline, and what the system knows is told at once. */
void addresses_that_do_not_answer(void)
{
    static struct world world;

    world_open(&world, "");
    /* a machine that takes everything and says nothing */
    link_do(NEAR, "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev near nud permanent");
    link_do(NEAR, "ip -6 neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev near nud permanent");
    link_do(NEAR, "ip route add unreachable 198.51.100.0/25");
    link_do(NEAR, "ip route add prohibit 198.51.100.128/25");
    world_begin(&world, knock_everywhere);
    meet(&world);
    world_end(&world);
    world_close(&world);
}

/* ---- Link-local addresses ---- */

static void use_a_link(struct guest *guest)
{
    static const char *const hosts[] = { "[fe80::2%near]", "[fe80::2%25near]", "[2001:db8::2]", "192.0.2.2" };
    static const char *const shown[] = { "[fe80::2%near]:", "[fe80::2%near]:", "[2001:db8::2]:", "192.0.2.2:" };
    struct hprpc_detail detail = { "" };

    for (int i = 0; i < 4; i++) {
        struct hprpc_peer peer;

        if (guest_try(guest, hosts[i], guest->port, "", 0, &detail))
            fprintf(stderr, "%s\n", detail.text);
        check(guest->client && guest_call(guest, 10, 0) == 0);
        hprpc_controller_peer(hprpc_client_controller(guest->client), &peer);
        check(strncmp(peer.address, shown[i], strlen(shown[i])) == 0);
        guest_leave(guest);
    }
    check(guest_try(guest, "[fe80::2%far]", guest->port, "", 0, &detail) == HPRPC_EADDRESS);
    check(strstr(detail.text, "has no link \"far\""));
    check(guest_try(guest, "[fe80::2]", guest->port, "", 0, &detail) == HPRPC_EADDRESS);
    meet(guest->world);
}

/* A server may listen at such an address as well, and says so in a URI that is one. */
static void listen_at_a_link(void)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_server *server;
    char uri[HPRPC_URI_MAX];

    link_enter(FAR);
    check(hprpc_server_new(NULL, NULL, &server) == 0);
    check(hprpc_server_listen(server, "tcp://[fe80::2%far]:7788", &detail) == 0);
    check(hprpc_server_address(server, 0, uri, sizeof(uri)) == 0);
    check(strcmp(uri, "tcp://[fe80::2%25far]:7788") == 0);
    check(hprpc_server_listen(server, "tcp://[fe80::2%near]:7789", &detail) == HPRPC_EADDRESS);
    check(hprpc_server_listen(server, "tcp://[fe80::2]:7789", &detail) == HPRPC_EADDRESS);
    hprpc_server_free(server);
    link_enter(NEAR);
}

/* One listener is reached by both families, and by an address that is good on one link only. */
void links_of_link_local_addresses(void)
{
    static struct world world;

    listen_at_a_link();
    world_open(&world, "");
    world_begin(&world, use_a_link);
    meet(&world);
    world_end(&world);
    world_close(&world);
}

/* ---- A narrow cable ---- */

static void carry_much(struct guest *guest)
{
    guest_connect(guest, "");
    for (int i = 0; i < 3; i++) {
        check(guest_call(guest, 10, 0) == 0);
        check(guest_call(guest, 60000, 0) == 0);
    }
    guest_leave(guest);
    meet(guest->world);
}

/* IPv6 needs packets of 1280 bytes. */
static void carry_much_in_little(struct guest *guest)
{
    guest->host = "192.0.2.2";
    carry_much(guest);
}

/* Calls pass whole through small packets, few of them, and queues that are short and drop what does not fit. */
void a_narrow_cable(void)
{
    static const struct {
        const char *command;
        void (*act)(struct guest *guest);
    } ways[] = {
        { "tc qdisc add dev %s root tbf rate 16mbit burst 16kb limit 20kb", carry_much },
        { "ip link set %s mtu 1280; tc qdisc del dev %s root", carry_much },
        { "ip link set %s mtu 576", carry_much_in_little },
        { "ip link set %s mtu 96", carry_much_in_little },
    };
    static struct world world;

    world_open(&world, "");
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char command[200];

        for (int side = NEAR; side <= FAR; side++) {
            const char *device = side == NEAR ? "near" : "far";

            snprintf(command, sizeof(command), ways[i].command, device, device);
            /* not every kernel has that way to be slow */
            if (!link_try((enum side)side, command))
                check(strstr(command, "tc "));
        }
        world_begin(&world, ways[i].act);
        meet(&world);
        world_end(&world);
    }
    world_close(&world);
}

/* ---- Names ---- */

static void expect_reached(struct guest *guest, const char *host)
{
    struct hprpc_detail detail = { "" };

    if (guest_try(guest, host, guest->port, "", 0, &detail))
        fprintf(stderr, "%s\n", detail.text);
    check(guest->client && guest_call(guest, 10, 0) == 0);
    guest_leave(guest);
}

static void use_names(struct guest *guest)
{
    struct hprpc_detail detail = { "" };

    expect_reached(guest, "there");
    expect_reached(guest, "twohomes");
    /* all that it has are named */
    check(guest_try(guest, "dead", guest->port, "?stagger=10", 300, &detail) == HPRPC_EDEADLINE);
    check(strstr(detail.text, "192.0.2.9:") && strstr(detail.text, "[2001:db8::9]:"));
    /* the server of names is as silent, and the client does not wait for the resolver's own time-outs, unless it may */
    check(guest_try(guest, "unknown.example", 7788, "", 300, &detail) == HPRPC_EDEADLINE);
    check(strstr(detail.text, "the host \"unknown.example\" is still being looked up"));
    check(guest_try(guest, "unknown.example", 7788, "", 20000, &detail) == HPRPC_EADDRESS);
    check(strstr(detail.text, "cannot resolve the host \"unknown.example\""));
    /* this one is left behind when the program ends */
    check(guest_try(guest, "nowhere.example", 7788, "", 50, &detail) == HPRPC_EDEADLINE);
    meet(guest->world);
}

/* A host's silent addresses cost no more than a moment, and a silent server of names no more than the deadline. */
void names_of_hosts(void)
{
    static struct world world;

    if (!link_set_names(
            "2001:db8::2 there\\n192.0.2.2 there\\n2001:db8::9 twohomes\\n192.0.2.9 twohomes\\n192.0.2.2 twohomes\\n"
            "192.0.2.9 dead\\n2001:db8::9 dead\\n",
            "nameserver 192.0.2.9\\noptions timeout:1 attempts:2\\n")) {
        printf("skipped: the system hides no files in /etc\n");
        exit(SKIPPED);
    }
    world_open(&world, "");
    link_do(NEAR, "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev near nud permanent");
    link_do(NEAR, "ip -6 neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev near nud permanent");
    world_begin(&world, use_names);
    meet(&world);
    world_end(&world);
    world_close(&world);
}
