/* SPDX-License-Identifier: MIT */
/* Conversations as they are written in conversations/: README.md has the format. */
#ifndef VECTORS_SCRIPT_H
#define VECTORS_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum side { CLIENT, SERVER };

/* The limits that a side tells the other in HELLO, and what else a conversation may choose for it. */
struct settings {
    uint32_t message, calls, bytes, timeout, depth, workers;
};

/* One byte on the wire, and the line that it stands in. */
struct octet {
    uint8_t value;
    unsigned line;
};

/* One line: bytes that a side says, the end of what it says, or what the application at that side does. */
struct step {
    struct step *next;
    enum side side;
    unsigned line;
    bool acts, ends;
    char *text; /* of an act; NULL else */
    struct octet *octets;
    size_t count;
};

struct conversation {
    struct conversation *next;
    char *title;
    unsigned line;
    bool for_side[2]; /* whether this side may be the library */
    struct settings settings[2];
    struct step *steps;
};

struct script {
    const char *file;
    struct step *opening; /* comes before the steps of each conversation */
    struct conversation *conversations;
};

/* Reads a file. False, after a line on stderr: it cannot be read, or makes no sense. */
bool script_read(const char *file, struct script *ret_script);
void script_clear(struct script *script);

#endif
