/* SPDX-License-Identifier: MIT */
/* The memory that framed messages lie in. */
#ifndef HPRPC_CHANNEL_FRAMED_BLOCK_H
#define HPRPC_CHANNEL_FRAMED_BLOCK_H

#include <stdalign.h>
#include <stdatomic.h>

#include <hprpc/channel/framed.h>

#include "base/references.h"

enum {
    HPRPC__FRAMED_BLOCK = 64 * 1024,           /* memory that bytes are received into, and sent from */
    HPRPC__FRAMED_DIRECT = 16 * 1024,          /* an incomplete body beyond this gets memory of its own */
    HPRPC__FRAMED_COPIED = 256,                /* bodies up to this size are not lent: to keep one is to copy it */
    HPRPC__FRAMED_BLOCKS = 16,                 /* blocks of one connection, at most; beyond half of them none is lent */
    HPRPC__FRAMED_QUEUE = 256 * 1024,          /* queued bytes beyond which requests have to wait */
    HPRPC__FRAMED_SPARE_MAX = 4 * 1024 * 1024, /* larger memory is never kept for the next message */
    HPRPC__FRAMED_RUNS = 16,                   /* runs of bytes in one system call */
};

/*
 * A piece of memory. On the receiving side the messages in it share it: one reference each, and one of the stream while it
 * receives into it; a body alone in one is received from 0 to `start` so far, and ends at `end`. On the sending side it is a link
 * of the queue, and `start` to `end` waits for the kernel; it never moves.
 */
struct hprpc__block {
    struct hprpc__references references;
    size_t capacity;
    size_t start, end;
    struct hprpc__block *next;
    union {
        uint8_t aside[128];         /* for the one small body that cannot be aligned in place; see receive.c */
        struct hprpc_header header; /* of the body that is alone in it */
    };
    alignas(16) uint8_t data[];
};

/* Takes a block with room for `capacity` bytes: the spare of that kind if it suits, one of the pool, or a new one. NULL: no memory. */
struct hprpc__block *hprpc__block_take(struct hprpc_framed *stream, enum hprpc__spare kind, size_t capacity);

/* Keeps a block as the spare of its kind, or gives it back. */
void hprpc__block_give(struct hprpc_framed *stream, enum hprpc__spare kind, struct hprpc__block *block);

/* Gives spares that other connections can use to the pool, if there is one and it has room. Any thread. */
void hprpc__blocks_share(struct hprpc_framed *stream);

/* Gives the spares back. Any thread. */
void hprpc__blocks_release(struct hprpc_framed *stream);

#endif
