/* SPDX-License-Identifier: MIT */
/* What is different after a reconnection: other servers and procedures, replies of before; and how a return is noticed. */
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hprpc/stub.h>

#include "conformance/suite.h"

enum { LARGE = 100000 };

static struct hprpc_client *connect_again(struct room *room, enum hprpc_pump pump, uint32_t keepalive_ms,
                                          struct diary *diary, struct conform_probe_proxy *ret_proxy)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;

    options.pump = pump;
    options.reconnect = true;
    options.keepalive_ms = keepalive_ms;
    if (diary)
        diary_open(diary, &options);
    return room_connect(room, "", &options, ret_proxy);
}

/* ---- Another server ---- */

static int refuse_to_run(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    (void)handlers;
    (void)self;
    (void)request;
    (void)reader;
    return HPRPC_EINTERNAL;
}

/* Serves at the same place a service of the same name that has only a procedure Poke of another shape, or none at all. */
static void serve_other(struct room *room, bool has_service)
{
    static const struct hprpc_procedure procedures[] = { { "Poke", 1, 0, refuse_to_run, NULL } };
    static const struct hprpc_interface other = { "conform.Probe", 1, 1, procedures };
    struct hprpc_detail detail = { "" };

    assert_int_equal(hprpc_server_new(room->context, NULL, &room->server), 0);
    if (has_service)
        assert_int_equal(hprpc_server_add(room->server, &other, procedures, NULL), 0);
    if (hprpc_server_listen(room->server, room->uri, &detail) < 0)
        fail_msg("%s", detail.text);
    room_run(room);
}

/* What the new server lacks fails with a clear error, and works again on the next one that has it. */
static void other_procedures(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct kodosis_bytes reply;
        struct hprpc_client *client;
        struct room room;
        bool has_service = i / 3;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i % 3], 0, NULL, &proxy);
        room_stop(&room);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        serve_other(&room, has_service);
        suite_await_state(client, HPRPC_CLIENT_READY);
        assert_int_equal(conform_probe_poke(&proxy, &call), has_service ? HPRPC_ESCHEMA : HPRPC_EUNIMPLEMENTED);
        assert_non_null(strstr(call.detail, "conform.Probe"));
        assert_int_equal(conform_probe_echo(&proxy, &call, suite_bytes("x", 1), &reply), HPRPC_EUNIMPLEMENTED);
        assert_non_null(strstr(call.detail, "conform.Probe"));
        room_stop(&room);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        room_serve_again(&room, NULL);
        assert_int_equal(conform_probe_poke(&proxy, &call), 0);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        room_close(&room);
    }
}

static void close_at_once(void *self, struct hprpc_controller *controller)
{
    atomic_fetch_add((atomic_uint *)self, 1);
    hprpc_controller_close(controller);
}

/* A server that accepts and leaves at once is not asked again and again. */
static void accepted_and_left(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        atomic_uint accepted = 0;
        struct room room;
        int r;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i], 0, NULL, &proxy);
        room_stop(&room);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        options.connected = close_at_once;
        options.connected_self = &accepted;
        room_serve_again(&room, &options);
        do {
            call.timeout_ms = 200;
            r = conform_probe_poke(&proxy, &call);
            /* a request that the server did not take, or perhaps took */
            assert_true(r == HPRPC_EDEADLINE || r == HPRPC_ENOTSENT || r == HPRPC_EMAYBE || r == HPRPC_EPEERDIED);
        } while (r != HPRPC_EDEADLINE);
        /* 10 + 20 + 40 + 80 ms */
        assert_in_range(atomic_load(&accepted), 1, 20);
        room_stop(&room);
        room_serve_again(&room, NULL);
        suite_await_state(client, HPRPC_CLIENT_READY);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* A full server is asked again until it has room. */
