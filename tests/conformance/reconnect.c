/* SPDX-License-Identifier: MIT */
/* Clients that reconnect: calls wait for the server's return, or do not; what was sent stays sent; the client is closed meanwhile. */
#include <poll.h>
#include <unistd.h>

#include "conformance/suite.h"

enum { THREADS = 8, RESTARTS = 3 };

static struct hprpc_client *connect_again(struct room *room, enum hprpc_pump pump, struct diary *diary,
                                          struct conform_probe_proxy *ret_proxy)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;

    options.pump = pump;
    if (diary)
        diary_open(diary, &options);
    return room_connect(room, strchr(room->uri, '?') ? "&reconnect=yes" : "?reconnect=yes", &options, ret_proxy);
}

/* ---- The server comes back ---- */

/* All that a proxy can do works again, in both directions: what the client offers is offered again. */
static void restarts(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct conform_probe_proxy proxy, copy;
        struct hprpc_client *client;
        struct room room;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i], NULL, &proxy);
        assert_int_equal(conform_probe_offer(client, &probe_service, &room.probe), 0);
        assert_int_equal(conform_probe_offer(client, &probe_service, &room.probe), HPRPC_EINVAL);
        copy = proxy;
        for (int round = 0; round < RESTARTS; round++) {
            assert_true(suite_call_every_way(&proxy, round));
            room_stop(&room);
            suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
            room_serve_again(&room, NULL);
            assert_int_equal(conform_probe_poke(&copy, NULL), 0);
        }
        assert_true(suite_call_every_way(&copy, RESTARTS));
        hprpc_client_free(client);
        room_close(&room);
    }
}

static void *restart_later(void *argument)
{
    struct room *room = argument;

    room_serve_again(room, NULL);
    return NULL;
}

/* A call that begins while there is no server waits for it, in each form there is. */
static void calls_wait(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct room room;
        pthread_t thread;
        int32_t value = 0;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i % 3], NULL, &proxy);
        room_stop(&room);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        assert_int_equal(pthread_create(&thread, NULL, restart_later, &room), 0);
        if (i / 3 == 0) {
            assert_int_equal(conform_probe_later(&proxy, NULL, 7, false, &value), 0);
        } else if (i / 3 == 1) {
            assert_int_equal(conform_probe_later_start(&proxy, &call, 7, false), 0);
            assert_int_equal(conform_probe_later_finish(&call, &value), 0);
        } else {
            assert_int_equal(conform_probe_note(&proxy, NULL, 0, suite_bytes("", 0)), 0);
            assert_int_equal(conform_probe_later(&proxy, NULL, 7, false, &value), 0);
            assert_int_equal(atomic_load(&room.probe.noted), 1);
        }
        assert_int_equal(value, 7);
        assert_int_equal(pthread_join(thread, NULL), 0);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* Whether a call with this outcome may have met the end of its connection, or a server that was just stopping. */
static bool is_lost(int code)
{
    return code == HPRPC_EMAYBE || code == HPRPC_EPEERDIED || code == HPRPC_ENOTSENT || code == HPRPC_EBUSY;
}

/* Calls until a call gets through. */
static void poke_through(const struct conform_probe_proxy *proxy)
{
    struct patience patience = patience_begin();
    int r;

    while (is_lost(r = conform_probe_poke(proxy, NULL)) && try_again(&patience))
        continue;
    assert_int_equal(r, 0);
}

struct caller {
    const struct conform_probe_proxy *proxy;
    atomic_bool *stops;
    unsigned answered, lost;
    int wrong; /* a code that no call may have */
};

static void *call_on(void *argument)
{
    struct caller *caller = argument;
    int32_t value;
    int r;

    for (int32_t i = 0; !atomic_load(caller->stops) && !caller->wrong; i++) {
        r = conform_probe_later(caller->proxy, NULL, i, false, &value);
        if (r == 0 && value == i)
            caller->answered++;
        else if (is_lost(r))
            caller->lost++;
        else
            caller->wrong = r ? r : 1;
    }
    return NULL;
}

