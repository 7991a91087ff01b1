/* SPDX-License-Identifier: MIT */
/* How a server stops: it refuses new calls, lets running calls finish, and does not wait beyond its deadline. */
#include <signal.h>

#include "conformance/suite.h"

/* Checks that a server that was told to stop refuses calls and connections. */
static void expect_turned_away(struct room *room, const struct conform_probe_proxy *proxy)
{
    struct patience patience = patience_begin();
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client = NULL;
    int r = 0;

    while (r == 0 && try_again(&patience))
        r = conform_probe_poke(proxy, NULL);
    /* the call came before the DRAIN of its loop, or after it */
    assert_true(r == HPRPC_EBUSY || r == HPRPC_ENOTSENT);
    options.connect_timeout_ms = 2000;
    assert_int_equal(hprpc_client_connect(room->context, room->uri, &options, NULL, &client), HPRPC_EREFUSED);
    assert_null(client);
}

/* Requests that are deferred or on a worker finish, with one loop and with several. */
static void what_runs_may_finish(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_call deferred = HPRPC_CALL_INIT, working = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxies[2];
        struct hprpc_client *clients[2];
        struct room room;
        int32_t value;

        options.workers = i % 2 ? 2 : 0;
        options.loops = i / 2 ? 2 : 1;
        options.stop_timeout_ms = HPRPC_NO_TIMEOUT;
        room_serve(&room, "", &options);
        for (int n = 0; n < 2; n++)
            clients[n] = room_connect(&room, "", NULL, &proxies[n]);
        atomic_store(&room.probe.hold, true);
        assert_int_equal(conform_probe_later_start(&proxies[0], &deferred, 5, false), 0);
        suite_await(&room.probe.kept, 1);
        if (options.workers) {
            assert_int_equal(conform_probe_gate_start(&proxies[1], &working, suite_bytes("", 0), false), 0);
            suite_await(&room.probe.inside, 1);
        }
        hprpc_server_stop(room.server);
        expect_turned_away(&room, &proxies[0]);
        expect_turned_away(&room, &proxies[1]);
        atomic_store(&room.probe.gate, true);
        if (options.workers)
            assert_int_equal(conform_probe_gate_finish(&working), 0);
        atomic_store(&room.probe.hold, false);
        assert_int_equal(conform_probe_later_finish(&deferred, &value), 0);
        assert_int_equal(value, 5);
        room_stop(&room);
        hprpc_call_clear(&deferred);
        hprpc_call_clear(&working);
        for (int n = 0; n < 2; n++) {
            assert_true(conform_probe_poke(&proxies[n], NULL) < 0);
            assert_int_equal(conform_probe_poke(&proxies[n], NULL), HPRPC_ENOTSENT);
            hprpc_client_free(clients[n]);
        }
        room_close(&room);
    }
}

/* Answers that were given before the stop arrive, also at a client that reads them slowly. */
static void answers_on_their_way_arrive(void **state)
{
    enum { COUNT = 3, SIZE = (4 << 20) + 123 };
    uint8_t *expected = malloc(SIZE);

    (void)state;
    assert_non_null(expected);
    memset(expected, 123, SIZE);
    for (uint32_t i = 0; i < 2; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_call calls[COUNT];
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct kodosis_bytes reply;
        struct room room;

        options.workers = i ? 2 : 0;
        options.loops = i ? 2 : 1;
        options.stop_timeout_ms = 30000;
        room_serve(&room, "", &options);
        client = room_connect(&room, "", NULL, &proxy);
        for (int n = 0; n < COUNT; n++) {
            calls[n] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_fill_start(&proxy, &calls[n], SIZE), 0);
        }
        suite_await(&room.probe.filled, COUNT);
        hprpc_server_stop(room.server);
        for (int n = 0; n < COUNT; n++) {
            int r = conform_probe_fill_finish(&calls[n], &reply);

            if (r < 0)
                fail_msg("%s: %s", hprpc_error_name(r), calls[n].detail);
            assert_int_equal(reply.size, SIZE);
            assert_memory_equal(reply.data, expected, SIZE);
            hprpc_call_clear(&calls[n]);
        }
        hprpc_client_free(client);
        room_close(&room);
    }
    free(expected);
}

/* A request that never finishes is cancelled at the deadline. */
static void the_deadline_holds(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_call deferred = HPRPC_CALL_INIT, working = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct room room;
        void *result = NULL;
        int32_t value;

        options.workers = i % 2 ? 1 : 0;
        options.loops = i / 2 ? 3 : 1;
        options.stop_timeout_ms = 30;
        room_serve(&room, "", &options);
        client = room_connect(&room, "", NULL, &proxy);
        atomic_store(&room.probe.hold, true);
        assert_int_equal(conform_probe_later_start(&proxy, &deferred, 5, false), 0);
        suite_await(&room.probe.kept, 1);
        if (options.workers) {
            assert_int_equal(conform_probe_gate_start(&proxy, &working, suite_bytes("", 0), true), 0);
            suite_await(&room.probe.inside, 1);
        }
        hprpc_server_stop(room.server);
        assert_int_equal(pthread_join(room.thread, &result), 0);
        assert_int_equal((intptr_t)result, 0);
        room.runs = false;
        /* the handlers have not returned, and nothing was answered */
        assert_int_equal(atomic_load(&room.probe.inside), options.workers);
        assert_int_equal(conform_probe_later_finish(&deferred, &value), HPRPC_EMAYBE);
        if (options.workers)
            assert_int_equal(conform_probe_gate_finish(&working), HPRPC_EMAYBE);
        atomic_store(&room.probe.gate, true);
        room_stop(&room);
        atomic_store(&room.probe.hold, false);
        hprpc_call_clear(&deferred);
        hprpc_call_clear(&working);
        hprpc_client_free(client);
        room_close(&room);
    }
}

