/* SPDX-License-Identifier: MIT */
/* A connection that ends while requests are unanswered keeps memory but no descriptor, and still counts. */
#include "conformance/suite.h"

#include <fcntl.h>

enum { HELD = 3 };

/* A client makes a call that is not answered, and leaves. */
static void ask_and_go(struct room *room, enum hprpc_pump pump)
{
    unsigned kept = atomic_load(&room->probe.kept);
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client = room_connect_pumped(room, pump, &proxy);

    assert_int_equal(conform_probe_later_start(&proxy, &call, 1, false), 0);
    if (pump == HPRPC_PUMP_LOOP)
        assert_int_equal(hprpc_client_process(client), 0);
    suite_await(&room->probe.kept, kept + 1);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
}

static void await_descriptors(int wanted)
{
    struct patience patience = patience_begin();

    while (suite_descriptors() != wanted && try_again(&patience))
        ;
    assert_int_equal(suite_descriptors(), wanted);
}

/* Connects and leaves. Returns 0, or the code with which the server refuses. */
static int knock(struct room *room, struct hprpc_detail *ret_detail)
{
    struct hprpc_client *client;
    int r = hprpc_client_connect(room->context, room->uri, NULL, ret_detail, &client);

    if (r == 0)
        hprpc_client_free(client);
    return r;
}

static void without_descriptors(void **state)
{
    (void)state;
    for (uint32_t workers = 0; workers <= 2; workers += 2) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct patience patience;
        struct hprpc_detail detail = { "" };
        struct room room;
        int before;

        options.workers = workers;
        options.max_connections = HELD;
        room_serve(&room, "", &options);
        before = suite_descriptors() + transport->late_descriptors;
        atomic_store(&room.probe.hold, true);
        for (int i = 0; i < HELD; i++)
            ask_and_go(&room, suite_pumps[i % 3]);
        await_descriptors(before);

        assert_int_equal(knock(&room, &detail), HPRPC_EREFUSED);
        assert_non_null(strstr(detail.text, "3 connections that ended before it answered"));

        atomic_store(&room.probe.hold, false);
        patience = patience_begin();
        while (knock(&room, &detail) < 0 && try_again(&patience))
            ;
        assert_int_equal(knock(&room, &detail), 0);
        room_close(&room);
    }
}

/* A caller keeps replies after its client is freed. */
static void replies_without_descriptors(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxy;
    struct kodosis_bytes reply;
    struct hprpc_client *client;
    struct room room;
    uint8_t *data = suite_data(3000, 1);
    int before;

    (void)state;
    room_serve(&room, "", NULL);
    before = suite_descriptors() + transport->late_descriptors;
    client = room_connect_pumped(&room, HPRPC_PUMP_CALLER, &proxy);
    assert_int_equal(conform_probe_echo(&proxy, &call, suite_bytes(data, 3000), &reply), 0);
    hprpc_client_free(client);
    await_descriptors(before);
    assert_int_equal(reply.size, 3000);
    assert_memory_equal(reply.data, data, 3000);
    hprpc_call_clear(&call);
    free(data);
    room_close(&room);
}

/* Calls that found no connection keep their sentences after the client is freed. */
static void sentences_outlive_the_client(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct hprpc_call calls[3] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT };
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct kodosis_bytes reply;
        struct room room;
        char said[3][200];

        room_serve(&room, "", NULL);
        client = room_connect_pumped(&room, suite_pumps[i], &proxy);
        hprpc_client_close(client);
        assert_int_equal(conform_probe_echo(&proxy, &calls[0], suite_bytes(NULL, 0), &reply), HPRPC_ENOTSENT);
        assert_int_equal(conform_probe_later_start(&proxy, &calls[1], 1, false), HPRPC_ENOTSENT);
        assert_int_equal(conform_probe_note(&proxy, &calls[2], 1, suite_bytes(NULL, 0)), HPRPC_ENOTSENT);
        for (size_t j = 0; j < 3; j++)
            snprintf(said[j], sizeof(said[j]), "%s", calls[j].detail);
        hprpc_client_free(client);
        for (size_t j = 0; j < 3; j++) {
            assert_true(calls[j].detail[0]);
            assert_string_equal(calls[j].detail, said[j]);
            hprpc_call_clear(&calls[j]);
        }
        room_close(&room);
    }
}

/* How many descriptors a program would inherit that this one starts. */
static int count_inherited(void)
{
    enum { HIGHEST = 1024 };
    int count = 0;

    for (int fd = 0; fd < HIGHEST; fd++) {
        int flags = fcntl(fd, F_GETFD);

        count += flags >= 0 && !(flags & FD_CLOEXEC);
    }
    return count;
}

/* No descriptor of a listener, a server, a client or a connection, nor of one that is lost, goes on to a program that is started. */
static void none_is_inherited(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options waits = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxies[4];
    struct hprpc_client *clients[4];
    struct kodosis_bytes reply;
    struct room room;
    int before;

    (void)state;
    options.loops = 2;
    options.workers = 1;
    before = count_inherited();
    room_serve(&room, "", &options);
    for (size_t i = 0; i < 3; i++) {
        clients[i] = room_connect_pumped(&room, suite_pumps[i], &proxies[i]);
        assert_int_equal(conform_probe_echo(&proxies[i], &call, suite_bytes("x", 1), &reply), 0);
    }
    waits.pump = HPRPC_PUMP_THREAD;
    clients[3] = room_connect(&room, strchr(room.uri, '?') ? "&reconnect=yes" : "?reconnect=yes", &waits, &proxies[3]);
    assert_int_equal(conform_probe_echo(&proxies[3], &call, suite_bytes("x", 1), &reply), 0);
    assert_int_equal(count_inherited(), before);
    hprpc_call_clear(&call);
    room_stop(&room);
    /* the last one rests, and watches for the name */
    suite_await_state(clients[3], HPRPC_CLIENT_RECONNECTING);
    assert_int_equal(count_inherited(), before);
    for (size_t i = 0; i < 4; i++)
        hprpc_client_free(clients[i]);
    room_close(&room);
}

/* A connection that came in place of another one has the descriptors of the first, and none of the wait between them. */
static void a_second_connection_costs_no_more(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    struct kodosis_bytes reply;
    struct room room;
    int before;

    (void)state;
    room_serve(&room, "", NULL);
    options.pump = HPRPC_PUMP_THREAD;
    client = room_connect(&room, strchr(room.uri, '?') ? "&reconnect=yes" : "?reconnect=yes", &options, &proxy);
    assert_int_equal(conform_probe_echo(&proxy, &call, suite_bytes("x", 1), &reply), 0);
    before = suite_descriptors();
    for (int i = 0; i < 2; i++) {
        room_stop(&room);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        room_serve_again(&room, NULL);
        suite_await_state(client, HPRPC_CLIENT_READY);
        assert_int_equal(conform_probe_echo(&proxy, &call, suite_bytes("x", 1), &reply), 0);
        await_descriptors(before);
    }
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    room_close(&room);
}

static const struct CMUnitTest tests[] = { fixture_test(sentences_outlive_the_client), fixture_test(none_is_inherited),
                                           fixture_test(a_second_connection_costs_no_more),
                                           fixture_test(without_descriptors),
                                           fixture_test(replies_without_descriptors) };

const struct chapter held_chapter = { "held", tests, sizeof(tests) / sizeof(tests[0]) };
