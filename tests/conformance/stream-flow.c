/* SPDX-License-Identifier: MIT */
/* Streams and their windows: large elements, many small ones, streams that are not read, many at once, and without waiting. */
#include <poll.h>

#include "conformance/hall.h"

/* ---- Sizes ---- */

static void large_elements(void **state)
{
    static const uint32_t sizes[] = { 60000, 65536, 70000, 1000000, 3 << 20, 0, 1 };
    enum { COUNT = sizeof(sizes) / sizeof(sizes[0]), EACH = 2 };

    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++) {
        struct hprpc_call down = stream_call(), up = stream_call();
        struct hall hall;
        uint64_t bytes = 0, answer;

        hall_open(&hall, (enum stream_way)way, NULL, NULL);
        expect_code(&up, conform_stream_upload_start(&hall.stream, &up, UINT32_MAX), 0);
        for (uint32_t i = 0; i < COUNT; i++) {
            expect_code(&down, conform_stream_read_start(&hall.stream, &down, EACH, sizes[i]), 0);
            send_part(&up, sizes[i], i);
            bytes += sizes[i];
            for (uint32_t n = 0; n < EACH; n++)
                expect_part(&down, sizes[i], n);
            expect_code(&down, conform_stream_read_finish(&down), 0);
        }
        expect_code(&up, conform_stream_upload_finish(&up, &answer), 0);
        assert_int_equal(answer, bytes);
        hprpc_call_clear(&up);
        hprpc_call_clear(&down);
        hall_close(&hall);
    }
}

/* An element beyond what the other side accepts in one message fails alone. */
static void too_large_an_element(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_call call = stream_call();
    struct hall hall;
    uint64_t answer;
    uint8_t *data = stream_part(100001, 1);

    (void)state;
    options.max_message = 100000;
    hall_open(&hall, STREAM_INLINE, &options, NULL);
    expect_code(&call, conform_stream_upload_start(&hall.stream, &call, UINT32_MAX), 0);
    send_part(&call, 90000, 0);
    assert_int_equal(conform_stream_upload_send(&call, suite_bytes(data, 100001)), HPRPC_ETOOBIG);
    send_part(&call, 90000, 1);
    expect_code(&call, conform_stream_upload_finish(&call, &answer), 0);
    assert_int_equal(answer, 180000);
    hprpc_call_clear(&call);
    hall_close(&hall);
    free(data);
}

struct adder {
    struct hall *hall;
    int64_t first;
    int r;
    int64_t sum;
    pthread_t thread;
};

enum { NUMBERS = 8000 };

static void *add_numbers(void *argument)
{
    struct adder *adder = argument;
    struct hprpc_call call = stream_call();

    adder->r = conform_stream_add_start(&adder->hall->stream, &call);
    for (int64_t i = 0; i < NUMBERS && adder->r == 0; i++)
        adder->r = conform_stream_add_send(&call, adder->first + i);
    if (adder->r == 0)
        adder->r = conform_stream_add_finish(&call, &adder->sum);
    hprpc_call_clear(&call);
    return NULL;
}

/* Small elements up from several threads, and down at the same time, over one connection. */
static void many_small_elements(void **state)
{
    enum { THREADS = 3 };

    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++) {
        struct adder adders[THREADS];
        struct hprpc_call call = stream_call();
        struct hall hall;

        hall_open_pumped(&hall, (enum stream_way)way, suite_pumps[way]);
        for (int i = 0; i < THREADS; i++) {
            adders[i] = (struct adder){ .hall = &hall, .first = i };
            assert_int_equal(pthread_create(&adders[i].thread, NULL, add_numbers, &adders[i]), 0);
        }
        expect_code(&call, conform_stream_watch_start(&hall.stream, &call, NUMBERS, false), 0);
        for (int i = 0; i < NUMBERS; i++)
            expect_sample(&call, i);
        expect_code(&call, conform_stream_watch_finish(&call), 0);
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(adders[i].thread, NULL), 0);
            assert_int_equal(adders[i].r, 0);
            assert_int_equal(adders[i].sum, (int64_t)NUMBERS * (NUMBERS - 1) / 2 + (int64_t)NUMBERS * i);
        }
        hprpc_call_clear(&call);
        hall_close(&hall);
    }
}

