/* SPDX-License-Identifier: MIT */
/* How a message's body is kept beyond its turn: copied into the ticket or request, copied to memory, or lent. */
#include "rpc/connection/body.h"

int hprpc__body_take_over(struct hprpc__body *body, struct hprpc_channel *channel, struct hprpc_message *message)
{
    uint8_t *copy;

    if (message->size <= HPRPC__BODY_SMALL) {
        hprpc__body_copy(body, message);
        channel->ops->release(channel, message);
        return 0;
    }
    body->size = message->size;
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

void hprpc__body_give_back(struct hprpc__body *body, struct hprpc_channel *channel)
{
    if (body->place == HPRPC__BODY_LENT)
        channel->ops->release(channel, &body->message);
    else
        hprpc_context_release(channel->context, (void *)body->data, body->size);
}
