/* SPDX-License-Identifier: MIT */
/*
 * Two networks joined by a cable: network namespaces without names, and a pair of veth devices, `near` with 192.0.2.1 and
 * 2001:db8::1, and `far` with 192.0.2.2 and 2001:db8::2. They live as long as this process; no other network is touched.
 */
#ifndef TESTS_NETWORK_LINK_H
#define TESTS_NETWORK_LINK_H

#include <stdbool.h>

enum side { NEAR, FAR };

/* Makes both networks; the calling thread is in the near one. False, and a line that says why: it is not possible here. */
bool link_open(void);

/* Takes the calling thread into a network, where its sockets will be. Threads begin where their parent is. */
void link_enter(enum side side);

/* Runs a command in a network; the program ends where that fails. */
void link_do(enum side side, const char *command);

/* The same; false where it fails, with a line that says so. */
bool link_try(enum side side, const char *command);

/*
 * Gives the calling thread, and those that it starts from now on, an /etc/hosts and an /etc/resolv.conf of their own, with \n for
 * the ends of lines. False: that is not possible here.
 */
bool link_set_names(const char *hosts, const char *resolver);

/* Ends the program unless the condition holds. Any thread. */
#define check(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))
void check_failed(const char *file, int line, const char *condition) __attribute__((noreturn));

#endif
