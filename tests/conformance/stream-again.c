/* SPDX-License-Identifier: MIT */
/*
 * Streams of clients that outlive a connection, and of processes that fork: which code a stream ends with, whether a stream that could not
 * start was sent, and that the next one works.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/hall.h"

/* ---- Across the end of a server ---- */

static void open_again(struct hall *hall, enum stream_way way, enum hprpc_pump pump)
{
    struct hprpc_server_options server = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options client = HPRPC_CLIENT_OPTIONS_INIT;

    server.stop_timeout_ms = 20;
    client.pump = pump;
    client.reconnect = true;
    hall_open(hall, way, &server, &client);
}

/* A server of both services where the former one was. */
static void serve_again(struct hall *hall)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };

    options.workers = hall->streams.way == STREAM_WORKER ? 2 : 0;
    assert_int_equal(hprpc_server_new(hall->room.context, &options, &hall->room.server), 0);
    assert_int_equal(conform_probe_add(hall->room.server, &probe_service, &hall->room.probe), 0);
    assert_int_equal(conform_stream_add(hall->room.server, &stream_service, &hall->streams), 0);
    if (hprpc_server_listen(hall->room.server, hall->room.uri, &detail) < 0)
        fail_msg("listening again at %s: %s", hall->room.uri, detail.text);
    room_run(&hall->room);
}

/* Over TCP, what a client sends to a server that is gone may throw away what that server has said last. */
static bool is_end_of_server(int code)
{
    return code == HPRPC_ECANCELLED || code == HPRPC_ECLOSED || code == HPRPC_EPEERDIED || code == HPRPC_EMAYBE;
}

/* The stream that the server has taken ends once, with a code that says that it may have run. */
static void expect_lost(struct hprpc_call *down, struct hprpc_call *up)
{
    int64_t number;
    int r;

    while ((r = conform_stream_endless_next(down, &number)) == 1)
        continue;
    assert_true(is_end_of_server(r));
    assert_int_equal(conform_stream_endless_next(down, &number), r);
    assert_int_equal(conform_stream_endless_finish(down), r);
    assert_true(down->detail && down->detail[0]);
    r = conform_stream_add_finish(up, &number);
    assert_true(is_end_of_server(r));
    assert_int_equal(conform_stream_add_send(up, 1), r);
    hprpc_call_clear(down);
    hprpc_call_clear(up);
}

/* While there is no server a stream does not start, and was not sent. */
static void expect_not_started(struct hall *hall)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    unsigned started = atomic_load(&hall->streams.started);

    call.flags = HPRPC_CALL_NO_WAIT;
    expect_code(&call, conform_stream_endless_start(&hall->stream, &call), HPRPC_EBUSY);
    call.flags = 0;
    call.timeout_ms = 30;
    expect_code(&call, conform_stream_endless_start(&hall->stream, &call), HPRPC_EDEADLINE);
    hprpc_call_clear(&call);
    assert_int_equal(atomic_load(&hall->streams.started), started);
}

static void the_server_comes_back(void **state)
{
    (void)state;
    for (int way = 0; way < STREAM_WAYS; way++)
        for (int i = 0; i < 3; i++) {
            struct hprpc_call down = stream_call(), up = stream_call();
            struct hall hall;
            int64_t number;

            open_again(&hall, (enum stream_way)way, suite_pumps[i]);
            hall_watch(&hall, 20);
            expect_code(&down, conform_stream_endless_start(&hall.stream, &down), 0);
            expect_code(&up, conform_stream_add_start(&hall.stream, &up), 0);
            expect_code(&down, conform_stream_endless_next(&down, &number), 1);
            expect_code(&up, conform_stream_add_send(&up, 1), 0);
            suite_await(&hall.streams.started, 3);
            room_stop(&hall.room);
            expect_lost(&down, &up);
            suite_await_state(hall.client, HPRPC_CLIENT_RECONNECTING);
            expect_not_started(&hall);
            serve_again(&hall);
            hall_watch(&hall, 300);
            hall_close(&hall);
        }
}

static void *serve_later(void *hall)
{
    serve_again(hall);
    return NULL;
}

/* A stream that starts while there is no server waits for it, unless the client is closed. */
static void a_start_waits(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_call call = stream_call();
        pthread_t thread;
        struct hall hall;

        open_again(&hall, STREAM_INLINE, suite_pumps[i]);
        room_stop(&hall.room);
        suite_await_state(hall.client, HPRPC_CLIENT_RECONNECTING);
        assert_int_equal(pthread_create(&thread, NULL, serve_later, &hall), 0);
        hall_watch(&hall, 100);
        assert_int_equal(pthread_join(thread, NULL), 0);
        room_stop(&hall.room);
        hprpc_client_close(hall.client);
        expect_code(&call, conform_stream_endless_start(&hall.stream, &call), HPRPC_ENOTSENT);
        hprpc_call_clear(&call);
        hall_close(&hall);
    }
}

