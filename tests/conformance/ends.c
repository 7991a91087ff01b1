/* SPDX-License-Identifier: MIT */
/* A connection is ended with calls under way, from different places: each call completes exactly once, in every mode. */
#include "conformance/suite.h"

enum { CALLS = 40 };

/* Calls; three in four of them are never answered. */
struct bundle {
    struct hprpc_call calls[CALLS];
    atomic_uint told[CALLS];
    atomic_uint total;
    struct hprpc_client *closes; /* the first callback closes this client; NULL for none */
    atomic_flag closed;
};

static void tell(void *self, struct hprpc_pending_call *pending)
{
    struct bundle *bundle = self;

    for (int i = 0; i < CALLS; i++) {
        if (bundle->calls[i].pending == pending)
            atomic_fetch_add(&bundle->told[i], 1);
    }
    atomic_fetch_add(&bundle->total, 1);
    if (bundle->closes && !atomic_flag_test_and_set(&bundle->closed))
        hprpc_client_close(bundle->closes);
}

static void bundle_start(struct bundle *bundle, const struct conform_probe_proxy *proxy, struct hprpc_client *closes)
{
    memset(bundle, 0, sizeof(*bundle));
    bundle->closes = closes;
    for (int i = 0; i < CALLS; i++) {
        if (i % 4 == 3)
            assert_int_equal(conform_probe_poke_start(proxy, &bundle->calls[i]), 0);
        else
            assert_int_equal(conform_probe_later_start(proxy, &bundle->calls[i], i, true), 0);
    }
    for (int i = 0; i < CALLS; i++)
        hprpc_pending_call_notify(bundle->calls[i].pending, tell, bundle);
}

/* Checks that all calls are complete and were told once, and that those without an answer have a code that fits the end. */
static void bundle_check(struct bundle *bundle)
{
    int32_t value;

    suite_await(&bundle->total, CALLS);
    for (int i = 0; i < CALLS; i++) {
        bool answered = i % 4 == 3;
        int r;

        assert_true(hprpc_pending_call_done(bundle->calls[i].pending));
        r = answered ? conform_probe_poke_finish(&bundle->calls[i])
                     : conform_probe_later_finish(&bundle->calls[i], &value);
        if (r != HPRPC_EMAYBE && r != HPRPC_EPEERDIED && r != HPRPC_ENOTSENT && r != HPRPC_EBUSY &&
            !(answered && r == 0))
            fail_msg("%s", hprpc_error_name(r));
        assert_int_equal(atomic_load(&bundle->told[i]), 1);
    }
    assert_int_equal(atomic_load(&bundle->total), CALLS);
    for (int i = 0; i < CALLS; i++)
        hprpc_call_clear(&bundle->calls[i]);
}

static void freed(void **state)
{
    struct room room;
    struct bundle bundle;

    (void)state;
    room_serve(&room, "", NULL);
    for (int i = 0; i < 12; i++) {
        struct conform_probe_proxy proxy;
        struct hprpc_client *client = room_connect_pumped(&room, suite_pumps[i % 3], &proxy);

        bundle_start(&bundle, &proxy, NULL);
        if (i % 2)
            hprpc_client_close(client);
        hprpc_client_free(client);
        assert_int_equal(atomic_load(&bundle.total), CALLS);
        bundle_check(&bundle);
    }
    room_close(&room);
}

struct closing {
    struct hprpc_client *client;
    pthread_t thread;
};

static void *close_it(void *argument)
{
    hprpc_client_close(((struct closing *)argument)->client);
    return NULL;
}

/* The client is closed while this thread sleeps for an answer. */
static void closed_by_another_thread(void **state)
{
    struct room room;
    struct bundle bundle;

    (void)state;
    room_serve(&room, "", NULL);
    for (int i = 0; i < 12; i++) {
        struct conform_probe_proxy proxy;
        struct closing closing = { .client = room_connect_pumped(&room, suite_pumps[i % 3], &proxy) };

        bundle_start(&bundle, &proxy, NULL);
        assert_int_equal(pthread_create(&closing.thread, NULL, close_it, &closing), 0);
        assert_int_equal(hprpc_pending_call_wait(bundle.calls[0].pending, HPRPC_NO_TIMEOUT), 0);
        assert_int_equal(pthread_join(closing.thread, NULL), 0);
        bundle_check(&bundle);
        hprpc_client_free(closing.client);
    }
    room_close(&room);
}