static void full(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_client_options hurried = HPRPC_CLIENT_OPTIONS_INIT;
        struct conform_probe_proxy proxy, other;
        struct hprpc_client *client, *guest, *refused = NULL;
        struct hprpc_detail detail = { "" };
        struct room room;

        options.max_connections = 1;
        room_serve(&room, "", &options);
        guest = room_connect(&room, "", NULL, &other);
        hurried.pump = suite_pumps[i];
        hurried.reconnect = true;
        hurried.connect_timeout_ms = 50;
        assert_int_equal(hprpc_client_connect(room.context, room.uri, &hurried, &detail, &refused), HPRPC_EDEADLINE);
        hprpc_client_free(guest);
        client = connect_again(&room, suite_pumps[i], 0, NULL, &proxy);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* ---- What is kept of a connection ---- */

/* Views into replies stay as they are when their connection ends, when another takes its place, and when the client is freed. */
static void held_replies(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        uint8_t *data = suite_data(LARGE, 5);
        struct hprpc_call held = HPRPC_CALL_INIT, late = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct kodosis_bytes reply;
        struct hprpc_client *client;
        struct room room;
        int32_t value;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i % 3], 0, NULL, &proxy);
        assert_int_equal(conform_probe_echo(&proxy, &held, suite_bytes(data, LARGE), &reply), 0);
        atomic_store(&room.probe.hold, true);
        assert_int_equal(conform_probe_later_start(&proxy, &late, 1, false), 0);
        suite_await(&room.probe.kept, 1);
        atomic_store(&room.probe.hold, false);
        room_stop(&room);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        room_serve_again(&room, NULL);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        assert_memory_equal(reply.data, data, LARGE);
        /* answered by the server that stopped, in time */
        assert_int_equal(conform_probe_later_finish(&late, &value), 0);
        if (i / 3)
            hprpc_call_clear(&held);
        hprpc_client_free(client);
        if (!(i / 3))
            assert_memory_equal(reply.data, data, LARGE);
        hprpc_call_clear(&held);
        hprpc_call_clear(&late);
        room_close(&room);
        free(data);
    }
}

/* A wait for several calls, of a connection that has ended and of the one after it. */
static void calls_of_two_connections(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_call calls[2] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT };
        struct hprpc_pending_call *pending[2];
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct room room;
        int32_t value;
        int first;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i], 0, NULL, &proxy);
        assert_int_equal(conform_probe_later_start(&proxy, &calls[0], 1, true), 0);
        suite_await(&room.probe.kept, 1);
        hprpc_controller_close(hprpc_client_controller(client));
        assert_int_equal(conform_probe_later_start(&proxy, &calls[1], 2, false), 0);
        pending[0] = calls[0].pending;
        pending[1] = calls[1].pending;
        first = hprpc_pending_call_wait_any(pending, 2, HPRPC_NO_TIMEOUT);
        assert_in_range(first, 0, 1);
        assert_int_equal(conform_probe_later_finish(&calls[0], &value), HPRPC_EMAYBE);
        assert_int_equal(conform_probe_later_finish(&calls[1], &value), 0);
        assert_int_equal(value, 2);
        hprpc_call_clear(&calls[0]);
        hprpc_call_clear(&calls[1]);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* ---- States ---- */

static void check_entry(const struct diary *diary, unsigned at, enum hprpc_client_state state, bool explained)
{
    assert_int_equal(diary->entries[at].state, state);
    assert_int_equal(diary->entries[at].code < 0, explained);
    assert_int_equal(diary->entries[at].reason[0] != '\0', explained);
}

static void states(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct diary diary;
        struct room room;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i], 0, &diary, &proxy);
        room_stop(&room);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        room_serve_again(&room, NULL);
        suite_await_state(client, HPRPC_CLIENT_READY);
        hprpc_client_free(client);
        assert_int_equal(atomic_load(&diary.count), 5);
        check_entry(&diary, 0, HPRPC_CLIENT_CONNECTING, false);
        check_entry(&diary, 1, HPRPC_CLIENT_READY, false);
        check_entry(&diary, 2, HPRPC_CLIENT_RECONNECTING, true);
        check_entry(&diary, 3, HPRPC_CLIENT_READY, false);
        check_entry(&diary, 4, HPRPC_CLIENT_CLOSED, true);
        room_close(&room);
    }
}

static void *poke(void *argument)
{
    return (void *)(intptr_t)conform_probe_poke(argument, NULL);
}

/* While a server stops, it finishes what it has, and new calls wait for the next one, unless they may not. */
static void draining(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_call late = HPRPC_CALL_INIT, hurried = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        void *result = NULL;
        pthread_t thread;
        struct room room;
        int32_t value;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i], 0, NULL, &proxy);
        atomic_store(&room.probe.hold, true);
        assert_int_equal(conform_probe_later_start(&proxy, &late, 5, false), 0);
        suite_await(&room.probe.kept, 1);
        hprpc_server_stop(room.server);
        suite_await_state(client, HPRPC_CLIENT_DRAINING);
        hurried.flags = HPRPC_CALL_NO_WAIT;
        assert_int_equal(conform_probe_poke(&proxy, &hurried), HPRPC_EBUSY);
        assert_non_null(strstr(hurried.detail, "stopping"));
        assert_int_equal(pthread_create(&thread, NULL, poke, &proxy), 0);
        atomic_store(&room.probe.hold, false);
        room_stop(&room);
        room_serve_again(&room, NULL);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_int_equal((intptr_t)result, 0);
        assert_int_equal(conform_probe_later_finish(&late, &value), 0);
        assert_int_equal(value, 5);
        hprpc_call_clear(&late);
        hprpc_call_clear(&hurried);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* ---- How an end and a return are noticed ---- */

