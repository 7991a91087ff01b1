/* SPDX-License-Identifier: MIT */
/*
 * What streams may hold: a stream that is not read stops its own sender, and nothing else; memory is bounded, over all streams too; and
 * how a program learns, without waiting, when it can go on.
 */
#include "rpc/stream/waters.h"

#include <unistd.h>

#include "rpc/connection/connection.h"
#include "rpc/server.h"
#include "rpc/stream/stream.h"

static const char *const transports[] = { "fake://limits",    "fake://limits?capacity=3", "tcp://127.0.0.1:0",
                                          "unix://limits-%d", "pipe://limits-%d",         "shm://limits-%d?ring=64KiB",
                                          "shm://limits-%d" };
static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };
enum { TRANSPORTS = sizeof(transports) / sizeof(transports[0]), PUMPS = sizeof(pumps) / sizeof(pumps[0]) };

static void open_waters(struct waters *waters, const char *transport, enum serving serving,
                        const struct hprpc_server_options *options)
{
    char uri[64];

    snprintf(uri, sizeof(uri), transport, (int)getpid());
    waters_open(waters, uri, serving, options);
}

/* ---- Beside a stream that is not read ---- */

static void read_a_watch(struct flow *flow, uint32_t count, uint32_t size)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes item;

    assert_int_equal(flow_watch_start(flow, &call, count, size), 0);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(flow_next(&call, &item), 1);
        assert_true(flow_is(item, i, size));
    }
    assert_int_equal(flow_finish(&call), 0);
    hprpc_call_clear(&call);
}

static void others_go_on(struct flow *flow)
{
    uint32_t number = 0;

    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(flow_plain(flow, NULL, i, &number), 0);
        assert_int_equal(number, i + 1);
    }
    read_a_watch(flow, 300, 50);
    read_a_watch(flow, 20, 10000);
    read_a_watch(flow, 2, 200000);
}

static void a_stream_that_is_never_read(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        for (int p = 0; p < PUMPS; p++) {
            for (int s = 0; s < SERVINGS; s++) {
                struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
                struct hprpc_call small = HPRPC_CALL_INIT, large = HPRPC_CALL_INIT;
                struct hprpc_client *client;
                struct waters waters;
                struct flow flow;

                options.pump = pumps[p];
                open_waters(&waters, transports[t], (enum serving)s, NULL);
                client = waters_connect(&waters, &options, &flow);
                assert_int_equal(flow_watch_start(&flow, &small, 1000000, 8), 0);
                assert_int_equal(flow_watch_start(&flow, &large, 1000, 300000), 0);
                others_go_on(&flow);
                others_go_on(&flow);
                hprpc_call_clear(&small);
                hprpc_call_clear(&large);
                hprpc_client_free(client);
                waters_close(&waters);
            }
        }
    }
}

/* ---- Memory ---- */

enum { STREAMS = 200, TOTAL = 400 * 1024 };

/*
 * Many streams of which none is read hold what the total allows, and beyond that no more than a share and an element each; and a
 * stream that is read still gets on.
 */
static void many_streams_that_are_not_read(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    static struct hprpc_call calls[STREAMS];
    struct hprpc_controller *controller;
    struct hprpc_client *client;
    struct waters waters;
    struct flow flow;
    uint64_t held, share, before;

    (void)state;
    memset(calls, 0, sizeof(calls));
    open_waters(&waters, "fake://limits", ON_THE_LOOP, NULL);
    options.max_stream_bytes = TOTAL;
    options.stream_bytes = 64 * 1024;
    options.pump = HPRPC_PUMP_THREAD;
    client = waters_connect(&waters, &options, &flow);
    before = atomic_load(&waters.memory.bytes);
    for (int i = 0; i < STREAMS; i++)
        assert_int_equal(flow_watch_start(&flow, &calls[i], 1000000, 1000), 0);
    for (int i = 0; i < 20; i++)
        others_go_on(&flow);
    controller = hprpc_client_controller(client);
    hprpc__mutex_lock(&controller->lock);
    held = controller->streams->sum_in.bytes;
    share = controller->streams->in.share;
    hprpc__mutex_unlock(&controller->lock);
    assert_true(held >= TOTAL / 2); /* they were not stopped by anything else */
    assert_true(held <= TOTAL + STREAMS * (share + 1003));
    /* twice that, as each stream also has blocks of memory, and what the server has for each request */
    assert_true(atomic_load(&waters.memory.bytes) - before < 2 * (TOTAL + STREAMS * (share + 1003)) + STREAMS * 8192);
    for (int i = 0; i < STREAMS; i++)
        hprpc_call_clear(&calls[i]);
    /* what they held can be had again */
    hprpc__mutex_lock(&controller->lock);
    assert_int_equal(controller->streams->sum_in.bytes <= held, true);
    hprpc__mutex_unlock(&controller->lock);
    others_go_on(&flow);
    waters_settle(&waters);
    hprpc_client_free(client);
    waters_close(&waters);
}

