/* SPDX-License-Identifier: MIT */
/* Ends: killed processes, closed and freed connections. Every call completes, and nothing is left. */
#include "conformance/suite.h"

#include <sys/wait.h>
#include <unistd.h>

static void killed_server(void **state)
{
    enum { CALLS = 5 };
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_THREAD };

    (void)state;
    if (!transport->processes)
        skip();
    for (int i = 0; i < 2; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call calls[CALLS], call = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct process process;
        struct room room;
        int32_t value;

        room_open(&room);
        process_serve(&process);
        strcpy(room.uri, process.uri);
        options.pump = pumps[i];
        client = room_connect(&room, "", &options, &proxy);
        for (int n = 0; n < CALLS; n++) {
            calls[n] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_later_start(&proxy, &calls[n], n, true), 0);
        }
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        process_kill(&process);
        for (int n = 0; n < CALLS; n++) {
            assert_int_equal(conform_probe_later_finish(&calls[n], &value), HPRPC_EPEERDIED);
            assert_true(calls[n].detail && calls[n].detail[0]);
            hprpc_call_clear(&calls[n]);
        }
        assert_int_equal(conform_probe_poke(&proxy, &call), HPRPC_ENOTSENT);
        assert_true(call.detail && call.detail[0]);
        assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_BROKEN);
        hprpc_call_clear(&call);
        hprpc_client_free(client);

        /* the names of the dead process refuse clients, until the next listener there removes them */
        client = NULL;
        assert_int_equal(hprpc_client_connect(room.context, process.uri, NULL, NULL, &client), HPRPC_EREFUSED);
        assert_null(client);
        process_sweep(&process);
        room_close(&room);
    }
}

static void killed_client(void **state)
{
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    struct patience patience = patience_begin();
    int before;

    (void)state;
    if (!transport->processes)
        skip();
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    before = suite_descriptors();
    for (unsigned i = 0; i < 3; i++) {
        struct process process;

        process_call(&process, room.uri, HPRPC_PUMP_CALLER);
        while (atomic_load(&room.probe.kept) <= i && try_again(&patience))
            continue;
        assert_int_equal(atomic_load(&room.probe.cancelled), i);
        process_kill(&process);
        while (atomic_load(&room.probe.cancelled) <= i && try_again(&patience))
            continue;
        assert_int_equal(atomic_load(&room.probe.cancelled), i + 1);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    }
    while (suite_descriptors() != before && try_again(&patience))
        continue;
    assert_int_equal(suite_descriptors(), before);
    hprpc_client_free(client);
    room_close(&room);
}

/* ---- Orderly ends with calls under way ---- */

static void closed_here(void **state)
{
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call posted = HPRPC_CALL_INIT, call = HPRPC_CALL_INIT;
    struct hprpc_client *client;
    int32_t value;

    (void)state;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    assert_int_equal(conform_probe_later_start(&proxy, &posted, 1, true), 0);
    hprpc_client_close(client);
    hprpc_client_close(client);
    assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_CLOSED);
    assert_true(hprpc_pending_call_done(posted.pending));
    assert_int_equal(conform_probe_later_finish(&posted, &value), HPRPC_EMAYBE);
    assert_int_equal(conform_probe_poke(&proxy, &call), HPRPC_ENOTSENT);
    hprpc_call_clear(&posted);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    room_close(&room);
}

static void server_stops_under_a_call(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_client *client;
    int32_t value;
    int r;

    (void)state;
    options.stop_timeout_ms = 20;
    room_serve(&room, "", &options);
    client = room_connect(&room, "", NULL, &proxy);
    assert_int_equal(conform_probe_later_start(&proxy, &call, 1, true), 0);
    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    room_stop(&room);
    r = conform_probe_later_finish(&call, &value);
    if (r != HPRPC_EMAYBE && r != HPRPC_ECANCELLED)
        fail_msg("%s", hprpc_error_name(r));
    assert_int_equal(conform_probe_poke(&proxy, NULL), HPRPC_ENOTSENT);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    room_close(&room);
}

