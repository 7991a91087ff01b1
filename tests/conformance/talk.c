/* SPDX-License-Identifier: MIT */
/* Callbacks, late answers, cancellation and deadlines. */
#include <poll.h>

#include "conformance/suite.h"

static void callbacks_to_a_depth(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct room room;
    struct probe own;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    int32_t count;

    (void)state;
    for (uint32_t workers = 0; workers < 2; workers++) {
        options.workers = workers;
        options.max_depth = 8;
        room_serve(&room, "", &options);
        probe_init(&own);
        client = room_connect(&room, "", NULL, &proxy);
        /* the client offers nothing yet */
        assert_int_equal(conform_probe_bounce(&proxy, NULL, 1, &count), HPRPC_EUNIMPLEMENTED);
        assert_int_equal(conform_probe_serve(hprpc_client_controller(client), &probe_service, &own), 0);
        for (int32_t depth = 0; depth < 8; depth++) {
            assert_int_equal(conform_probe_bounce(&proxy, NULL, depth, &count), 0);
            assert_int_equal(count, depth + 1);
        }
        /* the server allows eight levels, counted over both sides; it receives the requests at depth 0, 2, 4 and 6 */
        assert_int_equal(conform_probe_bounce(&proxy, NULL, 20, &count), HPRPC_EBUSY);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_client_free(client);
        probe_clear(&own);
        room_close(&room);
    }
}

static void callbacks_from_many_clients(void **state)
{
    enum { CLIENTS = 5, CALLS = 10 };
    struct room room;
    struct probe own[CLIENTS];
    struct conform_probe_proxy proxies[CLIENTS];
    struct hprpc_client *clients[CLIENTS];
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call calls[CLIENTS];
    int32_t count;

    (void)state;
    options.pump = HPRPC_PUMP_THREAD;
    room_serve(&room, "", NULL);
    for (int i = 0; i < CLIENTS; i++) {
        probe_init(&own[i]);
        clients[i] = room_connect(&room, "", &options, &proxies[i]);
        assert_int_equal(conform_probe_serve(hprpc_client_controller(clients[i]), &probe_service, &own[i]), 0);
    }
    for (int round = 0; round < CALLS; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_bounce_start(&proxies[i], &calls[i], 3), 0);
        }
        for (int i = 0; i < CLIENTS; i++) {
            assert_int_equal(conform_probe_bounce_finish(&calls[i], &count), 0);
            assert_int_equal(count, 4);
            hprpc_call_clear(&calls[i]);
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(atomic_load(&own[i].bounced), 2 * CALLS);
        hprpc_client_free(clients[i]);
        probe_clear(&own[i]);
    }
    room_close(&room);
}

static void answers_from_another_thread(void **state)
{
    enum { COUNT = 100 };
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call calls[COUNT];
    struct hprpc_client *client;
    int32_t value;

    (void)state;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(conform_probe_later(&proxy, NULL, i, false, &value), 0);
        assert_int_equal(value, i);
    }
    for (int i = 0; i < COUNT; i++) {
        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        assert_int_equal(conform_probe_later_start(&proxy, &calls[i], i, false), 0);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(conform_probe_later_finish(&calls[i], &value), 0);
        assert_int_equal(value, i);
        hprpc_call_clear(&calls[i]);
    }
    hprpc_client_free(client);
    room_close(&room);
}

static void cancellation_reaches_the_handler(void **state)
{
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call call = HPRPC_CALL_INIT, cleared = HPRPC_CALL_INIT;
    struct hprpc_client *client;
    struct hprpc_statistics statistics;
    struct patience patience = patience_begin();
    int32_t value;

    (void)state;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    assert_int_equal(conform_probe_later_start(&proxy, &call, 1, true), 0);
    suite_await(&room.probe.kept, 1);
    assert_int_equal(hprpc_pending_call_wait(call.pending, 0), HPRPC_EAGAIN);
    hprpc_pending_call_cancel(call.pending);
    assert_true(hprpc_pending_call_done(call.pending));
    assert_int_equal(conform_probe_later_finish(&call, &value), HPRPC_ECANCELLED);
    suite_await(&room.probe.cancelled, 1);

    /* clearing an unfinished call cancels it */
    assert_int_equal(conform_probe_later_start(&proxy, &cleared, 2, true), 0);
    suite_await(&room.probe.kept, 2);
    hprpc_call_clear(&cleared);
    suite_await(&room.probe.cancelled, 2);

    /* the answers to these calls come late and are dropped */
    do {
        assert_int_equal(conform_probe_later(&proxy, NULL, 77, false, &value), 0);
        assert_int_equal(value, 77);
        hprpc_controller_statistics(hprpc_client_controller(client), &statistics);
    } while (statistics.late_replies < 2 && try_again(&patience));
    assert_int_equal(statistics.late_replies, 2);
    assert_int_equal(statistics.stray_replies, 0);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    room_close(&room);
}

