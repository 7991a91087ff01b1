/* SPDX-License-Identifier: MIT */
/*
 * A wire in memory under a framed channel: a read gives, and a write takes, as few bytes as the test wants. A script is a list
 * of messages to read.
 */
#ifndef TESTS_CHANNEL_FRAMED_WIRE_H
#define TESTS_CHANNEL_FRAMED_WIRE_H

#include "tests/channel/end.h"

#include <hprpc/channel/framed.h>

#include "support/fixture.h"

/* ---- The wire ---- */

struct wire {
    struct hprpc_framed stream;
    const uint8_t *in;
    size_t in_size, in_at, read_most; /* what the other side sent, and how much of it one read gives */
    int at_end;                       /* what a read returns after that: 0, end of stream, or a negated errno */
    unsigned reads, writes, shuts;
    uint8_t *out;
    size_t out_size, out_capacity, room; /* what was sent, and how many more bytes are taken */
    int write_error;
};

struct wire *new_wire(struct hprpc_context *context);
void free_wire(struct wire *wire);
struct hprpc_channel *channel_of(struct wire *wire);

/* Gives the wire bytes to read, at most `read_most` in one read. The bytes are borrowed. */
void feed(struct wire *wire, const uint8_t *bytes, size_t count, size_t read_most);

int receive(struct wire *wire, struct hprpc_message *ret_message);
void release(struct wire *wire, struct hprpc_message *message);

/* Receives until there is a message or a break, or until the wire is empty. */
int receive_patiently(struct wire *wire, struct hprpc_message *ret_message);

/* ---- Scripts: messages as bytes ---- */

struct entry {
    struct hprpc_header header;
    uint32_t size;
};

struct script {
    struct entry entries[96];
    size_t ends[96]; /* where the bytes of each message end */
    size_t count, size;
    uint8_t *bytes;
};

/* Appends a message with a body that test_check knows. */
void add(struct script *script, struct hprpc_header header, uint32_t size);

/* Adds headers of every length, and bodies around each size that matters below a block. */
void add_small(struct script *script);

/* Adds bodies around the sizes of blocks and reads. */
void add_large(struct script *script);
void free_script(struct script *script);

/* Receives the script's first `count` messages in order. */
void expect(struct wire *wire, const struct script *script, size_t count);

#endif
