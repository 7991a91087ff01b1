/* SPDX-License-Identifier: MIT */
/* What goes in comes out: sizes around every boundary, strings, lists, errors, and max_message. */
#include "conformance/suite.h"

static void expect_echo(const struct conform_probe_proxy *proxy, const uint8_t *data, size_t size)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply = { NULL, 0 };
    int r = conform_probe_echo(proxy, &call, suite_bytes(data, size), &reply);

    if (r < 0)
        fail_msg("%zu bytes: %s: %s", size, hprpc_error_name(r), call.detail);
    assert_int_equal(reply.size, size);
    assert_memory_equal(reply.data, data, size);
    hprpc_call_clear(&call);
}

static void sizes_around_every_boundary(void **state)
{
    static const size_t centres[] = {
        8,    20,   48,   56,    64,    127,   128,    192,    256,    512,     1024,
        2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1 << 20, (1 << 20) + 65536
    };
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    uint8_t *data = suite_data(2 << 20, 1);

    (void)state;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    for (size_t size = 0; size < 8; size++)
        expect_echo(&proxy, data + size, size);
    for (size_t i = 0; i < sizeof(centres) / sizeof(centres[0]); i++) {
        for (size_t size = centres[i] - 8; size <= centres[i] + 8; size += centres[i] > 16384 ? 4 : 1)
            expect_echo(&proxy, data + i, size);
    }
    hprpc_client_free(client);
    room_close(&room);
    free(data);
}

static void megabytes(void **state)
{
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    uint8_t *data = suite_data(12 << 20, 2);

    (void)state;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    expect_echo(&proxy, data, 5 << 20);
    expect_echo(&proxy, data + 3, (5 << 20) + 1);
    expect_echo(&proxy, data, 12 << 20);
    expect_echo(&proxy, data, 1);
    hprpc_client_free(client);
    room_close(&room);
    free(data);
}

static void up_to_the_limit_and_over_it(void **state)
{
    enum { LIMIT = 300000 };
    struct hprpc_server_options server_options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    struct hprpc_client *client;
    uint8_t *data = suite_data(LIMIT + 1, 3);

    (void)state;
    server_options.max_message = LIMIT;
    room_serve(&room, "", &server_options);
    client = room_connect(&room, "", NULL, &proxy);
    expect_echo(&proxy, data, LIMIT - 3); /* the body has three bytes of length before the data */
    assert_int_equal(conform_probe_echo(&proxy, &call, suite_bytes(data, LIMIT - 2), &reply), HPRPC_ETOOBIG);
    assert_int_equal(conform_probe_note(&proxy, &call, 0, suite_bytes(data, LIMIT - 2)), HPRPC_ETOOBIG);
    expect_echo(&proxy, data, 5);
    hprpc_call_clear(&call);
    hprpc_client_free(client);

    /* the other direction: the reply is larger than the client takes */
    options.max_message = 1000;
    client = room_connect(&room, "", &options, &proxy);
    expect_echo(&proxy, data, 998);
    assert_int_equal(conform_probe_echo(&proxy, &call, suite_bytes(data, 999), &reply), HPRPC_ETOOBIG);
    expect_echo(&proxy, data, 998);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    room_close(&room);
    free(data);
}

static void records(void **state)
{
    enum { TAGS = 300, POINTS = 5000, NUMBERS = 100000 };
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_client *client;
    struct conform_record record = { .name = kodosis_str("Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x9a\xaa"), .sum = 40 },
                          reply;
    struct kodosis_string *tags = calloc(TAGS, sizeof(*tags));
    struct conform_point *path = calloc(POINTS, sizeof(*path));
    int32_t *numbers = calloc(NUMBERS, sizeof(*numbers));
    char *text = (char *)suite_data(TAGS, 4);

    (void)state;
    memset(text, 'g', TAGS);
    for (size_t i = 0; i < TAGS; i++)
        tags[i] = (struct kodosis_string){ text, i };
    for (int i = 0; i < POINTS; i++)
        path[i] = (struct conform_point){ i, -i / 2.0 };
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] = i - NUMBERS / 2;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    for (size_t share = 0; share <= 4; share++) {
        int64_t sum = 40;

        record.tags = (struct kodosis_string_list){ tags, TAGS * share / 4 };
        record.path = (struct conform_point_list){ path, POINTS * share / 4 };
        for (size_t i = 0; i < NUMBERS * share / 4; i++)
            sum += numbers[i];
        assert_int_equal(conform_probe_mirror(&proxy, &call, &record,
                                              (struct kodosis_int32_list){ numbers, NUMBERS * share / 4 }, &reply),
                         0);
        assert_int_equal(reply.sum, sum);
        reply.sum = record.sum;
        assert_true(conform_record_equal(&record, &reply));
        assert_int_equal((uintptr_t)reply.path.data % 8, 0);
        assert_string_equal(reply.name.data, record.name.data);
    }
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    room_close(&room);
    free(tags);
    free(path);
    free(numbers);
    free(text);
}

static void typed_errors(void **state)
{
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_client *client;
    struct conform_record record = { .name = kodosis_str("refuse") }, reply;
    struct conform_refused refused;

    (void)state;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    assert_int_equal(conform_probe_mirror(&proxy, &call, &record, (struct kodosis_int32_list){ NULL, 0 }, &reply),
                     HPRPC_EAPPLICATION);
    assert_true(conform_refused_get(&call, &refused));
    assert_string_equal(refused.why.data, "as asked");
    assert_int_equal(refused.code, -7);
    assert_int_equal(conform_probe_poke(&proxy, &call), 0);
    assert_false(conform_refused_get(&call, &refused));

    /* a string that is not UTF-8 is refused before it is sent, or by the other side */
    record.name = kodosis_str("not \xff UTF-8");
    assert_int_not_equal(conform_probe_mirror(&proxy, &call, &record, (struct kodosis_int32_list){ NULL, 0 }, &reply),
                         0);
    assert_int_equal(conform_probe_poke(&proxy, &call), 0);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    room_close(&room);
}

/* Replies point into received messages: they stay whole while other calls come and go, in any order. */
static void held_replies_stay_whole(void **state)
{
    enum { HELD = 40 };
    static const size_t sizes[] = { 10, 300, 5000, 70000, 200000 };
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call calls[HELD];
    struct kodosis_bytes replies[HELD];
    uint8_t *data[HELD];
    struct hprpc_client *client;

    (void)state;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < HELD; i++) {
            size_t size = sizes[i % 5] + i;

            data[i] = suite_data(size, i + round);
            calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_echo(&proxy, &calls[i], suite_bytes(data[i], size), &replies[i]), 0);
        }
        for (unsigned i = 0; i < HELD; i++) {
            unsigned at = i * 7 % HELD;

            assert_int_equal(replies[at].size, sizes[at % 5] + at);
            assert_memory_equal(replies[at].data, data[at], replies[at].size);
            hprpc_call_clear(&calls[at]);
            free(data[at]);
        }
    }
    hprpc_client_free(client);
    room_close(&room);
}

static const struct CMUnitTest tests[] = {
    fixture_test(sizes_around_every_boundary),
    fixture_test(megabytes),
    fixture_test(up_to_the_limit_and_over_it),
    fixture_test(records),
    fixture_test(typed_errors),
    fixture_test(held_replies_stay_whole),
};

const struct chapter values_chapter = { "values", tests, sizeof(tests) / sizeof(tests[0]) };
