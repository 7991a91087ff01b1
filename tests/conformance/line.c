/* SPDX-License-Identifier: MIT */
/*
 * A request that waits for credit is served before those that come after it, however small they are: those of other threads, and
 * those that callbacks make on the thread that waits. Callbacks run once, also if the connection ends meanwhile.
 */
#include "conformance/suite.h"

enum { CREDIT = 256 << 10, SMALL = 60 << 10, LARGE = 200 << 10, FLIGHT = 4, THREADS = 3 };

/* Small calls that are made again and again. */
struct stream {
    struct conform_probe_proxy *proxy;
    struct hprpc_call calls[FLIGHT];
    const uint8_t *data;
    atomic_bool over;
    atomic_uint started, ended, failed;
};

struct one {
    struct stream *stream;
    struct hprpc_call *call;
};

static void start(struct one *one);

/* Called when a small call has ended: makes the next one at once. */
static void go_on(void *self, struct hprpc_pending_call *pending)
{
    struct one *one = self;
    struct kodosis_bytes reply;

    (void)pending;
    if (conform_probe_echo_finish(one->call, &reply) < 0 || reply.size != SMALL)
        atomic_fetch_add(&one->stream->failed, 1);
    hprpc_call_clear(one->call);
    if (!atomic_load(&one->stream->over))
        start(one);
    /* only now: `ended` must not catch up with `started` while a call follows */
    atomic_fetch_add(&one->stream->ended, 1);
}

static void start(struct one *one)
{
    struct stream *stream = one->stream;

    if (conform_probe_echo_start(stream->proxy, one->call, suite_bytes(stream->data, SMALL)) < 0) {
        atomic_fetch_add(&stream->failed, 1);
        return;
    }
    atomic_fetch_add(&stream->started, 1);
    hprpc_pending_call_notify(one->call->pending, go_on, one);
}

/* Waits until the calls that are still open have ended. A call of its own pumps, in each mode. */
static void await_end(struct stream *stream)
{
    atomic_store(&stream->over, true);
    for (struct patience p = patience_begin();
         atomic_load(&stream->ended) < atomic_load(&stream->started) && try_again(&p);)
        assert_int_equal(conform_probe_poke(stream->proxy, NULL), 0);
}

static void serve(struct room *room)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;

    options.max_call_bytes = CREDIT;
    options.workers = 3;
    options.stop_timeout_ms = 20;
    room_serve(room, "", &options);
}

/* Connects in one of six ways: three pump modes, with one connection and with one after the other. */
static struct hprpc_client *connect_in_one_of_six(struct room *room, int which, struct conform_probe_proxy *ret_proxy)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;

    options.pump = suite_pumps[which % 3];
    options.reconnect = which >= 3;
    return room_connect(room, "", &options, ret_proxy);
}

/* Waits for a call's end, in each pump mode. */
static void await_call(struct hprpc_client *client, enum hprpc_pump pump, const struct hprpc_call *call)
{
    if (pump == HPRPC_PUMP_LOOP)
        suite_drive(client, call->pending);
    assert_int_equal(hprpc_pending_call_wait(call->pending, HPRPC_NO_TIMEOUT), 0);
}

static void callbacks_do_not_overtake(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct one ones[FLIGHT];
        struct conform_probe_proxy proxy;
        struct stream stream = { .proxy = &proxy };
        struct hprpc_client *client;
        struct kodosis_bytes reply;
        struct room room;
        uint8_t *data = suite_data(LARGE, 3);

        serve(&room);
        client = connect_in_one_of_six(&room, i, &proxy);
        stream.data = data;
        for (int n = 0; n < FLIGHT; n++) {
            stream.calls[n] = (struct hprpc_call)HPRPC_CALL_INIT;
            ones[n] = (struct one){ &stream, &stream.calls[n] };
            start(&ones[n]);
        }
        for (int n = 0; n < 5; n++) {
            struct hprpc_call call = HPRPC_CALL_INIT;

            assert_int_equal(conform_probe_echo(&proxy, &call, suite_bytes(data, LARGE), &reply), 0);
            assert_int_equal(reply.size, LARGE);
            hprpc_call_clear(&call);
        }
        await_end(&stream);
        assert_int_equal(atomic_load(&stream.ended), atomic_load(&stream.started));
        assert_int_equal(atomic_load(&stream.failed), 0);
        hprpc_client_free(client);
        free(data);
        room_close(&room);
    }
}

static void *call_again_and_again(void *argument)
{
    struct stream *stream = argument;

    while (!atomic_load(&stream->over)) {
        struct kodosis_bytes reply;
        struct hprpc_call call = HPRPC_CALL_INIT;

        if (conform_probe_echo(stream->proxy, &call, suite_bytes(stream->data, SMALL), &reply) < 0)
            atomic_fetch_add(&stream->failed, 1);
        hprpc_call_clear(&call);
    }
    return NULL;
}

