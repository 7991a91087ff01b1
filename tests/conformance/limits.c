/* SPDX-License-Identifier: MIT */
/* The limits of what a server holds for its clients: at a limit the caller gets a code, and afterwards all is as before. */
#include "conformance/suite.h"

/* max_kept_calls counts deferred and waiting requests of all connections. */
static void kept_calls_have_a_limit(void **state)
{
    enum { MOST = 4 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct room room;
    struct conform_probe_proxy proxies[2];
    struct hprpc_client *clients[2];
    struct hprpc_call calls[MOST], more = HPRPC_CALL_INIT;
    int32_t value;

    (void)state;
    options.max_kept_calls = MOST;
    room_serve(&room, "", &options);
    for (int i = 0; i < 2; i++)
        clients[i] = room_connect(&room, "", NULL, &proxies[i]);
    for (unsigned round = 1; round <= 3; round++) {
        atomic_store(&room.probe.hold, true);
        for (int i = 0; i < MOST; i++) {
            calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_later_start(&proxies[i % 2], &calls[i], i, false), 0);
        }
        suite_await(&room.probe.kept, round * MOST);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(conform_probe_later(&proxies[i], &more, 9, false, &value), HPRPC_EBUSY);
            /* a request that is answered at once is not kept */
            assert_int_equal(conform_probe_poke(&proxies[i], NULL), 0);
        }
        atomic_store(&room.probe.hold, false);
        for (int i = 0; i < MOST; i++) {
            assert_int_equal(conform_probe_later_finish(&calls[i], &value), 0);
            assert_int_equal(value, i);
            hprpc_call_clear(&calls[i]);
        }
    }
    hprpc_call_clear(&more);
    for (int i = 0; i < 2; i++)
        hprpc_client_free(clients[i]);
    room_close(&room);
}

/* max_kept_bytes counts requests that wait for a worker, of all connections. */
static void kept_bytes_have_a_limit(void **state)
{
    enum { SIZE = 40000 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct room room;
    struct conform_probe_proxy proxies[2];
    struct hprpc_client *clients[2];
    struct hprpc_call calls[2], more = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    uint8_t *data = suite_data(SIZE, 1);

    (void)state;
    options.workers = 1;
    options.max_kept_bytes = 3 * SIZE - SIZE / 2;
    room_serve(&room, "", &options);
    for (int i = 0; i < 2; i++)
        clients[i] = room_connect(&room, "", NULL, &proxies[i]);
    for (int round = 0; round < 3; round++) {
        atomic_store(&room.probe.gate, false);
        for (int i = 0; i < 2; i++) {
            calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_gate_start(&proxies[i], &calls[i], suite_bytes(data, SIZE), false), 0);
            suite_await(&room.probe.inside, 1);
        }
        /* the requests have arrived when a later BIND on each connection is answered */
        for (int i = 0; i < 2; i++)
            assert_int_equal(conform_probe_bind(clients[i], NULL, &proxies[i]), 0);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(conform_probe_echo(&proxies[i], &more, suite_bytes(data, SIZE), &reply), HPRPC_EBUSY);
            assert_true(more.detail && more.detail[0]);
        }
        atomic_store(&room.probe.gate, true);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(conform_probe_gate_finish(&calls[i]), 0);
            hprpc_call_clear(&calls[i]);
            assert_int_equal(conform_probe_echo(&proxies[i], &more, suite_bytes(data, SIZE), &reply), 0);
            assert_int_equal(reply.size, SIZE);
        }
    }
    hprpc_call_clear(&more);
    for (int i = 0; i < 2; i++)
        hprpc_client_free(clients[i]);
    room_close(&room);
    free(data);
}

enum { CLIENTS = 4, EACH = 100 };

static int count_done(struct hprpc_call (*calls)[EACH])
{
    int done = 0;

    for (int i = 0; i < CLIENTS; i++) {
        for (int n = 0; n < EACH; n++)
            done += hprpc_pending_call_wait(calls[i][n].pending, 0) == 0;
    }
    return done;
}

