/* SPDX-License-Identifier: MIT */
/* The bodies of the messages that controllers exchange: golden bytes, written and read, and every truncation. */
#include "rpc/connection/message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SIZE_WITH_FEATURES = 29 }; /* of a HELLO that claims features, but not streams */

static uint8_t body[256];

static struct kodosis_writer begin(void)
{
    struct kodosis_writer writer;

    kodosis_writer_init(&writer, body, sizeof(body));
    return writer;
}

static void expect_bytes(const struct kodosis_writer *writer, const char *bytes, size_t size)
{
    assert_int_equal(writer->status, KODOSIS_OK);
    assert_int_equal(writer->cursor - writer->start, size);
    assert_memory_equal(writer->start, bytes, size);
}

static void hello(void **state)
{
    static const char bytes[] = "\x00\x10\0\0\x07\0\0\0\x00\x01\0\0\0\0\0\0\x88\x13\0\0\x01\x01\0\0\0\0\0\0\0";
    const struct hprpc__hello given = { 4096, 7, 256, 5000, true, HPRPC__FEATURE_DRAIN, 9, 9, 9 };
    struct kodosis_writer writer = begin();
    struct hprpc__hello read;

    (void)state;
    hprpc__hello_write(&writer, &given);
    expect_bytes(&writer, bytes, SIZE_WITH_FEATURES);
    assert_null(hprpc__hello_read(bytes, SIZE_WITH_FEATURES, &read));
    assert_int_equal(read.max_message, 4096);
    assert_int_equal(read.max_calls, 7);
    assert_int_equal(read.max_call_bytes, 256);
    assert_int_equal(read.timeout_ms, 5000);
    assert_true(read.pumps_always);
    assert_int_equal(read.features, HPRPC__FEATURE_DRAIN);
    assert_int_equal(read.stream_elements, 0);

    /* the features may be missing, but not in part; later versions may add bytes after them */
    assert_null(hprpc__hello_read(bytes, HPRPC__HELLO_SIZE_LEAST, &read));
    assert_int_equal(read.features, 0);
    for (size_t size = 0; size < SIZE_WITH_FEATURES; size++)
        assert_int_equal(hprpc__hello_read(bytes, size, &read) != NULL, size != HPRPC__HELLO_SIZE_LEAST);
    writer = begin();
    hprpc__hello_write(&writer, &given);
    assert_null(hprpc__hello_read(body, SIZE_WITH_FEATURES + 3, &read));
}

static void hello_with_streams(void **state)
{
    static const char bytes[] = "\x00\x10\0\0\x07\0\0\0\x00\x01\0\0\0\0\0\0\x88\x13\0\0\x01\x02\0\0\0\0\0\0\0"
                                "\x05\0\0\0\x00\x02\0\0\0\0\0\0\x00\x03\0\0\0\0\0\0";
    const struct hprpc__hello given = { 4096, 7, 256, 5000, true, HPRPC__FEATURE_STREAMS, 5, 512, 768 };
    struct kodosis_writer writer = begin();
    struct hprpc__hello read;

    (void)state;
    hprpc__hello_write(&writer, &given);
    expect_bytes(&writer, bytes, HPRPC__HELLO_SIZE);
    assert_null(hprpc__hello_read(bytes, HPRPC__HELLO_SIZE, &read));
    assert_int_equal(read.features, HPRPC__FEATURE_STREAMS);
    assert_int_equal(read.stream_elements, 5);
    assert_int_equal(read.stream_bytes, 512);
    assert_int_equal(read.streams_bytes, 768);
    /* a side that claims the feature says its numbers */
    for (size_t size = HPRPC__HELLO_SIZE_LEAST + 1; size < HPRPC__HELLO_SIZE; size++)
        assert_non_null(hprpc__hello_read(bytes, size, &read));
}

static void hello_has_least_limits(void **state)
{
    const struct hprpc__hello cases[] = {
        { 255, 1, 0, 1, false, 0, 0, 0, 0 },          { 256, 0, 0, 1, false, 0, 0, 0, 0 },
        { 256, 1, 0, 0, false, 0, 0, 0, 0 },          { 256, 1, 0, 1, false, UINT64_MAX, 0, 1, 1 },
        { 256, 1, 0, 1, false, UINT64_MAX, 1, 0, 0 },
    };
    struct hprpc__hello read;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kodosis_writer writer = begin();

        hprpc__hello_write(&writer, &cases[i]);
        assert_int_equal(hprpc__hello_read(body, HPRPC__HELLO_SIZE, &read) == NULL, i == 4);
    }
}

static void credit(void **state)
{
    static const char bytes[] = "\x03\0\0\0\x2c\x01\0\0\0\0\0\0";
    const struct hprpc__credit given = { 3, 300 };
    struct kodosis_writer writer = begin();
    struct hprpc__credit read;

    (void)state;
    hprpc__credit_write(&writer, &given);
    expect_bytes(&writer, bytes, HPRPC__CREDIT_SIZE);
    assert_true(hprpc__credit_read(bytes, HPRPC__CREDIT_SIZE, &read));
    assert_int_equal(read.calls, 3);
    assert_int_equal(read.bytes, 300);
    for (size_t size = 0; size < HPRPC__CREDIT_SIZE; size++)
        assert_false(hprpc__credit_read(bytes, size, &read));
    assert_false(hprpc__credit_read(bytes, HPRPC__CREDIT_SIZE + 1, &read));
}