/* ---- What a server keeps over all connections ---- */

enum { PART = 1000, PARTS = 160, COUNTED = PARTS * PART / (16 << 10) * (16 << 10) };

static uint64_t kept(const struct waters *waters)
{
    return atomic_load(&waters->server->shared->quota.stream_bytes);
}

/* Starts an upload that is not read, and sends some parts. */
static void pile_up(struct flow *flow, struct hprpc_call *call)
{
    uint8_t data[PART];

    assert_int_equal(flow_upload_start(flow, call, HOLD), 0);
    for (uint32_t i = 0; i < PARTS; i++) {
        flow_fill(i, data, PART);
        assert_int_equal(flow_send(call, data, PART), 0);
    }
}

/* The connection that comes first has its elements, the second one loses its stream alone; read or dropped, they count no more. */
static void a_bound_over_all_connections(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_client_options client = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call calls[3] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT };
        struct hprpc_client *clients[2];
        struct flow flows[2];
        struct waters waters;
        uint64_t total = 0;
        uint32_t number;

        client.pump = HPRPC_PUMP_THREAD; /* what had no room in the channel leaves by itself */
        options.max_kept_stream_bytes = COUNTED * 3 / 2;
        open_waters(&waters, transports[t], ON_WORKERS, &options);
        for (int i = 0; i < 2; i++)
            clients[i] = waters_connect(&waters, &client, &flows[i]);
        pile_up(&flows[0], &calls[0]);
        /* what was sent before this has arrived after it */
        assert_int_equal(flow_plain(&flows[0], NULL, 1, &number), 0);
        assert_int_equal(kept(&waters), COUNTED);
        pile_up(&flows[1], &calls[1]);
        assert_int_equal(flow_plain(&flows[1], NULL, 1, &number), 0);
        assert_in_range(kept(&waters), COUNTED, COUNTED * 3 / 2);
        atomic_store(&waters.released, true);
        assert_int_equal(flow_upload_finish(&calls[0], &total), 0);
        assert_int_equal(total, PARTS * PART);
        assert_int_equal(flow_upload_finish(&calls[1], &total), HPRPC_ENOMEM);
        /* there is room again, and one that gives up leaves nothing behind */
        waters_settle(&waters);
        pile_up(&flows[1], &calls[2]);
        assert_int_equal(flow_upload_finish(&calls[2], &total), 0);
        atomic_store(&waters.released, false);
        hprpc_call_clear(&calls[1]);
        pile_up(&flows[1], &calls[1]);
        for (int i = 0; i < 3; i++)
            hprpc_call_clear(&calls[i]);
        waters_settle(&waters);
        for (struct patience patience = patience_begin(); kept(&waters) && try_again(&patience);)
            continue;
        assert_int_equal(kept(&waters), 0);
        for (int i = 0; i < 2; i++)
            hprpc_client_free(clients[i]);
        waters_close(&waters);
    }
}

/* ---- Without waiting ---- */

struct notice {
    atomic_uint times;
    _Atomic uint32_t events;
};

static void note(void *self, uint32_t events)
{
    struct notice *notice = self;

    atomic_store(&notice->events, events);
    atomic_fetch_add(&notice->times, 1);
}