/* ---- One thread sends, another one reads ---- */

struct sender {
    struct hprpc_call *call;
    int count;
    pthread_t thread;
};

static void *send_records(void *argument)
{
    struct sender *sender = argument;

    for (int i = 0; i < sender->count; i++)
        send_record(sender->call, "a record", i);
    expect_code(sender->call, hprpc_call_end(sender->call), 0);
    return NULL;
}

static void sent_and_read_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_call call = stream_call();
        struct sender sender = { .call = &call, .count = 3000 };
        struct conform_record record;
        struct hall hall;

        hall_open_pumped(&hall, (enum stream_way)i, suite_pumps[i]);
        expect_code(&call, conform_stream_mirror_start(&hall.stream, &call), 0);
        assert_int_equal(pthread_create(&sender.thread, NULL, send_records, &sender), 0);
        for (int n = 0; n < sender.count; n++)
            expect_record(&call, n);
        assert_int_equal(pthread_join(sender.thread, NULL), 0);
        expect_code(&call, conform_stream_mirror_next(&call, &record), 0);
        expect_code(&call, conform_stream_mirror_finish(&call), 0);
        hprpc_call_clear(&call);
        hall_close(&hall);
    }
}

/* ---- Streams that are not read ---- */

static void call_some(struct hall *hall, uint8_t *data)
{
    for (uint32_t i = 0; i < 10; i++) {
        struct hprpc_call call = stream_call();
        struct kodosis_bytes reply;

        assert_int_equal(conform_probe_poke(&hall->probe, NULL), 0);
        expect_code(&call, conform_probe_echo(&hall->probe, &call, suite_bytes(data, i * 10000), &reply), 0);
        assert_int_equal(reply.size, i * 10000);
        hprpc_call_clear(&call);
    }
}

/* A client that does not read: its calls and other streams go on, memory stays within the window, and nothing is lost. */
static void a_stream_that_is_never_read(void **state)
{
    enum { PARTS = 60, SIZE = 50000 };
    uint8_t *data = suite_data(100000, 1);

    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++)
        for (int i = 0; i < 3; i++) {
            struct hprpc_call idle = stream_call(), dropped = stream_call();
            struct hall hall;

            hall_open_pumped(&hall, (enum stream_way)way, suite_pumps[i]);
            expect_code(&idle, conform_stream_read_start(&hall.stream, &idle, PARTS, SIZE), 0);
            expect_code(&dropped, conform_stream_endless_start(&hall.stream, &dropped), 0);
            for (int round = 0; round < 5; round++) {
                call_some(&hall, data);
                hall_watch(&hall, 200);
            }
            assert_true(atomic_load(&hall.room.memory.highest) < 12 << 20);
            hprpc_call_clear(&dropped);
            for (uint32_t n = 0; n < PARTS; n++)
                expect_part(&idle, SIZE, n);
            expect_code(&idle, conform_stream_read_finish(&idle), 0);
            hprpc_call_clear(&idle);
            hall_close(&hall);
        }
    free(data);
}

