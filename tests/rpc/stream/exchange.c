/* SPDX-License-Identifier: MIT */
/*
 * Streams in both directions over each transport, in each pump mode, with each way of serving, with elements of all kinds of sizes:
 * every element arrives once, in order, and nothing is left.
 */
#include "rpc/stream/waters.h"

#include <unistd.h>

static const char *const transports[] = { "fake://exchange",   "fake://exchange?capacity=3&lend=no",
                                          "tcp://127.0.0.1:0", "unix://streams-%d",
                                          "pipe://streams-%d", "shm://streams-%d?ring=64KiB",
                                          "shm://streams-%d" };
enum { TRANSPORTS = sizeof(transports) / sizeof(transports[0]) };

static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };
static const uint32_t sizes[] = { 0, 8, 255, 300, 5000, 65530, 65536, 300000 };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), MOST = 300000 };

/* A sanitizer takes several times as long; a window of 1,024 elements is used up in any case. */
#if defined(__SANITIZE_THREAD__)
enum { SMALL = 1100 };
#else
enum { SMALL = 2200 };
#endif

static uint32_t count_for(uint32_t size)
{
    return size > 5000 ? 7 : size > 300 ? 300 : SMALL;
}

static void watches(struct flow *flow, uint32_t size)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes item;
    uint32_t count = count_for(size), number = 0;
    int r;

    assert_int_equal(flow_watch_start(flow, &call, count, size), 0);
    while ((r = flow_next(&call, &item)) == 1) {
        assert_true(flow_is(item, number, size));
        number++;
    }
    assert_int_equal(r, 0);
    assert_int_equal(number, count);
    assert_int_equal(flow_next(&call, &item), 0);
    assert_int_equal(flow_finish(&call), 0);
    hprpc_call_clear(&call);
}

static void uploads(struct flow *flow, uint32_t size, uint8_t *data)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    uint32_t count = count_for(size);
    uint64_t total = 0;

    assert_int_equal(flow_upload_start(flow, &call, 0), 0);
    assert_int_equal(hprpc_call_cork(&call, size % 2), 0);
    for (uint32_t i = 0; i < count; i++) {
        flow_fill(i, data, size);
        assert_int_equal(flow_send(&call, data, size), 0);
    }
    assert_int_equal(flow_upload_finish(&call, &total), 0);
    assert_int_equal(total, (uint64_t)count * size);
    hprpc_call_clear(&call);
}

static void chats(struct flow *flow, uint32_t size, uint8_t *data)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes item;
    uint32_t count = count_for(size) / 7;

    assert_int_equal(flow_chat_start(flow, &call, 0), 0);
    /* the wait for the answer to an element sends it */
    assert_int_equal(hprpc_call_cork(&call, 1), 0);
    for (uint32_t i = 0; i < count; i++) {
        flow_fill(i, data, size);
        assert_int_equal(flow_send(&call, data, size), 0);
        assert_int_equal(flow_next(&call, &item), 1);
        assert_true(flow_is(item, i, size));
    }
    assert_int_equal(hprpc_call_end(&call), 0);
    assert_int_equal(flow_next(&call, &item), 0);
    assert_int_equal(flow_finish(&call), 0);
    hprpc_call_clear(&call);
}

static void exchange(const char *uri, enum serving serving)
{
    uint8_t *data = malloc(MOST);
    struct waters waters;

    assert_non_null(data);
    waters_open(&waters, uri, serving, NULL);
    for (size_t p = 0; p < sizeof(pumps) / sizeof(pumps[0]); p++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_client *client;
        uint32_t number = 0;
        struct flow flow;

        options.pump = pumps[p];
        client = waters_connect(&waters, &options, &flow);
        for (int i = 0; i < SIZES; i++) {
            watches(&flow, sizes[i]);
            uploads(&flow, sizes[i], data);
            chats(&flow, sizes[i], data);
        }
        assert_int_equal(flow_plain(&flow, NULL, 7, &number), 0);
        assert_int_equal(number, 8);
        hprpc_client_free(client);
    }
    assert_int_equal(atomic_load(&waters.last_code), 0);
    waters_close(&waters);
    free(data);
}

static void all_transports(enum serving serving)
{
    char uri[64];

    for (int t = 0; t < TRANSPORTS; t++) {
        snprintf(uri, sizeof(uri), transports[t], (int)getpid());
        exchange(uri, serving);
    }
}

static void with_workers(void **state)
{
    (void)state;
    all_transports(ON_WORKERS);
}

static void deferred_to_a_thread(void **state)
{
    (void)state;
    all_transports(ON_A_THREAD);
}

static void in_callbacks_of_the_loop(void **state)
{
    (void)state;
    all_transports(ON_THE_LOOP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(with_workers),
        fixture_test(deferred_to_a_thread),
        fixture_test(in_callbacks_of_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