/* Lets the client pump until the callback has come so often. */
static void await_notice(struct hprpc_client *client, struct hprpc_call *call, struct notice *notice, unsigned times)
{
    for (struct patience patience = patience_begin(); atomic_load(&notice->times) < times && try_again(&patience);) {
        if (client)
            hprpc_client_process(client);
        else
            hprpc_pending_call_wait(call->pending, 0);
    }
    assert_int_equal(atomic_load(&notice->times), times);
}

static void calls_that_do_not_wait(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        for (int p = 0; p < PUMPS; p++) {
            struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
            struct hprpc_server_options server = HPRPC_SERVER_OPTIONS_INIT;
            struct hprpc_call call = HPRPC_CALL_INIT;
            struct notice readable = { 0 }, writable = { 0 };
            struct hprpc_client *client, *loop;
            struct kodosis_bytes item;
            struct waters waters;
            struct flow flow;
            uint64_t total = 0;
            uint32_t sent = 0;
            int r;

            server.stream_elements = 5;
            options.pump = pumps[p];
            open_waters(&waters, transports[t], ON_A_THREAD, &server);
            client = waters_connect(&waters, &options, &flow);
            loop = pumps[p] == HPRPC_PUMP_LOOP ? client : NULL;

            /* nothing is there before something was sent */
            call.flags = HPRPC_CALL_NO_WAIT;
            assert_int_equal(flow_chat_start(&flow, &call, FLOW), 0);
            assert_int_equal(flow_next(&call, &item), HPRPC_EBUSY);
            assert_int_equal(hprpc_call_notify(&call, HPRPC_STREAM_READABLE, note, &readable), 0);
            assert_int_equal(hprpc_call_notify(&call, HPRPC_STREAM_READABLE, note, &readable), HPRPC_EINVAL);
            assert_int_equal(atomic_load(&readable.times), 0);
            assert_int_equal(flow_send(&call, "abc", 3), 0);
            await_notice(loop, &call, &readable, 1);
            assert_int_equal(atomic_load(&readable.events), HPRPC_STREAM_READABLE);
            assert_int_equal(flow_next(&call, &item), 1);
            assert_int_equal(hprpc_call_end(&call), 0);
            assert_int_equal(hprpc_call_notify(&call, HPRPC_STREAM_READABLE, note, &readable), 0);
            await_notice(loop, &call, &readable, 2);
            assert_int_equal(flow_next(&call, &item), 0);
            assert_int_equal(flow_finish(&call), 0);

            /* the window fills, and is given back once the handler reads */
            assert_int_equal(flow_upload_start(&flow, &call, HOLD), 0);
            for (struct patience patience = patience_begin(); !atomic_load(&waters.held) && try_again(&patience);)
                continue;
            while ((r = flow_send(&call, "abc", 3)) == 0)
                sent++;
            assert_int_equal(r, HPRPC_EBUSY);
            assert_int_equal(sent, 5);
            assert_int_equal(hprpc_call_notify(&call, HPRPC_STREAM_WRITABLE, note, &writable), 0);
            assert_int_equal(atomic_load(&writable.times), 0);
            atomic_store(&waters.released, true);
            await_notice(loop, &call, &writable, 1);
            assert_int_equal(atomic_load(&writable.events), HPRPC_STREAM_WRITABLE);
            assert_int_equal(flow_send(&call, "abc", 3), 0);
            assert_int_equal(flow_upload_finish(&call, &total), 0);
            assert_int_equal(total, 3 * (sent + 1));

            /* a callback that waits is called when the call is cleared */
            assert_int_equal(flow_chat_start(&flow, &call, FLOW), 0);
            assert_int_equal(hprpc_call_notify(&call, HPRPC_STREAM_READABLE, note, &readable), 0);
            hprpc_call_clear(&call);
            assert_int_equal(atomic_load(&readable.times), 3);
            hprpc_client_free(client);
            waters_close(&waters);
        }
    }
}

/* ---- Both ways at once ---- */

struct sender {
    struct hprpc_call *call;
    uint32_t count;
    int code;
};

