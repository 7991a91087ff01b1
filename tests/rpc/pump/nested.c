/* SPDX-License-Identifier: MIT */
/* Calls inside calls, in both directions: which nest, which wait, and how deep they go. */
#include "rpc/stage.h"

#include <poll.h>

#include "rpc/server.h"

/* One side of a conversation. It answers a request "N..." after a call "N - 1" to the other side, or at once if N is 0. */
struct side {
    atomic_int calls, deepest, inside;
    atomic_int refused;
    char order[64]; /* second bytes of the executed requests, in order; only the pump of this side writes */
    int ran;
};

static int talk_back(struct hprpc_request *request, uint8_t depth, uint8_t mark)
{
    struct tiny other;
    uint8_t data[2] = { depth, mark };
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    int r = tiny_bind(hprpc_controller_client(hprpc_request_controller(request)), &tiny_interface, NULL, &other);

    if (r == 0)
        r = tiny_echo(&other, &call, data, 2, &reply);
    if (r == 0 && reply.size != 1)
        r = HPRPC_EINTERNAL;
    if (r == 0)
        data[0] = (uint8_t)(reply.data[0] + 1);
    hprpc_call_clear(&call);
    return r < 0 ? r : tiny_echo_reply(request, data, 1);
}

static int converse(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct side *side = self;
    int inside = atomic_fetch_add(&side->inside, 1) + 1;
    int deepest = atomic_load(&side->deepest);
    int r;

    atomic_fetch_add(&side->calls, 1);
    while (inside > deepest && !atomic_compare_exchange_weak(&side->deepest, &deepest, inside))
        continue;
    if (side->ran < 63 && data.size > 1)
        side->order[side->ran++] = (char)data.data[1];
    if (!data.size || data.data[0] == 0)
        r = tiny_echo_reply(request, "\1", 1);
    else
        r = talk_back(request, (uint8_t)(data.data[0] - 1), data.size > 1 ? data.data[1] : 0);
    if (r == HPRPC_EBUSY)
        atomic_fetch_add(&side->refused, 1);
    atomic_fetch_sub(&side->inside, 1);
    return r;
}

static const struct tiny_handlers conversing = { converse, NULL, NULL };

static void down_to_a_depth(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct stage stage;
        struct hprpc_server_options server_options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct side here = { 0 }, there = { 0 };
        struct hprpc_client *client;
        struct tiny tiny;

        stage_open(&stage, false);
        options.pump = pumps[i % 3];
        server_options.workers = i / 3; /* also on workers */
        server_options.max_depth = options.max_depth = 20;
        stage_serve(&stage, &server_options, &conversing, &there);
        stage_run(&stage);
        client = stage_connect_tiny(&stage, "", &options, &tiny);
        assert_int_equal(hprpc_controller_serve(hprpc_client_controller(client), &tiny_interface, &conversing, &here),
                         0);
        for (uint8_t depth = 0; depth < 20; depth++) {
            struct hprpc_call call = HPRPC_CALL_INIT;
            struct kodosis_bytes reply;

            assert_int_equal(tiny_echo(&tiny, &call, &depth, 1, &reply), 0);
            assert_int_equal(reply.data[0], depth + 1);
            hprpc_call_clear(&call);
        }
        assert_int_equal(atomic_load(&there.deepest), 10);
        assert_int_equal(atomic_load(&here.deepest), 10);

        /* the side that is asked at too great a depth refuses, and the others pass the code on */
        struct hprpc_call call = HPRPC_CALL_INIT;
        assert_int_equal(tiny_echo(&tiny, &call, "\x20", 1, NULL), HPRPC_EBUSY);
        assert_int_equal(tiny_echo(&tiny, &call, "\x3", 1, NULL), 0);
        assert_true(atomic_load(&there.refused) + atomic_load(&here.refused) > 0);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        stage_close(&stage);
    }
}

/* A request carries its depth if a handler makes it, and only then. */
static void the_depth_is_on_the_wire(void **state)
{
    struct stage stage;
    struct side there = { 0 };
    struct fake_end *end;
    struct fake_message message;
    struct hprpc_header header = { .type = HPRPC_MESSAGE_REQUEST, .depth = 5, .flags = HPRPC_FLAG_DEPTH };

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &conversing, &there);
    end = raw_connect(&stage, NULL);
    stage_run(&stage);
    header.call = 7;
    fake_send(end, &header, "\x02\x01z", 3);
    assert_true(fake_expect(end, HPRPC_MESSAGE_BIND, &message));
    raw_bound(end, message.header.call);
    fake_message_clear(&message);
    assert_true(fake_expect(end, HPRPC_MESSAGE_REQUEST, &message));
    assert_int_equal(message.header.flags, HPRPC_FLAG_DEPTH);
    assert_int_equal(message.header.depth, 6);
    raw_reply(end, message.header.call, "\x01", 1);
    fake_message_clear(&message);
    assert_true(fake_expect(end, HPRPC_MESSAGE_REPLY, &message));
    assert_int_equal(message.header.call, 7);
    fake_message_clear(&message);
    fake_leave(end);
    stage_close(&stage);
}

