/* SPDX-License-Identifier: MIT */
/* What the files of the fake share. */
#ifndef SUPPORT_FAKE_INSIDE_H
#define SUPPORT_FAKE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "support/fake.h"

enum fake_opening {
    FAKE_OPEN,
    FAKE_WAITS,   /* for the listener to accept */
    FAKE_REFUSED, /* the listener went away */
};

/* A message, with its body behind it. */
struct fake_parcel {
    struct hprpc_header header;
    uint32_t size;
    bool lent; /* handed out by receive and not released */
    bool lendable;
    struct hprpc_context *context;
    struct fake_parcel *next;
    _Alignas(max_align_t) uint8_t body[];
};

struct fake_queue {
    struct fake_parcel *first;
    struct fake_parcel **last;
    unsigned count;
    uint64_t bytes;
};

struct fake_end {
    struct hprpc_channel channel; /* first: an end is a channel */
    struct fake_link *link;
    struct fake_end *peer;
    void *token; /* memory of the context's allocator; NULL at an end that the test plays */

    /* all below: under the link's lock */
    enum fake_opening opening;
    struct fake_queue arrived; /* here, for receive */
    struct fake_queue leaving; /* from here, for flush */
    struct fake_parcel *open;  /* between start_call and end_call */
    struct fake_parcel *given; /* the last one that receive handed out and that is not lendable */
    unsigned lent;
    bool held, stalled, armed, closed, starved, lendable, was_armed;
    bool needs_memory;
    bool edge, silent; /* the doorbell: wakes by edges; not at all */
    bool drains;       /* it woke a sleeper for nothing, who sleeps by levels, it seems */
    unsigned capacity;
    uint64_t burden;
    int code; /* with which it broke, or 0 */
    struct {
        uint8_t type;
        unsigned count;
    } drop;
    struct fake_record *records;
    unsigned record_count, record_room;
    uint64_t looks;
    int bell;

    atomic_int sending, receiving; /* threads inside: never more than one */
};

struct fake_link {
    pthread_mutex_t lock;
    struct fake_end ends[2]; /* 0: connected; 1: was accepted */
    unsigned users;
    struct fake_link *next; /* in the listener's backlog */
};

extern const struct hprpc_channel_ops fake_ops;

/* A link whose first end waits for the second one to be accepted. */
struct fake_link *fake_link_new(void);

/* Gives up one end. */
void fake_end_drop(struct fake_end *end);

/* Under the link's lock: the pieces that the vtable and the test's own hands are made of. */
void fake_ring(struct fake_end *end);
void fake_post(struct fake_end *end, struct fake_parcel *parcel);
struct fake_parcel *fake_take(struct fake_queue *queue);
bool fake_move(struct fake_end *end);

/* Hands a new link over to the listener of a name; NULL when there is none. */
struct fake_link *fake_knock(const char *name);

/* The next link that knocked, or NULL. Its first end is open from now on. */
struct fake_link *fake_next_knock(struct hprpc_listener *base);

/* Makes an end a channel of a context. */
int fake_put_under(struct fake_end *end, struct hprpc_context *context, const struct hprpc_uri *uri,
                   struct hprpc_detail *detail);

/* Reads the options of a URI into an end. */
int fake_configure(struct fake_end *end, const struct hprpc_uri *uri, struct hprpc_detail *detail);

#endif