struct calling {
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    atomic_uint calls;
    int outcome;
    pthread_t thread;
};

/* A handler waits, inline, for a client that never looks: the deadline ends the connection, and with it the wait. */
static void a_handler_that_waits_is_let_go(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_client_options looped = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct patience patience = patience_begin();
        struct conform_probe_proxy proxy, other;
        struct hprpc_client *client, *neighbour;
        struct room room;
        void *result = NULL;
        int32_t count;

        options.loops = i + 1;
        options.timeout_ms = HPRPC_NO_TIMEOUT;
        options.stop_timeout_ms = 30;
        looped.pump = HPRPC_PUMP_LOOP;
        looped.timeout_ms = HPRPC_NO_TIMEOUT;
        room_serve(&room, "", &options);
        /* the loops take connections in turn: the first gets this one, the second the next */
        neighbour = room_connect(&room, "", NULL, &other);
        client = room_connect(&room, "", &looped, &proxy);
        assert_int_equal(conform_probe_serve(hprpc_client_controller(client), &probe_service, &room.probe), 0);
        assert_int_equal(conform_probe_bounce_start(&proxy, &call, 5), 0);
        suite_await(&room.probe.bounced, 1);
        hprpc_server_stop(room.server);
        assert_int_equal(pthread_join(room.thread, &result), 0);
        assert_int_equal((intptr_t)result, 0);
        room.runs = false;
        while (!hprpc_pending_call_done(call.pending) && try_again(&patience))
            hprpc_client_process(client);
        assert_int_equal(conform_probe_bounce_finish(&call, &count), HPRPC_EMAYBE);
        room_stop(&room);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        hprpc_client_free(neighbour);
        room_close(&room);
    }
}

static void *call_until_refused(void *argument)
{
    struct calling *calling = argument;
    int32_t value;
    int r = 0;

    while (r == 0) {
        r = conform_probe_poke(&calling->proxy, NULL);
        if (r == 0)
            r = conform_probe_later(&calling->proxy, NULL, 1, false, &value);
        atomic_fetch_add(&calling->calls, 1);
    }
    calling->outcome = r;
    return NULL;
}

static struct hprpc_server *server_of_signals;

static void stop_on_signal(int number)
{
    (void)number;
    hprpc_server_stop(server_of_signals);
}

/* A signal handler stops the server while calls are under way, on whatever thread the signal comes. */
static void from_a_signal_handler(void **state)
{
    enum { CALLERS = 3 };
    struct sigaction action = { .sa_handler = stop_on_signal }, before;

    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    for (uint32_t i = 0; i < 6; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct calling callers[CALLERS];
        struct room room;
        void *result = NULL;

        options.loops = i % 2 ? 2 : 1;
        options.workers = i / 2 % 2 ? 2 : 0;
        room_serve(&room, "", &options);
        server_of_signals = room.server;
        for (int n = 0; n < CALLERS; n++) {
            atomic_init(&callers[n].calls, 0);
            callers[n].client = room_connect(&room, "", NULL, &callers[n].proxy);
            assert_int_equal(pthread_create(&callers[n].thread, NULL, call_until_refused, &callers[n]), 0);
        }
        for (int n = 0; n < CALLERS; n++)
            suite_await(&callers[n].calls, 5);
        if (i < 3)
            pthread_kill(room.thread, SIGUSR1);
        else
            raise(SIGUSR1);
        assert_int_equal(pthread_join(room.thread, &result), 0);
        assert_int_equal((intptr_t)result, 0);
        room.runs = false;
        for (int n = 0; n < CALLERS; n++) {
            assert_int_equal(pthread_join(callers[n].thread, NULL), 0);
            if (callers[n].outcome != HPRPC_EBUSY && callers[n].outcome != HPRPC_EMAYBE &&
                callers[n].outcome != HPRPC_ENOTSENT)
                fail_msg("%s", hprpc_error_name(callers[n].outcome));
            hprpc_client_free(callers[n].client);
        }
        room_close(&room);
    }
    sigaction(SIGUSR1, &before, NULL);
}

static void before_it_runs(void **state)
{
    struct room room;

    (void)state;
    room_prepare(&room, NULL);
    suite_uri(transport, "", room.uri, sizeof(room.uri));
    assert_int_equal(hprpc_server_listen(room.server, room.uri, NULL), 0);
    hprpc_server_stop(room.server);
    hprpc_server_stop(room.server);
    assert_int_equal(hprpc_server_run(room.server), 0);
    room_close(&room);
}

static const struct CMUnitTest tests[] = {
    fixture_test(what_runs_may_finish), fixture_test(answers_on_their_way_arrive),
    fixture_test(the_deadline_holds),   fixture_test(from_a_signal_handler),
    fixture_test(before_it_runs),       fixture_test(a_handler_that_waits_is_let_go),
};

const struct chapter stop_chapter = { "stop", tests, sizeof(tests) / sizeof(tests[0]) };
