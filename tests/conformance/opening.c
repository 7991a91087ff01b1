/* SPDX-License-Identifier: MIT */
/* Connecting and binding without waiting, also where no server answers. */
#include "conformance/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };

enum { PUMPS = sizeof(pumps) / sizeof(pumps[0]) };

/* What the callback `changed` was told. */
struct story {
    atomic_int count;
    enum hprpc_client_state last;
    int code;
};

/* The callback `changed`. It runs on any thread, where cmocka cannot assert. */
static void note(void *self, enum hprpc_client_state state, int code, const char *reason)
{
    struct story *story = self;

    if (atomic_load(&story->count) ? state <= story->last : state != HPRPC_CLIENT_CONNECTING)
        abort();
    if (state <= HPRPC_CLIENT_READY ? code || reason[0] : !code || !reason[0])
        abort();
    story->last = state;
    story->code = code;
    atomic_fetch_add(&story->count, 1);
}

static void tell(void *self, struct hprpc_pending_call *pending)
{
    if (!hprpc_pending_call_done(pending))
        abort();
    atomic_fetch_add((atomic_int *)self, 1);
}

struct opening {
    struct room room;
    struct story story;
    struct hprpc_client *client;
    struct hprpc_call bind;
    int code; /* of a bind that did not start */
    atomic_int told;
};

/* Makes a listener that does not answer before room_run(). */
static void knockable(struct opening *opening)
{
    struct hprpc_detail detail = { "" };

    memset(opening, 0, sizeof(*opening));
    room_prepare(&opening->room, NULL);
    suite_uri(transport, "", opening->room.uri, sizeof(opening->room.uri));
    if (hprpc_server_listen(opening->room.server, opening->room.uri, &detail) < 0)
        fail_msg("%s", detail.text);
    assert_int_equal(hprpc_server_address(opening->room.server, 0, opening->room.uri, sizeof(opening->room.uri)), 0);
}

/* Opens a client and asks for Probe. Returns false if the opening failed at once, which must be a refusal. */
static bool knock(struct opening *opening, enum hprpc_pump pump, uint32_t connect_timeout_ms)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    int r;

    memset(&opening->story, 0, sizeof(opening->story));
    opening->bind = (struct hprpc_call)HPRPC_CALL_INIT;
    opening->client = NULL;
    atomic_store(&opening->told, 0);
    options.pump = pump;
    options.connect_timeout_ms = connect_timeout_ms;
    options.changed = note;
    options.changed_self = &opening->story;
    r = hprpc_client_open(opening->room.context, opening->room.uri, &options, &detail, &opening->client);
    if (r < 0) {
        assert_int_equal(r, HPRPC_EREFUSED);
        assert_true(detail.text[0]);
        assert_null(opening->client);
        assert_int_equal(opening->story.count, 0);
        return false;
    }
    opening->code = conform_probe_bind_start(opening->client, &opening->bind);
    if (opening->code == 0) {
        hprpc_pending_call_notify(opening->bind.pending, tell, &opening->told);
    } else {
        /* the client's thread has noticed already that connecting fails */
        assert_int_equal(pump, HPRPC_PUMP_THREAD);
        assert_null(opening->bind.pending);
    }
    return true;
}

/* Returns what the bind ended with, and clears it. */
static int outcome(struct opening *opening, struct conform_probe_proxy *ret_proxy)
{
    struct patience patience = patience_begin();
    int r = opening->code;

    if (r < 0) {
        assert_true(opening->bind.detail && opening->bind.detail[0]);
        hprpc_call_clear(&opening->bind);
        return r;
    }
    if (hprpc_client_descriptor(opening->client) >= 0) {
        struct pollfd watched = { .fd = hprpc_client_descriptor(opening->client), .events = POLLIN };

        while (!hprpc_pending_call_done(opening->bind.pending) && try_again(&patience)) {
            poll(&watched, 1, hprpc_client_timeout(opening->client));
            hprpc_client_process(opening->client);
        }
    }
    r = conform_probe_bind_finish(&opening->bind, ret_proxy);
    /* the wait may return a moment before the callback begins */
    while (!atomic_load(&opening->told) && try_again(&patience))
        continue;
    if (r < 0 && (!opening->bind.detail || !opening->bind.detail[0]))
        fail_msg("%s comes without a sentence", hprpc_error_name(r));
    hprpc_call_clear(&opening->bind);
    assert_int_equal(atomic_load(&opening->told), 1);
    return r;
}

static void leave(struct opening *opening, enum hprpc_client_state last)
{
    hprpc_client_free(opening->client);
    opening->client = NULL;
    assert_int_equal(opening->story.last, last);
}

/* ---- The server answers ---- */

