/* SPDX-License-Identifier: MIT */
/* Which thread runs a handler (a loop's, or a worker), which thread answers, and what a blocked handler delays. */
#include "conformance/suite.h"

static void as_many_at_once_as_workers(void **state)
{
    enum { WORKERS = 3, CLIENTS = 2, CALLS = 8 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct room room;
    struct conform_probe_proxy proxies[CLIENTS];
    struct hprpc_client *clients[CLIENTS];
    struct hprpc_call calls[CALLS];

    (void)state;
    options.workers = WORKERS;
    room_serve(&room, "", &options);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = room_connect(&room, "", NULL, &proxies[i]);
    for (int i = 0; i < CALLS; i++) {
        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        assert_int_equal(conform_probe_gate_start(&proxies[i % CLIENTS], &calls[i], suite_bytes("", 0), false), 0);
    }
    suite_await(&room.probe.inside, WORKERS);
    atomic_store(&room.probe.gate, true);
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(conform_probe_gate_finish(&calls[i]), 0);
        hprpc_call_clear(&calls[i]);
    }
    assert_int_equal(atomic_load(&room.probe.most), WORKERS);
    for (int i = 0; i < CLIENTS; i++)
        hprpc_client_free(clients[i]);
    room_close(&room);
}

enum { BOUNCES = 9 };

struct bouncer {
    struct room *room;
    struct probe *own;
    enum hprpc_pump pump;
    int32_t count;
    pthread_t thread;
};

/* Each client has a thread that pumps it: a request to a client that no thread pumps would keep a worker. */
static void *bounce_there_and_back(void *argument)
{
    struct bouncer *bouncer = argument;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client = room_connect_pumped(bouncer->room, bouncer->pump, &proxy);

    if (conform_probe_serve(hprpc_client_controller(client), &probe_service, bouncer->own) == 0 &&
        conform_probe_bounce_start(&proxy, &call, BOUNCES) == 0) {
        if (bouncer->pump == HPRPC_PUMP_LOOP)
            suite_drive(client, call.pending);
        conform_probe_bounce_finish(&call, &bouncer->count);
    }
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    return NULL;
}

/* Several clients call back and forth at once, deeper than there are workers, and no thread is added. */
static void nesting_needs_no_more_workers(void **state)
{
    (void)state;
    for (int i = 0; i < 18; i++) {
        enum { CLIENTS = 5 };
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct bouncer bouncers[CLIENTS];
        int clients = i / 9 ? CLIENTS : 1;
        struct room room;
        struct probe own;

        options.workers = 1 + (uint32_t)i / 3 % 3;
        options.loops = 1 + (uint32_t)i % 2;
        room_serve(&room, "", &options);
        probe_init(&own);
        for (int n = 0; n < clients; n++) {
            bouncers[n] = (struct bouncer){ .room = &room, .own = &own, .pump = suite_pumps[i % 3] };
            assert_int_equal(pthread_create(&bouncers[n].thread, NULL, bounce_there_and_back, &bouncers[n]), 0);
        }
        for (int n = 0; n < clients; n++) {
            assert_int_equal(pthread_join(bouncers[n].thread, NULL), 0);
            assert_int_equal(bouncers[n].count, BOUNCES + 1);
        }
        probe_clear(&own);
        room_close(&room);
    }
}

