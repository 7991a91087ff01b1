/* SPDX-License-Identifier: MIT */
/* Calls from the server to its client, in every pump mode of the client, by inline handlers and by workers. */
#include "conformance/suite.h"

/* A client that offers Probe as well. */
struct guest {
    struct room room;
    struct probe own;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    enum hprpc_pump pump;
};

/* Opens one of six cases: three pumps, each with and without a worker. */
static void guest_open(struct guest *guest, int which, uint32_t max_calls, uint32_t max_depth)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options mine = HPRPC_CLIENT_OPTIONS_INIT;

    options.workers = which / 3; /* a single worker keeps the order of one-way calls */
    mine.pump = guest->pump = suite_pumps[which % 3];
    mine.max_calls = max_calls;
    mine.max_depth = max_depth;
    room_serve(&guest->room, "", &options);
    probe_init(&guest->own);
    guest->client = room_connect(&guest->room, "", &mine, &guest->proxy);
    assert_int_equal(conform_probe_serve(hprpc_client_controller(guest->client), &probe_service, &guest->own), 0);
}

static void guest_close(struct guest *guest)
{
    hprpc_client_free(guest->client);
    probe_clear(&guest->own);
    room_close(&guest->room);
}

static int bounce(struct guest *guest, int32_t depth, int32_t *ret_count)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    int r = conform_probe_bounce_start(&guest->proxy, &call, depth);

    if (r == 0 && guest->pump == HPRPC_PUMP_LOOP)
        assert_int_equal(suite_drive(guest->client, call.pending), 0);
    if (r == 0)
        r = conform_probe_bounce_finish(&call, ret_count);
    hprpc_call_clear(&call);
    return r;
}

static void nested_to_the_depth(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct guest guest;
        int32_t count = 0;

        guest_open(&guest, i, 0, 6);
        for (int32_t depth = 0; depth <= 6; depth++) {
            assert_int_equal(bounce(&guest, depth, &count), 0);
            assert_int_equal(count, depth + 1);
        }
        /* the client's own requests have depth 1, 3, 5 and 7, and it allows only the first three */
        assert_int_equal(bounce(&guest, 7, &count), HPRPC_EBUSY);
        assert_int_equal(bounce(&guest, 6, &count), 0);
        guest_close(&guest);
    }
}

/* A handler sends more one-way calls than its credit allows at once, while its own caller waits for it. */
static void floods_from_a_handler(void **state)
{
    enum { COUNT = 2000, CREDIT = 64 };

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct guest guest;
        struct hprpc_call flood = HPRPC_CALL_INIT;
        uint64_t noted;

        guest_open(&guest, i, CREDIT, 0);
        assert_int_equal(conform_probe_flood_start(&guest.proxy, &flood, COUNT, 50), 0);
        if (guest.pump == HPRPC_PUMP_LOOP)
            assert_int_equal(suite_drive(guest.client, flood.pending), 0);
        assert_int_equal(conform_probe_flood_finish(&flood), 0);
        assert_int_equal(atomic_load(&guest.own.noted), COUNT);
        assert_int_equal(atomic_load(&guest.own.out_of_order), 0);
        assert_int_equal(atomic_load(&guest.own.note_bytes), COUNT * 50);
        assert_int_equal(conform_probe_noted(&guest.proxy, NULL, &noted), 0);
        assert_int_equal(noted, 0);
        hprpc_call_clear(&flood);
        guest_close(&guest);
    }
}

/* Both sides flood each other at once, with more than any credit or medium holds. */
static void floods_both_ways(void **state)
{
    enum { COUNT = 1500, SIZE = 2000 };

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct guest guest;
        struct hprpc_call flood = HPRPC_CALL_INIT;
        uint8_t *data = suite_data(SIZE, 5);
        uint64_t noted = 0;

        guest_open(&guest, i, 64, 0);
        assert_int_equal(conform_probe_flood_start(&guest.proxy, &flood, COUNT, SIZE), 0);
        for (uint32_t n = 0; n < COUNT; n++)
            assert_int_equal(conform_probe_note(&guest.proxy, NULL, n, suite_bytes(data, SIZE)), 0);
        assert_int_equal(conform_probe_flood_finish(&flood), 0);
        assert_int_equal(atomic_load(&guest.own.noted), COUNT);
        for (struct patience patience = patience_begin(); noted < COUNT && try_again(&patience);)
            assert_int_equal(conform_probe_noted(&guest.proxy, NULL, &noted), 0);
        assert_int_equal(atomic_load(&guest.own.out_of_order), 0);
        hprpc_call_clear(&flood);
        guest_close(&guest);
        free(data);
    }
}

static const struct CMUnitTest tests[] = {
    fixture_test(nested_to_the_depth),
    fixture_test(floods_from_a_handler),
    fixture_test(floods_both_ways),
};

const struct chapter callbacks_chapter = { "callbacks", tests, sizeof(tests) / sizeof(tests[0]) };
