/* SPDX-License-Identifier: MIT */
/* A message body that outlives its turn: copied when it is small or the channel does not lend it, lent otherwise. */
#ifndef HPRPC_RPC_CONNECTION_BODY_H
#define HPRPC_RPC_CONNECTION_BODY_H

#include <hprpc/channel/transport.h>

/* Bodies up to this size are always copied: that is cheaper than lending them. */
enum { HPRPC__BODY_SMALL = 256 };

enum hprpc__body_place {
    HPRPC__BODY_NONE,
    HPRPC__BODY_INSIDE, /* in `inside` */
    HPRPC__BODY_COPIED, /* in memory of the context's allocator */
    HPRPC__BODY_LENT,   /* still the channel's */
};

struct hprpc__body {
    const uint8_t *data; /* aligned to 8 */
    uint32_t size;
    enum hprpc__body_place place;
    struct hprpc_message message;
    _Alignas(8) uint8_t inside[HPRPC__BODY_SMALL];
};

/*
 * Takes a received message over; its memory is released now or by hprpc__body_drop. HPRPC_ENOMEM leaves the body empty
 * and the message released.
 */
int hprpc__body_take(struct hprpc__body *body, struct hprpc_channel *channel, struct hprpc_message *message);

/* Gives the memory back; any thread. An empty body is accepted. */
void hprpc__body_drop(struct hprpc__body *body, struct hprpc_channel *channel);

#endif