static void a_blocked_worker_harms_nobody(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct room room;
    struct probe own;
    struct conform_probe_proxy proxies[2];
    struct hprpc_client *clients[2];
    struct hprpc_call blocked[2] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT }, brief = HPRPC_CALL_INIT;

    (void)state;
    options.workers = 2;
    room_serve(&room, "", &options);
    probe_init(&own);
    for (int i = 0; i < 2; i++) {
        clients[i] = room_connect(&room, "", NULL, &proxies[i]);
        assert_int_equal(conform_probe_serve(hprpc_client_controller(clients[i]), &probe_service, &own), 0);
    }
    assert_int_equal(conform_probe_gate_start(&proxies[0], &blocked[0], suite_bytes("", 0), false), 0);
    suite_await(&room.probe.inside, 1);
    for (int round = 0; round < 20; round++)
        assert_true(suite_call_every_way(&proxies[round % 2], round));

    /* with all workers blocked, deadlines pass, and cancellations arrive and free the workers */
    assert_int_equal(conform_probe_gate_start(&proxies[1], &blocked[1], suite_bytes("", 0), false), 0);
    suite_await(&room.probe.inside, 2);
    brief.timeout_ms = 20;
    assert_int_equal(conform_probe_poke(&proxies[0], &brief), HPRPC_EDEADLINE);
    for (int i = 0; i < 2; i++) {
        hprpc_pending_call_cancel(blocked[i].pending);
        assert_int_equal(conform_probe_gate_finish(&blocked[i]), HPRPC_ECANCELLED);
        hprpc_call_clear(&blocked[i]);
    }
    hprpc_call_clear(&brief);
    for (int i = 0; i < 2; i++) {
        assert_true(suite_call_every_way(&proxies[i], i));
        hprpc_client_free(clients[i]);
    }
    probe_clear(&own);
    room_close(&room);
}

/* A request is not executed if its caller has given up before its turn. */
static void dropped_before_its_turn(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    struct hprpc_call gate = HPRPC_CALL_INIT, late = HPRPC_CALL_INIT, cancelled = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;

    (void)state;
    options.workers = 1;
    room_serve(&room, "", &options);
    client = room_connect(&room, "", NULL, &proxy);
    assert_int_equal(conform_probe_gate_start(&proxy, &gate, suite_bytes("", 0), false), 0);
    suite_await(&room.probe.inside, 1);
    late.timeout_ms = 20;
    assert_int_equal(conform_probe_fill_start(&proxy, &late, 10), 0);
    assert_int_equal(conform_probe_fill_start(&proxy, &cancelled, 10), 0);
    hprpc_pending_call_cancel(cancelled.pending);
    assert_int_equal(conform_probe_fill_finish(&cancelled, &reply), HPRPC_ECANCELLED);
    assert_int_equal(conform_probe_fill_finish(&late, &reply), HPRPC_EDEADLINE);
    /* the BIND is answered by the loop, after it has received the cancellations */
    assert_int_equal(conform_probe_bind(client, NULL, &proxy), 0);
    atomic_store(&room.probe.gate, true);
    assert_int_equal(conform_probe_gate_finish(&gate), 0);
    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    assert_int_equal(atomic_load(&room.probe.filled), 0);
    hprpc_call_clear(&gate);
    hprpc_call_clear(&late);
    hprpc_call_clear(&cancelled);
    hprpc_client_free(client);
    room_close(&room);
}

/* A handler that defers and never answers uses up neither the credit of its connection nor the workers. */
static void what_is_never_answered_blocks_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct patience patience = patience_begin();
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct room room;
        int expired = 0, busy = 0, r = HPRPC_EBUSY;
        int32_t value;

        options.max_calls = 4;
        options.workers = i / 3 * 2;
        room_serve(&room, "", &options);
        client = room_connect_pumped(&room, suite_pumps[i % 3], &proxy);
        atomic_store(&room.probe.hold, true);
        for (int n = 0; n < 12; n++) {
            struct hprpc_call call = HPRPC_CALL_INIT;

            call.timeout_ms = 3;
            r = conform_probe_later(&proxy, &call, n, false, &value);
            expired += r == HPRPC_EDEADLINE;
            busy += r == HPRPC_EBUSY;
            hprpc_call_clear(&call);
            assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        }
        assert_int_equal(expired + busy, 12);
        assert_true(expired >= 4 && atomic_load(&room.probe.kept) <= 8);
        /* when those calls have expired, the handler can defer again */
        atomic_store(&room.probe.hold, false);
        do {
            r = conform_probe_later(&proxy, NULL, 3, false, &value);
        } while (r == HPRPC_EBUSY && try_again(&patience));
        assert_int_equal(r, 0);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* An inline handler that blocks delays its own loop, as documented, and no other loop. */
