/* SPDX-License-Identifier: MIT */
/* Plays conversations: one side is the library, the other is the script over a wire. */
#ifndef VECTORS_PLAY_H
#define VECTORS_PLAY_H

#include "vectors/script.h"
#include "vectors/wire.h"

/* The side that is the library, in one program. */
struct cast {
    enum side side;
    const char *name;

    /* Brings it up for a conversation, and opens the wire to it. NULL, after a line on stderr, where that fails. */
    void *(*open)(const char *scheme, const struct conversation *conversation, struct wire *ret_wire);
    /* Does what an act says, and writes what came of it. False: it does not know the act. */
    bool (*act)(void *self, const char *verb, const char *argument, char *ret_outcome, size_t capacity);
    void (*close)(void *self);
};

/* `PROGRAM tcp|unix|pipe FILE...`: plays what the files have for this side. Returns the exit status. */
int play_all(const struct cast *cast, int count, char **arguments);

#endif