static void deadlines_pass(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_THREAD };
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    int32_t value;

    (void)state;
    room_serve(&room, "", NULL);
    for (unsigned i = 0; i < 2; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call call = HPRPC_CALL_INIT, posted = HPRPC_CALL_INIT;

        options.pump = pumps[i];
        client = room_connect(&room, "", &options, &proxy);
        call.timeout_ms = 20;
        assert_int_equal(conform_probe_later(&proxy, &call, 1, true, &value), HPRPC_EDEADLINE);
        assert_non_null(call.detail);
        posted.timeout_ms = 20;
        assert_int_equal(conform_probe_later_start(&proxy, &posted, 1, true), 0);
        assert_int_equal(conform_probe_later_finish(&posted, &value), HPRPC_EDEADLINE);
        /* the server learns of the deadline from the request, or from the CANCEL */
        suite_await(&room.probe.cancelled, 2 * (i + 1));
        call.timeout_ms = 0;
        assert_int_equal(conform_probe_later(&proxy, &call, 5, false, &value), 0);
        assert_int_equal(value, 5);
        hprpc_call_clear(&call);
        hprpc_call_clear(&posted);
        hprpc_client_free(client);
    }
    room_close(&room);
}

/* ---- A client in an application's event loop ---- */

/* Processes until the descriptor is quiet. */
static void process_all(struct hprpc_client *client)
{
    struct pollfd poll_fd = { hprpc_client_descriptor(client), POLLIN, 0 };

    do
        assert_int_equal(hprpc_client_process(client), 0);
    while (poll(&poll_fd, 1, 0) > 0);
}

static void a_client_in_an_event_loop(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct room room;
    struct probe own;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    struct kodosis_bytes reply;
    uint8_t *data = suite_data(2 << 20, 9);
    int32_t value;

    (void)state;
    options.pump = HPRPC_PUMP_LOOP;
    room_serve(&room, "", NULL);
    probe_init(&own);
    client = room_connect(&room, "", &options, &proxy);
    assert_int_equal(conform_probe_serve(hprpc_client_controller(client), &probe_service, &own), 0);
    for (int i = 0; i < 30; i++) {
        struct hprpc_call echo = HPRPC_CALL_INIT, later = HPRPC_CALL_INIT, bounce = HPRPC_CALL_INIT;
        size_t size = i % 10 == 9 ? 2 << 20 : (size_t)i * 40;

        assert_int_equal(conform_probe_later_start(&proxy, &later, i, false), 0);
        assert_int_equal(suite_drive(client, later.pending), 0);
        assert_int_equal(conform_probe_echo_start(&proxy, &echo, suite_bytes(data, size)), 0);
        assert_int_equal(conform_probe_bounce_start(&proxy, &bounce, 3), 0);
        assert_int_equal(suite_drive(client, bounce.pending), 0);
        assert_int_equal(suite_drive(client, echo.pending), 0);
        assert_int_equal(conform_probe_later_finish(&later, &value), 0);
        assert_int_equal(value, i);
        assert_int_equal(conform_probe_bounce_finish(&bounce, &value), 0);
        assert_int_equal(value, 4);
        assert_int_equal(conform_probe_echo_finish(&echo, &reply), 0);
        assert_int_equal(reply.size, size);
        assert_memory_equal(reply.data, data, size);
        hprpc_call_clear(&echo);
        hprpc_call_clear(&later);
        hprpc_call_clear(&bounce);
        /* a synchronous call in between works too, and the descriptor still tells of other calls afterwards */
        atomic_store(&room.probe.hold, true);
        later.timeout_ms = 10000; /* if the descriptor does not tell */
        assert_int_equal(conform_probe_later_start(&proxy, &later, i, false), 0);
        process_all(client);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        atomic_store(&room.probe.hold, false);
        assert_int_equal(suite_drive(client, later.pending), 0);
        assert_int_equal(conform_probe_later_finish(&later, &value), 0);
        hprpc_call_clear(&later);
    }
    /* a deadline passes while the loop sleeps */
    struct hprpc_call expiring = HPRPC_CALL_INIT;
    expiring.timeout_ms = 20;
    assert_int_equal(conform_probe_later_start(&proxy, &expiring, 1, true), 0);
    assert_int_equal(suite_drive(client, expiring.pending), 0);
    assert_int_equal(conform_probe_later_finish(&expiring, &value), HPRPC_EDEADLINE);
    hprpc_call_clear(&expiring);
    hprpc_client_free(client);
    probe_clear(&own);
    room_close(&room);
    free(data);
}

static const struct CMUnitTest tests[] = {
    fixture_test(callbacks_to_a_depth),
    fixture_test(callbacks_from_many_clients),
    fixture_test(answers_from_another_thread),
    fixture_test(cancellation_reaches_the_handler),
    fixture_test(deadlines_pass),
    fixture_test(a_client_in_an_event_loop),
};

const struct chapter talk_chapter = { "talk", tests, sizeof(tests) / sizeof(tests[0]) };
