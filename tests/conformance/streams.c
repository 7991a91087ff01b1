/* SPDX-License-Identifier: MIT */
/* Streams: elements one way and both ways, from every kind of handler, to every pump; errors, half-close, wrong use. */
#include "conformance/hall.h"

/* ---- Every way of serving by every pump ---- */

static void upload_some(struct hall *hall, uint32_t count)
{
    struct hprpc_call call = stream_call();
    uint64_t bytes = 0, answer;

    expect_code(&call, conform_stream_upload_start(&hall->stream, &call, count), 0);
    for (uint32_t i = 0; i < count; i++) {
        send_part(&call, i * 7 % 2000, i);
        bytes += i * 7 % 2000;
    }
    expect_code(&call, conform_stream_upload_finish(&call, &answer), 0);
    assert_int_equal(answer, bytes);
    hprpc_call_clear(&call);
}

/* One there, one back; then several there, several back. */
static void mirror_some(struct hall *hall, int count)
{
    struct hprpc_call call = stream_call();
    struct conform_record record;

    expect_code(&call, conform_stream_mirror_start(&hall->stream, &call), 0);
    for (int i = 0; i < count; i++) {
        send_record(&call, "a record", i);
        expect_record(&call, i);
    }
    for (int i = 0; i < count; i++)
        send_record(&call, "a record", i);
    expect_code(&call, hprpc_call_end(&call), 0);
    for (int i = 0; i < count; i++)
        expect_record(&call, i);
    expect_code(&call, conform_stream_mirror_next(&call, &record), 0);
    expect_code(&call, conform_stream_mirror_finish(&call), 0);
    hprpc_call_clear(&call);
}

static void every_way(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++)
        for (int i = 0; i < 3; i++) {
            struct hall hall;

            hall_open_pumped(&hall, (enum stream_way)way, suite_pumps[i]);
            for (uint32_t count = 0; count < 4; count++) {
                hall_watch(&hall, count);
                upload_some(&hall, count);
                mirror_some(&hall, (int)count);
            }
            hall_watch(&hall, 2500);
            upload_some(&hall, 300);
            mirror_some(&hall, 60);
            assert_int_equal(conform_probe_poke(&hall.probe, NULL), 0);
            hall_close(&hall);
        }
}

/* A server calls a procedure with a stream of its client, from inside a handler. */
static void from_server_to_client(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;

    (void)state;
    options.workers = 2;
    for (int i = 0; i < 3; i++) {
        struct hprpc_client_options pumped = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call call = stream_call();
        struct streams own;
        struct hall hall;
        uint32_t came;

        pumped.pump = suite_pumps[i];
        hall_open(&hall, STREAM_WORKER, &options, &pumped);
        streams_init(&own, STREAM_INLINE);
        assert_int_equal(conform_stream_offer(hall.client, &stream_service, &own), 0);
        expect_code(&call, conform_stream_turn(&hall.stream, &call, 3000, &came), 0);
        assert_int_equal(came, 3000);
        hprpc_call_clear(&call);
        hprpc_client_free(hall.client);
        hall.client = NULL;
        streams_clear(&own);
        hall_close(&hall);
    }
}

/* ---- The verdict ---- */

static void expect_refused(struct hprpc_call *call, const char *why, int32_t code)
{
    struct conform_refused refused;

    assert_true(conform_refused_get(call, &refused));
    assert_string_equal(refused.why.data, why);
    assert_int_equal(refused.code, code);
}

/* What came before the error is read first; then every function says it. */
static void an_error_behind_elements(struct hall *hall)
{
    struct hprpc_call call = stream_call();
    struct conform_sample sample;

    expect_code(&call, conform_stream_watch_start(&hall->stream, &call, 37, true), 0);
    for (int i = 0; i < 37; i++)
        expect_sample(&call, i);
    for (int i = 0; i < 2; i++) {
        expect_code(&call, conform_stream_watch_next(&call, &sample), HPRPC_EAPPLICATION);
        expect_refused(&call, "as you wished", 37);
    }
    expect_code(&call, conform_stream_watch_finish(&call), HPRPC_EAPPLICATION);
    expect_refused(&call, "as you wished", 37);
    hprpc_call_clear(&call);
}