/* Client and server share one thread's loop: a library call that blocked would wait for ever. */
static void one_thread_for_both_sides(void **state)
{
    struct opening opening;
    struct conform_probe_proxy proxy;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    struct patience patience = patience_begin();
    uint8_t *data = suite_data(100000, 3);
    struct pollfd watched[2];

    (void)state;
    knockable(&opening);
    assert_true(knock(&opening, HPRPC_PUMP_LOOP, 0));
    watched[0] = (struct pollfd){ .fd = hprpc_client_descriptor(opening.client), .events = POLLIN };
    watched[1] = (struct pollfd){ .fd = hprpc_server_descriptor(opening.room.server), .events = POLLIN };
    while (!call.pending || !hprpc_pending_call_done(call.pending)) {
        assert_true(try_again(&patience));
        assert_true(poll(watched, 2, hprpc_client_timeout(opening.client)) >= 0);
        assert_int_equal(hprpc_client_process(opening.client), 0);
        assert_int_equal(hprpc_server_process(opening.room.server), 0);
        if (!call.pending && atomic_load(&opening.told)) {
            assert_int_equal(opening.story.last, HPRPC_CLIENT_READY);
            assert_int_equal(conform_probe_bind_finish(&opening.bind, &proxy), 0);
            assert_int_equal(conform_probe_echo_start(&proxy, &call, suite_bytes(data, 100000)), 0);
        }
    }
    assert_int_equal(conform_probe_echo_finish(&call, &reply), 0);
    assert_int_equal(reply.size, 100000);
    assert_memory_equal(reply.data, data, reply.size);
    hprpc_call_clear(&call);
    hprpc_call_clear(&opening.bind);
    leave(&opening, HPRPC_CLIENT_CLOSED);
    assert_int_equal(opening.story.count, 3);
    assert_int_equal(opening.told, 1);
    room_close(&opening.room);
    free(data);
}

/* The BIND is sent when the server answers, not earlier. */
static void answered_late(void **state)
{
    (void)state;
    for (int i = 0; i < PUMPS; i++) {
        struct opening opening;
        struct conform_probe_proxy proxy;

        knockable(&opening);
        assert_true(knock(&opening, pumps[i], 0));
        assert_int_equal(hprpc_pending_call_wait(opening.bind.pending, 0), HPRPC_EAGAIN);
        assert_int_equal(hprpc_client_state(opening.client), HPRPC_CLIENT_CONNECTING);
        room_run(&opening.room);
        assert_int_equal(outcome(&opening, &proxy), 0);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        leave(&opening, HPRPC_CLIENT_CLOSED);
        assert_int_equal(opening.story.count, 3);
        room_close(&opening.room);
    }
}

/* A host name with several addresses, of which some have no listener. */
static void the_next_address(void **state)
{
    (void)state;
    if (strcmp(transport->scheme, "tcp") != 0)
        skip();
    for (int i = 0; i < PUMPS; i++) {
        struct opening opening;
        struct conform_probe_proxy proxy;
        char port[16];

        knockable(&opening);
        snprintf(port, sizeof(port), "%s", strrchr(opening.room.uri, ':'));
        snprintf(opening.room.uri, sizeof(opening.room.uri), "tcp://localhost%s", port);
        assert_true(knock(&opening, pumps[i], 0));
        room_run(&opening.room);
        assert_int_equal(outcome(&opening, &proxy), 0);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        leave(&opening, HPRPC_CLIENT_CLOSED);
        room_close(&opening.room);
    }
}

/* ---- No server answers ---- */

static void expect_failed(struct opening *opening, int code, int other)
{
    struct conform_probe_proxy proxy;
    int r = outcome(opening, &proxy);

    if (r != code && r != other)
        fail_msg("%s", hprpc_error_name(r));
    leave(opening, HPRPC_CLIENT_BROKEN);
    assert_int_equal(opening->story.code, r);
    assert_int_equal(opening->story.count, 2);
}

static void nobody_listens(void **state)
{
    struct opening opening;

    (void)state;
    /* a place that had a listener a moment ago */
    knockable(&opening);
    room_stop(&opening.room);
    for (int i = 0; i < PUMPS; i++) {
        if (knock(&opening, pumps[i], 0))
            expect_failed(&opening, HPRPC_EREFUSED, HPRPC_EREFUSED);
    }
    room_close(&opening.room);
}

static void nobody_answers(void **state)
{
    struct opening opening;

    (void)state;
    knockable(&opening);
    for (int i = 0; i < PUMPS; i++) {
        assert_true(knock(&opening, pumps[i], 20));
        expect_failed(&opening, HPRPC_EDEADLINE, HPRPC_EDEADLINE);
    }
    room_close(&opening.room);
}

/* Cancels, closes or frees while no server answers. */
static void give_up(struct opening *opening, enum hprpc_pump pump, int how)
{
    struct conform_probe_proxy proxy;

    assert_true(knock(opening, pump, 0));
    if (how / 3)
        hprpc_pending_call_wait(opening->bind.pending, 0);
    if (how % 3 == 0) {
        hprpc_pending_call_cancel(opening->bind.pending);
        assert_int_equal(outcome(opening, &proxy), HPRPC_ECANCELLED);
        assert_int_equal(hprpc_client_state(opening->client), HPRPC_CLIENT_CONNECTING);
    } else if (how % 3 == 1) {
        hprpc_client_close(opening->client);
        assert_int_equal(outcome(opening, &proxy), HPRPC_ENOTSENT);
    }
    leave(opening, HPRPC_CLIENT_CLOSED);
    assert_int_equal(opening->story.code, HPRPC_ECLOSED);
    /* the ticket outlives the client */
    if (how % 3 == 2)
        assert_int_equal(conform_probe_bind_finish(&opening->bind, &proxy), HPRPC_ENOTSENT);
    hprpc_call_clear(&opening->bind);
    assert_int_equal(opening->told, 1);
    assert_int_equal(opening->story.count, 2);
}