/* Many threads call through one client while its server comes and goes. */
static void call_through_restarts(enum hprpc_pump pump, unsigned threads)
{
    struct caller callers[THREADS];
    struct conform_probe_proxy proxy;
    pthread_t handles[THREADS];
    struct hprpc_client *client;
    atomic_bool stops = false;
    struct room room;

    room_serve(&room, "", NULL);
    client = connect_again(&room, pump, NULL, &proxy);
    for (unsigned i = 0; i < threads; i++) {
        callers[i] = (struct caller){ .proxy = &proxy, .stops = &stops };
        assert_int_equal(pthread_create(&handles[i], NULL, call_on, &callers[i]), 0);
    }
    for (int i = 0; i < RESTARTS; i++) {
        poke_through(&proxy);
        room_stop(&room);
        room_serve_again(&room, NULL);
        poke_through(&proxy);
    }
    atomic_store(&stops, true);
    for (unsigned i = 0; i < threads; i++) {
        assert_int_equal(pthread_join(handles[i], NULL), 0);
        assert_int_equal(callers[i].wrong, 0);
        assert_true(callers[i].answered);
    }
    hprpc_client_free(client);
    room_close(&room);
}

static void one_thread(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        call_through_restarts(suite_pumps[i], 1);
}

static void two_threads(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        call_through_restarts(suite_pumps[i], 2);
}

static void many_threads(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        call_through_restarts(suite_pumps[i], THREADS);
}

/* An event loop that never waits in a call: poll, process, and a descriptor that stays the same. */
static void in_a_loop(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    struct diary diary;
    struct room room;
    int descriptor;

    (void)state;
    room_serve(&room, "", NULL);
    client = connect_again(&room, HPRPC_PUMP_LOOP, &diary, &proxy);
    descriptor = hprpc_client_descriptor(client);
    for (unsigned round = 0; round < RESTARTS; round++) {
        struct pollfd watched = { .fd = descriptor, .events = POLLIN };

        room_stop(&room);
        for (unsigned served = 0; atomic_load(&diary.count) < 4 + 2 * round;) {
            assert_true(poll(&watched, 1, hprpc_client_timeout(client)) >= 0);
            assert_int_equal(hprpc_client_process(client), 0);
            assert_int_equal(hprpc_client_descriptor(client), descriptor);
            if (atomic_load(&diary.count) == 3 + 2 * round && served++ == 1)
                room_serve_again(&room, NULL);
        }
        assert_int_equal(conform_probe_poke_start(&proxy, &call), 0);
        assert_int_equal(suite_drive(client, call.pending), 0);
        assert_int_equal(conform_probe_poke_finish(&call), 0);
        hprpc_call_clear(&call);
    }
    hprpc_client_free(client);
    room_close(&room);
}

struct loop {
    struct hprpc_client *client;
    int ends[2]; /* of a pipe: a byte ends the loop */
};

static void *run_loop(void *argument)
{
    struct loop *loop = argument;
    struct pollfd watched[] = { { .fd = hprpc_client_descriptor(loop->client), .events = POLLIN },
                                { .fd = loop->ends[0], .events = POLLIN } };

    while (poll(watched, 2, hprpc_client_timeout(loop->client)) < 0 || !(watched[1].revents & POLLIN))
        hprpc_client_process(loop->client);
    return NULL;
}

