/* SPDX-License-Identifier: MIT */
/* The limits that options leave at 0. */
#ifndef HPRPC_RPC_CONNECTION_LIMITS_H
#define HPRPC_RPC_CONNECTION_LIMITS_H

#include "rpc/connection/connection.h"
#include "rpc/connection/message.h"

#define HPRPC__MAX_MESSAGE (64u * 1024 * 1024)
#define HPRPC__MAX_CALLS 1024u
#define HPRPC__MAX_CALL_BYTES (64ull * 1024 * 1024)
#define HPRPC__MAX_DEPTH 64u
#define HPRPC__MAX_DECODED (64ull * 1024 * 1024)
#define HPRPC__TIMEOUT_MS 30000u
#define HPRPC__OPENING_MS 10000u
#define HPRPC__STREAM_ELEMENTS 1024u
#define HPRPC__STREAM_BYTES (1024ull * 1024)
#define HPRPC__MAX_STREAM_BYTES (64ull * 1024 * 1024)

/* What the options of a client or of a server say: their fields have the same names. */
#define HPRPC__LIMITS_OF(options)                                           \
    ((struct hprpc__limits){ .max_message = (options)->max_message,         \
                             .max_calls = (options)->max_calls,             \
                             .max_depth = (options)->max_depth,             \
                             .timeout_ms = (options)->timeout_ms,           \
                             .keepalive_ms = (options)->keepalive_ms,       \
                             .max_call_bytes = (options)->max_call_bytes,   \
                             .max_decoded = (options)->max_decoded,         \
                             .stream_elements = (options)->stream_elements, \
                             .stream_idle_ms = (options)->stream_idle_ms,   \
                             .stream_bytes = (options)->stream_bytes,       \
                             .max_stream_bytes = (options)->max_stream_bytes })

/* Fills in what is 0. HPRPC_EINVAL for limits that the wire cannot carry. */
static inline int hprpc__limits_complete(struct hprpc__limits *limits)
{
    if (!limits->max_message)
        limits->max_message = HPRPC__MAX_MESSAGE;
    if (!limits->max_calls)
        limits->max_calls = HPRPC__MAX_CALLS;
    if (!limits->max_call_bytes)
        limits->max_call_bytes = HPRPC__MAX_CALL_BYTES;
    if (!limits->max_depth)
        limits->max_depth = HPRPC__MAX_DEPTH;
    if (!limits->max_decoded)
        limits->max_decoded = HPRPC__MAX_DECODED;
    if (limits->max_decoded > SIZE_MAX) /* where size_t has 32 bits */
        limits->max_decoded = SIZE_MAX;
    if (!limits->timeout_ms)
        limits->timeout_ms = HPRPC__TIMEOUT_MS;
    if (!limits->stream_elements)
        limits->stream_elements = HPRPC__STREAM_ELEMENTS;
    if (!limits->stream_bytes)
        limits->stream_bytes = HPRPC__STREAM_BYTES;
    if (!limits->max_stream_bytes)
        limits->max_stream_bytes = HPRPC__MAX_STREAM_BYTES;
    return limits->max_calls > HPRPC__CALLS_LIMIT || limits->max_depth > UINT16_MAX ||
                   limits->max_message < HPRPC__LEAST_MAX_MESSAGE || limits->max_message > UINT32_MAX - 64
               ? HPRPC_EINVAL
               : 0;
}

#endif
