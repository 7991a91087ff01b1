/* SPDX-License-Identifier: MIT */
/* Waiting for a stream, for both sides. */
#ifndef HPRPC_RPC_STREAM_WAIT_H
#define HPRPC_RPC_STREAM_WAIT_H

#include "rpc/connection/waiters.h"
#include "rpc/stream/stream.h"

/* Why a reader has found no element. */
enum hprpc__lack {
    HPRPC__LACK_NOW,     /* there is none now */
    HPRPC__LACK_END,     /* none follows: END has come */
    HPRPC__LACK_FAILURE, /* none follows: those that came were lost, for lack of memory */
    HPRPC__LACK_OVER,    /* none follows: the answer has come, or was sent, or one side has given up */
};

/* Asks why, after hprpc__stream_take has found nothing. Not under the lock. */
enum hprpc__lack hprpc__stream_lack(struct hprpc__stream *stream);

/* Waits until one of the events has come. False: the deadline has passed. */
bool hprpc__stream_wait(struct hprpc__stream *stream, uint32_t events, hprpc__deadline deadline);

/* One element on its way: the attempts to send it, and the waiting between them. */
struct hprpc__stream_attempt {
    struct hprpc__stream *stream;
    uint64_t size;
    struct kodosis_writer *writer; /* once it has begun */
    struct hprpc__room room;
    int code; /* of the last attempt, as hprpc__stream_begin says */
};

/* Tries to begin it. */
int hprpc__stream_try(struct hprpc__stream_attempt *attempt);

/* Waits, after HPRPC_EBUSY or HPRPC_EAGAIN, until another attempt may succeed. False: the deadline has passed. */
bool hprpc__stream_wait_to_try(struct hprpc__stream_attempt *attempt, hprpc__deadline deadline);

#endif
