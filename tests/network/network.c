/* SPDX-License-Identifier: MIT */
/*
 * What real networks do to connections: network SCENARIO. Two networks are joined by a cable, a server is in one of them, and
 * clients that caller, loop and thread drive are in the other, over IPv4 and over IPv6, with both engines of the server. Each failure ends each call once and in time, with a code and a
 * sentence; no client waits for ever, the server goes on, and a new connection works as soon as the network does.
 */
#include "network/scenarios.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    { "cable", cable_pulled_for_a_moment },
    { "route", routes_that_lead_nowhere },
    { "silence", addresses_that_do_not_answer },
    { "scope", links_of_link_local_addresses },
    { "narrow", a_narrow_cable },
    { "names", names_of_hosts },
    { "reset", resets_in_the_middle },
    { "half", halves_that_are_closed },
    { "slow", sides_that_are_slow },
    { "idle", a_peer_that_vanishes_at_rest },
    { "unacknowledged", a_peer_that_vanishes_in_a_call },
    { "deaf", a_way_back_that_is_gone },
    { "moved", a_client_whose_address_changes },
    { "patient", a_peer_that_vanishes_for_patient_clients },
};

enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };

int main(int argc, char **argv)
{
    size_t at = 0;

    while (at < SCENARIOS && argc > 1 && strcmp(argv[1], scenarios[at].name) != 0)
        at++;
    if (argc != 2 || at == SCENARIOS) {
        fprintf(stderr, "usage: network SCENARIO; the scenarios are");
        for (size_t i = 0; i < SCENARIOS; i++)
            fprintf(stderr, " %s", scenarios[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    if (!link_open())
        return SKIPPED;
    scenarios[at].run();
    return 0;
}
