/* SPDX-License-Identifier: MIT */
/*
 * What all connections of a server may hold together: requests that wait, run on workers or were deferred, and elements of streams.
 * Requests that are answered inline, before the next one is looked at, cost nothing and are not counted.
 */
#ifndef HPRPC_RPC_CONNECTION_QUOTA_H
#define HPRPC_RPC_CONNECTION_QUOTA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct hprpc__quota {
    uint32_t max_calls;
    uint64_t max_bytes;
    atomic_bool refusing; /* the server is stopping: new requests are turned away */
    atomic_uint calls;
    _Atomic uint64_t bytes;

    uint64_t max_stream_bytes;
    _Atomic uint64_t stream_bytes; /* of elements that came and were not read, as far as their streams count them */

    uint64_t max_unread;
    _Atomic uint64_t unread; /* bytes that wait in channels, of connections on which many wait */
    atomic_uint slow;        /* the number of those connections */
    /* Called when `unread` grew beyond its limit: rings every loop, which may end a connection. Any thread, under a send lock. */
    void (*relieve)(void *self);
    void *self;
};

static inline bool hprpc__quota_overflows(struct hprpc__quota *quota)
{
    return quota && atomic_load_explicit(&quota->unread, memory_order_relaxed) > quota->max_unread;
}

/* A connection has `now` bytes waiting instead of `before`. Any thread. */
static inline void hprpc__quota_count_unread(struct hprpc__quota *quota, uint64_t before, uint64_t now)
{
    uint64_t sum = atomic_fetch_add_explicit(&quota->unread, now - before, memory_order_relaxed);

    if (!before != !now)
        atomic_fetch_add_explicit(&quota->slow, before ? UINT32_MAX : 1u, memory_order_relaxed);
    if (now > before && sum + (now - before) > quota->max_unread && quota->relieve)
        quota->relieve(quota->self);
}

static inline void hprpc__quota_give(struct hprpc__quota *quota, uint32_t size)
{
    if (!quota)
        return;
    /* relaxed, here and below: these are sums, and order nothing else */
    atomic_fetch_sub_explicit(&quota->bytes, size, memory_order_relaxed);
    atomic_fetch_sub_explicit(&quota->calls, 1, memory_order_relaxed);
}

/* Counts a request; false, and nothing counted, at the limit. Any thread. `quota` may be NULL. */
static inline bool hprpc__quota_take(struct hprpc__quota *quota, uint32_t size)
{
    unsigned calls;
    uint64_t bytes;

    if (!quota)
        return true;
    calls = atomic_fetch_add_explicit(&quota->calls, 1, memory_order_relaxed);
    bytes = atomic_fetch_add_explicit(&quota->bytes, size, memory_order_relaxed);
    if (calls < quota->max_calls && bytes + size <= quota->max_bytes)
        return true;
    hprpc__quota_give(quota, size);
    return false;
}

/* Counts bytes of elements; false, and nothing counted, at the limit. Any thread. */
static inline bool hprpc__quota_take_elements(struct hprpc__quota *quota, uint64_t bytes)
{
    uint64_t before = atomic_fetch_add_explicit(&quota->stream_bytes, bytes, memory_order_relaxed);

    if (before + bytes <= quota->max_stream_bytes)
        return true;
    atomic_fetch_sub_explicit(&quota->stream_bytes, bytes, memory_order_relaxed);
    return false;
}

static inline void hprpc__quota_give_elements(struct hprpc__quota *quota, uint64_t bytes)
{
    atomic_fetch_sub_explicit(&quota->stream_bytes, bytes, memory_order_relaxed);
}

static inline bool hprpc__quota_refuses(const struct hprpc__quota *quota)
{
    return quota && atomic_load_explicit(&((struct hprpc__quota *)quota)->refusing, memory_order_relaxed);
}

#endif
