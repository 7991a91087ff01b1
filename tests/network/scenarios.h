/* SPDX-License-Identifier: MIT */
/* The scenarios of this program, each with a world of its own. They end the program where something is wrong. */
#ifndef TESTS_NETWORK_SCENARIOS_H
#define TESTS_NETWORK_SCENARIOS_H

#include "network/world.h"

enum { SKIPPED = 77 };

/* ways.c: what the way between the sides does */
void cable_pulled_for_a_moment(void);
void routes_that_lead_nowhere(void);
void addresses_that_do_not_answer(void);
void links_of_link_local_addresses(void);
void a_narrow_cable(void);
void names_of_hosts(void);

/* ends.c: how the other side ends */
void a_peer_that_vanishes_at_rest(void);
void a_peer_that_vanishes_in_a_call(void);
void a_way_back_that_is_gone(void);
void a_client_whose_address_changes(void);
void a_peer_that_vanishes_for_patient_clients(void);

/* relayed.c: what a relay in between does */
void resets_in_the_middle(void);
void halves_that_are_closed(void);
void sides_that_are_slow(void);

#endif