/* Inside a wait, deeper requests run at once; the others wait until the handler has returned. */
static void unrelated_requests_wait_their_turn(void **state)
{
    struct stage stage;
    struct side there = { 0 };
    struct fake_end *end;
    struct fake_message callback, message;
    struct hprpc_header deeper = { .type = HPRPC_MESSAGE_REQUEST, .call = 9, .depth = 1, .flags = HPRPC_FLAG_DEPTH };
    uint32_t answered[6];

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &conversing, &there);
    end = raw_connect(&stage, NULL);
    stage_run(&stage);
    raw_request(end, 1, TINY_ECHO, 0, "\1a", 2); /* its handler calls back */
    assert_true(fake_expect(end, HPRPC_MESSAGE_BIND, &callback));
    raw_request(end, 2, TINY_ECHO, 0, "\0b", 2);
    raw_request(end, 3, TINY_ECHO, 0, "\0c", 2);
    deeper.service = 0;
    /* no call of the server is open, so no request can follow from one: its depth is not believed */
    fake_send(end, &deeper, "\x02\0f", 3);
    raw_bound(end, callback.header.call);
    fake_message_clear(&callback);
    assert_true(fake_expect(end, HPRPC_MESSAGE_REQUEST, &callback));
    assert_int_equal(callback.header.depth, 1);
    deeper.depth = 3; /* this depth is not believed either: it is deeper than what can follow */
    deeper.call = 10;
    fake_send(end, &deeper, "\x02\0g", 3);
    deeper.depth = 2;
    deeper.call = 11;
    fake_send(end, &deeper, "\x02\0d", 3);
    /* only the request that follows from the callback is answered now */
    assert_true(fake_expect(end, HPRPC_MESSAGE_REPLY, &message));
    assert_int_equal(message.header.call, 11);
    fake_message_clear(&message);
    raw_request(end, 4, TINY_ECHO, 0, "\0e", 2);
    raw_signal(end, HPRPC_MESSAGE_CANCEL, 3);
    raw_signal(end, HPRPC_MESSAGE_PING, 0);
    assert_true(fake_receive(end, &message));
    assert_int_equal(message.header.type, HPRPC_MESSAGE_PONG); /* a PING never waits for a handler */
    fake_message_clear(&message);
    raw_reply(end, callback.header.call, "\1", 1);
    fake_message_clear(&callback);
    for (int i = 0; i < 6; i++) {
        assert_true(fake_receive(end, &message));
        answered[i] = message.header.call;
        /* request 3, which was cancelled meanwhile, did not run */
        assert_int_equal(message.header.type, answered[i] == 3 ? HPRPC_MESSAGE_ERROR : HPRPC_MESSAGE_REPLY);
        fake_message_clear(&message);
    }
    assert_int_equal(answered[0], 1);
    assert_int_equal(answered[1], 2);
    assert_int_equal(answered[2], 3);
    assert_int_equal(answered[3], 9);
    assert_int_equal(answered[4], 10);
    assert_int_equal(answered[5], 4);
    fake_leave(end);
    stage_unserve(&stage);
    assert_string_equal(there.order, "adbfge");
    stage_close(&stage);
}

/* The connection ends while a handler is inside a call to the other side, and other requests wait. */
static void the_end_inside_a_nested_call(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct stage stage;
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct side there = { 0 };
        struct fake_end *end;
        struct fake_message message;

        stage_open(&stage, false);
        options.workers = i & 1;
        stage_serve(&stage, &options, &conversing, &there);
        end = raw_connect(&stage, NULL);
        stage_run(&stage);
        raw_request(end, 0, TINY_ECHO, 0, "\2a", 2);
        assert_true(fake_expect(end, HPRPC_MESSAGE_BIND, &message));
        raw_bound(end, message.header.call);
        fake_message_clear(&message);
        assert_true(fake_expect(end, HPRPC_MESSAGE_REQUEST, &message));
        fake_message_clear(&message);
        raw_request(end, 1, TINY_ECHO, 0, "\0b", 2);
        raw_request(end, 2, TINY_ECHO, 0, "\0c", 2);
        if (i & 2)
            raw_goodbye(end, "enough");
        else
            fake_leave(end);
        stage_unserve(&stage);
        if (i & 2)
            fake_leave(end);
        assert_int_equal(atomic_load(&there.inside), 0);
        stage_close(&stage);
    }
}