struct closing {
    const struct conform_probe_proxy *proxy;
    struct hprpc_client *client;
    atomic_int calls;
    int outcome;
    pthread_t thread;
};

static void *call_until_it_ends(void *argument)
{
    struct closing *closing = argument;

    while ((closing->outcome = conform_probe_poke(closing->proxy, NULL)) == 0)
        atomic_fetch_add(&closing->calls, 1);
    return NULL;
}

static void closed_from_another_thread(void **state)
{
    enum { THREADS = 3 };
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_THREAD };
    struct room room;

    (void)state;
    room_serve(&room, "", NULL);
    for (int round = 0; round < 6; round++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct patience patience = patience_begin();
        struct closing closing[THREADS];
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;

        options.pump = pumps[round % 2];
        client = room_connect(&room, "", &options, &proxy);
        for (int i = 0; i < THREADS; i++) {
            closing[i] = (struct closing){ .proxy = &proxy, .client = client };
            assert_int_equal(pthread_create(&closing[i].thread, NULL, call_until_it_ends, &closing[i]), 0);
        }
        while (atomic_load(&closing[0].calls) < 10 && try_again(&patience))
            continue;
        hprpc_client_close(client);
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(closing[i].thread, NULL), 0);
            if (closing[i].outcome != HPRPC_EMAYBE && closing[i].outcome != HPRPC_ENOTSENT)
                fail_msg("%s", hprpc_error_name(closing[i].outcome));
        }
        hprpc_client_free(client);
    }
    room_close(&room);
}

/* A thread that waits for an answer notices that its client is closed, also if it sleeps. */
static void *wait_for_later(void *argument)
{
    struct closing *closing = argument;
    int32_t value;

    closing->outcome = conform_probe_later(closing->proxy, NULL, 1, true, &value);
    return NULL;
}

static void closed_under_a_sleeper(void **state)
{
    struct room room;
    struct patience patience = patience_begin();
    struct closing closing;
    struct conform_probe_proxy proxy;

    (void)state;
    room_serve(&room, "", NULL);
    closing = (struct closing){ .proxy = &proxy, .client = room_connect(&room, "", NULL, &proxy) };
    assert_int_equal(pthread_create(&closing.thread, NULL, wait_for_later, &closing), 0);
    while (!atomic_load(&room.probe.kept) && try_again(&patience))
        continue;
    hprpc_client_close(closing.client);
    assert_int_equal(pthread_join(closing.thread, NULL), 0);
    assert_int_equal(closing.outcome, HPRPC_EMAYBE);
    hprpc_client_free(closing.client);
    room_close(&room);
}

static void reply_outlives_its_client(void **state)
{
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call calls[3] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT };
    static const size_t sizes[] = { 10, 3000, 300000 };
    struct kodosis_bytes replies[3];
    struct hprpc_client *client;
    uint8_t *data = suite_data(300000, 11);

    (void)state;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    for (int i = 0; i < 3; i++)
        assert_int_equal(conform_probe_echo(&proxy, &calls[i], suite_bytes(data, sizes[i]), &replies[i]), 0);
    hprpc_client_free(client);
    room_stop(&room);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(replies[i].size, sizes[i]);
        assert_memory_equal(replies[i].data, data, sizes[i]);
        hprpc_call_clear(&calls[i]);
    }
    room_close(&room);
    free(data);
}

/* Runs in a child of fork: every use of the parent's handles fails with HPRPC_EFORKED, and closing them closes nothing. */
static int use_as_child(struct room *room, struct hprpc_client *client, const struct conform_probe_proxy *proxy,
                        struct hprpc_call *held)
{
    struct hprpc_call call = HPRPC_CALL_INIT;

    struct hprpc_peer peer;

    if (conform_probe_poke(proxy, &call) != HPRPC_EFORKED || hprpc_server_process(room->server) != HPRPC_EFORKED ||
        hprpc_server_listen(room->server, room->uri, NULL) != HPRPC_EFORKED ||
        conform_probe_add(room->server, &probe_service, NULL) != HPRPC_EFORKED ||
        conform_probe_serve(hprpc_client_controller(client), &probe_service, NULL) != HPRPC_EFORKED ||
        hprpc_client_state(client) != HPRPC_CLIENT_CLOSED)
        return 1;
    hprpc_controller_peer(hprpc_client_controller(client), &peer);
    hprpc_pending_call_cancel(held->pending);
    hprpc_call_clear(&call);
    hprpc_call_clear(held);
    hprpc_client_close(client);
    hprpc_client_free(client);
    hprpc_server_stop(room->server);
    hprpc_server_free(room->server);
    return 0;
}