/* A loop on one thread, and calls on others that give up before the server is back: the loop goes on where they stopped. */
static void a_loop_and_threads(void **state)
{
    struct conform_probe_proxy proxy;
    struct loop loop = { NULL };
    pthread_t thread;
    struct diary diary;
    struct room room;

    (void)state;
    room_serve(&room, "", NULL);
    loop.client = connect_again(&room, HPRPC_PUMP_LOOP, &diary, &proxy);
    assert_int_equal(pipe(loop.ends), 0);
    assert_int_equal(pthread_create(&thread, NULL, run_loop, &loop), 0);
    for (unsigned round = 0; round < RESTARTS; round++) {
        struct patience patience = patience_begin();
        struct hprpc_call call = HPRPC_CALL_INIT;

        room_stop(&room);
        while (atomic_load(&diary.count) < 3 + 2 * round && round < 2 && try_again(&patience))
            continue;
        call.timeout_ms = 30;
        for (int i = 0; i < 4; i++)
            assert_true(conform_probe_poke(&proxy, &call) < 0);
        hprpc_call_clear(&call);
        room_serve_again(&room, NULL);
        while (hprpc_client_state(loop.client) != HPRPC_CLIENT_READY && try_again(&patience))
            continue;
    }
    assert_int_equal(write(loop.ends[1], "x", 1), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    hprpc_client_free(loop.client);
    close(loop.ends[0]);
    close(loop.ends[1]);
    room_close(&room);
}

/* ---- There is no server ---- */

static void not_waiting(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct patience patience = patience_begin();
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct room room;
        int r;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i], NULL, &proxy);
        room_stop(&room);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        call.flags = HPRPC_CALL_NO_WAIT;
        assert_int_equal(conform_probe_poke(&proxy, &call), HPRPC_EBUSY);
        assert_non_null(strstr(call.detail, "no connection"));
        assert_int_equal(conform_probe_poke_start(&proxy, &call), HPRPC_EBUSY);
        assert_int_equal(conform_probe_note(&proxy, &call, 0, suite_bytes("", 0)), HPRPC_EBUSY);
        room_serve_again(&room, NULL);
        /* such calls alone make a client reconnect that only its callers pump */
        while ((r = conform_probe_poke(&proxy, &call)) == HPRPC_EBUSY && try_again(&patience)) {
            if (suite_pumps[i] == HPRPC_PUMP_LOOP)
                hprpc_client_process(client);
        }
        assert_int_equal(r, 0);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* Waiting ends at the call's deadline, which may be shorter than the wait for the next attempt. */
static void deadlines(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_call call = HPRPC_CALL_INIT, bind = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy, other;
        struct hprpc_client *client;
        struct room room;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i], NULL, &proxy);
        room_stop(&room);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        for (uint32_t timeout = 1; timeout < 300; timeout = timeout * 2 + 50) {
            call.timeout_ms = timeout;
            assert_int_equal(conform_probe_poke(&proxy, &call), HPRPC_EDEADLINE);
            assert_non_null(strstr(call.detail, "no connection"));
        }
        bind.timeout_ms = 20;
        assert_int_equal(conform_probe_bind_start(client, &bind), 0);
        if (suite_pumps[i] == HPRPC_PUMP_LOOP)
            suite_drive(client, bind.pending);
        assert_int_equal(conform_probe_bind_finish(&bind, &other), HPRPC_EDEADLINE);
        assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_RECONNECTING);
        hprpc_call_clear(&bind);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* ---- The first connection ---- */

/* A place that had a listener until just now. */
static void prepare_vacant(struct room *room)
{
    room_serve(room, "", NULL);
    room_stop(room);
}

static struct hprpc_client *open_early(struct room *room, enum hprpc_pump pump, struct diary *diary)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    struct hprpc_client *client = NULL;

    options.pump = pump;
    options.reconnect = true;
    diary_open(diary, &options);
    if (hprpc_client_open(room->context, room->uri, &options, &detail, &client) < 0)
        fail_msg("%s", detail.text);
    return client;
}

/* Clients that come before their server. */
static void the_first_connection(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call bind = HPRPC_CALL_INIT;
        struct hprpc_client *client, *late = NULL;
        struct conform_probe_proxy proxy;
        struct hprpc_detail detail = { "" };
        struct diary diary;
        struct room room;

        prepare_vacant(&room);
        options.pump = suite_pumps[i];
        options.reconnect = true;
        options.connect_timeout_ms = 50;
        assert_int_equal(hprpc_client_connect(room.context, room.uri, &options, &detail, &late), HPRPC_EDEADLINE);
        assert_non_null(strstr(detail.text, "no connection within 50 ms"));
        client = open_early(&room, suite_pumps[i], &diary);
        assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_CONNECTING);
        assert_int_equal(conform_probe_bind_start(client, &bind), 0);
        assert_int_equal(hprpc_pending_call_wait(bind.pending, 5), HPRPC_EAGAIN);
        room_serve_again(&room, NULL);
        if (suite_pumps[i] == HPRPC_PUMP_LOOP)
            suite_drive(client, bind.pending);
        assert_int_equal(conform_probe_bind_finish(&bind, &proxy), 0);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_call_clear(&bind);
        hprpc_client_free(client);
        diary_check(&diary, HPRPC_CLIENT_CLOSED, HPRPC_EMAYBE);
        room_close(&room);
    }
}