/* The callback of the first answered call closes the client. */
static void closed_by_a_callback(void **state)
{
    struct room room;
    struct bundle bundle;

    (void)state;
    room_serve(&room, "", NULL);
    for (int i = 0; i < 6; i++) {
        struct conform_probe_proxy proxy;
        struct hprpc_client *client = room_connect_pumped(&room, suite_pumps[i % 3], &proxy);

        bundle_start(&bundle, &proxy, client);
        if (suite_pumps[i % 3] == HPRPC_PUMP_LOOP)
            suite_drive(client, bundle.calls[0].pending);
        assert_int_equal(hprpc_pending_call_wait(bundle.calls[0].pending, HPRPC_NO_TIMEOUT), 0);
        bundle_check(&bundle);
        assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_CLOSED);
        hprpc_client_free(client);
    }
    room_close(&room);
}

static void stopped(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct bundle bundle;
        struct room room;

        options.stop_timeout_ms = 5;
        options.workers = i / 3 ? 2 : 0;
        room_serve(&room, "", &options);
        client = room_connect_pumped(&room, suite_pumps[i % 3], &proxy);
        bundle_start(&bundle, &proxy, NULL);
        room_stop(&room);
        assert_int_equal(hprpc_pending_call_wait(bundle.calls[0].pending, HPRPC_NO_TIMEOUT), 0);
        bundle_check(&bundle);
        hprpc_client_free(client);
        room_close(&room);
    }
}

static void killed(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int i = 0; i < 3; i++) {
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct process process;
        struct bundle bundle;
        struct room room;

        room_open(&room);
        process_serve(&process);
        strcpy(room.uri, process.uri);
        client = room_connect_pumped(&room, suite_pumps[i], &proxy);
        bundle_start(&bundle, &proxy, NULL);
        process_kill(&process);
        process_sweep(&process);
        assert_int_equal(hprpc_pending_call_wait(bundle.calls[0].pending, HPRPC_NO_TIMEOUT), 0);
        bundle_check(&bundle);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* A handler closes its own connection, or another one of the same loop, which may be asleep. */
static void closed_by_a_handler(void **state)
{
    static const char *const waits[] = { "", "?wait=block", "?wait=spin" };

    (void)state;
    for (int i = 0; i < 8; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct conform_probe_proxy guest, other;
        struct hprpc_client *guest_client, *other_client, *next_client;
        struct bundle bundle;
        struct room room;
        bool own = i % 2;

        options.workers = i / 6 ? 2 : 0;
        options.max_connections = 2;
        room_serve(&room, waits[i / 2 % 3], &options);
        room.uri[strcspn(room.uri, "?")] = '\0';
        guest_client = room_connect_pumped(&room, suite_pumps[i % 3], &guest);
        other_client = room_connect_pumped(&room, HPRPC_PUMP_CALLER, &other);
        assert_int_equal(conform_probe_stay(&guest, NULL), 0);
        bundle_start(&bundle, &guest, NULL);
        suite_await(&room.probe.kept, CALLS * 3 / 4);
        if (own)
            assert_true(conform_probe_evict(&guest, NULL) < 0);
        else
            assert_int_equal(conform_probe_evict(&other, NULL), 0);
        assert_int_equal(hprpc_pending_call_wait(bundle.calls[0].pending, HPRPC_NO_TIMEOUT), 0);
        bundle_check(&bundle);
        suite_await(&room.probe.cancelled, CALLS * 3 / 4);
        /* the server has forgotten the closed connection: its place is free */
        next_client = room_connect_pumped(&room, HPRPC_PUMP_CALLER, &guest);
        assert_int_equal(conform_probe_poke(&guest, NULL), 0);
        assert_int_equal(conform_probe_poke(&other, NULL), 0);
        hprpc_client_free(guest_client);
        hprpc_client_free(other_client);
        hprpc_client_free(next_client);
        room_close(&room);
    }
}

static const struct CMUnitTest tests[] = {
    fixture_test(freed),
    fixture_test(closed_by_another_thread),
    fixture_test(closed_by_a_callback),
    fixture_test(stopped),
    fixture_test(killed),
    fixture_test(closed_by_a_handler),
};

const struct chapter ends_chapter = { "ends", tests, sizeof(tests) / sizeof(tests[0]) };
