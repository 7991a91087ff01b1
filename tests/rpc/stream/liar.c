/* SPDX-License-Identifier: MIT */
/* The other side of streams, played by hand: messages that may be wrong, and what is expected in answer. */
#include "rpc/stream/liar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/connection/message.h"
#include "support/flow.h"

static void send_written(struct fake_end *end, const struct hprpc_header *header, const struct kodosis_writer *writer)
{
    assert_int_equal(writer->status, KODOSIS_OK);
    fake_send(end, header, writer->start, (size_t)(writer->cursor - writer->start));
}

static void say_hello(struct fake_end *end, const struct hprpc__hello *hello)
{
    const struct hprpc_header header = { .type = HPRPC_MESSAGE_HELLO };
    struct kodosis_writer writer;
    uint8_t body[64];

    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__hello_write(&writer, hello);
    send_written(end, &header, &writer);
}

void liar_hello(struct fake_end *end, const struct liar_window *window)
{
    const struct hprpc__hello hello = {
        1 << 20, 16, 1 << 20, 30000, true, HPRPC__FEATURE_STREAMS, window->elements, window->bytes, window->total,
    };

    say_hello(end, &hello);
}

void liar_hello_without_streams(struct fake_end *end)
{
    const struct hprpc__hello hello = { 1 << 20, 16, 1 << 20, 30000, true, 0, 0, 0, 0 };

    say_hello(end, &hello);
}

void liar_bind(struct fake_end *end)
{
    const struct hprpc_header header = { .type = HPRPC_MESSAGE_BIND };
    struct kodosis_writer writer;
    uint8_t body[256];

    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__bind_write(&writer, &flow_interface, false);
    send_written(end, &header, &writer);
}

void liar_bound(struct fake_end *end, uint32_t call)
{
    const struct hprpc_header header = { .type = HPRPC_MESSAGE_BOUND, .call = call };
    struct kodosis_writer writer;
    uint8_t body[32];

    kodosis_writer_init(&writer, body, sizeof(body));
    kodosis_write_uint16(&writer, 0);
    kodosis_write_varint(&writer, FLOW_COUNT);
    for (int16_t i = 0; i < FLOW_COUNT; i++)
        kodosis_write_int16(&writer, i);
    send_written(end, &header, &writer);
}

void liar_request(struct fake_end *end, uint32_t call, uint16_t procedure, uint32_t first, uint32_t second)
{
    const struct hprpc_header header = {
        .type = HPRPC_MESSAGE_REQUEST, .call = call, .procedure = procedure, .flags = HPRPC_FLAG_STREAM
    };
    const uint32_t numbers[] = { first, second };

    fake_send(end, &header, numbers, procedure == FLOW_WATCH ? 8 : 4);
}

static void send_bytes(struct fake_end *end, const struct hprpc_header *header, size_t size)
{
    void *body = calloc(1, size + 1);

    assert_non_null(body);
    fake_send(end, header, body, size);
    free(body);
}

void liar_data(struct fake_end *end, uint32_t call, uint8_t flags, size_t size)
{
    const struct hprpc_header header = { .type = HPRPC_MESSAGE_DATA, .call = call, .flags = flags };

    send_bytes(end, &header, size);
}

void liar_first_piece(struct fake_end *end, uint32_t call, uint8_t flags, uint64_t total, size_t size)
{
    const struct hprpc_header header = { .type = HPRPC_MESSAGE_DATA, .call = call, .flags = flags | HPRPC_FLAG_MORE };
    uint8_t *body = calloc(1, size + 8);

    assert_non_null(body);
    memcpy(body, &total, sizeof(total));
    fake_send(end, &header, body, size + 8);
    free(body);
}

void liar_end(struct fake_end *end, uint32_t call, uint8_t flags)
{
    const struct hprpc_header header = { .type = HPRPC_MESSAGE_END, .call = call, .flags = flags };

    fake_send(end, &header, "", 0);
}

void liar_credit(struct fake_end *end, uint32_t call, uint8_t flags, uint32_t elements, uint64_t bytes)
{
    const struct hprpc_header header = { .type = HPRPC_MESSAGE_CREDIT,
                                         .call = call,
                                         .flags = flags | HPRPC_FLAG_STREAM };
    const struct hprpc__credit credit = { elements, bytes };
    struct kodosis_writer writer;
    uint8_t body[HPRPC__CREDIT_SIZE];

    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__credit_write(&writer, &credit);
    send_written(end, &header, &writer);
}

static void send_signal(struct fake_end *end, enum hprpc_message_type type, uint32_t call)
{
    const struct hprpc_header header = { .type = (uint8_t)type, .call = call };

    fake_send(end, &header, "", 0);
}

void liar_reply(struct fake_end *end, uint32_t call)
{
    send_signal(end, HPRPC_MESSAGE_REPLY, call);
}

void liar_cancel(struct fake_end *end, uint32_t call)
{
    send_signal(end, HPRPC_MESSAGE_CANCEL, call);
}

void liar_error(struct fake_end *end, uint32_t call, int code)
{
    const struct hprpc_header header = { .type = HPRPC_MESSAGE_ERROR, .call = call };
    const struct hprpc__error_body error = { code, kodosis_str("the liar says so"), kodosis_str("") };
    struct kodosis_writer writer;
    uint8_t body[64];

    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__error_write(&writer, &error);
    send_written(end, &header, &writer);
}

void liar_expect_breach(struct fake_end *end, const char *text)
{
    struct fake_message message;
    struct hprpc__goodbye goodbye;

    assert_true(fake_expect(end, HPRPC_MESSAGE_GOODBYE, &message));
    assert_true(hprpc__goodbye_read(message.body, message.size, &goodbye));
    assert_int_equal(goodbye.code, HPRPC_EPROTOCOL);
    if (!strstr(goodbye.text.data, text))
        fail_msg("\"%s\" does not say \"%s\"", goodbye.text.data, text);
    fake_message_clear(&message);
}

void liar_expect_pong(struct fake_end *end)
{
    struct fake_message message;

    send_signal(end, HPRPC_MESSAGE_PING, 77);
    assert_true(fake_expect(end, HPRPC_MESSAGE_PONG, &message));
    assert_int_equal(message.header.call, 77);
    fake_message_clear(&message);
}

void liar_expect_error(struct fake_end *end, uint32_t call, int code)
{
    struct hprpc__error_body error;
    struct fake_message message;
    struct kodosis_reader reader;

    assert_true(fake_expect(end, HPRPC_MESSAGE_ERROR, &message));
    assert_int_equal(message.header.call, call);
    kodosis_reader_init(&reader, message.body, message.size, NULL);
    assert_true(hprpc__error_read(&reader, &error));
    assert_int_equal(error.code, code);
    fake_message_clear(&message);
}
