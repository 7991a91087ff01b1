/* SPDX-License-Identifier: MIT */
/* Messages of streams: which stream they are for, in which role this side has the call, and what becomes of those that come too late. */
#include "rpc/pump/stream.h"

#include "rpc/call/ticket.h"
#include "rpc/connection/life.h"
#include "rpc/serve/request.h"

/* The stream that a message is for. NULL: there is none; `ret_known`: there was one, so the message has only come too late. */
static struct hprpc__stream *find(struct hprpc_controller *controller, const struct hprpc_header *header,
                                  bool *ret_known)
{
    return header->flags & HPRPC_FLAG_CALLEE ? hprpc__ticket_find_stream(controller, header->call, ret_known)
                                             : hprpc__request_find_stream(controller, header->call, ret_known);
}

/* Lets a stream act on a message; `ret_taken`: it has taken it over. NULL, or which rule the message breaks. */
static const char *act(struct hprpc__stream *stream, struct hprpc_message *message, bool *ret_taken)
{
    const char *fault;

    switch (message->header.type) {
    case HPRPC_MESSAGE_DATA:
        fault = hprpc__stream_data(stream, message);
        *ret_taken = !fault;
        return fault;
    case HPRPC_MESSAGE_END:
        return message->size ? "an END with a body" : hprpc__stream_end(stream);
    default:
        return hprpc__stream_credit(stream, message);
    }
}

int hprpc__stream_receive(struct hprpc_controller *controller, struct hprpc_message *message)
{
    struct hprpc__stream *stream;
    const char *fault = NULL;
    bool known, taken = false;

    hprpc__assert_pumping(&controller->pump);
    hprpc__mutex_lock(&controller->lock);
    stream = find(controller, &message->header, &known);
    if (stream)
        fault = act(stream, message, &taken);
    else if (!known)
        fault = "a message of a stream that never was";
    hprpc__mutex_unlock(&controller->lock);
    if (!taken)
        controller->channel->ops->release(controller->channel, message);
    return fault ? hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "%s", fault) : 0;
}