static void *send_all(void *argument)
{
    struct sender *sender = argument;
    uint8_t data[500];

    for (uint32_t i = 0; i < sender->count && sender->code == 0; i++) {
        flow_fill(i, data, sizeof(data));
        sender->code = flow_send(sender->call, data, sizeof(data));
    }
    if (sender->code == 0)
        sender->code = hprpc_call_end(sender->call);
    return NULL;
}

/* One thread sends while another one reads. */
static void both_ways_at_once(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        for (int p = 0; p < PUMPS; p++) {
            for (int s = 0; s < SERVINGS; s++) {
                struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
                struct hprpc_call call = HPRPC_CALL_INIT;
                struct sender sender = { &call, 2000, 0 };
                struct hprpc_client *client;
                struct kodosis_bytes item;
                struct waters waters;
                struct flow flow;
                pthread_t thread;
                uint32_t number = 0;

                options.pump = pumps[p];
                options.stream_elements = 7;
                open_waters(&waters, transports[t], (enum serving)s, NULL);
                client = waters_connect(&waters, &options, &flow);
                assert_int_equal(flow_chat_start(&flow, &call, FLOW), 0);
                assert_int_equal(pthread_create(&thread, NULL, send_all, &sender), 0);
                while (flow_next(&call, &item) == 1) {
                    assert_true(flow_is(item, number, 500));
                    number++;
                }
                assert_int_equal(pthread_join(thread, NULL), 0);
                assert_int_equal(sender.code, 0);
                assert_int_equal(number, 2000);
                assert_int_equal(flow_finish(&call), 0);
                hprpc_call_clear(&call);
                hprpc_client_free(client);
                waters_close(&waters);
            }
        }
    }
}

/* ---- What is wrong ---- */

static void wrong_use(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT, other = HPRPC_CALL_INIT;
    struct notice notice = { 0 };
    struct hprpc_client *client;
    struct kodosis_bytes item;
    struct waters waters;
    struct flow flow;
    uint32_t number;
    char *huge = calloc(1, 65 << 20);

    (void)state;
    assert_non_null(huge);
    open_waters(&waters, "fake://limits", ON_WORKERS, NULL);
    client = waters_connect(&waters, NULL, &flow);
    assert_int_equal(flow_next(&call, &item), HPRPC_EINVAL);
    assert_int_equal(flow_send(&call, "a", 1), HPRPC_EINVAL);
    assert_int_equal(hprpc_call_end(&call), HPRPC_EINVAL);
    assert_int_equal(hprpc_call_notify(&call, HPRPC_STREAM_READABLE, note, &notice), HPRPC_EINVAL);
    assert_int_equal(flow_plain(&flow, &call, 1, &number), 0);
    assert_int_equal(flow_next(&call, &item), HPRPC_EINVAL);

    assert_int_equal(flow_watch_start(&flow, &call, 1, 1), 0);
    assert_int_equal(flow_send(&call, "a", 1), HPRPC_EINVAL);
    assert_int_equal(hprpc_call_end(&call), HPRPC_EINVAL);
    assert_int_equal(hprpc_call_notify(&call, 0, note, &notice), HPRPC_EINVAL);
    assert_int_equal(hprpc_call_notify(&call, 8, note, &notice), HPRPC_EINVAL);
    assert_int_equal(flow_finish(&call), 0);

    assert_int_equal(flow_upload_start(&flow, &other, FLOW), 0);
    assert_int_equal(flow_next(&other, &item), HPRPC_EINVAL);
    assert_int_equal(flow_send(&other, huge, 65 << 20), HPRPC_ETOOBIG);
    assert_int_equal(hprpc_call_end(&other), 0);
    assert_int_equal(hprpc_call_end(&other), 0);
    assert_int_equal(flow_send(&other, "a", 1), HPRPC_EINVAL);
    hprpc_call_clear(&other);
    hprpc_call_clear(&call);
    assert_int_equal(atomic_load(&notice.times), 0);
    hprpc_client_free(client);
    waters_close(&waters);
    free(huge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_stream_that_is_never_read),
        fixture_test(many_streams_that_are_not_read),
        fixture_test(a_bound_over_all_connections),
        fixture_test(calls_that_do_not_wait),
        fixture_test(both_ways_at_once),
        fixture_test(wrong_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
