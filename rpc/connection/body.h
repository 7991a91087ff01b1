/* SPDX-License-Identifier: MIT */
/* A message body that outlives its turn: copied when it is small or the channel does not lend it, lent otherwise. */
#ifndef HPRPC_RPC_CONNECTION_BODY_H
#define HPRPC_RPC_CONNECTION_BODY_H

#include <string.h>

#include <hprpc/channel/transport.h>

/* Bodies up to this size are always copied: that is cheaper than lending them. */
enum { HPRPC__BODY_SMALL = 256 };

/* Descriptors that the requests and calls of one connection may hold; those beyond are closed, and their call fails. */
enum { HPRPC__DESCRIPTORS_HELD = 256 };

enum hprpc__body_place {
    HPRPC__BODY_NONE,
    HPRPC__BODY_INSIDE, /* in `inside` */
    HPRPC__BODY_COPIED, /* in memory of the context's allocator */
    HPRPC__BODY_LENT,   /* still the channel's */
    HPRPC__BODY_HOLDS,  /* in `inside`, and descriptors came with it */
};

struct hprpc__body {
    const uint8_t *data; /* aligned to 8 */
    uint32_t size;
    enum hprpc__body_place place;
    struct hprpc_message message;
    struct hprpc_descriptors *descriptors; /* of the three places at the end: what came with it, or NULL */
    _Alignas(8) uint8_t inside[HPRPC__BODY_SMALL];
};

/* Whether a message only needs to be copied: it is small, and need not be released. */
static inline bool hprpc__body_is_small(const struct hprpc_message *message)
{
    return message->size <= HPRPC__BODY_SMALL && message->holds_nothing;
}

/* Copies a small message into the body. */
static inline void hprpc__body_copy(struct hprpc__body *body, const struct hprpc_message *message)
{
    kodosis_copy_short(body->inside, message->body, message->size);
    body->data = body->inside;
    body->size = message->size;
    body->place = HPRPC__BODY_INSIDE;
}

/* The slow halves of the two functions below. */
int hprpc__body_take_over(struct hprpc__body *body, struct hprpc_channel *channel, struct hprpc_message *message);
void hprpc__body_give_back(struct hprpc__body *body, struct hprpc_channel *channel);

/*
 * Takes a received message over; its memory is released now or by hprpc__body_drop. HPRPC_ENOMEM leaves the body empty
 * and the message released.
 */
static inline int hprpc__body_take(struct hprpc__body *body, struct hprpc_channel *channel,
                                   struct hprpc_message *message)
{
    if (!hprpc__body_is_small(message))
        return hprpc__body_take_over(body, channel, message);
    hprpc__body_copy(body, message);
    return 0;
}

/* Gives the memory back; any thread. An empty body is accepted. */
static inline void hprpc__body_drop(struct hprpc__body *body, struct hprpc_channel *channel)
{
    if (KODOSIS_UNLIKELY(body->place >= HPRPC__BODY_COPIED))
        hprpc__body_give_back(body, channel);
    body->place = HPRPC__BODY_NONE;
}

#endif