/* ---- Across its death ---- */

/* The process that serves dies behind an element that it has sent; this one serves in its place. */
static void killed_amid_an_element(enum hprpc_pump pump)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call call = stream_call();
    struct kodosis_bytes part;
    struct process dying;
    struct hall hall;
    char argument[300];
    int r;

    hall_serve(&hall, STREAM_DEFERRED, NULL);
    room_stop(&hall.room);
    snprintf(argument, sizeof(argument), "%d %s", 1, hall.room.uri);
    process_start(&dying, "serve-streams-and-die", argument, dying.uri, sizeof(dying.uri));
    assert_string_equal(dying.uri, hall.room.uri);
    options.pump = pump;
    options.reconnect = true;
    assert_int_equal(hprpc_client_connect(hall.room.context, hall.room.uri, &options, NULL, &hall.client), 0);
    assert_int_equal(conform_stream_bind(hall.client, NULL, &hall.stream), 0);
    expect_code(&call, conform_stream_read_start(&hall.stream, &call, 2, 100), 0);
    while ((r = conform_stream_read_next(&call, &part)) == 1)
        continue;
    expect_code(&call, r, HPRPC_EPEERDIED);
    expect_code(&call, conform_stream_read_finish(&call), HPRPC_EPEERDIED);
    hprpc_call_clear(&call);
    process_wait(&dying);
    serve_again(&hall);
    hall_watch(&hall, 100);
    hall_close(&hall);
}

static void the_server_was_killed(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int i = 0; i < 3; i++)
        killed_amid_an_element(suite_pumps[i]);
}

/* ---- Fork ---- */

static void ignore(void *self, uint32_t events)
{
    (void)self;
    (void)events;
}

/* What the child of a process with open streams is told, of a call and of a request. 0: the same everywhere. */
static int use_as_child(struct hprpc_call *call, struct hprpc_request *request)
{
    const struct kodosis_bytes none = { NULL, 0 };
    struct kodosis_bytes part;
    int64_t number;

    call->flags = HPRPC_CALL_NO_WAIT;
    return conform_stream_hold_next(call, &number) != HPRPC_EFORKED ||
           conform_stream_hold_send(call, none) != HPRPC_EFORKED || hprpc_call_end(call) != HPRPC_EFORKED ||
           hprpc_call_cork(call, 1) != HPRPC_EFORKED ||
           hprpc_call_notify(call, HPRPC_STREAM_READABLE, ignore, NULL) != HPRPC_EFORKED ||
           conform_stream_hold_finish(call) != HPRPC_EFORKED ||
           conform_stream_hold_request_next(request, &part) != HPRPC_EFORKED ||
           conform_stream_hold_request_send(request, 1) != HPRPC_EFORKED ||
           hprpc_request_end(request) != HPRPC_EFORKED || hprpc_request_cork(request, 1) != HPRPC_EFORKED ||
           hprpc_request_notify(request, HPRPC_STREAM_READABLE, ignore, NULL) != HPRPC_EFORKED ||
           conform_stream_hold_reply(request) != HPRPC_EFORKED;
}

/* The child uses what belongs to its parent, and clears its copy; the parent's stream goes on and ends as if nothing had been. */
static void a_child_of_fork(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int i = 0; i < 3; i++) {
        struct hprpc_call call = stream_call();
        struct hall hall;
        int64_t number;
        int status;
        pid_t pid;

        hall_open_pumped(&hall, STREAM_INLINE, suite_pumps[i]);
        expect_code(&call, conform_stream_hold_start(&hall.stream, &call), 0);
        expect_code(&call, conform_stream_hold_send(&call, suite_bytes("abc", 3)), 0);
        suite_await(&hall.streams.held_count, 1);
        pid = fork();
        if (pid == 0) {
            status = use_as_child(&call, hall.streams.held[0]);
            hprpc_call_clear(&call);
            _exit(status);
        }
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        expect_code(&call, conform_stream_hold_send(&call, suite_bytes("abc", 3)), 0);
        streams_release(&hall.streams);
        expect_code(&call, conform_stream_hold_next(&call, &number), 0);
        expect_code(&call, conform_stream_hold_finish(&call), 0);
        hprpc_call_clear(&call);
        hall_watch(&hall, 100);
        hall_close(&hall);
    }
}

static const struct CMUnitTest tests[] = {
    fixture_test(the_server_comes_back),
    fixture_test(a_start_waits),
    fixture_test(the_server_was_killed),
    fixture_test(a_child_of_fork),
};

const struct chapter stream_again_chapter = { "stream-again", tests, sizeof(tests) / sizeof(tests[0]) };
