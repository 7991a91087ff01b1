/* SPDX-License-Identifier: MIT */
/* Ends of streams: cancelled by either side, deadlines, closed and stopped in the middle. Each side ends once, with one code. */
#include "conformance/hall.h"

/* Reads what is still there, up to the code that ends it. */
static int drain(struct hprpc_call *call)
{
    int64_t number;
    int r;

    while ((r = conform_stream_endless_next(call, &number)) == 1)
        continue;
    return r;
}

static void expect_given_up(struct hall *hall, unsigned count)
{
    suite_await(&hall->streams.over, count);
    assert_int_equal(atomic_load(&hall->streams.given_up), count);
}

/* ---- Cancelled ---- */

enum { STEPS = 4 };

/* Starts Endless and stops in the middle: at once, behind one element, in front of a full window, and where none is left. */
static struct hprpc_call start_endless(struct hall *hall, int step)
{
    struct hprpc_call call = stream_call();
    int64_t number;

    expect_code(&call, conform_stream_endless_start(&hall->stream, &call), 0);
    for (int i = 0; i < (step == 1 ? 1 : step == 3 ? 1000 : 0); i++) {
        expect_code(&call, conform_stream_endless_next(&call, &number), 1);
        assert_int_equal(number, i);
    }
    if (step == 2) /* in the handler's way, which starts it, and fills the window */
        suite_await(&hall->streams.started, 1);
    return call;
}

static void cancelled_by_the_client(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++)
        for (int i = 0; i < 3; i++) {
            struct hall hall;

            hall_open_pumped(&hall, (enum stream_way)way, suite_pumps[i]);
            for (int step = 0; step < STEPS; step++) {
                struct hprpc_call call = start_endless(&hall, step);

                hprpc_pending_call_cancel(call.pending);
                assert_true(hprpc_pending_call_done(call.pending));
                expect_code(&call, drain(&call), HPRPC_ECANCELLED);
                expect_code(&call, conform_stream_endless_finish(&call), HPRPC_ECANCELLED);
                hprpc_call_clear(&call);
                hall_watch(&hall, 100);
            }
            hall_close(&hall);
        }
}

static void cleared_by_the_client(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++) {
        struct hall hall;

        hall_open(&hall, (enum stream_way)way, NULL, NULL);
        for (int step = 0; step < STEPS; step++) {
            struct hprpc_call call = start_endless(&hall, step);

            hprpc_call_clear(&call);
        }
        assert_int_equal(conform_probe_poke(&hall.probe, NULL), 0);
        hall_close(&hall);
    }
}

struct waiter {
    struct hprpc_call *call;
    bool sends;
    atomic_bool waits;
    int r;
    pthread_t thread;
};

/* Waits in _next, or in the _send that finds no window. */
static void *wait_in_vain(void *argument)
{
    static uint8_t data[100000];
    struct waiter *waiter = argument;
    int64_t number;

    atomic_store(&waiter->waits, true);
    if (!waiter->sends)
        waiter->r = conform_stream_hold_next(waiter->call, &number);
    else
        do
            waiter->r = conform_stream_hold_send(waiter->call, suite_bytes(data, sizeof(data)));
        while (waiter->r == 0);
    return NULL;
}

static void start_waiting(struct hall *hall, struct hprpc_call *call, struct waiter *waiter, bool sends)
{
    struct patience patience = patience_begin();

    *call = stream_call();
    *waiter = (struct waiter){ .call = call, .sends = sends };
    expect_code(call, conform_stream_hold_start(&hall->stream, call), 0);
    assert_int_equal(pthread_create(&waiter->thread, NULL, wait_in_vain, waiter), 0);
    while (!atomic_load(&waiter->waits) && try_again(&patience))
        continue;
}

static void expect_woken(struct hprpc_call *call, struct waiter *waiter, int expected)
{
    assert_int_equal(pthread_join(waiter->thread, NULL), 0);
    expect_code(call, waiter->r, expected);
    expect_code(call, conform_stream_hold_finish(call), expected);
    hprpc_call_clear(call);
}

/* A thread that waits in a stream is woken by its end, by either side. */
static void an_end_wakes_who_waits(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        for (int sends = 0; sends < 2; sends++) {
            struct hprpc_call call;
            struct waiter waiter;
            struct hall hall;

            hall_open_pumped(&hall, STREAM_INLINE, suite_pumps[i]);
            start_waiting(&hall, &call, &waiter, sends);
            suite_await(&hall.streams.held_count, 1);
            hprpc_pending_call_cancel(call.pending);
            expect_woken(&call, &waiter, HPRPC_ECANCELLED);
            streams_release(&hall.streams);

            start_waiting(&hall, &call, &waiter, sends);
            suite_await(&hall.streams.held_count, 1);
            hprpc_request_fail(hall.streams.held[0], HPRPC_EPERMISSION, "enough");
            atomic_store(&hall.streams.held_count, 0);
            atomic_fetch_add(&hall.streams.over, 1);
            expect_woken(&call, &waiter, HPRPC_EPERMISSION);

            start_waiting(&hall, &call, &waiter, sends);
            suite_await(&hall.streams.held_count, 1);
            hprpc_client_close(hall.client);
            expect_woken(&call, &waiter, HPRPC_EMAYBE);
            hall_close(&hall);
        }
}