static void a_blocked_loop_harms_its_own(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct room room;
    struct conform_probe_proxy proxies[4];
    struct hprpc_client *clients[4];
    struct hprpc_call blocked = HPRPC_CALL_INIT, call = HPRPC_CALL_INIT;

    (void)state;
    options.loops = 2;
    room_serve(&room, "", &options);
    /* connections go to the loops in turn: 0 and 2 share a loop, 1 and 3 the other one */
    for (int i = 0; i < 4; i++)
        clients[i] = room_connect(&room, "", NULL, &proxies[i]);
    assert_int_equal(conform_probe_gate_start(&proxies[0], &blocked, suite_bytes("", 0), false), 0);
    suite_await(&room.probe.inside, 1);
    for (int i = 0; i < 50; i++)
        assert_int_equal(conform_probe_poke(&proxies[1 + i % 2 * 2], NULL), 0);
    call.timeout_ms = 20;
    assert_int_equal(conform_probe_poke(&proxies[2], &call), HPRPC_EDEADLINE);
    call.timeout_ms = 0;
    atomic_store(&room.probe.gate, true);
    assert_int_equal(conform_probe_poke(&proxies[2], &call), 0);
    assert_int_equal(conform_probe_gate_finish(&blocked), 0);
    hprpc_call_clear(&blocked);
    hprpc_call_clear(&call);
    for (int i = 0; i < 4; i++)
        hprpc_client_free(clients[i]);
    room_close(&room);
}

struct caller {
    struct room *room;
    enum hprpc_pump pump;
    int failures;
    pthread_t thread;
};

static void *connect_and_call(void *argument)
{
    struct caller *caller = argument;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    struct probe own;

    options.pump = caller->pump;
    caller->failures = 1;
    if (hprpc_client_connect(caller->room->context, caller->room->uri, &options, NULL, &client) < 0)
        return NULL;
    probe_init(&own);
    if (conform_probe_bind(client, NULL, &proxy) == 0 &&
        conform_probe_serve(hprpc_client_controller(client), &probe_service, &own) == 0)
        caller->failures = 0;
    for (int round = 0; round < 10; round++)
        caller->failures += !suite_call_every_way(&proxy, round);
    hprpc_client_free(client);
    probe_clear(&own);
    return NULL;
}

static void every_combination(void **state)
{
    enum { CALLERS = 6 };

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct caller callers[CALLERS];
        struct room room;

        options.loops = i % 2 ? 3 : 1;
        options.workers = i / 2 ? 2 : 0;
        room_serve(&room, "", &options);
        for (int n = 0; n < CALLERS; n++) {
            callers[n] = (struct caller){ .room = &room, .pump = suite_pumps[n % 3] };
            assert_int_equal(pthread_create(&callers[n].thread, NULL, connect_and_call, &callers[n]), 0);
        }
        for (int n = 0; n < CALLERS; n++) {
            assert_int_equal(pthread_join(callers[n].thread, NULL), 0);
            assert_int_equal(callers[n].failures, 0);
        }
        assert_int_equal(atomic_load(&room.probe.kept), CALLERS * 10 * 8);
        room_close(&room);
    }
}

static const struct CMUnitTest tests[] = {
    fixture_test(nesting_needs_no_more_workers),
    fixture_test(what_is_never_answered_blocks_nothing),
    fixture_test(as_many_at_once_as_workers),
    fixture_test(a_blocked_worker_harms_nobody),
    fixture_test(dropped_before_its_turn),
    fixture_test(a_blocked_loop_harms_its_own),
    fixture_test(every_combination),
};

const struct chapter workers_chapter = { "workers", tests, sizeof(tests) / sizeof(tests[0]) };
