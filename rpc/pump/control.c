/* SPDX-License-Identifier: MIT */
/* Acting on messages about the connection itself. rpc/connection/message.c has the bodies. */
#include "rpc/pump/control.h"

#include <stdio.h>

#include "base/text.h"
#include "rpc/call/ticket.h"
#include "rpc/connection/descriptors.h"
#include "rpc/connection/identity.h"
#include "rpc/connection/life.h"
#include "rpc/connection/message.h"
#include "rpc/pump/keepalive.h"

void hprpc__controller_announce(struct hprpc_controller *controller)
{
    struct hprpc__identity identity;

    hprpc__assert_pumping(&controller->pump);
    hprpc_context_log(controller->context, HPRPC_LOG_INFO, "%s: open", hprpc__identity(controller, &identity));
    controller->announced = true;
    if (controller->pump.host->state_changed)
        controller->pump.host->state_changed(controller->pump.host, controller);
}

int hprpc__hello_receive(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    struct hprpc__hello hello;
    const char *fault;

    hprpc__assert_pumping(&controller->pump);
    if (hprpc__state(controller) != HPRPC__OPENING)
        return hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "a second HELLO");
    fault = hprpc__hello_read(message->body, message->size, &hello);
    if (fault)
        return hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "%s", fault);
    if (controller->turned_away)
        return hprpc__controller_fault(controller, HPRPC_EREFUSED, "turned away");

    hprpc__mutex_lock(&controller->lock);
    controller->peer = (struct hprpc__peer_limits){
        .max_message = hello.max_message,
        .max_calls = hello.max_calls < HPRPC__CALLS_LIMIT ? hello.max_calls : HPRPC__CALLS_LIMIT,
        .max_call_bytes = hello.max_call_bytes,
        .timeout_ms = hello.timeout_ms,
        .features = (uint32_t)hello.features & (HPRPC__FEATURES | HPRPC__FEATURE_DESCRIPTORS),
        .stream_elements = hello.stream_elements,
        .stream_bytes = hello.stream_bytes,
        .streams_bytes = hello.streams_bytes,
    };
    /* the channel need not ask for each message, and refuses what comes all the same */
    if (!hprpc__carries_descriptors(controller))
        controller->channel->carries_descriptors = false;
    controller->progress++;
    /* release: pairs with hprpc__state; a thread that sees READY sees the limits */
    atomic_store_explicit(&controller->state, HPRPC__READY, memory_order_release);
    hprpc__mutex_unlock(&controller->lock);
    controller->channel->receive_limit = controller->own->max_message;
    hprpc__keepalive_start(controller, hello.pumps_always);
    /* the side that accepted sends its own HELLO first, so that `connected` can send at once */
    if (controller->begins)
        hprpc__controller_announce(controller);
    return 0;
}

int hprpc__credit_receive(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    struct hprpc__credit credit = { 0 };
    bool fits = hprpc__credit_read(message->body, message->size, &credit);

    hprpc__assert_pumping(&controller->pump);
    hprpc__mutex_lock(&controller->lock);
    fits = fits && credit.calls <= controller->oneway_calls_out && credit.bytes <= controller->oneway_bytes_out;
    if (fits) {
        controller->oneway_calls_out -= credit.calls;
        controller->oneway_bytes_out -= credit.bytes;
        controller->calls_out -= credit.calls;
        controller->bytes_out -= credit.bytes;
        controller->progress++;
    }
    hprpc__mutex_unlock(&controller->lock);
    if (fits)
        return 0;
    return hprpc__controller_fault(controller, HPRPC_EPROTOCOL,
                                   "a CREDIT that is malformed, or larger than what was taken");
}

/* The code that a GOODBYE breaks with. READY: calls may have run. OPENING: the connection was turned away. */
static int code_of_goodbye(struct hprpc_controller *controller, int32_t said)
{
    if (hprpc__state(controller) != HPRPC__OPENING)
        return HPRPC_EMAYBE;
    return said == HPRPC_EVERSION || said == HPRPC_EPROTOCOL ? said : HPRPC_EREFUSED;
}

int hprpc__goodbye_receive(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    struct hprpc__goodbye goodbye;
    struct hprpc__quote quote;

    hprpc__assert_pumping(&controller->pump);
    if (!hprpc__goodbye_read(message->body, message->size, &goodbye))
        return hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "a malformed GOODBYE");
    controller->parted = true;
    controller->taken_there = goodbye.taken;
    quote = hprpc__quote(goodbye.text.data, goodbye.text.size);
    return hprpc__controller_fault(controller, code_of_goodbye(controller, goodbye.code),
                                   "the other side closed the connection%s%s", quote.text[0] ? ": " : "", quote.text);
}

int hprpc__drain_receive(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    uint64_t taken;

    hprpc__assert_pumping(&controller->pump);
    if (!hprpc__drain_read(message->body, message->size, &taken))
        return hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "a malformed DRAIN");
    hprpc__mutex_lock(&controller->lock);
    controller->draining = true;
    controller->progress++;
    hprpc__mutex_unlock(&controller->lock);
    controller->taken_there = taken;
    hprpc__tickets_fail_untaken(controller, taken);
    if (controller->pump.host->state_changed)
        controller->pump.host->state_changed(controller->pump.host, controller);
    return 0;
}
