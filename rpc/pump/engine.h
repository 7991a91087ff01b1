/* SPDX-License-Identifier: MIT */
/*
 * What a loop waits on: its epoll set, or, once a connection wants one, a ring of io_uring. On the ring connections receive and
 * send, and the epoll set is one descriptor among others: so one system call hands over, waits and receives.
 */
#ifndef HPRPC_RPC_PUMP_ENGINE_H
#define HPRPC_RPC_PUMP_ENGINE_H

#include "base/poller.h"
#include "base/ring.h"

enum { HPRPC__ENGINE_MANY = 32 }; /* connections of a loop, from which on a ring is faster */

struct hprpc__engine {
    struct hprpc_context *context;
    struct hprpc__poller *poller; /* the loop's */
    enum hprpc_engine choice;     /* for channels whose URI leaves it to the server */
    uint32_t buffers;             /* of the ring, at most; 0: as many as usual */
    bool runs;                    /* one thread does all turns, so there may be a ring */
    bool many; /* the loop has had HPRPC__ENGINE_MANY connections; where nothing is said, they have the ring */
    const char *refusal; /* why there is no ring, though one was wanted; NULL */
    struct hprpc__ring_ears ears;

    struct hprpc__ring *ring; /* or NULL; with all below the loop's thread's */
    struct hprpc__ring_task waiter;
    bool awaits; /* the ring waits for an event of the epoll set */
    bool ready;  /* which has come */
    struct hprpc__ring_task kick_waiter;
    bool awaits_kick; /* the ring waits for a kick: once a handler has slept on it */
    bool kicked;      /* which has come */
};

/* Makes an engine over a set. `ears` hear of the ring's news. */
void hprpc__engine_init(struct hprpc__engine *engine, struct hprpc_context *context, struct hprpc__poller *poller,
                        const struct hprpc__ring_ears *ears);

/*
 * Offers the ring to a channel of a connection, `owner`, if it is to have one, and opens it first; else says why not. Before any
 * `receive` of the channel; once the ring was offered, further calls do nothing.
 */
void hprpc__engine_offer(struct hprpc__engine *engine, struct hprpc_channel *channel, void *owner);

/*
 * Waits for news, at most `timeout_ms` (0 or -1, for ever), and returns the number of events of the epoll set and their owners, as
 * hprpc__poller_wait; what came on the ring was told to its ears.
 */
int hprpc__engine_wait(struct hprpc__engine *engine, int timeout_ms, void **ret_owners);

/*
 * Sleeps on the ring inside a handler, whatever the epoll set has: until there is news of the ring, or `wake_fd` is readable, which
 * is returned.
 */
bool hprpc__engine_sleep(struct hprpc__engine *engine, int wake_fd, uint64_t nanoseconds);

/* Hands over what was prepared on the ring: before the thread does something else than wait here. */
void hprpc__engine_push(struct hprpc__engine *engine);

/* Closes the ring. On its thread, when no channel of the loop is left. */
void hprpc__engine_close(struct hprpc__engine *engine);

#endif