/* hprpc_server_stop wakes the server's loop although a handler waits on the same thread. */
static void a_stop_during_a_nested_call(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct stage stage;
        struct side there = { 0 };
        struct fake_end *end;
        struct fake_message message;
        struct patience patience = patience_begin();
        uint64_t looks;

        stage_open(&stage, false);
        stage_serve(&stage, NULL, &conversing, &there);
        end = raw_connect(&stage, NULL);
        stage_run(&stage);
        raw_request(end, 0, TINY_ECHO, 0, "\1a", 2);
        assert_true(fake_expect(end, HPRPC_MESSAGE_BIND, &message));
        hprpc_server_stop(stage.server);
        /* the wait inside the handler is woken by the stop, and goes on */
        looks = fake_looks(fake_peer(end));
        while (fake_looks(fake_peer(end)) < looks + 4 && try_again(&patience))
            raw_signal(end, HPRPC_MESSAGE_PONG, 0);
        raw_error(end, message.header.call, HPRPC_EUNIMPLEMENTED, "no such service");
        fake_message_clear(&message);
        assert_true(fake_await_end(end));
        fake_leave(end);
        stage_close(&stage);
    }
}

/* A call that a handler makes is sent at once, and not with the batch of its request: the handler sleeps until the answer. */
static void what_a_handler_asks_leaves_at_once(void **state)
{
    struct fake_message message;
    struct side there = { 0 };
    struct fake_end *end;
    struct stage stage;
    char uri[80];

    (void)state;
    stage_open(&stage, false);
    snprintf(uri, sizeof(uri), "%s?wait=block", stage.uri);
    assert_int_equal(hprpc_server_new(stage.context, NULL, &stage.server), 0);
    assert_int_equal(hprpc_server_add(stage.server, &tiny_interface, &conversing, &there), 0);
    assert_int_equal(hprpc_server_listen(stage.server, uri, NULL), 0);
    end = raw_connect(&stage, NULL);
    stage_run(&stage);
    raw_request(end, 0, TINY_ECHO, 0, "\2a", 2);
    assert_true(fake_expect(end, HPRPC_MESSAGE_BIND, &message));
    raw_bound(end, message.header.call);
    fake_message_clear(&message);
    assert_true(fake_expect(end, HPRPC_MESSAGE_REQUEST, &message));
    raw_reply(end, message.header.call, "\1", 1);
    fake_message_clear(&message);
    assert_true(fake_expect(end, HPRPC_MESSAGE_REPLY, &message));
    fake_message_clear(&message);
    fake_leave(end);
    stage_close(&stage);
}

/*
 * The server is told to stop while a handler sleeps in a wait of its own, which reads the kick. When the handler has returned,
 * nothing else wakes the loop: the wait must have noted the kick.
 */
static void a_kick_is_not_swallowed(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct patience patience = patience_begin();
        struct fake_message message;
        struct side there = { 0 };
        struct fake_end *end;
        struct stage stage;
        struct pollfd kick;
        char uri[80];

        stage_open(&stage, false);
        snprintf(uri, sizeof(uri), "%s?wait=block", stage.uri);
        assert_int_equal(hprpc_server_new(stage.context, NULL, &stage.server), 0);
        assert_int_equal(hprpc_server_add(stage.server, &tiny_interface, &conversing, &there), 0);
        assert_int_equal(hprpc_server_listen(stage.server, uri, NULL), 0);
        end = raw_connect(&stage, NULL);
        stage_run(&stage);
        raw_request(end, 0, TINY_ECHO, 0, "\1a", 2);
        assert_true(fake_expect(end, HPRPC_MESSAGE_BIND, &message));
        hprpc_server_stop(stage.server);
        kick = (struct pollfd){ .fd = stage.server->loops[0].loop.wake_fd, .events = POLLIN };
        while (poll(&kick, 1, 0) && try_again(&patience))
            continue;
        raw_error(end, message.header.call, HPRPC_EUNIMPLEMENTED, "no such service");
        fake_message_clear(&message);
        assert_true(fake_await_end(end));
        fake_leave(end);
        stage_close(&stage);
    }
}

/* Connects by hand, and shakes hands with a server that runs. */
static struct fake_end *greet(struct stage *stage)
{
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct fake_end *end = fake_connect(stage->name);
    struct fake_message message;

    assert_non_null(end);
    raw_hello(end, &limits);
    assert_true(fake_expect(end, HPRPC_MESSAGE_HELLO, &message));
    fake_message_clear(&message);
    raw_bind(end);
    assert_true(fake_expect(end, HPRPC_MESSAGE_BOUND, &message));
    fake_message_clear(&message);
    return end;
}

/*
 * Connections are given to a loop while a handler of its own sleeps in a wait, which reads the kick. When the handler has returned,
 * nothing else wakes the loop: the wait must have noted the kick.
 */
