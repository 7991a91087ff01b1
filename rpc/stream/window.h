/* SPDX-License-Identifier: MIT */
/*
 * How much one side may send on the streams of a connection before the other side reads it. Both sides compute with the same rules:
 * the sender obeys them, the receiver checks them. What the receiver has counted is never more than what the sender has, because the
 * sender judges and counts elements in the order in which they go, and hears of their return after they were given back; so a
 * sender that obeys is never found to break a rule.
 */
#ifndef HPRPC_RPC_STREAM_WINDOW_H
#define HPRPC_RPC_STREAM_WINDOW_H

#include "rpc/connection/connection.h"

enum { HPRPC__PIECE_MAX = 64 * 1024 }; /* bytes of the body of a DATA, at most */

/* So many elements, and bytes of them. */
struct hprpc__flow {
    uint32_t elements;
    uint64_t bytes;
};

/* What the receiving side of a connection allows on its streams. */
struct hprpc__window {
    struct hprpc__flow most; /* of one stream */
    uint64_t total;          /* bytes of all streams */
    uint64_t share;          /* bytes that each stream may have out, whatever the others have */
};

/*
 * The share: a quarter of a stream's window, but so little that the shares of all streams that there can be are half of the total.
 * A receiver gives back what was read once it is a share. So what was read, and not given back, never fills half of the total.
 */
static inline struct hprpc__window hprpc__window_make(uint32_t elements, uint64_t bytes, uint64_t total,
                                                      uint64_t streams)
{
    uint64_t quarter = bytes / 4, part = total / 2 / streams, share = quarter < part ? quarter : part;

    return (struct hprpc__window){ { elements, bytes }, total, share ? share : 1 };
}

/* What is out on all streams of a connection. */
struct hprpc__sum {
    uint64_t bytes;
    uint64_t beyond; /* of long elements that went although others had taken the total */
};

enum hprpc__leave {
    HPRPC__LEAVE_NONE,
    HPRPC__LEAVE_USUAL,
    HPRPC__LEAVE_BEYOND, /* the element counts as `beyond` until its stream has less than a share out again */
};

/*
 * Whether another element of `size` bytes may go, where `out` of the stream and `sum` of all streams are out. A stream that has less
 * than its share out, because it is read, never waits for streams that are not: a short element always goes, and a long one beside
 * those that went likewise, as long as these are within a total of their own.
 */
static inline enum hprpc__leave hprpc__window_allows(const struct hprpc__window *window, const struct hprpc__flow *out,
                                                     const struct hprpc__sum *sum, uint64_t size)
{
    if (out->elements >= window->most.elements || !hprpc__within_credit(out->bytes, size, window->most.bytes))
        return HPRPC__LEAVE_NONE;
    if (sum->bytes < window->total / 2 || sum->bytes + size <= window->total)
        return HPRPC__LEAVE_USUAL;
    if (out->bytes >= window->share)
        return HPRPC__LEAVE_NONE;
    if (size <= HPRPC__PIECE_MAX)
        return HPRPC__LEAVE_USUAL;
    return !sum->beyond || sum->beyond + size <= window->total ? HPRPC__LEAVE_BEYOND : HPRPC__LEAVE_NONE;
}

/* Whether the receiver must give back now what was read: a quarter of the elements, or a share of the bytes. */
static inline bool hprpc__window_is_due(const struct hprpc__window *window, const struct hprpc__flow *read)
{
    return read->elements >= (window->most.elements + 3) / 4 || read->bytes >= window->share;
}

static inline void hprpc__flow_add(struct hprpc__flow *flow, uint64_t size)
{
    flow->elements++;
    flow->bytes += size;
}

/* Counts an element that goes, or comes; `beyond` is what the stream has of the sum's. */
static inline void hprpc__window_take(struct hprpc__flow *out, struct hprpc__sum *sum, uint64_t *beyond,
                                      enum hprpc__leave leave, uint64_t size)
{
    hprpc__flow_add(out, size);
    sum->bytes += size;
    if (leave == HPRPC__LEAVE_BEYOND) {
        *beyond += size;
        sum->beyond += size;
    }
}

/* Counts elements that were given back, or never went. */
static inline void hprpc__window_give(const struct hprpc__window *window, struct hprpc__flow *out,
                                      struct hprpc__sum *sum, uint64_t *beyond, const struct hprpc__flow *back)
{
    out->elements -= back->elements;
    out->bytes -= back->bytes;
    sum->bytes -= back->bytes;
    if (*beyond && out->bytes < window->share) {
        sum->beyond -= *beyond;
        *beyond = 0;
    }
}

#endif
