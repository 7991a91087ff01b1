/* SPDX-License-Identifier: MIT */
/* What the files of the fake transport share. */
#ifndef SUPPORT_FAKE_INSIDE_H
#define SUPPORT_FAKE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "support/fake.h"

enum fake_opening {
    FAKE_OPEN,
    FAKE_WAITS,   /* it waits until the listener accepts it */
    FAKE_REFUSED, /* the listener went away before that */
};

/* A message, followed by its body. */
struct fake_parcel {
    struct hprpc_header header;
    uint32_t size;
    bool lent; /* receive() handed it out, and it was not released */
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
    struct hprpc_channel channel; /* first, so that a channel is an end */
    struct fake_link *link;
    struct fake_end *peer;
    void *token; /* memory of the context's allocator; NULL at an end that the test plays */

    /* the following fields are guarded by the link's lock */
    enum fake_opening opening;
    struct fake_queue arrived; /* arrived at this end, for receive() */
    struct fake_queue leaving; /* not sent yet, for flush() */
    struct fake_parcel *open;  /* between start_call and end_call */
    struct fake_parcel *given; /* the last message that receive() handed out, if it is not lendable */
    unsigned lent;
    bool held, stalled, armed, closed, starved, lendable, was_armed;
    bool needs_memory;
    bool edge, silent; /* how the doorbell wakes: by edges, or not at all */
    bool
        drains; /* the bell rang, and receive() found nothing: its sleeper seems to watch the level, so the bell is drained */
    unsigned capacity;
    uint64_t burden;
    int code; /* the code with which it broke, or 0 */
    struct {
        uint8_t type;
        unsigned count;
    } drop;
    struct fake_record *records;
    unsigned record_count, record_room;
    uint64_t looks;
    int bell;

    atomic_int sending, receiving; /* threads that are inside a slot: at most one each */
};

struct fake_link {
    pthread_mutex_t lock;
    struct fake_end ends[2]; /* 0: it connected; 1: it was accepted */
    unsigned users;
    struct fake_link *next; /* the next in the listener's backlog */
};

extern const struct hprpc_channel_ops fake_ops;

/* Makes a link. Its first end waits until the second is accepted. */
struct fake_link *fake_link_new(void);

/* Gives up an end. */
void fake_end_drop(struct fake_end *end);

/* Called under the link's lock, by the channel's slots and by the functions that a test calls. */
void fake_ring(struct fake_end *end);
void fake_post(struct fake_end *end, struct fake_parcel *parcel);
struct fake_parcel *fake_take(struct fake_queue *queue);
bool fake_move(struct fake_end *end);

/* Gives a new link to the listener of this name. NULL if there is none. */
struct fake_link *fake_knock(const char *name);

/* Returns the next link that a client made, and opens its first end; or NULL. */
struct fake_link *fake_next_knock(struct hprpc_listener *base);

/* Makes the end a channel of this context. */
int fake_put_under(struct fake_end *end, struct hprpc_context *context, const struct hprpc_uri *uri,
                   struct hprpc_detail *detail);

/* Sets the end up as the options of the URI say. */
int fake_configure(struct fake_end *end, const struct hprpc_uri *uri, struct hprpc_detail *detail);

#endif
