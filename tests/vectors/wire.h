/* SPDX-License-Identifier: MIT */
/*
 * One end of a byte stream, over sockets and FIFOs alone: nothing here comes from the library, so that docs/wire-format.md
 * is what both sides have in common.
 */
#ifndef VECTORS_WIRE_H
#define VECTORS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wire {
    int in, out;
    bool heard;      /* something came; before that, a FIFO that reads as ended may not be open yet */
    char names[200]; /* a FIFO's two ends are this and .up and .down; "" for a socket */
};

/* Where a client knocks. */
struct door {
    int fd;
    char path[100]; /* of a FIFO, in a directory of its own */
    char uri[140];
};

/* Opens a connection to a listener of that URI. */
bool wire_connect(const char *uri, struct wire *ret_wire);

/* Listens, over "tcp", "unix" or "pipe"; then takes in the next client. */
bool door_open(const char *scheme, struct door *ret_door);
bool door_accept(struct door *door, struct wire *ret_wire);
void door_close(struct door *door);

/* False: the other side does not take it, or is gone. */
bool wire_write(struct wire *wire, const uint8_t *bytes, size_t size);

/* What comes next: its size, 0 at the end, -1 when nothing comes in half a minute, or `at_once`. */
ssize_t wire_read(struct wire *wire, uint8_t *ret_bytes, size_t capacity, bool at_once);

/* Whether the names of the FIFOs are gone, as they must be once the server has spoken. */
bool wire_is_nameless(const struct wire *wire);

/* Ends what this side says. `close` ends both, and removes names. */
void wire_end(struct wire *wire);
void wire_close(struct wire *wire);

#endif
