/* SPDX-License-Identifier: MIT */
/*
 * Names as tests want them, in place of the system's: the linker puts these functions between the library and getaddrinfo
 * (--wrap). Addresses are the system's own matter as before.
 */
#ifndef TESTS_CHANNEL_TCP_NAMES_H
#define TESTS_CHANNEL_TCP_NAMES_H

#include <stdbool.h>

enum { NAME_ADDRESSES = 24 };

struct name {
    const char *host;
    int number;                            /* what getaddrinfo returns: 0, or EAI_... */
    bool waits;                            /* until names_let_go */
    const char *addresses[NAME_ADDRESSES]; /* numbers, as in "::1", up to a NULL */
};

/* The names that there are from now on; borrowed. The list ends with a host of NULL. */
void names_set(const struct name *names);

/* Lookups that wait go on, and none waits any more until the next names_set. */
void names_let_go(void);

/* How many lookups of names have begun, and how many have ended, since names_set. */
unsigned names_begun(void);
unsigned names_ended(void);

#endif