/* The server has enough, while the client goes on sending. */
static void an_error_amid_elements(struct hall *hall)
{
    struct hprpc_call call = stream_call();
    struct patience patience = patience_begin();
    uint8_t *data;
    uint64_t answer = 0;
    int r = 0;

    expect_code(&call, conform_stream_upload_start(&hall->stream, &call, 20), 0);
    for (uint32_t i = 0; i <= 20; i++)
        send_part(&call, 100, i);
    data = stream_part(100, 21);
    while (r == 0 && is_patient(&patience))
        r = conform_stream_upload_send(&call, suite_bytes(data, 100));
    expect_code(&call, r, HPRPC_EAPPLICATION);
    expect_refused(&call, "one too many", 20);
    expect_code(&call, conform_stream_upload_finish(&call, &answer), HPRPC_EAPPLICATION);
    expect_refused(&call, "one too many", 20);
    hprpc_call_clear(&call);
    free(data);
}

static void an_error_both_ways(struct hall *hall)
{
    struct hprpc_call call = stream_call();
    struct conform_record record;

    expect_code(&call, conform_stream_mirror_start(&hall->stream, &call), 0);
    for (int i = 0; i < 5; i++)
        send_record(&call, "a record", i);
    send_record(&call, "refuse", 5);
    for (int i = 0; i < 5; i++)
        expect_record(&call, i);
    expect_code(&call, conform_stream_mirror_next(&call, &record), HPRPC_EAPPLICATION);
    expect_refused(&call, "as you wished", 5);
    expect_code(&call, conform_stream_mirror_finish(&call), HPRPC_EAPPLICATION);
    hprpc_call_clear(&call);
}

static void a_typed_error_ends_it(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++)
        for (int i = 0; i < 3; i++) {
            struct hall hall;

            hall_open_pumped(&hall, (enum stream_way)way, suite_pumps[i]);
            an_error_behind_elements(&hall);
            an_error_amid_elements(&hall);
            an_error_both_ways(&hall);
            hall_watch(&hall, 10);
            hall_close(&hall);
        }
}

/* _finish drops what was not read, also what is still to come. */
static void finished_without_reading(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++) {
        struct hprpc_call call;
        struct hall hall;

        hall_open(&hall, (enum stream_way)way, NULL, NULL);
        for (int i = 0; i < 3; i++) {
            call = stream_call();
            expect_code(&call, conform_stream_watch_start(&hall.stream, &call, 5000, i == 1), 0);
            if (i == 2)
                expect_sample(&call, 0);
            expect_code(&call, conform_stream_watch_finish(&call), i == 1 ? HPRPC_EAPPLICATION : 0);
            hprpc_call_clear(&call);
        }
        call = stream_call();
        expect_code(&call, conform_stream_read_start(&hall.stream, &call, 60, 100000), 0);
        expect_code(&call, conform_stream_read_finish(&call), 0);
        hprpc_call_clear(&call);
        hall_close(&hall);
    }
}

/* ---- Half-close ---- */

/* The server says that it sends no more, and takes what the client sends until the client says the same. */
static void the_server_ends_its_half_first(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++) {
        struct hprpc_call call = stream_call();
        struct conform_record record;
        struct hall hall;

        hall_open(&hall, (enum stream_way)way, NULL, NULL);
        expect_code(&call, conform_stream_mirror_start(&hall.stream, &call), 0);
        send_record(&call, "first", 0);
        send_record(&call, "last", 1);
        expect_record(&call, 0);
        expect_record(&call, 1);
        expect_code(&call, conform_stream_mirror_next(&call, &record), 0);
        assert_false(hprpc_pending_call_done(call.pending));
        for (int i = 0; i < 3000; i++)
            send_record(&call, "behind", i);
        expect_code(&call, conform_stream_mirror_next(&call, &record), 0);
        expect_code(&call, conform_stream_mirror_finish(&call), 0);
        hprpc_call_clear(&call);
        hall_close(&hall);
    }
}

