/* What two controllers say to each other about themselves. docs/wire-format.md has the bodies. */
#include <stdio.h>

#include "rpc/connection/connection.h"

enum { HELLO_SIZE = 21, CREDIT_SIZE = 12, TEXT_MAX = 1024 };

int hprpc__signal_send(struct hprpc_controller *controller, enum hprpc_message_type type, uint32_t call)
{
    struct hprpc_header header = { .call = call, .type = (uint8_t)type };

    hprpc__assert_locked(&controller->lock);
    if (hprpc__state(controller) != HPRPC__READY)
        return HPRPC_ECLOSED;
    return hprpc__send(controller, &header, "", 0);
}

/* ---- HELLO ---- */

int hprpc__hello_send(struct hprpc_controller *controller)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_HELLO };
    struct kodosis_writer writer;
    uint8_t body[HELLO_SIZE];

    hprpc__assert_locked(&controller->lock);
    kodosis_writer_init(&writer, body, sizeof(body));
    kodosis_write_uint32(&writer, controller->own.max_message);
    kodosis_write_uint32(&writer, controller->own.max_calls);
    kodosis_write_uint64(&writer, controller->own.max_call_bytes);
    kodosis_write_uint32(&writer, controller->own.timeout_ms);
    kodosis_write_bool(&writer, controller->pump.host->attentive);
    return hprpc__send(controller, &header, body, sizeof(body));
}

int hprpc__hello_receive(struct hprpc_controller *controller, const struct hprpc_message *message)
{
    struct hprpc__limits peer = { 0 };
    struct kodosis_reader reader;
    bool attentive;

    hprpc__assert_pumping(&controller->pump);
    if (hprpc__state(controller) != HPRPC__OPENING) {
        hprpc__controller_break(controller, HPRPC_EPROTOCOL, "a second HELLO");
        return HPRPC_EPROTOCOL;
    }
    kodosis_reader_init(&reader, message->body, message->size, NULL);
    peer.max_message = kodosis_read_uint32(&reader);
    peer.max_calls = kodosis_read_uint32(&reader);
    peer.max_call_bytes = kodosis_read_uint64(&reader);
    peer.timeout_ms = kodosis_read_uint32(&reader);
    attentive = kodosis_read_bool(&reader);
    /* bytes behind these are for later versions of the protocol */
    if (reader.status != KODOSIS_OK || !peer.max_calls || !peer.timeout_ms) {
        hprpc__controller_break(controller, HPRPC_EPROTOCOL, "a malformed HELLO");
        return HPRPC_EPROTOCOL;
    }
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
    if (controller->pump.host->changed)
        controller->pump.host->changed(controller->pump.host, controller);
    return 0;
}

/* ---- CREDIT ---- */

int hprpc__credit_send(struct hprpc_controller *controller, uint32_t calls, uint64_t bytes)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_CREDIT };
    struct kodosis_writer writer;
    uint8_t body[CREDIT_SIZE];

    hprpc__assert_locked(&controller->lock);
    kodosis_writer_init(&writer, body, sizeof(body));
    kodosis_write_uint32(&writer, calls);
    kodosis_write_uint64(&writer, bytes);
    return hprpc__send(controller, &header, body, sizeof(body));
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
    hprpc__controller_break(controller, HPRPC_EPROTOCOL, "a CREDIT that is malformed, or larger than what was taken");
    return HPRPC_EPROTOCOL;
}

/* ---- ERROR and GOODBYE: a code and a sentence ---- */

static int send_sentence(struct hprpc_controller *controller, const struct hprpc_header *header, int code,
                         const char *text)
{
    uint8_t body[TEXT_MAX + 16];
    struct kodosis_writer writer;
    struct kodosis_string string = { text, text ? strnlen(text, TEXT_MAX) : 0 };

    kodosis_writer_init(&writer, body, sizeof(body));
    kodosis_write_int32(&writer, code);
    kodosis_write_string(&writer, string);
    kodosis_write_string(&writer, kodosis_str(""));
    return hprpc__send(controller, header, body, (uint32_t)(writer.cursor - writer.start));
}

int hprpc__error_send(struct hprpc_controller *controller, uint32_t call, int code, const char *text)
{
    struct hprpc_header header = { .call = call, .type = HPRPC_MESSAGE_ERROR };

    hprpc__assert_locked(&controller->lock);
    return send_sentence(controller, &header, code, text);
}

int hprpc__goodbye_send(struct hprpc_controller *controller, const char *text)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_GOODBYE };

    hprpc__assert_locked(&controller->lock);
    return send_sentence(controller, &header, 0, text);
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
    hprpc__controller_break(controller, code, reason);
    return code;
}