/* A server that does not read: the sender is told, or waits until its deadline, and others go on. */
static void a_stream_that_the_server_never_reads(void **state)
{
    enum { SIZE = 10000 };
    uint8_t *data = suite_data(100000, 2);

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_call held = stream_call();
        struct hall hall;
        int64_t number;
        uint32_t sent = 0;
        int r;

        hall_open_pumped(&hall, STREAM_INLINE, suite_pumps[i]);
        held.flags = HPRPC_CALL_NO_WAIT;
        expect_code(&held, conform_stream_hold_start(&hall.stream, &held), 0);
        while ((r = conform_stream_hold_send(&held, suite_bytes(data, SIZE))) == 0 && sent < 10000)
            sent++;
        expect_code(&held, r, HPRPC_EBUSY);
        call_some(&hall, data);
        hall_watch(&hall, 3000);
        /* there may have been no room in the channel before there was no window */
        while ((r = conform_stream_hold_send(&held, suite_bytes(data, SIZE))) == 0 && sent < 10000)
            sent++;
        expect_code(&held, r, HPRPC_EBUSY);
        assert_in_range(sent, 2, (1 << 20) / SIZE);
        assert_int_equal(conform_stream_hold_next(&held, &number), HPRPC_EBUSY);
        assert_true(atomic_load(&hall.room.memory.highest) < 12 << 20);
        assert_false(hprpc_pending_call_done(held.pending));
        streams_release(&hall.streams);
        expect_code(&held, conform_stream_hold_finish(&held), 0);
        hprpc_call_clear(&held);
        hall_close(&hall);
    }
    free(data);
}

/* ---- Many at once ---- */

static void a_thousand_streams(void **state)
{
    enum { COUNT = 1000, ELEMENTS = 40, IDLE = 500 };
    struct hprpc_call *calls = calloc(COUNT, sizeof(*calls));
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hall hall;

    (void)state;
    assert_non_null(calls);
    options.stream_elements = 8;
    hall_open(&hall, STREAM_INLINE, NULL, &options);
    for (int i = 0; i < COUNT; i++) {
        calls[i] = stream_call();
        expect_code(&calls[i], conform_stream_watch_start(&hall.stream, &calls[i], ELEMENTS, false), 0);
    }
    for (int n = 0; n < ELEMENTS; n++)
        for (int i = 0; i < COUNT; i++)
            if (i != IDLE)
                expect_sample(&calls[i], n);
    assert_int_equal(conform_probe_poke(&hall.probe, NULL), 0);
    for (int i = 0; i < COUNT; i++) {
        if (i != IDLE)
            expect_code(&calls[i], conform_stream_watch_finish(&calls[i]), 0);
        hprpc_call_clear(&calls[i]);
    }
    assert_true(atomic_load(&hall.streams.waits) >= COUNT);
    hall_watch(&hall, 100);
    hall_close(&hall);
    free(calls);
}

