/* SPDX-License-Identifier: MIT */
/*
 * Memory that is refused while elements go and come: each call ends with one code, nothing hangs, everything is given back, and the next
 * calls work. Elements are copied into blocks, kept in memory of their own, or put together from pieces.
 */
#include "rpc/stream/waters.h"

enum { ELEMENTS = 12, FAILURES = 40 };

static const uint32_t sizes[] = { 8, 300, 90000 };

static uint32_t size_of(uint32_t number)
{
    return sizes[number % (sizeof(sizes) / sizeof(sizes[0]))];
}

static int upload(struct flow *flow, uint8_t *data)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    uint64_t total = 0, sent = 0;
    int r = flow_upload_start(flow, &call, FLOW);

    for (uint32_t i = 0; i < ELEMENTS && r == 0; i++) {
        flow_fill(i, data, size_of(i));
        r = flow_send(&call, data, size_of(i));
        sent += r == 0 ? size_of(i) : 0;
    }
    /* a send that found no memory has not ended the call */
    if (call.pending && r == HPRPC_ENOMEM)
        r = flow_upload_finish(&call, &total) < 0 ? r : total == sent ? HPRPC_ENOMEM : 1;
    else if (r == 0)
        r = flow_upload_finish(&call, &total);
    if (r == 0)
        assert_int_equal(total, sent);
    hprpc_call_clear(&call);
    return r;
}

static int chat(struct flow *flow, uint8_t *data)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes item = { NULL, 0 };
    int r = flow_chat_start(flow, &call, FLOW);

    for (uint32_t i = 0; i < ELEMENTS && r == 0; i++) {
        flow_fill(i, data, size_of(i));
        r = flow_send(&call, data, size_of(i));
        if (r == 0)
            r = flow_next(&call, &item);
        if (r == 1)
            assert_true(flow_is(item, i, size_of(i)));
        r = r == 1 ? 0 : r == 0 ? HPRPC_EINTERNAL : r;
    }
    if (r == 0)
        r = flow_finish(&call);
    hprpc_call_clear(&call);
    return r;
}

static void check(int r, long nth)
{
    /* 0; no memory at either side; or the connection ended, because not even that could be said */
    if (r != 0 && r != HPRPC_ENOMEM && r != HPRPC_EMAYBE && r != HPRPC_ENOTSENT && r != HPRPC_EPEERDIED &&
        r != HPRPC_EBUSY)
        fail_msg("with allocation %ld: %s", nth, hprpc_error_name(r));
}

static void any_allocation_fails(void **state)
{
    static int (*const talks[])(struct flow * flow, uint8_t * data) = { upload, chat };
    uint8_t *data = malloc(90000);

    (void)state;
    assert_non_null(data);
    for (int s = 0; s < SERVINGS; s++) {
        for (int lends = 0; lends < 2; lends++) {
            struct hprpc_client *client;
            struct waters waters;
            struct flow flow;
            unsigned failed = 0, worked = 0;

            waters_open(&waters, lends ? "fake://shortage" : "fake://shortage?lend=no", (enum serving)s, NULL);
            for (long nth = 1; nth <= FAILURES; nth++) {
                int r;

                client = waters_connect(&waters, NULL, &flow);
                memory_fail(&waters.memory, nth, false);
                r = talks[nth % 2](&flow, data);
                check(r, nth);
                failed += r != 0;
                waters_settle(&waters);
                memory_fail(&waters.memory, 0, false);
                /* a connection that goes on works; that it ends may be on its way */
                if (upload(&flow, data) != 0 || chat(&flow, data) != 0)
                    assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_BROKEN);
                else
                    worked++;
                hprpc_client_free(client);
            }
            assert_true(failed > 3 && worked > FAILURES / 2);
            waters_close(&waters);
        }
    }
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = { fixture_test(any_allocation_fails) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
