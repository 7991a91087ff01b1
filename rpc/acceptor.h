/* SPDX-License-Identifier: MIT */
/* Where a server listens, and what becomes of the connections that come. */
#ifndef HPRPC_RPC_ACCEPTOR_H
#define HPRPC_RPC_ACCEPTOR_H

#include "rpc/pump/loop.h"
#include "base/deadline.h"

struct hprpc__listening {
    struct hprpc__link link;
    struct hprpc_listener *listener;
    bool polled; /* it has no descriptors, and is looked at now and then */
};

static inline struct hprpc__listening *hprpc__listening_of(struct hprpc__link *link)
{
    return (struct hprpc__listening *)link;
}

enum hprpc__vacancy {
    HPRPC__VACANT,
    HPRPC__FULL,    /* new connections are turned away */
    HPRPC__CROWDED, /* so many are being turned away that new connections wait */
};

struct hprpc__acceptor {
    struct hprpc_context *context;
    struct hprpc__loop *loop;     /* whose epoll set the listeners are in */
    struct hprpc__list listeners; /* in the order they were added */
    hprpc__deadline paused_until; /* 0 while accepting goes on */
    bool polls;                   /* some listeners are polled */
    hprpc__deadline next_poll;    /* when they are polled again */
    bool full;                    /* a client waits, and the server was full */
    unsigned full_since;          /* in that turn of the loop */
    uint32_t turned_away;         /* since the last pause */
    hprpc__deadline silent_until; /* when the log may complain again */
    uint32_t unsaid;              /* complaints since the last one that was logged */

    /*
     * Takes a channel over; negative on failure, and the channel is still the caller's. With a refusal, the other side gets
     * that sentence and no more.
     */
    int (*arrive)(void *self, struct hprpc_channel *channel, const char *refusal);
    /* Whether there is room for one more connection; if not, the reason. */
    enum hprpc__vacancy (*vacancy)(void *self, struct hprpc_detail *ret_reason);
    void *self;
};

int hprpc__acceptor_listen(struct hprpc__acceptor *acceptor, const char *uri, struct hprpc_detail *detail);

/* Listens with a socket that is there already. The descriptor is the acceptor's, and is closed where that fails. */
int hprpc__acceptor_listen_fd(struct hprpc__acceptor *acceptor, int fd, const char *query, struct hprpc_detail *detail);

/* Accepts what is there: called when the loop has an event of this listener. */
void hprpc__acceptor_event(struct hprpc__acceptor *acceptor, struct hprpc__listening *listening);

/* Looks at the listeners that have no descriptors, if it is time to. */
void hprpc__acceptor_poll(struct hprpc__acceptor *acceptor, uint64_t now);

/* Begins to accept again when a pause is over; returns when that will be, or HPRPC__NEVER. */
hprpc__deadline hprpc__acceptor_resume(struct hprpc__acceptor *acceptor, uint64_t now);

/* Ends a pause early: called when a connection that was turned away has ended. On the loop's thread. */
void hprpc__acceptor_hurry(struct hprpc__acceptor *acceptor);

/* Stops listening everywhere and removes the names. */
void hprpc__acceptor_clear(struct hprpc__acceptor *acceptor);

#endif