/* Streams without a reader share a bound, which holds neither calls nor streams up that are read. */
static void a_bound_for_all_streams(void **state)
{
    enum { COUNT = 64, SIZE = 20000 };
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call calls[COUNT];
    struct hall hall;

    (void)state;
    options.max_stream_bytes = 2 << 20;
    hall_open(&hall, STREAM_INLINE, NULL, &options);
    for (int i = 0; i < COUNT; i++) {
        calls[i] = stream_call();
        expect_code(&calls[i], conform_stream_read_start(&hall.stream, &calls[i], 500, SIZE), 0);
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(conform_probe_poke(&hall.probe, NULL), 0);
    hall_watch(&hall, 3000);
    assert_true(atomic_load(&hall.room.memory.highest) < 16 << 20);
    for (int i = 0; i < COUNT; i++) {
        for (uint32_t n = 0; n < 5; n++)
            expect_part(&calls[i], SIZE, n);
        hprpc_call_clear(&calls[i]);
    }
    hall_close(&hall);
}

/* ---- Without waiting ---- */

/* A client in an event loop: it sends and reads what goes without waiting, and is called when more does. */
struct walker {
    struct hprpc_call call;
    int sent, read, count;
    bool ended;
    int outcome; /* 1 while it goes on */
    unsigned calls;
};

static void walk(void *self, uint32_t events);

/* Sends until the window is full. Returns 0, or why not. */
static int walk_up(struct walker *walker)
{
    struct kodosis_string tag = kodosis_str("tag");
    struct conform_record record = { .name = kodosis_str("a record"), .tags = { &tag, 1 } };
    int r = 0;

    while (walker->sent < walker->count && (r = conform_stream_mirror_send(&walker->call, &record)) == 0)
        walker->sent++;
    if (r == 0 && !walker->ended) {
        walker->ended = true;
        r = hprpc_call_end(&walker->call);
    }
    return r;
}

static int walk_down(struct walker *walker)
{
    struct conform_record record;
    int r;

    while ((r = conform_stream_mirror_next(&walker->call, &record)) == 1)
        walker->read += record.sum == 1;
    return r;
}

static void walk(void *self, uint32_t events)
{
    struct walker *walker = self;
    int up = walk_up(walker), down = walk_down(walker);

    (void)events;
    walker->calls++;
    if (down == HPRPC_EBUSY) {
        uint32_t wanted = HPRPC_STREAM_READABLE | (up == HPRPC_EBUSY ? HPRPC_STREAM_WRITABLE : 0);

        down = hprpc_call_notify(&walker->call, wanted, walk, walker);
        if (down == 0)
            return;
    }
    walker->outcome = down;
}

static void in_an_event_loop(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++) {
        struct walker walker = { .count = 4000, .outcome = 1 };
        struct pollfd watched = { .events = POLLIN };
        struct hall hall;

        hall_open_pumped(&hall, (enum stream_way)way, HPRPC_PUMP_LOOP);
        watched.fd = hprpc_client_descriptor(hall.client);
        walker.call = stream_call();
        walker.call.flags = HPRPC_CALL_NO_WAIT;
        expect_code(&walker.call, conform_stream_mirror_start(&hall.stream, &walker.call), 0);
        walk(&walker, 0);
        while (walker.outcome == 1) {
            assert_true(poll(&watched, 1, hprpc_client_timeout(hall.client)) >= 0);
            assert_int_equal(hprpc_client_process(hall.client), 0);
        }
        expect_code(&walker.call, walker.outcome, 0);
        assert_int_equal(walker.read, walker.count);
        assert_true(walker.calls > 1);
        walker.call.flags = 0;
        expect_code(&walker.call, conform_stream_mirror_finish(&walker.call), 0);
        hprpc_call_clear(&walker.call);
        hall_close(&hall);
    }
}

/* A handler on the thread that pumps is never held up: it is told, defers, and goes on when it is called. */
static void a_handler_never_waits_inline(void **state)
{
    struct hprpc_call down = stream_call(), up = stream_call();
    struct hall hall;
    int64_t sum;

    (void)state;
    hall_open(&hall, STREAM_INLINE, NULL, NULL);
    expect_code(&down, conform_stream_watch_start(&hall.stream, &down, 20000, false), 0);
    expect_code(&up, conform_stream_add_start(&hall.stream, &up), 0);
    assert_int_equal(conform_probe_poke(&hall.probe, NULL), 0);
    suite_await(&hall.streams.refusals, 2);
    suite_await(&hall.streams.waits, 2);
    for (int i = 0; i < 20000; i++)
        expect_sample(&down, i);
    for (int64_t i = 0; i < 20000; i++)
        expect_code(&up, conform_stream_add_send(&up, 1), 0);
    expect_code(&down, conform_stream_watch_finish(&down), 0);
    expect_code(&up, conform_stream_add_finish(&up, &sum), 0);
    assert_int_equal(sum, 20000);
    assert_true(atomic_load(&hall.streams.waits) > 4);
    hprpc_call_clear(&down);
    hprpc_call_clear(&up);
    hall_close(&hall);
}

static const struct CMUnitTest tests[] = {
    fixture_test(large_elements),
    fixture_test(too_large_an_element),
    fixture_test(many_small_elements),
    fixture_test(sent_and_read_at_once),
    fixture_test(a_stream_that_is_never_read),
    fixture_test(a_stream_that_the_server_never_reads),
    fixture_test(a_thousand_streams),
    fixture_test(a_bound_for_all_streams),
    fixture_test(in_an_event_loop),
    fixture_test(a_handler_never_waits_inline),
};

const struct chapter stream_flow_chapter = { "stream-flow", tests, sizeof(tests) / sizeof(tests[0]) };
