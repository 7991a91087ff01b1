/* SPDX-License-Identifier: MIT */
/* Elements that wait for each other: which of them wait, how many, and what sends them. */
#include "rpc/stream/waters.h"

#include <unistd.h>

#include "rpc/call/ticket.h"
#include "rpc/connection/connection.h"

enum { TOGETHER = 64 }; /* elements, or KiB, that wait at most */

static const char *const transports[] = { "fake://cork", "tcp://127.0.0.1:0", "unix://cork-%d", "pipe://cork-%d",
                                          "shm://cork-%d" };
enum { TRANSPORTS = sizeof(transports) / sizeof(transports[0]), SHM = TRANSPORTS - 1 };

/* A stream that is corked, on a client whose thread pumps only where it waits, so that nothing else sends. */
struct corked {
    struct waters waters;
    struct hprpc_client *client;
    struct flow flow;
    struct hprpc_call call;
    uint32_t sent, read;
};

static bool waits(const struct corked *corked)
{
    return corked->client->controller->channel->queued > 0;
}

static void corked_open(struct corked *corked, int transport)
{
    char uri[64];

    *corked = (struct corked){ .call = HPRPC_CALL_INIT };
    snprintf(uri, sizeof(uri), transports[transport], (int)getpid());
    waters_open(&corked->waters, uri, ON_THE_LOOP, NULL);
    corked->client = waters_connect(&corked->waters, NULL, &corked->flow);
    assert_int_equal(flow_chat_start(&corked->flow, &corked->call, FLOW), 0);
    assert_int_equal(hprpc_call_cork(&corked->call, 1), 0);
    assert_false(waits(corked));
}

static void corked_close(struct corked *corked)
{
    assert_int_equal(flow_finish(&corked->call), 0);
    hprpc_call_clear(&corked->call);
    hprpc_client_free(corked->client);
    waters_close(&corked->waters);
}

static void put(struct corked *corked, uint32_t size)
{
    uint8_t *data = malloc(size);

    assert_non_null(data);
    flow_fill(corked->sent++, data, size);
    assert_int_equal(flow_send(&corked->call, data, size), 0);
    free(data);
}

static void get(struct corked *corked, uint32_t size)
{
    struct kodosis_bytes item;

    assert_int_equal(flow_next(&corked->call, &item), 1);
    assert_true(flow_is(item, corked->read++, size));
}

static void a_wait_sends_them(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        struct corked corked;

        corked_open(&corked, t);
        put(&corked, 8);
        put(&corked, 300);
        assert_true(waits(&corked));
        get(&corked, 8);
        get(&corked, 300);
        assert_false(waits(&corked));
        corked_close(&corked);
    }
}

static void so_does_the_end_of_it(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        struct corked corked;

        corked_open(&corked, t);
        put(&corked, 8);
        assert_true(waits(&corked));
        assert_int_equal(hprpc_call_cork(&corked.call, 0), 0);
        assert_false(waits(&corked));
        put(&corked, 8); /* leaves at once */
        assert_false(waits(&corked));
        assert_int_equal(hprpc_call_cork(&corked.call, 1), 0);
        put(&corked, 8);
        assert_true(waits(&corked));
        assert_int_equal(hprpc_call_end(&corked.call), 0);
        /* on shm what waits is there already, and only its receiver was not woken: the channel forgets that at a flush alone */
        assert_true(t == SHM || !waits(&corked));
        for (int i = 0; i < 3; i++)
            get(&corked, 8);
        corked_close(&corked);
    }
}

static void not_more_than_so_many(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        struct corked corked;

        corked_open(&corked, t);
        for (int i = 1; i < TOGETHER; i++) {
            put(&corked, 8);
            assert_true(waits(&corked));
        }
        put(&corked, 8);
        assert_true(t == SHM || !waits(&corked));
        for (int i = 0; i < TOGETHER; i++)
            get(&corked, 8);
        corked_close(&corked);
    }
}

static void nor_than_so_many_bytes(void **state)
{
    (void)state;
    for (int t = 1; t < SHM; t++) { /* what waits on shm was counted by elements, and on fake there is no size */
        enum { SIZE = 20 << 10, COUNT = (TOGETHER << 10) / SIZE + 1 };
        struct corked corked;
        int after = 0;

        corked_open(&corked, t);
        do
            put(&corked, SIZE);
        while (waits(&corked) && ++after < 2 * COUNT);
        assert_in_range(after, 2, COUNT);
        for (uint32_t i = corked.read; i < corked.sent; i++)
            get(&corked, SIZE);
        corked_close(&corked);
    }
}

static void looking_sends_them(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        struct corked corked;
        struct kodosis_bytes item;
        int r;

        corked_open(&corked, t);
        corked.call.flags = HPRPC_CALL_NO_WAIT;
        put(&corked, 8);
        assert_true(waits(&corked));
        r = flow_next(&corked.call, &item); /* the answer may have come in the one turn that this makes */
        assert_true(r == HPRPC_EBUSY || r == 1);
        corked.read += r == 1;
        assert_false(waits(&corked));
        corked.call.flags = 0;
        for (uint32_t i = corked.read; i < corked.sent; i++)
            get(&corked, 8);
        corked_close(&corked);
    }
}

static void only_where_elements_go(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_client *client;
    struct waters waters;
    struct flow flow;

    (void)state;
    waters_open(&waters, "fake://cork", ON_THE_LOOP, NULL);
    client = waters_connect(&waters, NULL, &flow);
    assert_int_equal(hprpc_call_cork(&call, 1), HPRPC_EINVAL);
    assert_int_equal(flow_watch_start(&flow, &call, 1, 8), 0);
    assert_int_equal(hprpc_call_cork(&call, 1), HPRPC_EINVAL);
    assert_int_equal(flow_finish(&call), 0);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    waters_close(&waters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_wait_sends_them),      fixture_test(so_does_the_end_of_it), fixture_test(not_more_than_so_many),
        fixture_test(nor_than_so_many_bytes), fixture_test(looking_sends_them),    fixture_test(only_where_elements_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