/* ---- Time ---- */

static void the_deadline_of_the_whole(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++)
        for (int i = 0; i < 3; i++) {
            struct hprpc_call call = HPRPC_CALL_INIT;
            struct hall hall;

            hall_open_pumped(&hall, (enum stream_way)way, suite_pumps[i]);
            call.timeout_ms = 30;
            expect_code(&call, conform_stream_endless_start(&hall.stream, &call), 0);
            expect_code(&call, drain(&call), HPRPC_EDEADLINE);
            expect_code(&call, conform_stream_endless_finish(&call), HPRPC_EDEADLINE);
            hprpc_call_clear(&call);
            call.timeout_ms = 30;
            expect_code(&call, conform_stream_hold_start(&hall.stream, &call), 0);
            expect_code(&call, conform_stream_hold_finish(&call), HPRPC_EDEADLINE);
            hprpc_call_clear(&call);
            hall_watch(&hall, 10);
            hall_close(&hall);
        }
}

/* The client's default is for calls. */
static void no_deadline_unless_one_is_said(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call call = HPRPC_CALL_INIT, gate = HPRPC_CALL_INIT;
    struct hall hall;

    (void)state;
    options.timeout_ms = 50;
    hall_open(&hall, STREAM_INLINE, NULL, &options);
    expect_code(&call, conform_stream_hold_start(&hall.stream, &call), 0);
    expect_code(&gate, conform_probe_later(&hall.probe, &gate, 1, true, &(int32_t){ 0 }), HPRPC_EDEADLINE);
    expect_code(&gate, conform_probe_later(&hall.probe, &gate, 1, true, &(int32_t){ 0 }), HPRPC_EDEADLINE);
    assert_false(hprpc_pending_call_done(call.pending));
    suite_await(&hall.streams.held_count, 1);
    streams_release(&hall.streams);
    expect_code(&call, conform_stream_hold_finish(&call), 0);
    hprpc_call_clear(&gate);
    hprpc_call_clear(&call);
    hall_close(&hall);
}

/* A caller that hears nothing ends the call. */
static void nothing_moves_at_the_client(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call call = stream_call();
        struct hall hall;
        int64_t number;

        options.pump = suite_pumps[i];
        options.stream_idle_ms = 30;
        hall_open(&hall, STREAM_INLINE, NULL, &options);
        expect_code(&call, conform_stream_hold_start(&hall.stream, &call), 0);
        expect_code(&call, conform_stream_hold_next(&call, &number), HPRPC_EDEADLINE);
        expect_code(&call, conform_stream_hold_finish(&call), HPRPC_EDEADLINE);
        hprpc_call_clear(&call);
        hall_close(&hall);
    }
}

/* A handler that waits for a caller who says nothing gives up. */
static void nothing_moves_at_the_server(void **state)
{
    static const enum stream_way ways[] = { STREAM_WORKER, STREAM_DEFERRED };

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct hprpc_client_options client = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_server_options server = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_call call = stream_call();
        struct hall hall;
        int64_t number;

        client.pump = suite_pumps[i % 3];
        server.stream_idle_ms = 30;
        hall_open(&hall, ways[i % 2], &server, &client);
        expect_code(&call, conform_stream_add_start(&hall.stream, &call), 0);
        expect_code(&call, conform_stream_add_send(&call, 1), 0);
        expect_code(&call, hprpc_pending_call_wait(call.pending, STREAM_TIMEOUT_MS), 0);
        expect_code(&call, conform_stream_add_finish(&call, &number), HPRPC_EDEADLINE);
        expect_given_up(&hall, 1);
        assert_int_equal(atomic_load(&hall.streams.code), HPRPC_EDEADLINE);
        hprpc_call_clear(&call);
        hall_close(&hall);
    }
}

/* ---- Closed and stopped ---- */

