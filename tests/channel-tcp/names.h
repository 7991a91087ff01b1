/* SPDX-License-Identifier: MIT */
/*
 * Replaces getaddrinfo() in the library (the linker's --wrap): host names are those that the test sets. Numeric addresses still
 * go to the system.
 */
#ifndef TESTS_CHANNEL_TCP_NAMES_H
#define TESTS_CHANNEL_TCP_NAMES_H

#include <stdbool.h>

enum { NAME_ADDRESSES = 24 };

struct name {
    const char *host;
    int number;                            /* the code of getaddrinfo: 0, or EAI_... */
    bool waits;                            /* the lookup waits until names_let_go() */
    const char *addresses[NAME_ADDRESSES]; /* numeric, as in "::1", up to a NULL */
};

/* Sets the names that exist from now on. `names` is borrowed, and ends with a host of NULL. */
void names_set(const struct name *list);

/* Lets lookups that wait go on. None waits any more until the next names_set(). */
void names_let_go(void);

/* Return how many lookups have begun, and how many have ended, since names_set(). */
unsigned names_begun(void);
unsigned names_ended(void);

/* Whether all lookups of names since names_set were on threads that take no signals. */
bool names_signals_were_blocked(void);

#endif
