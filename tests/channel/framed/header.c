/* SPDX-License-Identifier: MIT */
/* The bytes of a header: exact values, round trips, every truncation, every corruption. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "channel/framed/header.h"

static const struct hprpc_header samples[] = {
    { .type = HPRPC_MESSAGE_HELLO },
    { .type = HPRPC_MESSAGE_REQUEST, .call = 1, .service = 1, .procedure = 2 },
    { .type = HPRPC_MESSAGE_REQUEST, .call = 0, .service = 200, .procedure = 65535, .flags = HPRPC_FLAG_ONEWAY },
    { .type = HPRPC_MESSAGE_REQUEST,
      .call = 0,
      .service = 65535,
      .procedure = 65535,
      .flags = HPRPC_FLAG_TIMEOUT | HPRPC_FLAG_DEPTH | HPRPC_FLAG_ONEWAY,
      .timeout_ms = UINT32_MAX,
      .depth = 65535 },
    { .type = HPRPC_MESSAGE_REQUEST, .call = 5, .flags = HPRPC_FLAG_DEPTH, .depth = 3 },
    { .type = HPRPC_MESSAGE_REPLY, .call = 127 },
    { .type = HPRPC_MESSAGE_ERROR, .call = 128 },
    { .type = HPRPC_MESSAGE_GOODBYE },
    { .type = HPRPC_MESSAGE_DRAIN },
    { .type = HPRPC_MESSAGE_PING, .call = 1 << 28 },
};

enum { SAMPLE_COUNT = sizeof(samples) / sizeof(samples[0]) };

static void has_exact_bytes(void **state)
{
    static const uint8_t request[] = { 0xb7, 0x14, 0x04, 0x00, 0x8d, 0x02, 0xac, 0x02, 0x01, 0x80, 0x01 };
    static const uint8_t reply[] = { 0xb7, 0x15, 0x00, 0x00, 0x0d, 0x01 };
    struct hprpc_header header = samples[2];
    uint8_t bytes[HPRPC__HEADER_MAX];

    (void)state;
    header.call = 300;
    header.service = 1;
    header.procedure = 128;
    assert_int_equal(hprpc__header_write(&header, 264, bytes), sizeof(request));
    assert_memory_equal(bytes, request, sizeof(request));
    header = (struct hprpc_header){ .type = HPRPC_MESSAGE_REPLY, .call = 1 };
    assert_int_equal(hprpc__header_write(&header, 12, bytes), sizeof(reply));
    assert_memory_equal(bytes, reply, sizeof(reply));
}

static void same(const struct hprpc_header *a, const struct hprpc_header *b)
{
    assert_int_equal(a->call, b->call);
    assert_int_equal(a->timeout_ms, b->timeout_ms);
    assert_int_equal(a->service, b->service);
    assert_int_equal(a->procedure, b->procedure);
    assert_int_equal(a->depth, b->depth);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->flags, b->flags);
}

static void comes_back_and_waits_at_every_truncation(void **state)
{
    static const uint32_t sizes[] = { 0, 1, 100, 127, 128, 16383, 1 << 20, UINT32_MAX - 19 };
    struct hprpc_header header;
    struct hprpc_detail detail;
    size_t i, k;
    uint32_t size;
    int count, n;

    (void)state;
    for (i = 0; i < SAMPLE_COUNT; i++) {
        assert_true(hprpc_header_valid(&samples[i]));
        for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
            uint8_t bytes[HPRPC__HEADER_MAX], same_bytes[HPRPC__HEADER_MAX];

            count = hprpc__header_write(&samples[i], sizes[k], bytes);
            assert_in_range(count, 6, HPRPC__HEADER_MAX);
            /* a short header has a way of its own */
            assert_int_equal(hprpc__header_write_long(&samples[i], sizes[k], same_bytes), count);
            assert_memory_equal(bytes, same_bytes, count);
            for (n = 0; n < count; n++)
                assert_int_equal(hprpc__header_read(bytes, (size_t)n, &detail, &header, &size), 0);
            assert_int_equal(hprpc__header_read(bytes, (size_t)count, &detail, &header, &size), count);
            assert_int_equal(size, sizes[k]);
            same(&header, &samples[i]);
        }
    }
}

static void has_a_largest_size(void **state)
{
    uint8_t bytes[HPRPC__HEADER_MAX];

    (void)state;
    assert_in_range(hprpc__header_write(&samples[0], UINT32_MAX - 1, bytes), 1, HPRPC__HEADER_MAX);
    assert_int_equal(hprpc__header_write(&samples[0], UINT32_MAX, bytes), HPRPC_ETOOBIG);
    assert_int_equal(hprpc__header_write(&samples[3], UINT32_MAX - 14, bytes), HPRPC_ETOOBIG);
}

