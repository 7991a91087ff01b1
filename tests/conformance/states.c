/* SPDX-License-Identifier: MIT */
/* What `changed` is told: connecting, ready, and why the connection ended; each once, in every mode. */
#include "conformance/suite.h"

static void drive_to_the_end(struct hprpc_client *client, const struct conform_probe_proxy *proxy, struct diary *diary,
                             enum hprpc_pump pump)
{
    struct patience patience = patience_begin();

    /* with HPRPC_PUMP_CALLER, only a call notices the end */
    if (pump == HPRPC_PUMP_CALLER)
        assert_true(conform_probe_poke(proxy, NULL) < 0);
    while (atomic_load(&diary->count) < 3 && try_again(&patience)) {
        if (pump == HPRPC_PUMP_LOOP)
            hprpc_client_process(client);
    }
}

static void closed_on_this_side(void **state)
{
    struct room room;

    (void)state;
    room_serve(&room, "", NULL);
    for (int i = 0; i < 6; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct diary diary;
        bool free_at_once = i % 2;

        options.pump = suite_pumps[i / 2];
        diary_open(&diary, &options);
        client = room_connect(&room, "", &options, &proxy);
        assert_int_equal(atomic_load(&diary.count), 2);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        if (!free_at_once) {
            hprpc_client_close(client);
            assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_CLOSED);
            hprpc_client_close(client);
        }
        hprpc_client_free(client);
        diary_check(&diary, HPRPC_CLIENT_CLOSED, HPRPC_EMAYBE);
    }
    room_close(&room);
}

static void the_server_stopped(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct diary diary;
        struct room room;

        room_serve(&room, "", NULL);
        options.pump = suite_pumps[i];
        diary_open(&diary, &options);
        client = room_connect(&room, "", &options, &proxy);
        room_stop(&room);
        drive_to_the_end(client, &proxy, &diary, options.pump);
        assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_BROKEN);
        hprpc_client_close(client);
        assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_BROKEN);
        hprpc_client_free(client);
        diary_check(&diary, HPRPC_CLIENT_BROKEN, HPRPC_EMAYBE);
        room_close(&room);
    }
}

static void the_server_was_killed(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int i = 0; i < 3; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct process process;
        struct diary diary;
        struct room room;

        room_open(&room);
        process_serve(&process);
        strcpy(room.uri, process.uri);
        options.pump = suite_pumps[i];
        diary_open(&diary, &options);
        client = room_connect(&room, "", &options, &proxy);
        process_kill(&process);
        process_sweep(&process);
        drive_to_the_end(client, &proxy, &diary, options.pump);
        hprpc_client_free(client);
        diary_check(&diary, HPRPC_CLIENT_BROKEN, HPRPC_EPEERDIED);
        room_close(&room);
    }
}

/* A client that never gets an answer is not told READY. */
static void never_ready(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client = NULL;
    struct diary diary;
    struct room room;

    (void)state;
    room_prepare(&room, NULL);
    suite_uri(transport, "", room.uri, sizeof(room.uri));
    assert_int_equal(hprpc_server_listen(room.server, room.uri, NULL), 0);
    assert_int_equal(hprpc_server_address(room.server, 0, room.uri, sizeof(room.uri)), 0);
    options.connect_timeout_ms = 10;
    for (int i = 0; i < 3; i++) {
        options.pump = suite_pumps[i];
        diary_open(&diary, &options);
        assert_int_equal(hprpc_client_connect(room.context, room.uri, &options, NULL, &client), HPRPC_EDEADLINE);
        assert_null(client);
        assert_int_equal(atomic_load(&diary.count), 2);
        assert_int_equal(diary.entries[0].state, HPRPC_CLIENT_CONNECTING);
        assert_int_equal(diary.entries[1].state, HPRPC_CLIENT_BROKEN);
        assert_int_equal(diary.entries[1].code, HPRPC_EDEADLINE);
        assert_true(diary.entries[1].reason[0]);
    }
    room_close(&room);
}

static const struct CMUnitTest tests[] = {
    fixture_test(closed_on_this_side),
    fixture_test(the_server_stopped),
    fixture_test(the_server_was_killed),
    fixture_test(never_ready),
};

const struct chapter states_chapter = { "states", tests, sizeof(tests) / sizeof(tests[0]) };