/* What the options say of the URI, and the URI of the options. */
static void options(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail = { "" };
    struct room room;
    char uri[300];
    int r;

    (void)state;
    prepare_vacant(&room);
    snprintf(uri, sizeof(uri), "%s?reconnect=perhaps", room.uri);
    assert_int_equal(hprpc_client_open(room.context, uri, NULL, &detail, &client), HPRPC_EURI);
    assert_non_null(strstr(detail.text, "perhaps"));
    options.reconnect = true;
    snprintf(uri, sizeof(uri), "%s?reconnect=no", room.uri);
    r = hprpc_client_connect(room.context, uri, &options, &detail, &client);
    assert_int_equal(r, HPRPC_EREFUSED);
    assert_int_equal(hprpc_client_open(room.context, "pigeon://x?reconnect=yes", NULL, &detail, &client),
                     HPRPC_ESCHEME);
    assert_int_equal(hprpc_client_from_fd(room.context, STDIN_FILENO, NULL, &options, &detail, &client), HPRPC_EINVAL);
    assert_non_null(strstr(detail.text, "reconnect"));
    assert_int_equal(hprpc_server_new(room.context, NULL, &room.server), 0);
    assert_int_equal(hprpc_server_listen(room.server, uri, &detail), HPRPC_EURI);
    assert_non_null(strstr(detail.text, "a listener does not connect"));
    hprpc_server_free(room.server);
    room.server = NULL;
    /* the fake looks for its listener first */
    snprintf(uri, sizeof(uri), "%s?reconnect=yes&wait=perhaps", room.uri);
    if (transport->processes)
        assert_int_equal(hprpc_client_open(room.context, uri, NULL, &detail, &client), HPRPC_EURI);
    room_close(&room);
}

/* ---- Closing ---- */

static void *poke(void *argument)
{
    return (void *)(intptr_t)conform_probe_poke(argument, NULL);
}

/* Closed, or freed at once, while it connects or reconnects, and while a thread waits. */
static void closed_meanwhile(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        void *result = NULL;
        pthread_t thread;
        struct diary diary;
        struct room room;

        room_serve(&room, "", NULL);
        client = connect_again(&room, suite_pumps[i % 3], &diary, &proxy);
        room_stop(&room);
        if (i / 3 < 2)
            suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        if (i / 3 == 1) {
            assert_int_equal(pthread_create(&thread, NULL, poke, &proxy), 0);
            hprpc_client_close(client);
            assert_int_equal(pthread_join(thread, &result), 0);
            assert_int_equal((intptr_t)result, HPRPC_ENOTSENT);
            assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_CLOSED);
            hprpc_client_close(client);
            assert_int_equal(conform_probe_poke(&proxy, NULL), HPRPC_ENOTSENT);
        }
        hprpc_client_free(client);
        assert_int_equal(diary.entries[atomic_load(&diary.count) - 1].state, HPRPC_CLIENT_CLOSED);
        for (unsigned at = 0; at + 1 < atomic_load(&diary.count); at++)
            assert_int_not_equal(diary.entries[at].state, HPRPC_CLIENT_CLOSED);
        room_close(&room);
    }
}

static const struct CMUnitTest tests[] = {
    fixture_test(restarts),           fixture_test(calls_wait),   fixture_test(one_thread),
    fixture_test(two_threads),        fixture_test(many_threads), fixture_test(in_a_loop),
    fixture_test(not_waiting),        fixture_test(deadlines),    fixture_test(the_first_connection),
    fixture_test(a_loop_and_threads), fixture_test(options),      fixture_test(closed_meanwhile),
};

const struct chapter reconnect_chapter = { "reconnect", tests, sizeof(tests) / sizeof(tests[0]) };
