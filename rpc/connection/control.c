/* SPDX-License-Identifier: MIT */
/* Messages about the connection itself: sending them. rpc/connection/message.c has the bodies. */
#include "rpc/connection/control.h"

#include "base/text.h"
#include "rpc/connection/message.h"
#include "rpc/connection/send.h"
#include "rpc/connection/waiters.h"

int hprpc__signal_send(struct hprpc_controller *controller, enum hprpc_message_type type, uint32_t call)
{
    struct hprpc_header header = { .call = call, .type = (uint8_t)type };

    hprpc__assert_locked(&controller->lock);
    if (hprpc__state(controller) != HPRPC__READY)
        return HPRPC_ECLOSED;
    return hprpc__send(controller, &header, "", 0);
}

/* Sends what was written into a buffer. */
static int send_written(struct hprpc_controller *controller, enum hprpc_message_type type, uint32_t call,
                        const struct kodosis_writer *writer)
{
    struct hprpc_header header = { .call = call, .type = (uint8_t)type };

    hprpc__assert(writer->status == KODOSIS_OK);
    return hprpc__send(controller, &header, writer->start, (uint32_t)(writer->cursor - writer->start));
}

int hprpc__hello_send(struct hprpc_controller *controller)
{
    const struct hprpc__hello hello = {
        .max_message = controller->own->max_message,
        .max_calls = controller->own->max_calls,
        .max_call_bytes = controller->own->max_call_bytes,
        .timeout_ms = controller->own->timeout_ms,
        .pumps_always = controller->pump.host->pumps_always,
        .features = HPRPC__FEATURES | (controller->channel->carries_descriptors ? HPRPC__FEATURE_DESCRIPTORS : 0u),
        .stream_elements = controller->own->stream_elements,
        .stream_bytes = controller->own->stream_bytes,
        .streams_bytes = controller->own->max_stream_bytes,
    };
    struct kodosis_writer writer;
    uint8_t body[HPRPC__HELLO_SIZE];

    hprpc__assert_locked(&controller->lock);
    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__hello_write(&writer, &hello);
    return send_written(controller, HPRPC_MESSAGE_HELLO, 0, &writer);
}

int hprpc__credit_send(struct hprpc_controller *controller, uint32_t calls, uint64_t bytes)
{
    const struct hprpc__credit credit = { calls, bytes };
    struct kodosis_writer writer;
    uint8_t body[HPRPC__CREDIT_SIZE];

    hprpc__assert_locked(&controller->lock);
    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__credit_write(&writer, &credit);
    return send_written(controller, HPRPC_MESSAGE_CREDIT, 0, &writer);
}

/* Bytes of a sentence that a body with `rest` other bytes has room for. */
static size_t room_for_text(const struct hprpc_controller *controller, size_t rest)
{
    uint32_t limit = controller->peer.max_message ? controller->peer.max_message : HPRPC_FIRST_MESSAGE_MAX;

    return limit - rest < HPRPC__TEXT_MAX ? limit - rest : HPRPC__TEXT_MAX;
}

size_t hprpc__sentence_fit(const struct hprpc_controller *controller, const char *text, size_t rest,
                           char ret_text[HPRPC__TEXT_MAX + 1])
{
    size_t room = room_for_text(controller, rest);

    return hprpc__text_copy(text ? text : "", text ? SIZE_MAX : 0, false, ret_text, room + 1);
}

int hprpc__error_send(struct hprpc_controller *controller, uint32_t call, int code, const char *text)
{
    char sentence[HPRPC__TEXT_MAX + 1];
    struct hprpc__error_body error = { .code = code, .raised = kodosis_str("") };
    struct kodosis_writer writer;
    uint8_t body[HPRPC__TEXT_MAX + HPRPC__SENTENCE_REST];

    hprpc__assert_locked(&controller->lock);
    error.text =
        (struct kodosis_string){ sentence, hprpc__sentence_fit(controller, text, HPRPC__SENTENCE_REST, sentence) };
    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__error_write(&writer, &error);
    return send_written(controller, HPRPC_MESSAGE_ERROR, call, &writer);
}

/* Requests taken so far, if this thread owns the pump: no other thread takes more of them. Else HPRPC__TAKEN_UNKNOWN. */
static uint64_t taken(struct hprpc_controller *controller)
{
    if (!hprpc__pump_is_mine(&controller->pump))
        return HPRPC__TAKEN_UNKNOWN;
    return atomic_load_explicit(&controller->requests_taken, memory_order_relaxed);
}

int hprpc__goodbye_send(struct hprpc_controller *controller, int code, const char *text)
{
    char sentence[HPRPC__TEXT_MAX + 1];
    struct hprpc__goodbye goodbye = { .code = code, .taken = taken(controller) };
    struct kodosis_writer writer;
    uint8_t body[HPRPC__TEXT_MAX + HPRPC__SENTENCE_REST];

    hprpc__assert_locked(&controller->lock);
    goodbye.text =
        (struct kodosis_string){ sentence, hprpc__sentence_fit(controller, text, HPRPC__SENTENCE_REST, sentence) };
    /* relaxed: a count is sent only by the pump's owner, and the same thread reads this before it takes a request */
    atomic_store_explicit(&controller->takes_none, true, memory_order_relaxed);
    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__goodbye_write(&writer, &goodbye);
    return send_written(controller, HPRPC_MESSAGE_GOODBYE, 0, &writer);
}

int hprpc__drain_send(struct hprpc_controller *controller)
{
    struct kodosis_writer writer;
    uint8_t body[HPRPC__DRAIN_SIZE];

    hprpc__assert_locked(&controller->lock);
    hprpc__assert_pumping(&controller->pump);
    if (controller->drained || hprpc__state(controller) != HPRPC__READY ||
        !(controller->peer.features & HPRPC__FEATURE_DRAIN))
        return 0;
    controller->drained = true;
    atomic_store_explicit(&controller->takes_none, true, memory_order_relaxed);
    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__drain_write(&writer, taken(controller));
    return send_written(controller, HPRPC_MESSAGE_DRAIN, 0, &writer);
}
