/* SPDX-License-Identifier: MIT */
/* Where a received message goes, by its type and the state of the connection. */
#include "rpc/pump/dispatch.h"

#include <stdio.h>

#include "rpc/call/ticket.h"
#include "rpc/connection/control.h"
#include "rpc/connection/life.h"
#include "rpc/pump/control.h"
#include "rpc/pump/stream.h"
#include "rpc/serve/bind.h"
#include "rpc/serve/request.h"

static int violation(struct hprpc_controller *controller, const char *reason)
{
    return hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "%s", reason);
}

static int answer_ping(struct hprpc_controller *controller, uint32_t call)
{
    hprpc__mutex_lock(&controller->lock);
    hprpc__signal_send(controller, HPRPC_MESSAGE_PONG, call);
    hprpc__mutex_unlock(&controller->lock);
    return 0;
}

/* PING, PONG and CANCEL consist of a header alone. */
static bool has_stray_body(const struct hprpc_message *message)
{
    uint8_t type = message->header.type;

    return message->size && (type == HPRPC_MESSAGE_PING || type == HPRPC_MESSAGE_PONG || type == HPRPC_MESSAGE_CANCEL);
}

/* Acts at once on a message that is about the connection. The caller releases it. */
static int control(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    if (has_stray_body(message))
        return violation(controller, "a PING, PONG or CANCEL with a body");
    switch (message->header.type) {
    case HPRPC_MESSAGE_HELLO:
        return hprpc__hello_receive(controller, message);
    case HPRPC_MESSAGE_BIND:
        return hprpc__bind_receive(controller, message);
    case HPRPC_MESSAGE_CANCEL:
        hprpc__request_cancel(controller, message->header.call);
        return 0;
    case HPRPC_MESSAGE_CREDIT:
        return hprpc__credit_receive(controller, message);
    case HPRPC_MESSAGE_PING:
        return answer_ping(controller, message->header.call);
    case HPRPC_MESSAGE_PONG:
        return 0;
    case HPRPC_MESSAGE_GOODBYE:
        return hprpc__goodbye_receive(controller, message);
    case HPRPC_MESSAGE_DRAIN:
        return hprpc__drain_receive(controller, message);
    default:
        return violation(controller, "a message of an unknown type");
    }
}

static bool is_early(const struct hprpc_controller *controller, const struct hprpc_header *header)
{
    return hprpc__state((struct hprpc_controller *)controller) == HPRPC__OPENING &&
           header->type != HPRPC_MESSAGE_HELLO && header->type != HPRPC_MESSAGE_GOODBYE;
}

/* Whether a message says that descriptors came with it on a channel that carries none. */
static bool carries_none(const struct hprpc_controller *controller, const struct hprpc_header *header)
{
    return header->flags & HPRPC_FLAG_DESCRIPTORS && !controller->channel->carries_descriptors;
}

static __attribute__((noinline)) int refuse(struct hprpc_controller *controller, struct hprpc_message *message)
{
    char reason[80];

    snprintf(reason, sizeof(reason), "a message of type %u with flags 0x%02x %s", message->header.type,
             message->header.flags, is_early(controller, &message->header) ? "before HELLO" : "makes no sense");
    controller->channel->ops->release(controller->channel, message);
    return violation(controller, reason);
}

_Static_assert(sizeof(struct hprpc_header) == 16 && offsetof(struct hprpc_header, timeout_ms) == 4 &&
                   offsetof(struct hprpc_header, service) == 8 && offsetof(struct hprpc_header, depth) == 12 &&
                   offsetof(struct hprpc_header, type) == 14 && offsetof(struct hprpc_header, flags) == 15,
               "hprpc__dispatch knows where the parts of a header are");

/* Dispatches any message. */
static __attribute__((noinline)) int dispatch_unusual(struct hprpc_controller *controller,
                                                      struct hprpc_message *message)
{
    int r;

    if (!hprpc_header_valid(&message->header) || is_early(controller, &message->header) ||
        carries_none(controller, &message->header))
        return refuse(controller, message);
    switch (message->header.type) {
    case HPRPC_MESSAGE_REQUEST:
        return hprpc__request_receive(controller, message);
    case HPRPC_MESSAGE_REPLY:
    case HPRPC_MESSAGE_ERROR:
    case HPRPC_MESSAGE_BOUND:
        return hprpc__ticket_answer(controller, message);
    case HPRPC_MESSAGE_DATA:
    case HPRPC_MESSAGE_END:
        return hprpc__stream_receive(controller, message);
    default:
        if (message->header.flags & HPRPC_FLAG_STREAM)
            return hprpc__stream_receive(controller, message); /* a CREDIT */
        r = control(controller, message);
        controller->channel->ops->release(controller->channel, message);
        return r;
    }
}

int hprpc__dispatch(struct hprpc_controller *controller, struct hprpc_message *message)
{
    uint64_t words[2]; /* the header: call and time-out; service, procedure, depth, type and flags */

    hprpc__assert_pumping(&controller->pump);
    memcpy(words, &message->header, sizeof(words));
    /* a request without options is valid, and a reply without options or numbers; others are looked at more closely */
    if (KODOSIS_LIKELY(!(words[0] >> 32) && hprpc__state(controller) == HPRPC__READY)) {
        if (words[1] >> 32 == HPRPC_MESSAGE_REQUEST << 16)
            return hprpc__request_receive(controller, message);
        if (words[1] == (uint64_t)HPRPC_MESSAGE_REPLY << 48)
            return hprpc__ticket_answer(controller, message);
    }
    return dispatch_unusual(controller, message);
}
