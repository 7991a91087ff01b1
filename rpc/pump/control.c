/* Acting on messages about the connection itself. docs/wire-format.md has the bodies. */
#include "rpc/pump/control.h"

#include <stdio.h>

#include "rpc/connection/identity.h"
#include "rpc/connection/life.h"
#include "rpc/pump/keepalive.h"

void hprpc__controller_announce(struct hprpc_controller *controller)
{
    struct hprpc__identity identity;

    hprpc__assert_pumping(&controller->pump);
    hprpc_context_log(controller->context, HPRPC_LOG_INFO, "%s: open", hprpc__identity(controller, &identity));
    controller->announced = true;
    if (controller->pump.host->changed)
        controller->pump.host->changed(controller->pump.host, controller);
}

int hprpc__hello_receive(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    struct hprpc__limits peer = { 0 };
    struct kodosis_reader reader;
    bool attentive;

    hprpc__assert_pumping(&controller->pump);
    if (hprpc__state(controller) != HPRPC__OPENING) {
        return hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "a second HELLO");
    }
    kodosis_reader_init(&reader, message->body, message->size, NULL);
    peer.max_message = kodosis_read_uint32(&reader);
    peer.max_calls = kodosis_read_uint32(&reader);
    peer.max_call_bytes = kodosis_read_uint64(&reader);
    peer.timeout_ms = kodosis_read_uint32(&reader);
    attentive = kodosis_read_bool(&reader);
    /* bytes behind these are for later versions of the protocol */
    if (reader.status != KODOSIS_OK || !peer.max_calls || !peer.timeout_ms) {
        return hprpc__controller_fault(controller, HPRPC_EPROTOCOL, "a malformed HELLO");
    }
    if (controller->turned_away)
        return hprpc__controller_fault(controller, HPRPC_EREFUSED, "turned away");
    if (peer.max_calls > HPRPC__CALLS_LIMIT)
        peer.max_calls = HPRPC__CALLS_LIMIT;

    hprpc__mutex_lock(&controller->lock);
    controller->peer = peer;
    controller->progress++;
    /* release: pairs with hprpc__state; whoever sees READY sees the limits */
    atomic_store_explicit(&controller->state, HPRPC__READY, memory_order_release);
    hprpc__mutex_unlock(&controller->lock);
    controller->channel->receive_limit = controller->own.max_message;
    hprpc__keepalive_start(controller, attentive);
    /* the side that accepted answers with its own HELLO first, so that what is told can send at once */
    if (controller->begins)
        hprpc__controller_announce(controller);
    return 0;
}

int hprpc__credit_receive(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    struct kodosis_reader reader;
    uint32_t calls;
    uint64_t bytes;
    bool fits;

    hprpc__assert_pumping(&controller->pump);
    kodosis_reader_init(&reader, message->body, message->size, NULL);
    calls = kodosis_read_uint32(&reader);
    bytes = kodosis_read_uint64(&reader);

    hprpc__mutex_lock(&controller->lock);
    fits =
        reader.status == KODOSIS_OK && calls <= controller->oneway_calls_out && bytes <= controller->oneway_bytes_out;
    if (fits) {
        controller->oneway_calls_out -= calls;
        controller->oneway_bytes_out -= bytes;
        controller->calls_out -= calls;
        controller->bytes_out -= bytes;
        controller->progress++;
    }
    hprpc__mutex_unlock(&controller->lock);
    if (fits)
        return 0;
    return hprpc__controller_fault(controller, HPRPC_EPROTOCOL,
                                   "a CREDIT that is malformed, or larger than what was taken");
}

int hprpc__goodbye_receive(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    struct kodosis_reader reader;
    struct kodosis_string text;
    char reason[200];
    /* what is, for a call, "may have run" is, for a connection that was not made yet, being turned away */
    int code = hprpc__state(controller) == HPRPC__OPENING ? HPRPC_EREFUSED : HPRPC_EMAYBE;

    hprpc__assert_pumping(&controller->pump);
    kodosis_reader_init(&reader, message->body, message->size, NULL);
    kodosis_read_int32(&reader);
    text = kodosis_read_string(&reader);
    snprintf(reason, sizeof(reason), "the other side closed the connection%s%.150s", text.size ? ": " : "",
             text.size ? text.data : "");
    return hprpc__controller_fault(controller, code, "%s", reason);
}