static void error(void **state)
{
    static const char plain[] = "\xf2\xff\xff\xff\x04late\0\0\0";
    static const char typed[] = "\xec\xff\xff\xff\0\0\x03p.E\0\0\0\0\0\0";
    struct hprpc__error_body given = { HPRPC_EDEADLINE, kodosis_str("late"), kodosis_str("") };
    struct kodosis_writer writer = begin();
    struct kodosis_reader reader;
    struct hprpc__error_body read;

    (void)state;
    hprpc__error_write(&writer, &given);
    expect_bytes(&writer, plain, sizeof(plain) - 1);
    assert_int_equal(hprpc__error_size(&given), sizeof(plain) - 1);
    given = (struct hprpc__error_body){ HPRPC_EAPPLICATION, kodosis_str(""), kodosis_str("p.E") };
    writer = begin();
    hprpc__error_write(&writer, &given);
    expect_bytes(&writer, typed, sizeof(typed) - 1); /* padded to 16, so that the members are aligned */
    assert_int_equal(hprpc__error_size(&given), sizeof(typed) - 1);
    kodosis_reader_init(&reader, typed, sizeof(typed) - 1, NULL);
    assert_true(hprpc__error_read(&reader, &read));
    assert_int_equal(read.code, HPRPC_EAPPLICATION);
    assert_string_equal(read.raised.data, "p.E");
    assert_ptr_equal(reader.cursor, reader.end);
}

static void goodbye_and_drain(void **state)
{
    static const char bytes[] = "\xf0\xff\xff\xff\x03"
                                "end\0\x05\0\0\0\0\0\0\0";
    const struct hprpc__goodbye given = { HPRPC_ECLOSED, kodosis_str("end"), 5 };
    struct kodosis_writer writer = begin();
    struct hprpc__goodbye read;
    uint64_t taken;

    (void)state;
    hprpc__goodbye_write(&writer, &given);
    expect_bytes(&writer, bytes, sizeof(bytes) - 1);
    assert_int_equal(hprpc__goodbye_size(&given), sizeof(bytes) - 1);
    assert_true(hprpc__goodbye_read(bytes, sizeof(bytes) - 1, &read));
    assert_int_equal(read.code, HPRPC_ECLOSED);
    assert_string_equal(read.text.data, "end");
    assert_int_equal(read.taken, 5);
    for (size_t size = 0; size < sizeof(bytes) - 1; size++)
        assert_false(hprpc__goodbye_read(bytes, size, &read));

    writer = begin();
    hprpc__drain_write(&writer, 258);
    expect_bytes(&writer, "\x02\x01\0\0\0\0\0\0", HPRPC__DRAIN_SIZE);
    assert_true(hprpc__drain_read(body, HPRPC__DRAIN_SIZE, &taken));
    assert_int_equal(taken, 258);
    assert_false(hprpc__drain_read(body, HPRPC__DRAIN_SIZE - 1, &taken));
    assert_false(hprpc__drain_read(body, HPRPC__DRAIN_SIZE + 1, &taken));
}

static void bind(void **state)
{
    static const char bytes[] = "\x03p.S\0\x02\0\0\0\x01\x02Hi\0\x88\x77\x66\x55\x44\x33\x22\x11";
    static const struct hprpc_procedure procedure = { "Hi", 0x1122334455667788u, 0, NULL, NULL };
    const struct hprpc_interface interface = { "p.S", 2, 1, &procedure };
    struct kodosis_writer writer = begin();
    struct kodosis_reader reader;
    struct hprpc__bind_body read;
    struct kodosis_string name;
    uint64_t hash;

    (void)state;
    hprpc__bind_write(&writer, &interface, false);
    expect_bytes(&writer, bytes, sizeof(bytes) - 1);
    assert_int_equal(hprpc__bind_size(&interface, false), sizeof(bytes) - 1);
    kodosis_reader_init(&reader, bytes, sizeof(bytes) - 1, NULL);
    assert_true(hprpc__bind_read(&reader, &read));
    assert_int_equal(read.version, 2);
    assert_int_equal(read.count, 1);
    assert_true(hprpc__bind_read_next(&reader, &name, &hash));
    assert_string_equal(name.data, "Hi");
    assert_int_equal(hash, procedure.hash);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
}

static void bound(void **state)
{
    static const char bytes[] = "\x05\0\x03\x07\0\xe7\xff\x08\0\x02no\0";
    const struct hprpc__bound_procedure given[] = { { 7, { NULL, 0 } },
                                                    { HPRPC_ESCHEMA, kodosis_str("no") },
                                                    { 8, { NULL, 0 } } };
    struct hprpc__bound_procedure read[3];
    struct kodosis_writer writer = begin();
    uint16_t service;

    (void)state;
    hprpc__bound_write(&writer, 5, given, 3);
    expect_bytes(&writer, bytes, sizeof(bytes) - 1);
    assert_int_equal(hprpc__bound_size(given, 3), sizeof(bytes) - 1);
    assert_true(hprpc__bound_read(bytes, sizeof(bytes) - 1, 3, &service, read));
    assert_int_equal(service, 5);
    assert_int_equal(read[0].number, 7);
    assert_int_equal(read[1].number, HPRPC_ESCHEMA);
    assert_string_equal(read[1].text.data, "no");
    assert_int_equal(read[2].number, 8);
    for (size_t size = 0; size < sizeof(bytes) - 1; size++)
        assert_false(hprpc__bound_read(bytes, size, 3, &service, read));
    assert_false(hprpc__bound_read(bytes, sizeof(bytes) - 1, 2, &service, read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello),
        cmocka_unit_test(hello_with_streams),
        cmocka_unit_test(hello_has_least_limits),
        cmocka_unit_test(credit),
        cmocka_unit_test(error),
        cmocka_unit_test(goodbye_and_drain),
        cmocka_unit_test(bind),
        cmocka_unit_test(bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