static void given_up(void **state)
{
    struct opening opening;

    (void)state;
    knockable(&opening);
    for (int i = 0; i < 6 * PUMPS; i++)
        give_up(&opening, pumps[i % PUMPS], i / PUMPS);
    /* the listener goes on */
    struct conform_probe_proxy proxy;
    room_run(&opening.room);
    assert_true(knock(&opening, HPRPC_PUMP_LOOP, 0));
    assert_int_equal(outcome(&opening, &proxy), 0);
    leave(&opening, HPRPC_CLIENT_CLOSED);
    room_close(&opening.room);
}

static void the_listener_leaves(void **state)
{
    (void)state;
    for (int i = 0; i < PUMPS; i++) {
        struct opening opening;

        knockable(&opening);
        assert_true(knock(&opening, pumps[i], 0));
        if (i != 1)
            hprpc_pending_call_wait(opening.bind.pending, 0);
        room_stop(&opening.room);
        expect_failed(&opening, HPRPC_EREFUSED, HPRPC_EPEERDIED);
        room_close(&opening.room);
    }
}

static void the_listener_is_killed(void **state)
{
    (void)state;
    if (!transport->processes)
        skip();
    for (int i = 0; i < PUMPS; i++) {
        struct opening opening;
        struct process process;
        struct hprpc_server *server;

        memset(&opening, 0, sizeof(opening));
        room_open(&opening.room);
        process_serve(&process);
        assert_int_equal(kill(process.pid, SIGSTOP), 0);
        strcpy(opening.room.uri, process.uri);
        assert_true(knock(&opening, pumps[i], 0));
        hprpc_pending_call_wait(opening.bind.pending, 0);
        process_kill(&process);
        expect_failed(&opening, HPRPC_EREFUSED, HPRPC_EPEERDIED);
        /* the next listener at this place removes the names of the dead process */
        assert_int_equal(hprpc_server_new(opening.room.context, NULL, &server), 0);
        assert_int_equal(hprpc_server_listen(server, process.uri, NULL), 0);
        hprpc_server_free(server);
        room_close(&opening.room);
    }
}

/* ---- A black hole: the system itself does not answer ---- */

enum { FILLERS = 4 };

/* Makes a listener whose queue is full, so that the next client gets no answer. Returns its descriptor. */
static int dig(int fillers[FILLERS], char *ret_uri, size_t capacity)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    for (int i = 0; i < FILLERS; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(fillers[i], (struct sockaddr *)&address, size) < 0)
            assert_int_equal(errno, EINPROGRESS);
    }
    /* even the last filler gets no answer */
    assert_int_equal(poll(&(struct pollfd){ .fd = fillers[FILLERS - 1], .events = POLLOUT }, 1, 0), 0);
    snprintf(ret_uri, capacity, "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

static void a_black_hole(void **state)
{
    struct opening opening;
    struct hprpc_client *client = NULL;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    int fillers[FILLERS], hole;

    (void)state;
    if (strcmp(transport->scheme, "tcp") != 0)
        skip();
    memset(&opening, 0, sizeof(opening));
    room_open(&opening.room);
    hole = dig(fillers, opening.room.uri, sizeof(opening.room.uri));
    for (int i = 0; i < PUMPS; i++) {
        assert_true(knock(&opening, pumps[i], 20));
        expect_failed(&opening, HPRPC_EDEADLINE, HPRPC_EDEADLINE);
    }
    for (int i = 0; i < 6 * PUMPS; i++)
        give_up(&opening, pumps[i % PUMPS], i / PUMPS);
    options.connect_timeout_ms = 20;
    assert_int_equal(hprpc_client_connect(opening.room.context, opening.room.uri, &options, NULL, &client),
                     HPRPC_EDEADLINE);

    /* the listener is closed while a client waits for an answer */
    assert_true(knock(&opening, HPRPC_PUMP_LOOP, 0));
    for (int i = 0; i < FILLERS; i++)
        close(fillers[i]);
    close(hole);
    hprpc_pending_call_cancel(opening.bind.pending);
    hprpc_call_clear(&opening.bind);
    leave(&opening, HPRPC_CLIENT_CLOSED);
    room_close(&opening.room);
}

static const struct CMUnitTest tests[] = {
    fixture_test(one_thread_for_both_sides),
    fixture_test(answered_late),
    fixture_test(the_next_address),
    fixture_test(nobody_listens),
    fixture_test(nobody_answers),
    fixture_test(given_up),
    fixture_test(the_listener_leaves),
    fixture_test(the_listener_is_killed),
    fixture_test(a_black_hole),
};

const struct chapter opening_chapter = { "opening", tests, sizeof(tests) / sizeof(tests[0]) };
