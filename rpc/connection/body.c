/* SPDX-License-Identifier: MIT */
/* How a message's body is kept beyond its turn: copied into the ticket or request, copied to memory, or lent. */
#include "rpc/connection/body.h"

/* Counts the descriptors that came with a message. Beyond the limit of a connection they are closed, as if there were no room. */
static void hold(struct hprpc_channel *channel, struct hprpc_descriptors *descriptors)
{
    uint32_t count = descriptors->count;

    /* relaxed, here and below: a counter */
    if (__atomic_add_fetch(&channel->descriptors_held, count, __ATOMIC_RELAXED) <= HPRPC__DESCRIPTORS_HELD)
        return;
    __atomic_sub_fetch(&channel->descriptors_held, count, __ATOMIC_RELAXED);
    hprpc_descriptors_close(descriptors);
    descriptors->lost = true;
}

static void drop(struct hprpc_channel *channel, struct hprpc_descriptors *descriptors)
{
    if (descriptors)
        __atomic_sub_fetch(&channel->descriptors_held, descriptors->count, __ATOMIC_RELAXED);
    hprpc_descriptors_free(channel->context, descriptors);
}

static struct hprpc_descriptors *take_descriptors(struct hprpc_channel *channel, struct hprpc_message *message)
{
    struct hprpc_descriptors *descriptors;

    if (!(message->header.flags & HPRPC_FLAG_DESCRIPTORS))
        return NULL;
    descriptors = message->descriptors;
    message->descriptors = NULL;
    hold(channel, descriptors);
    return descriptors;
}

int hprpc__body_take_over(struct hprpc__body *body, struct hprpc_channel *channel, struct hprpc_message *message)
{
    uint8_t *copy;

    body->descriptors = take_descriptors(channel, message);
    if (message->size <= HPRPC__BODY_SMALL) {
        hprpc__body_copy(body, message);
        if (body->descriptors)
            body->place = HPRPC__BODY_HOLDS;
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
    if (!copy)
        drop(channel, body->descriptors);
    return copy ? 0 : HPRPC_ENOMEM;
}

void hprpc__body_give_back(struct hprpc__body *body, struct hprpc_channel *channel)
{
    if (body->place == HPRPC__BODY_LENT)
        channel->ops->release(channel, &body->message);
    else if (body->place == HPRPC__BODY_COPIED)
        hprpc_context_release(channel->context, (void *)body->data, body->size);
    drop(channel, body->descriptors);
}