/* A server that was killed, and one that takes its place. */
static void killed(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int i = 0; i < 3; i++) {
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct process process;
        struct room room;

        room_open(&room);
        probe_init(&room.probe);
        process_serve(&process);
        strcpy(room.uri, process.uri);
        client = connect_again(&room, suite_pumps[i], 0, NULL, &proxy);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        process_kill(&process);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        room_serve_again(&room, NULL);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* A server that falls silent is left, and found again. */
static void silent(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int i = 1; i < 3; i++) {
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct process process;
        struct room room;

        room_open(&room);
        process_serve(&process);
        strcpy(room.uri, process.uri);
        client = connect_again(&room, suite_pumps[i], 20, NULL, &proxy);
        process_suspend(&process);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        process_resume(&process);
        suite_await_state(client, HPRPC_CLIENT_READY);
        hprpc_client_free(client);
        process_kill(&process);
        process_sweep(&process);
        room_close(&room);
    }
}

/* A clock that stands still: no wait for an attempt is ever over. */
static uint64_t stand_still(void *self)
{
    (void)self;
    return 1000000000;
}

/* Pumps a client, as its mode has it, until it has told so much. */
static void await_told(struct hprpc_client *client, struct diary *diary, unsigned count)
{
    struct patience patience = patience_begin();

    while (atomic_load(&diary->count) < count && try_again(&patience)) {
        if (hprpc_client_descriptor(client) >= 0)
            hprpc_client_process(client);
        else
            hprpc_client_state(client);
    }
}

/*
 * Serves until the client has told READY. A client may come between the appearance of the name and the first moment at which the
 * listener can be reached; as the clock stands still it makes no further attempt, and the listener must appear once more.
 */
static void serve_until_told(struct room *room, struct hprpc_client *client, struct diary *diary, unsigned count)
{
    enum { TRIES = 300 };
    struct patience patience = patience_begin();

    room_serve_again(room, NULL);
    for (int tries = 1; atomic_load(&diary->count) < count && try_again(&patience); tries++) {
        if (hprpc_client_descriptor(client) >= 0)
            hprpc_client_process(client);
        else
            hprpc_client_state(client);
        if (tries % TRIES == 0 && atomic_load(&diary->count) < count) {
            room_stop(room);
            room_serve_again(room, NULL);
        }
    }
}

/* Only the listener's name tells of its return. */
static void noticed_by_name(void **state)
{
    (void)state;
    if (!transport->named)
        skip();
    for (int i = 0; i < 3; i++) {
        struct hprpc_context_options frozen = HPRPC_CONTEXT_OPTIONS_INIT;
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_context *context = NULL;
        struct hprpc_detail detail = { "" };
        struct hprpc_client *client = NULL;
        struct diary diary;
        struct room room;

        room_serve(&room, "", NULL);
        frozen.now = stand_still;
        frozen.transports = suite_transports;
        assert_int_equal(hprpc_context_new(&frozen, &context), 0);
        options.pump = suite_pumps[i];
        options.reconnect = true;
        diary_open(&diary, &options);
        if (hprpc_client_connect(context, room.uri, &options, &detail, &client) < 0)
            fail_msg("%s", detail.text);
        for (unsigned round = 0; round < 2; round++) {
            room_stop(&room);
            await_told(client, &diary, 3 + 2 * round);
            serve_until_told(&room, client, &diary, 4 + 2 * round);
        }
        hprpc_client_free(client);
        hprpc_context_free(context);
        room_close(&room);
    }
}

/* ---- A client that waits ---- */

static atomic_uint clock_reads;

static uint64_t count_reads(void *self)
{
    struct timespec time;

    (void)self;
    atomic_fetch_add(&clock_reads, 1);
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Between attempts a client sleeps, also while calls wait: it looks at the clock now and then, and not all the time. */
static void rests(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct hprpc_context_options counted = HPRPC_CONTEXT_OPTIONS_INIT;
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct hprpc_context *context = NULL;
        struct conform_probe_proxy proxy;
        struct hprpc_detail detail = { "" };
        struct hprpc_client *client = NULL;
        struct room room;

        room_serve(&room, i / 3 ? "?wait=spin" : "", NULL);
        counted.now = count_reads;
        counted.transports = suite_transports;
        assert_int_equal(hprpc_context_new(&counted, &context), 0);
        options.pump = suite_pumps[i % 3];
        options.reconnect = true;
        if (hprpc_client_connect(context, room.uri, &options, &detail, &client) < 0)
            fail_msg("%s", detail.text);
        assert_int_equal(conform_probe_bind(client, &detail, &proxy), 0);
        room_stop(&room);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        atomic_store(&clock_reads, 0);
        call.timeout_ms = 300;
        assert_int_equal(conform_probe_poke(&proxy, &call), HPRPC_EDEADLINE);
        assert_in_range(atomic_load(&clock_reads), 1, 5000);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        hprpc_context_free(context);
        room_close(&room);
    }
}