/* The client says at once that it sends nothing, and gets what the server has to say. */
static void the_client_ends_its_half_first(void **state)
{
    struct hprpc_call call = stream_call();
    struct hall hall;
    int64_t sum;

    (void)state;
    hall_open(&hall, STREAM_INLINE, NULL, NULL);
    expect_code(&call, conform_stream_add_start(&hall.stream, &call), 0);
    for (int64_t i = 0; i < 10; i++)
        expect_code(&call, conform_stream_add_send(&call, i), 0);
    expect_code(&call, hprpc_call_end(&call), 0);
    expect_code(&call, hprpc_call_end(&call), 0);
    expect_code(&call, conform_stream_add_send(&call, 11), HPRPC_EINVAL);
    expect_code(&call, hprpc_pending_call_wait(call.pending, STREAM_TIMEOUT_MS), 0);
    expect_code(&call, conform_stream_add_finish(&call, &sum), 0);
    assert_int_equal(sum, 45);
    expect_code(&call, hprpc_call_end(&call), 0);
    hprpc_call_clear(&call);
    hall_close(&hall);
}

/* ---- Wrong use ---- */

static void wrong_use_is_told(void **state)
{
    struct hprpc_call call = stream_call(), other = stream_call();
    struct conform_sample sample;
    struct hall hall;
    int32_t value;
    int64_t sum;

    (void)state;
    hall_open(&hall, STREAM_INLINE, NULL, NULL);
    assert_int_equal(conform_stream_watch_start(&hall.stream, NULL, 1, false), HPRPC_EINVAL);
    assert_int_equal(conform_stream_watch_next(&call, &sample), HPRPC_EINVAL);
    assert_int_equal(conform_stream_add_send(&call, 1), HPRPC_EINVAL);
    assert_int_equal(conform_stream_watch_finish(&call), HPRPC_EINVAL);
    assert_int_equal(hprpc_call_end(&call), HPRPC_EINVAL);

    /* a call without streams has neither, and one way is not the other */
    expect_code(&call, conform_probe_later_start(&hall.probe, &call, 1, false), 0);
    assert_int_equal(conform_stream_watch_next(&call, &sample), HPRPC_EINVAL);
    assert_int_equal(conform_stream_add_send(&call, 1), HPRPC_EINVAL);
    assert_int_equal(hprpc_call_end(&call), HPRPC_EINVAL);
    expect_code(&call, conform_probe_later_finish(&call, &value), 0);
    expect_code(&call, conform_stream_watch_start(&hall.stream, &call, 1, false), 0);
    assert_int_equal(conform_stream_add_send(&call, 1), HPRPC_EINVAL);
    assert_int_equal(hprpc_call_end(&call), HPRPC_EINVAL);
    expect_code(&other, conform_stream_add_start(&hall.stream, &other), 0);
    assert_int_equal(conform_stream_watch_next(&other, &sample), HPRPC_EINVAL);
    expect_sample(&call, 0);
    expect_code(&call, conform_stream_watch_finish(&call), 0);
    expect_code(&other, conform_stream_add_finish(&other, &sum), 0);
    assert_int_equal(sum, 0);
    hprpc_call_clear(&call);
    hprpc_call_clear(&other);
    hall_close(&hall);
}

/* A stub clears what its call still holds, also a stream that is under way. */
static void a_call_is_used_again(void **state)
{
    struct hprpc_call call = stream_call();
    struct hall hall;

    (void)state;
    hall_open(&hall, STREAM_DEFERRED, NULL, NULL);
    for (int i = 0; i < 20; i++) {
        expect_code(&call, conform_stream_watch_start(&hall.stream, &call, 10000, false), 0);
        for (int n = 0; n < i; n++)
            expect_sample(&call, n);
    }
    expect_code(&call, conform_stream_endless_start(&hall.stream, &call), 0);
    assert_int_equal(conform_probe_poke(&hall.probe, &call), 0);
    hprpc_call_clear(&call);
    hall_close(&hall);
}

static const struct CMUnitTest tests[] = {
    fixture_test(every_way),
    fixture_test(from_server_to_client),
    fixture_test(a_typed_error_ends_it),
    fixture_test(finished_without_reading),
    fixture_test(the_server_ends_its_half_first),
    fixture_test(the_client_ends_its_half_first),
    fixture_test(wrong_use_is_told),
    fixture_test(a_call_is_used_again),
};

const struct chapter streams_chapter = { "streams", tests, sizeof(tests) / sizeof(tests[0]) };
