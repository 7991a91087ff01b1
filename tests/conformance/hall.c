/* SPDX-License-Identifier: MIT */
/* The room of a test of streams, and the elements that the tests send and expect. */
#include "conformance/hall.h"

/* ---- The hall ---- */

void hall_serve(struct hall *hall, enum stream_way way, const struct hprpc_server_options *options)
{
    struct hprpc_server_options own = HPRPC_SERVER_OPTIONS_INIT;

    if (options)
        own = *options;
    if (way == STREAM_WORKER && !own.workers)
        own.workers = 4;
    streams_init(&hall->streams, way);
    room_serve(&hall->room, "", &own);
    assert_int_equal(conform_stream_add(hall->room.server, &stream_service, &hall->streams), 0);
    hall->client = NULL;
}

struct hprpc_client *hall_connect(struct hall *hall, const struct hprpc_client_options *options,
                                  struct conform_probe_proxy *ret_probe, struct conform_stream_proxy *ret_stream)
{
    struct hprpc_client *client = room_connect(&hall->room, "", options, ret_probe);
    struct hprpc_detail detail = { "" };

    if (conform_stream_bind(client, &detail, ret_stream) < 0)
        fail_msg("binding: %s", detail.text);
    return client;
}

void hall_open(struct hall *hall, enum stream_way way, const struct hprpc_server_options *server,
               const struct hprpc_client_options *client)
{
    hall_serve(hall, way, server);
    hall->client = hall_connect(hall, client, &hall->probe, &hall->stream);
}

void hall_open_pumped(struct hall *hall, enum stream_way way, enum hprpc_pump pump)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;

    options.pump = pump;
    hall_open(hall, way, NULL, &options);
}

void hall_close(struct hall *hall)
{
    hprpc_client_free(hall->client);
    streams_clear(&hall->streams);
    room_close(&hall->room);
}

/* ---- Calls and elements ---- */

struct hprpc_call stream_call(void)
{
    struct hprpc_call call = HPRPC_CALL_INIT;

    call.timeout_ms = STREAM_TIMEOUT_MS;
    return call;
}

void expect_code_at(const struct hprpc_call *call, int r, int expected, const char *file, int line)
{
    if (r != expected)
        fail_msg("%s:%d: %d (%s: %s) in place of %d", file, line, r, r < 0 ? hprpc_error_name(r) : "",
                 call->detail ? call->detail : "", expected);
}

enum { PERIOD = 1 << 10, MARK = 1 << 15 };

/* Made by few instructions, because sanitizers count them: a period is repeated, and each stretch of it has a mark. */
uint8_t *stream_part(uint32_t size, uint32_t number)
{
    uint8_t *data = malloc((size_t)size + 1);
    uint32_t filled = size < PERIOD ? size : PERIOD;

    assert_non_null(data);
    for (uint32_t i = 0; i < filled; i++)
        data[i] = (uint8_t)(i * 7 + number + (i >> 8) + size);
    for (uint32_t more; filled < size; filled += more) {
        more = size - filled < filled ? size - filled : filled;
        memcpy(data + filled, data, more);
    }
    for (uint32_t i = 0; i < size; i += MARK)
        data[i] = (uint8_t)(number + i / MARK);
    return data;
}

bool stream_part_is_right(struct kodosis_bytes part, uint32_t number)
{
    uint8_t *data = stream_part((uint32_t)part.size, number);
    bool right = memcmp(part.data, data, part.size) == 0;

    free(data);
    return right;
}

void expect_sample(struct hprpc_call *call, int64_t number)
{
    struct conform_sample sample;

    expect_code(call, conform_stream_watch_next(call, &sample), 1);
    assert_int_equal(sample.number, number);
    assert_true(sample.value == (double)number / 2.0);
}

void expect_part(struct hprpc_call *call, uint32_t size, uint32_t number)
{
    struct kodosis_bytes part;

    expect_code(call, conform_stream_read_next(call, &part), 1);
    assert_int_equal(part.size, size);
    assert_true(stream_part_is_right(part, number));
}

void send_part(struct hprpc_call *call, uint32_t size, uint32_t number)
{
    uint8_t *data = stream_part(size, number);
    int r = conform_stream_upload_send(call, suite_bytes(data, size));

    free(data);
    expect_code(call, r, 0);
}

void hall_watch(struct hall *hall, uint32_t count)
{
    struct hprpc_call call = stream_call();
    struct conform_sample sample;

    expect_code(&call, conform_stream_watch_start(&hall->stream, &call, count, false), 0);
    for (uint32_t i = 0; i < count; i++)
        expect_sample(&call, i);
    expect_code(&call, conform_stream_watch_next(&call, &sample), 0);
    expect_code(&call, conform_stream_watch_next(&call, &sample), 0);
    expect_code(&call, conform_stream_watch_finish(&call), 0);
    hprpc_call_clear(&call);
}

enum { TAGS = 3 };

static void make_text(char *ret_text, size_t capacity, int32_t number)
{
    snprintf(ret_text, capacity, "number %d", (int)number);
}

void send_record(struct hprpc_call *call, const char *name, int32_t number)
{
    struct conform_point path[2] = { { number, 1 }, { 2, number } };
    struct kodosis_string tags[TAGS];
    struct conform_record record = { .name = kodosis_str(name), .tags = { tags, 1 + (size_t)number % TAGS } };
    char text[32];

    make_text(text, sizeof(text), number);
    for (int i = 0; i < TAGS; i++)
        tags[i] = kodosis_str(text);
    record.path.data = path;
    record.path.count = 2;
    expect_code(call, conform_stream_mirror_send(call, &record), 0);
}

void expect_record(struct hprpc_call *call, int32_t number)
{
    struct conform_record record;
    char text[32];

    make_text(text, sizeof(text), number);
    expect_code(call, conform_stream_mirror_next(call, &record), 1);
    assert_int_equal(record.tags.count, 1 + number % TAGS);
    assert_int_equal(record.sum, record.tags.count);
    assert_string_equal(record.tags.data[record.tags.count - 1].data, text);
    assert_int_equal(record.path.count, 2);
    assert_true(record.path.data[1].y == number);
}