static void forked_child(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };
    enum { HELD = 300 * 1024 };

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call held = HPRPC_CALL_INIT, call = HPRPC_CALL_INIT;
        struct kodosis_bytes reply, other;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct room room;
        int status;
        pid_t pid;

        options.pump = pumps[i];
        room_serve(&room, "", NULL);
        client = room_connect(&room, "", &options, &proxy);
        for (uint32_t round = 0; round < 16; round++) {
            assert_int_equal(conform_probe_fill(&proxy, &held, HELD + round, &reply), 0);
            pid = fork();
            assert_true(pid >= 0);
            if (pid == 0)
                _exit(use_as_child(&room, client, &proxy, &held));
            assert_int_equal(waitpid(pid, &status, 0), pid);
            assert_int_equal(status, 0);
            /* the child cleared the reply; here it stays whole while other calls come and go */
            assert_int_equal(conform_probe_fill(&proxy, &call, HELD + 100, &other), 0);
            for (size_t n = 0; n < reply.size; n += 997)
                assert_int_equal(reply.data[n], (uint8_t)(HELD + round));
            hprpc_call_clear(&call);
            hprpc_call_clear(&held);
        }
        for (int n = 0; n < 10; n++)
            assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* Whether the system refuses the first byte for a process that was killed. A ring of the server's may hold its sockets for a moment. */
static bool refuses_for_the_dead(void)
{
    return strcmp(transport->scheme, "unix") == 0 && transport->variant != &variant_unix_uring;
}

/* A request that the channel did not take as a whole did not run, and is told so, in each form there is; also one of two megabytes. */
static void cut_requests(void **state)
{
    enum { LARGE = 2 << 20, FORMS = 4 };
    uint8_t *data;

    (void)state;
    if (!transport->processes)
        skip();
    data = suite_data(LARGE, 3);
    for (int i = 0; i < 3 * FORMS; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct kodosis_bytes reply;
        struct hprpc_client *client;
        struct process process;
        struct room room;
        int32_t value;
        int r;

        room_open(&room);
        process_serve(&process);
        strcpy(room.uri, process.uri);
        options.pump = suite_pumps[i % 3];
        client = room_connect(&room, "", &options, &proxy);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        process_kill(&process);
        if (i / 3 == 0) {
            r = conform_probe_later(&proxy, &call, 1, false, &value);
        } else if (i / 3 == 1) {
            r = conform_probe_later_start(&proxy, &call, 1, false);
            r = r < 0 ? r : conform_probe_later_finish(&call, &value);
        } else if (i / 3 == 2) {
            r = conform_probe_echo(&proxy, &call, suite_bytes(data, LARGE), &reply);
        } else {
            /* success means that the system has taken it */
            r = conform_probe_note(&proxy, &call, 0, suite_bytes("", 0));
        }
        if (refuses_for_the_dead())
            assert_int_equal(r, HPRPC_ENOTSENT);
        else
            assert_true(r == HPRPC_ENOTSENT || r == HPRPC_EPEERDIED || (r == 0 && i / 3 == 3));
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        process_sweep(&process);
        room_close(&room);
    }
    free(data);
}

static const struct CMUnitTest tests[] = {
    fixture_test(killed_server),
    fixture_test(cut_requests),
    fixture_test(killed_client),
    fixture_test(closed_here),
    fixture_test(server_stops_under_a_call),
    fixture_test(closed_from_another_thread),
    fixture_test(closed_under_a_sleeper),
    fixture_test(reply_outlives_its_client),
    fixture_test(forked_child),
};

const struct chapter death_chapter = { "death", tests, sizeof(tests) / sizeof(tests[0]) };
