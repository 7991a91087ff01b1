/* SPDX-License-Identifier: MIT */
/* How a message's body is kept beyond its turn: copied into the ticket or request, copied to memory, or lent. */
#include "rpc/connection/body.h"

int hprpc__body_take(struct hprpc__body *body, struct hprpc_channel *channel, struct hprpc_message *message)
{
    uint8_t *copy;

    body->size = message->size;
    if (message->size <= HPRPC__BODY_SMALL) {
        memcpy(body->inside, message->body, message->size);
        body->data = body->inside;
        body->place = HPRPC__BODY_INSIDE;
        channel->ops->release(channel, message);
        return 0;
    }
    if (message->lendable) {
        body->message = *message;
        body->data = message->body;
        body->place = HPRPC__BODY_LENT;
        return 0;
    }

    copy = hprpc_context_allocate(channel->context, message->size);
    if (copy)
        memcpy(copy, message->body, message->size);
    channel->ops->release(channel, message);
    body->place = copy ? HPRPC__BODY_COPIED : HPRPC__BODY_NONE;
    body->data = copy;
    return copy ? 0 : HPRPC_ENOMEM;
}

void hprpc__body_drop(struct hprpc__body *body, struct hprpc_channel *channel)
{
    if (body->place == HPRPC__BODY_LENT)
        channel->ops->release(channel, &body->message);
    else if (body->place == HPRPC__BODY_COPIED)
        hprpc_context_release(channel->context, (void *)body->data, body->size);
    body->place = HPRPC__BODY_NONE;
    body->data = NULL;
    body->size = 0;
}
