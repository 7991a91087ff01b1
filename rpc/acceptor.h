/* Where a server listens, and what becomes of those who come. */
#ifndef HPRPC_RPC_ACCEPTOR_H
#define HPRPC_RPC_ACCEPTOR_H

#include "rpc/pump/loop.h"

struct hprpc__listening {
    struct hprpc_listener *listener;
    bool polled; /* it has no descriptors, and is looked at in every turn */
    struct hprpc__listening *next;
};

struct hprpc__acceptor {
    struct hprpc_context *context;
    struct hprpc__loop *loop;           /* whose epoll set the listeners are in */
    struct hprpc__listening *listeners; /* in the order they were added */
    uint64_t paused_until;              /* 0 while accepting goes on */
    bool polls;                         /* some of them are polled */

    /* Takes a channel over; negative if it cannot, and the channel is still the caller's. */
    int (*arrive)(void *self, struct hprpc_channel *channel);
    /* Whether there is room for one more. */
    bool (*has_room)(void *self);
    void *self;
};

int hprpc__acceptor_listen(struct hprpc__acceptor *acceptor, const char *uri, struct hprpc_detail *detail);

/* The loop has an event of this listener's. */
void hprpc__acceptor_event(struct hprpc__acceptor *acceptor, struct hprpc__listening *listening);

/* Looks at the listeners that have no descriptors. */
void hprpc__acceptor_poll(struct hprpc__acceptor *acceptor);

/* Begins to accept again when a pause is over; returns when that will be, or HPRPC__NEVER. */
uint64_t hprpc__acceptor_resume(struct hprpc__acceptor *acceptor, uint64_t now);

/* Stops listening everywhere and removes the names. */
void hprpc__acceptor_clear(struct hprpc__acceptor *acceptor);

#endif