/* Many clients send as much as their credit allows to workers that are blocked: most of it is refused at once. */
static void a_flood_is_turned_away(void **state)
{
    enum { MOST = 150, SIZE = 2000 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct patience patience = patience_begin();
    struct room room;
    struct conform_probe_proxy proxies[CLIENTS];
    struct hprpc_client *clients[CLIENTS];
    struct hprpc_call(*calls)[EACH] = calloc(CLIENTS, sizeof(*calls));
    uint8_t *data = suite_data(SIZE, 2);
    int kept = 0;

    (void)state;
    assert_non_null(calls);
    options.workers = 2;
    options.max_calls = EACH;
    options.max_kept_calls = MOST;
    room_serve(&room, "", &options);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = room_connect(&room, "", NULL, &proxies[i]);
    for (int n = 0; n < EACH; n++) {
        for (int i = 0; i < CLIENTS; i++)
            assert_int_equal(conform_probe_gate_start(&proxies[i], &calls[i][n], suite_bytes(data, SIZE), false), 0);
    }
    /* the calls that are not kept end while the gate is closed */
    while (count_done(calls) < CLIENTS * EACH - MOST && try_again(&patience))
        continue;
    assert_int_equal(count_done(calls), CLIENTS * EACH - MOST);
    assert_true(atomic_load(&room.memory.highest) < 8 << 20);
    atomic_store(&room.probe.gate, true);
    for (int i = 0; i < CLIENTS; i++) {
        for (int n = 0; n < EACH; n++) {
            int r = conform_probe_gate_finish(&calls[i][n]);

            assert_true(r == 0 || r == HPRPC_EBUSY);
            kept += r == 0;
            hprpc_call_clear(&calls[i][n]);
        }
    }
    assert_int_equal(kept, MOST);
    for (int i = 0; i < CLIENTS; i++) {
        for (int n = 0; n < 20; n++)
            assert_int_equal(conform_probe_poke(&proxies[i], NULL), 0);
        hprpc_client_free(clients[i]);
    }
    room_close(&room);
    free(calls);
    free(data);
}

/* Calls that are cancelled as soon as they are made: the server executes and keeps no more than its limits allow. */
static void a_flood_of_cancellations(void **state)
{
    enum { COUNT = 1500, SIZE = 1000, CREDIT = 32 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    uint8_t *data = suite_data(SIZE, 3);

    (void)state;
    options.workers = 2;
    options.max_calls = CREDIT;
    for (int i = 0; i < 3; i++) {
        struct conform_probe_proxy proxy;
        struct hprpc_statistics statistics;
        struct hprpc_client *client;
        struct room room;

        room_serve(&room, "", &options);
        client = room_connect_pumped(&room, suite_pumps[i], &proxy);
        for (int n = 0; n < COUNT; n++) {
            struct hprpc_call call = HPRPC_CALL_INIT;

            /* the call waits for credit, which comes with the answers to cancelled calls */
            assert_int_equal(conform_probe_gate_start(&proxy, &call, suite_bytes(data, SIZE), false), 0);
            if (n % 2)
                hprpc_pending_call_cancel(call.pending);
            hprpc_call_clear(&call);
        }
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        assert_in_range(atomic_load(&room.probe.most), 0, 2);
        assert_true(atomic_load(&room.memory.highest) < 8 << 20);
        hprpc_controller_statistics(hprpc_client_controller(client), &statistics);
        assert_in_range(statistics.late_replies, COUNT - CREDIT, COUNT);
        assert_int_equal(statistics.stray_replies, 0);
        hprpc_client_free(client);
        room_close(&room);
    }
    free(data);
}

static const struct CMUnitTest tests[] = {
    fixture_test(kept_calls_have_a_limit),
    fixture_test(kept_bytes_have_a_limit),
    fixture_test(a_flood_is_turned_away),
    fixture_test(a_flood_of_cancellations),
};

const struct chapter limits_chapter = { "limits", tests, sizeof(tests) / sizeof(tests[0]) };