static void arrivals_are_not_swallowed(void **state)
{
    enum { ENDS = 4, CLIENTS = 2 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options client_options = HPRPC_CLIENT_OPTIONS_INIT;
    struct patience patience = patience_begin();
    struct hprpc_client *clients[CLIENTS];
    struct fake_end *ends[ENDS] = { NULL };
    struct fake_message bind;
    struct side there = { 0 };
    struct hprpc__loop *loop;
    struct pollfd kick;
    struct stage stage;
    char uri[80];
    int count = 0;

    (void)state;
    stage_open(&stage, false);
    snprintf(uri, sizeof(uri), "%s?wait=block", stage.uri);
    options.loops = 2;
    assert_int_equal(hprpc_server_new(stage.context, &options, &stage.server), 0);
    assert_int_equal(hprpc_server_add(stage.server, &tiny_interface, &conversing, &there), 0);
    assert_int_equal(hprpc_server_listen(stage.server, uri, NULL), 0);
    stage_run(&stage);
    /* the last of them lies at the second loop, and its handler waits there */
    loop = &stage.server->loops[1].loop;
    while (count < ENDS && !atomic_load(&loop->connection_count))
        ends[count++] = greet(&stage);
    assert_true(count > 0);
    assert_int_equal(atomic_load(&loop->connection_count), 1);
    raw_request(ends[count - 1], 0, TINY_ECHO, 0, "\1a", 2);
    assert_true(fake_expect(ends[count - 1], HPRPC_MESSAGE_BIND, &bind));

    client_options.pump = HPRPC_PUMP_THREAD;
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(hprpc_client_open(stage.context, uri, &client_options, NULL, &clients[i]), 0);
    while (atomic_load(&loop->connection_count) < 2 && try_again(&patience))
        continue;
    kick = (struct pollfd){ .fd = loop->wake_fd, .events = POLLIN };
    while (poll(&kick, 1, 0) && try_again(&patience))
        continue;
    raw_error(ends[count - 1], bind.header.call, HPRPC_EUNIMPLEMENTED, "no such service");
    fake_message_clear(&bind);
    for (int i = 0; i < CLIENTS; i++) {
        while (hprpc_client_state(clients[i]) != HPRPC_CLIENT_READY && try_again(&patience))
            continue;
        hprpc_client_free(clients[i]);
    }
    for (int i = 0; i < count; i++)
        fake_leave(ends[i]);
    stage_close(&stage);
}

/* Handlers that post and collect, or wait for any of several calls, also nest. */
static int gather(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct hprpc_client *client = hprpc_controller_client(hprpc_request_controller(request));
    struct hprpc_call calls[4];
    struct hprpc_pending_call *pending[4];
    struct kodosis_bytes reply;
    struct tiny other;
    uint8_t sum = 0;
    int r = tiny_bind(client, &tiny_interface, NULL, &other);

    (void)self;
    (void)data;
    for (int i = 0; i < 4 && r == 0; i++) {
        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        r = tiny_echo_start(&other, &calls[i], "\0", 1);
        pending[i] = calls[i].pending;
    }
    for (int i = 0; i < 4 && r == 0; i++) {
        int any = hprpc_pending_call_wait_any(pending, 4, HPRPC_NO_TIMEOUT);

        r = any < 0 ? any : tiny_echo_finish(&calls[any], &reply);
        if (r == 0)
            sum = (uint8_t)(sum + reply.data[0]);
        if (any >= 0) {
            hprpc_call_clear(&calls[any]);
            pending[any] = NULL;
        }
    }
    return r < 0 ? r : tiny_echo_reply(request, &sum, 1);
}

static void handlers_wait_for_several(void **state)
{
    static const struct tiny_handlers gathering = { gather, NULL, NULL };
    struct stage stage;
    struct side here = { 0 };
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    struct hprpc_client *client;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &gathering, NULL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);
    assert_int_equal(hprpc_controller_serve(hprpc_client_controller(client), &tiny_interface, &conversing, &here), 0);
    assert_int_equal(hprpc_controller_serve(hprpc_client_controller(client), &tiny_interface, &conversing, &here),
                     HPRPC_EINVAL);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(tiny_echo(&tiny, &call, "", 0, &reply), 0);
        assert_int_equal(reply.data[0], 4);
    }
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(down_to_a_depth),
        fixture_test(the_depth_is_on_the_wire),
        fixture_test(unrelated_requests_wait_their_turn),
        fixture_test(the_end_inside_a_nested_call),
        fixture_test(a_stop_during_a_nested_call),
        fixture_test(a_kick_is_not_swallowed),
        fixture_test(arrivals_are_not_swallowed),
        fixture_test(handlers_wait_for_several),
        fixture_test(what_a_handler_asks_leaves_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