/* ---- Memory ---- */

/* Opens while the nth allocation fails, alone or with all that follow: it is refused for that, or works once there is memory. */
static void open_without(struct room *here, enum hprpc_pump pump, long nth, bool for_ever)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    struct conform_probe_proxy proxy;
    struct hprpc_client *client = NULL;
    int r;

    options.pump = pump;
    options.reconnect = true;
    memory_fail(&here->memory, nth, for_ever);
    r = hprpc_client_open(here->context, here->uri, &options, &detail, &client);
    memory_fail(&here->memory, 0, false);
    if (r < 0) {
        assert_int_equal(r, HPRPC_ENOMEM);
        assert_null(client);
        return;
    }
    if (conform_probe_bind(client, &detail, &proxy) < 0)
        fail_msg("allocation %ld: %s", nth, detail.text);
    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    hprpc_client_free(client);
}

/* Loses its connection while the nth allocation fails: calls may say so, and work once there is memory. */
static void reconnect_without(struct room *room, struct room *here, enum hprpc_pump pump, long nth, bool for_ever)
{
    struct patience patience = patience_begin();
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client = connect_again(here, pump, 0, NULL, &proxy);
    int r;

    room_stop(room);
    memory_fail(&here->memory, nth, for_ever);
    suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
    room_serve_again(room, NULL);
    call.timeout_ms = 30;
    r = conform_probe_poke(&proxy, &call);
    memory_fail(&here->memory, 0, false);
    if (r != 0 && r != HPRPC_ENOMEM && r != HPRPC_EDEADLINE && r != HPRPC_EBUSY)
        fail_msg("allocation %ld: %s", nth, hprpc_error_name(r));
    while ((r = conform_probe_poke(&proxy, NULL)) < 0 && try_again(&patience))
        assert_true(r == HPRPC_ENOMEM || r == HPRPC_EBUSY || r == HPRPC_EMAYBE || r == HPRPC_ENOTSENT);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
}

static void without_memory(void **state)
{
    enum { MOST = 9 };
    struct room room, here;

    (void)state;
    room_open(&here);
    room_serve(&room, "", NULL);
    snprintf(here.uri, sizeof(here.uri), "%s", room.uri);
    for (long nth = 1; nth <= 2 * MOST; nth++) {
        for (int i = 0; i < 3; i++)
            open_without(&here, suite_pumps[i], (nth + 1) / 2, nth % 2);
        reconnect_without(&room, &here, suite_pumps[nth % 3], (nth + 1) / 2, nth % 2);
    }
    room_close(&room);
    room_close(&here);
}

/* ---- A child of fork ---- */

static void forked(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct room room;
        pid_t child;
        int status;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i % 3], 0, NULL, &proxy);
        if (i / 3) {
            room_stop(&room);
            suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        }
        child = fork();
        if (child == 0) {
            bool right = conform_probe_poke(&proxy, NULL) == HPRPC_EFORKED &&
                         hprpc_client_state(client) == HPRPC_CLIENT_CLOSED &&
                         conform_probe_bind(client, NULL, &proxy) == HPRPC_EFORKED &&
                         conform_probe_offer(client, &probe_service, NULL) == HPRPC_EFORKED;

            hprpc_client_close(client);
            hprpc_client_free(client);
            _exit(right ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        if (i / 3)
            room_serve_again(&room, NULL);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_client_free(client);
        room_close(&room);
    }
}

static const struct CMUnitTest tests[] = {
    fixture_test(other_procedures),
    fixture_test(accepted_and_left),
    fixture_test(full),
    fixture_test(held_replies),
    fixture_test(states),
    fixture_test(calls_of_two_connections),
    fixture_test(killed),
    fixture_test(silent),
    fixture_test(noticed_by_name),
    fixture_test(forked),
    fixture_test(rests),
    fixture_test(draining),
    fixture_test(without_memory),
};

const struct chapter revival_chapter = { "revival", tests, sizeof(tests) / sizeof(tests[0]) };