static void threads_do_not_overtake(void **state)
{
    (void)state;
    /* with HPRPC_PUMP_LOOP, a thread that waits pumps as well */
    for (int i = 0; i < 6; i++) {
        struct conform_probe_proxy proxy;
        struct stream stream = { .proxy = &proxy };
        pthread_t threads[THREADS];
        struct hprpc_client *client;
        struct kodosis_bytes reply;
        struct room room;
        uint8_t *data = suite_data(LARGE, 4);

        serve(&room);
        client = connect_in_one_of_six(&room, i, &proxy);
        stream.data = data;
        for (int n = 0; n < THREADS; n++)
            assert_int_equal(pthread_create(&threads[n], NULL, call_again_and_again, &stream), 0);
        for (int n = 0; n < 5; n++) {
            struct hprpc_call call = HPRPC_CALL_INIT;

            assert_int_equal(conform_probe_echo(&proxy, &call, suite_bytes(data, LARGE), &reply), 0);
            hprpc_call_clear(&call);
        }
        atomic_store(&stream.over, true);
        for (int n = 0; n < THREADS; n++)
            pthread_join(threads[n], NULL);
        assert_int_equal(atomic_load(&stream.failed), 0);
        hprpc_client_free(client);
        free(data);
        room_close(&room);
    }
}

/* The request that waits gives up at its deadline, and the small ones that came after it go on; HPRPC_CALL_NO_WAIT does not wait. */
static void who_leaves_makes_way(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct hprpc_call gate[2] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT };
        struct hprpc_call large = HPRPC_CALL_INIT, small = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct room room;
        uint8_t *data = suite_data(LARGE, 5);

        serve(&room);
        client = connect_in_one_of_six(&room, i, &proxy);
        for (int n = 0; n < 2; n++)
            assert_int_equal(conform_probe_gate_start(&proxy, &gate[n], suite_bytes(data, SMALL), false), 0);
        large.timeout_ms = 20;
        assert_int_equal(conform_probe_echo_start(&proxy, &large, suite_bytes(data, LARGE)), HPRPC_EDEADLINE);
        small.flags = HPRPC_CALL_NO_WAIT;
        assert_int_equal(conform_probe_gate_start(&proxy, &small, suite_bytes(data, 10), false), 0);
        atomic_store(&room.probe.gate, true);
        for (int n = 0; n < 2; n++) {
            await_call(client, suite_pumps[i % 3], &gate[n]);
            assert_int_equal(conform_probe_gate_finish(&gate[n]), 0);
            hprpc_call_clear(&gate[n]);
        }
        await_call(client, suite_pumps[i % 3], &small);
        assert_int_equal(conform_probe_gate_finish(&small), 0);
        hprpc_call_clear(&small);
        hprpc_call_clear(&large);
        hprpc_client_free(client);
        free(data);
        room_close(&room);
    }
}

static void count_end(void *self, struct hprpc_pending_call *pending)
{
    (void)pending;
    atomic_fetch_add((atomic_uint *)self, 1);
}

static void *stop_server(void *argument)
{
    hprpc_server_stop(argument);
    return NULL;
}

/* The connection ends under a request that waits: the callbacks of all open calls have run once when the call returns. */
static void the_end_of_the_connection(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct hprpc_call gate[3] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT }, large = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        atomic_uint ends = 0;
        struct room room;
        uint8_t *data = suite_data(LARGE, 6);
        pthread_t thread;
        int r;

        serve(&room);
        client = connect_in_one_of_six(&room, i, &proxy);
        for (int n = 0; n < 3; n++) {
            assert_int_equal(conform_probe_gate_start(&proxy, &gate[n], suite_bytes(data, SMALL), false), 0);
            hprpc_pending_call_notify(gate[n].pending, count_end, &ends);
        }
        assert_int_equal(pthread_create(&thread, NULL, stop_server, room.server), 0);
        /* the credit of those that the server cancels may come back before the end */
        large.timeout_ms = 500;
        r = conform_probe_echo_start(&proxy, &large, suite_bytes(data, LARGE));
        assert_true(r == (i < 3 ? HPRPC_ENOTSENT : HPRPC_EDEADLINE) || r == 0);
        pthread_join(thread, NULL);
        for (int n = 0; n < 3; n++) {
            await_call(client, suite_pumps[i % 3], &gate[n]);
            hprpc_call_clear(&gate[n]);
        }
        suite_await(&ends, 3);
        hprpc_call_clear(&large);
        hprpc_client_free(client);
        free(data);
        room_close(&room);
    }
}

static const struct CMUnitTest tests[] = {
    fixture_test(callbacks_do_not_overtake),
    fixture_test(threads_do_not_overtake),
    fixture_test(who_leaves_makes_way),
    fixture_test(the_end_of_the_connection),
};

const struct chapter line_chapter = { "line", tests, sizeof(tests) / sizeof(tests[0]) };