/* Changes each byte of each sample to each value: reading gives an error, or a valid header that is written as it was read. */
static void survives_every_corruption(void **state)
{
    struct hprpc_header header;
    struct hprpc_detail detail;
    size_t i;
    uint32_t size;
    int count, at, value, r;

    (void)state;
    for (i = 0; i < SAMPLE_COUNT; i++) {
        uint8_t bytes[64] = { 0 }, again[HPRPC__HEADER_MAX];

        count = hprpc__header_write(&samples[i], 200, bytes);
        for (at = 0; at < count; at++) {
            uint8_t right = bytes[at];

            for (value = 0; value < 256; value++) {
                bytes[at] = (uint8_t)value;
                detail.text[0] = '\0';
                r = hprpc__header_read(bytes, sizeof(bytes), &detail, &header, &size);
                if (r > 0) {
                    assert_int_equal(hprpc__header_write(&header, size, again), r);
                    assert_memory_equal(again, bytes, (size_t)r);
                } else {
                    assert_int_equal(r, at == 1 && value >> 4 != 1 ? HPRPC_EVERSION : HPRPC_EPROTOCOL);
                    assert_true(detail.text[0]);
                }
            }
            bytes[at] = right;
        }
    }
}

static void names_what_is_wrong(void **state)
{
    static const struct {
        uint8_t bytes[16];
        size_t count;
        int code;
        const char *text;
    } cases[] = {
        { { 'G' }, 1, HPRPC_EPROTOCOL, "a message begins with 0x47 instead of 0xb7" },
        { { 0xb7, 0x24 }, 2, HPRPC_EVERSION, "version 2 of the protocol, this side 1" },
        { { 0xb7, 0x10 }, 2, HPRPC_EPROTOCOL, "unknown type 0" },
        { { 0xb7, 0x1f }, 2, HPRPC_EPROTOCOL, "unknown type 15" },
        { { 0xb7, 0x14, 0x08 }, 3, HPRPC_EPROTOCOL, "flags 0x08" },
        { { 0xb7, 0x15, 0x01 }, 3, HPRPC_EPROTOCOL, "flags 0x01" },
        { { 0xb7, 0x1c, 0x10 }, 3, HPRPC_EPROTOCOL, "flags 0x10" },
        { { 0xb7, 0x1d, 0x20 }, 3, HPRPC_EPROTOCOL, "flags 0x20" },
        { { 0xb7, 0x18, 0x20 }, 3, HPRPC_EPROTOCOL, "flags 0x20" },
        { { 0xb7, 0x15, 0, 1 }, 4, HPRPC_EPROTOCOL, "reserved byte" },
        { { 0xb7, 0x15, 0, 0, 0x80, 0 },
          6,
          HPRPC_EPROTOCOL,
          "length in a message's header is not in its shortest form" },
        { { 0xb7, 0x15, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80 },
          9,
          HPRPC_EPROTOCOL,
          "length in a message's header is longer" },
        { { 0xb7, 0x15, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x10 },
          9,
          HPRPC_EPROTOCOL,
          "length in a message's header is out" },
        { { 0xb7, 0x15, 0, 0, 0 }, 5, HPRPC_EPROTOCOL, "call id in a message's header goes beyond" },
        { { 0xb7, 0x15, 0, 0, 1, 0x80 }, 6, HPRPC_EPROTOCOL, "call id in a message's header goes beyond" },
        { { 0xb7, 0x15, 0, 0, 9, 0x81, 0 }, 7, HPRPC_EPROTOCOL, "call id in a message's header is not in its" },
        { { 0xb7, 0x14, 0, 0, 1, 1 }, 6, HPRPC_EPROTOCOL, "service number in a message's header goes beyond" },
        { { 0xb7, 0x14, 0, 0, 9, 1, 0x80, 0x80, 4 },
          9,
          HPRPC_EPROTOCOL,
          "service number in a message's header is out" },
        { { 0xb7, 0x14, 0, 0, 9, 1, 1, 0x80, 0x80, 4 }, 10, HPRPC_EPROTOCOL, "procedure number in a message's" },
        { { 0xb7, 0x14, 1, 0, 3, 1, 1, 1 }, 8, HPRPC_EPROTOCOL, "timeout in a message's header goes beyond" },
        { { 0xb7, 0x14, 2, 0, 3, 1, 1, 1 }, 8, HPRPC_EPROTOCOL, "nesting depth in a message's header goes beyond" },
        { { 0xb7, 0x14, 2, 0, 9, 1, 1, 1, 0x80, 0x80, 4 },
          11,
          HPRPC_EPROTOCOL,
          "nesting depth in a message's header is out" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hprpc_header header = { .call = 77 };
        struct hprpc_detail detail = { "" };
        uint32_t size = 78;

        assert_int_equal(hprpc__header_read(cases[i].bytes, cases[i].count, &detail, &header, &size), cases[i].code);
        if (!strstr(detail.text, cases[i].text))
            fail_msg("case %zu: expected \"%s\" in \"%s\"", i, cases[i].text, detail.text);
        assert_int_equal(header.call, 77);
        assert_int_equal(size, 78);
        /* the last byte is the one that shows the error */
        if (!strstr(cases[i].text, "beyond"))
            assert_int_equal(hprpc__header_read(cases[i].bytes, cases[i].count - 1, &detail, &header, &size), 0);
    }
}

static void knows_messages_of_streams(void **state)
{
    static const struct hprpc_header good[] = {
        { .type = HPRPC_MESSAGE_REQUEST, .call = 3, .service = 1, .flags = HPRPC_FLAG_STREAM },
        { .type = HPRPC_MESSAGE_REQUEST, .timeout_ms = 9, .flags = HPRPC_FLAG_STREAM | HPRPC_FLAG_TIMEOUT },
        { .type = HPRPC_MESSAGE_DATA, .call = 3 },
        { .type = HPRPC_MESSAGE_DATA, .call = 3, .flags = HPRPC_FLAG_MORE | HPRPC_FLAG_CALLEE },
        { .type = HPRPC_MESSAGE_END, .call = 3 },
        { .type = HPRPC_MESSAGE_END, .call = 3, .flags = HPRPC_FLAG_CALLEE },
        { .type = HPRPC_MESSAGE_CREDIT, .call = 3, .flags = HPRPC_FLAG_STREAM },
        { .type = HPRPC_MESSAGE_CREDIT, .flags = HPRPC_FLAG_STREAM | HPRPC_FLAG_CALLEE },
        { .type = HPRPC_MESSAGE_CREDIT },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(hprpc_header_valid(&good[i]));
}

static void knows_nonsense(void **state)
{
    static const struct hprpc_header bad[] = {
        { .type = 0 },
        { .type = 255 },
        { .type = HPRPC_MESSAGE_DATA, .flags = HPRPC_FLAG_STREAM },
        { .type = HPRPC_MESSAGE_DATA, .service = 1 },
        { .type = HPRPC_MESSAGE_END, .flags = HPRPC_FLAG_MORE },
        { .type = HPRPC_MESSAGE_REQUEST, .flags = HPRPC_FLAG_MORE },
        { .type = HPRPC_MESSAGE_REQUEST, .flags = HPRPC_FLAG_CALLEE },
        { .type = HPRPC_MESSAGE_REQUEST, .flags = HPRPC_FLAG_STREAM | HPRPC_FLAG_ONEWAY },
        { .type = HPRPC_MESSAGE_CREDIT, .flags = HPRPC_FLAG_CALLEE },
        { .type = HPRPC_MESSAGE_CREDIT, .call = 1, .flags = HPRPC_FLAG_CALLEE },
        { .type = HPRPC_MESSAGE_REQUEST, .flags = 0x08 },
        { .type = HPRPC_MESSAGE_HELLO, .flags = HPRPC_FLAG_DESCRIPTORS },
        { .type = HPRPC_MESSAGE_DATA, .flags = HPRPC_FLAG_DESCRIPTORS },
        { .type = HPRPC_MESSAGE_BOUND, .flags = HPRPC_FLAG_DESCRIPTORS },
        { .type = HPRPC_MESSAGE_REQUEST, .timeout_ms = 1 },
        { .type = HPRPC_MESSAGE_REQUEST, .depth = 1 },
        { .type = HPRPC_MESSAGE_REPLY, .flags = HPRPC_FLAG_TIMEOUT },
        { .type = HPRPC_MESSAGE_REPLY, .flags = HPRPC_FLAG_ONEWAY },
        { .type = HPRPC_MESSAGE_REPLY, .service = 1 },
        { .type = HPRPC_MESSAGE_CANCEL, .procedure = 1 },
        { .type = 15 },
        { .type = HPRPC_MESSAGE_HELLO, .call = 1 },
        { .type = HPRPC_MESSAGE_CREDIT, .call = 1 },
        { .type = HPRPC_MESSAGE_GOODBYE, .call = 1 },
        { .type = HPRPC_MESSAGE_DRAIN, .call = 1 },
        { .type = HPRPC_MESSAGE_REQUEST, .call = 1, .flags = HPRPC_FLAG_ONEWAY },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(hprpc_header_valid(&bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_exact_bytes),           cmocka_unit_test(comes_back_and_waits_at_every_truncation),
        cmocka_unit_test(has_a_largest_size),        cmocka_unit_test(survives_every_corruption),
        cmocka_unit_test(names_what_is_wrong),       cmocka_unit_test(knows_nonsense),
        cmocka_unit_test(knows_messages_of_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
