/* SPDX-License-Identifier: MIT */
/* The waits spin, adaptive and block, on both sides, in all combinations. */
#include "conformance/suite.h"

static const char *const waits[] = { "?wait=spin", "?wait=adaptive", "?wait=block" };

static void every_way_to_wait(void **state)
{
    uint8_t *data = suite_data(400000, 12);

    (void)state;
    for (int i = 0; i < 9; i++) {
        struct room room;
        struct probe own;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct kodosis_bytes reply;
        int32_t count;

        room_serve(&room, waits[i / 3], NULL);
        probe_init(&own);
        /* the address that the server gives may contain its own options */
        room.uri[strcspn(room.uri, "?")] = '\0';
        client = room_connect(&room, waits[i % 3], NULL, &proxy);
        assert_int_equal(conform_probe_serve(hprpc_client_controller(client), &probe_service, &own), 0);
        for (int n = 0; n < 20; n++) {
            struct hprpc_call call = HPRPC_CALL_INIT;
            size_t size = n == 10 ? 400000 : (size_t)n * 50;

            assert_int_equal(conform_probe_echo(&proxy, &call, suite_bytes(data, size), &reply), 0);
            assert_int_equal(reply.size, size);
            assert_memory_equal(reply.data, data, size);
            hprpc_call_clear(&call);
            assert_int_equal(conform_probe_note(&proxy, NULL, (uint32_t)n, suite_bytes(data, size)), 0);
        }
        assert_int_equal(conform_probe_bounce(&proxy, NULL, 4, &count), 0);
        assert_int_equal(count, 5);
        assert_int_equal(conform_probe_later(&proxy, NULL, 6, false, &count), 0);
        assert_int_equal(count, 6);
        hprpc_client_free(client);
        probe_clear(&own);
        room_close(&room);
    }
    free(data);
}

static const struct CMUnitTest tests[] = { fixture_test(every_way_to_wait) };

const struct chapter waits_chapter = { "waits", tests, sizeof(tests) / sizeof(tests[0]) };
