/* SPDX-License-Identifier: MIT */
/* A peer that exists and sends nothing, because its process is suspended: deadlines, late replies, keepalive. */
#include "conformance/suite.h"

/* Calls a suspended server until its deadline; then the server goes on, and its late replies are dropped. */
static void suspended_server(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int i = 0; i < 3; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call call = HPRPC_CALL_INIT, posted = HPRPC_CALL_INIT;
        struct patience patience = patience_begin();
        struct hprpc_statistics statistics;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct process process;
        struct room room;
        int32_t value;

        room_open(&room);
        process_serve(&process);
        strcpy(room.uri, process.uri);
        options.pump = suite_pumps[i];
        client = room_connect(&room, "", &options, &proxy);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        process_suspend(&process);
        call.timeout_ms = posted.timeout_ms = 30;
        assert_int_equal(conform_probe_later_start(&proxy, &posted, 1, false), 0);
        assert_int_equal(conform_probe_poke(&proxy, &call), HPRPC_EDEADLINE);
        assert_int_equal(conform_probe_later_finish(&posted, &value), HPRPC_EDEADLINE);
        assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_READY);
        process_resume(&process);
        do {
            assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
            hprpc_controller_statistics(hprpc_client_controller(client), &statistics);
        } while (statistics.late_replies < 2 && try_again(&patience));
        assert_int_equal(statistics.late_replies, 2);
        assert_int_equal(statistics.stray_replies, 0);
        assert_int_equal(conform_probe_later(&proxy, NULL, 8, false, &value), 0);
        assert_int_equal(value, 8);
        hprpc_call_clear(&call);
        hprpc_call_clear(&posted);
        process_kill(&process);
        process_sweep(&process);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* A client that is always pumped notices that its server is silent; another client never asks. */
static void silent_server(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int i = 0; i < 3; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct process process;
        struct diary diary;
        struct room room;
        int32_t value;

        room_open(&room);
        process_serve(&process);
        strcpy(room.uri, process.uri);
        options.pump = suite_pumps[i];
        options.keepalive_ms = 100;
        diary_open(&diary, &options);
        client = room_connect(&room, "", &options, &proxy);
        process_suspend(&process);
        call.timeout_ms = options.pump == HPRPC_PUMP_CALLER ? 500 : 0;
        assert_int_equal(conform_probe_later_start(&proxy, &call, 1, true), 0);
        if (options.pump == HPRPC_PUMP_LOOP)
            assert_int_equal(suite_drive(client, call.pending), HPRPC_EPEERDIED);
        if (options.pump == HPRPC_PUMP_CALLER) {
            assert_int_equal(conform_probe_later_finish(&call, &value), HPRPC_EDEADLINE);
            process_resume(&process);
            assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        } else {
            assert_int_equal(conform_probe_later_finish(&call, &value), HPRPC_EPEERDIED);
            assert_true(call.detail && call.detail[0]);
            suite_await(&diary.count, 3);
            assert_int_equal(conform_probe_poke(&proxy, NULL), HPRPC_ENOTSENT);
        }
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        if (options.pump == HPRPC_PUMP_CALLER)
            diary_check(&diary, HPRPC_CLIENT_CLOSED, HPRPC_EMAYBE);
        else
            diary_check(&diary, HPRPC_CLIENT_BROKEN, HPRPC_EPEERDIED);
        process_kill(&process);
        process_sweep(&process);
        room_close(&room);
    }
}

/* A server ends the connection of a suspended client if that client is always pumped. */
static void silent_client(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct process calling, pumping;
    struct room room;

    (void)state;
    if (!transport->processes)
        skip();
    options.keepalive_ms = 100;
    room_serve(&room, "", &options);
    process_call(&calling, room.uri, HPRPC_PUMP_CALLER);
    process_call(&pumping, room.uri, HPRPC_PUMP_THREAD);
    suite_await(&room.probe.kept, 2);
    process_suspend(&calling);
    process_suspend(&pumping);
    suite_await(&room.probe.cancelled, 1);
    process_kill(&pumping);
    /* the other client has been silent as long, and keeps its connection */
    assert_int_equal(atomic_load(&room.probe.cancelled), 1);
    process_kill(&calling);
    suite_await(&room.probe.cancelled, 2);
    room_close(&room);
}

/* An idle connection stays as long as both sides live. */
static void quiet_but_alive(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct conform_probe_proxy proxies[2];
    struct hprpc_client *clients[2];
    struct hprpc_call calls[2];
    struct room room;
    int32_t value;

    (void)state;
    options.keepalive_ms = 100;
    room_serve(&room, "", &options);
    for (int i = 0; i < 2; i++) {
        struct hprpc_client_options own = HPRPC_CLIENT_OPTIONS_INIT;

        own.pump = suite_pumps[i + 1];
        own.keepalive_ms = 100;
        clients[i] = room_connect(&room, "", &own, &proxies[i]);
        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        /* twice as long as the silence that would end the connection; the test must wait that time */
        calls[i].timeout_ms = 600;
        assert_int_equal(conform_probe_later_start(&proxies[i], &calls[i], i, true), 0);
    }
    suite_drive(clients[0], calls[0].pending);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(conform_probe_later_finish(&calls[i], &value), HPRPC_EDEADLINE);
        assert_int_equal(hprpc_client_state(clients[i]), HPRPC_CLIENT_READY);
        assert_int_equal(conform_probe_poke(&proxies[i], NULL), 0);
        hprpc_call_clear(&calls[i]);
        hprpc_client_free(clients[i]);
    }
    room_close(&room);
}

static const struct CMUnitTest tests[] = {
    fixture_test(suspended_server),
    fixture_test(silent_server),
    fixture_test(silent_client),
    fixture_test(quiet_but_alive),
};

const struct chapter silence_chapter = { "silence", tests, sizeof(tests) / sizeof(tests[0]) };