static void closed_by_the_client(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++)
        for (int step = 0; step < STEPS; step++) {
            struct hprpc_call call, up = stream_call();
            struct hall hall;
            uint64_t answer;

            hall_open_pumped(&hall, (enum stream_way)way, suite_pumps[step % 3]);
            call = start_endless(&hall, step);
            expect_code(&up, conform_stream_upload_start(&hall.stream, &up, UINT32_MAX), 0);
            for (uint32_t i = 0; i < 3; i++)
                send_part(&up, step == 2 ? 200000 : 20, i);
            suite_await(&hall.streams.started, 2);
            hprpc_client_close(hall.client);
            expect_code(&call, drain(&call), HPRPC_EMAYBE);
            expect_code(&call, conform_stream_endless_finish(&call), HPRPC_EMAYBE);
            expect_code(&up, conform_stream_upload_finish(&up, &answer), HPRPC_EMAYBE);
            expect_given_up(&hall, 2);
            hprpc_call_clear(&call);
            hprpc_call_clear(&up);
            hall_close(&hall);
        }
}

/* Over TCP, what a client sends to a server that is gone may throw away what that server has said last. */
static void expect_stopped(const struct hprpc_call *call, int r)
{
    if (r != HPRPC_ECANCELLED && r != HPRPC_ECLOSED && r != HPRPC_EPEERDIED)
        expect_code(call, r, HPRPC_EMAYBE);
}

/* A stop waits for streams as for calls, until its time-out. */
static void the_server_stops_amid_streams(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++)
        for (int step = 0; step < STEPS; step++) {
            struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
            struct hprpc_call call, idle = stream_call();
            struct hall hall;
            int64_t sum;
            int r;

            options.stop_timeout_ms = 20;
            hall_open(&hall, (enum stream_way)way, &options, NULL);
            call = start_endless(&hall, step);
            expect_code(&idle, conform_stream_add_start(&hall.stream, &idle), 0);
            expect_code(&idle, conform_stream_add_send(&idle, 1), 0);
            suite_await(&hall.streams.started, 2);
            room_stop(&hall.room);
            expect_given_up(&hall, 2);
            r = drain(&call);
            expect_stopped(&call, r);
            expect_code(&call, conform_stream_endless_finish(&call), r);
            r = conform_stream_add_finish(&idle, &sum);
            expect_stopped(&idle, r);
            hprpc_call_clear(&call);
            hprpc_call_clear(&idle);
            hall_close(&hall);
        }
}

static void a_stop_lets_streams_end(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_call down = stream_call(), up = stream_call();
        struct hall hall;
        int64_t sum;

        options.stop_timeout_ms = 60000;
        hall_open(&hall, (enum stream_way)way, &options, NULL);
        expect_code(&down, conform_stream_watch_start(&hall.stream, &down, 5000, false), 0);
        expect_code(&up, conform_stream_add_start(&hall.stream, &up), 0);
        expect_sample(&down, 0);
        suite_await(&hall.streams.started, 2);
        hprpc_server_stop(hall.room.server);
        for (int i = 1; i < 5000; i++) {
            expect_sample(&down, i);
            expect_code(&up, conform_stream_add_send(&up, i), 0);
        }
        expect_code(&down, conform_stream_watch_finish(&down), 0);
        expect_code(&up, conform_stream_add_finish(&up, &sum), 0);
        assert_int_equal(sum, 4999 * 5000 / 2);
        hprpc_call_clear(&down);
        hprpc_call_clear(&up);
        hall_close(&hall);
    }
}

/* ---- Nothing is left ---- */

static void streams_come_and_go(void **state)
{
    enum { ROUNDS = 24 };
    long long highest = 0;
    struct hall hall;

    (void)state;
    hall_open(&hall, STREAM_INLINE, NULL, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        struct hprpc_call call = start_endless(&hall, round % STEPS), large = stream_call();

        expect_code(&large, conform_stream_read_start(&hall.stream, &large, 3, 300000), 0);
        expect_part(&large, 300000, 0);
        hprpc_call_clear(&large);
        hall_watch(&hall, 100);
        hprpc_call_clear(&call);
        assert_int_equal(conform_probe_poke(&hall.probe, NULL), 0);
        if (round == ROUNDS / 2)
            highest = atomic_load(&hall.room.memory.highest);
    }
    /* the second half takes no more than the first, but for what a late cancellation leaves a moment longer */
    assert_true(atomic_load(&hall.room.memory.highest) < highest + (4 << 20));
    hall_close(&hall);
}

static const struct CMUnitTest tests[] = {
    fixture_test(cancelled_by_the_client),
    fixture_test(cleared_by_the_client),
    fixture_test(an_end_wakes_who_waits),
    fixture_test(the_deadline_of_the_whole),
    fixture_test(no_deadline_unless_one_is_said),
    fixture_test(nothing_moves_at_the_client),
    fixture_test(nothing_moves_at_the_server),
    fixture_test(closed_by_the_client),
    fixture_test(the_server_stops_amid_streams),
    fixture_test(a_stop_lets_streams_end),
    fixture_test(streams_come_and_go),
};

const struct chapter stream_ends_chapter = { "stream-ends", tests, sizeof(tests) / sizeof(tests[0]) };
