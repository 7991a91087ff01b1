/* SPDX-License-Identifier: MIT */
/* Clients that do not read what they asked for: all of them hold no more than the server allows, and others notice nothing. */
#include "conformance/suite.h"

enum { SLOW = 4, ASKED = 12, SIZE = 2 << 20 };

struct slow {
    struct hprpc_client *client;
    struct conform_probe_proxy proxy;
    struct hprpc_call calls[ASKED];
    int posted;
};

/* Starts many calls with large replies, and does not read them. */
static void ask(struct room *room, struct slow *slow)
{
    slow->client = room_connect_pumped(room, HPRPC_PUMP_LOOP, &slow->proxy);
    for (slow->posted = 0; slow->posted < ASKED; slow->posted++) {
        struct hprpc_call *call = &slow->calls[slow->posted];

        *call = (struct hprpc_call)HPRPC_CALL_INIT;
        call->flags = HPRPC_CALL_NO_WAIT;
        call->timeout_ms = HPRPC_NO_TIMEOUT;
        if (conform_probe_fill_start(&slow->proxy, call, SIZE) < 0) {
            /* the connection may be cut off by now, and the call has a sentence of that */
            hprpc_call_clear(call);
            break;
        }
    }
}

/* Returns true if one of the replies was lost. */
static bool read_all(struct slow *slow)
{
    struct kodosis_bytes reply;
    bool lost = false;

    for (int n = 0; n < slow->posted; n++) {
        suite_drive(slow->client, slow->calls[n].pending);
        lost |= conform_probe_fill_finish(&slow->calls[n], &reply) < 0;
        hprpc_call_clear(&slow->calls[n]);
    }
    hprpc_client_free(slow->client);
    return lost;
}

static void the_slowest_readers_are_cut_off(void **state)
{
    (void)state;
    /* the fake takes any amount at once */
    if (!transport->processes)
        return;
    for (uint32_t i = 0; i < 4; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *reader;
        struct slow slow[SLOW];
        struct room room;
        int lost = 0;

        options.loops = 1 + i % 2;
        options.workers = i / 2 * 2;
        options.max_unread_bytes = 6 << 20;
        room_serve(&room, "", &options);
        reader = room_connect(&room, "", NULL, &proxy);
        for (int n = 0; n < SLOW; n++) {
            ask(&room, &slow[n]);
            for (int calls = 0; calls < 50; calls++)
                assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        }
        /* workers execute the calls one after the other; calls of a closed connection are not executed */
        for (int calls = 0; calls < 200; calls++)
            assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        for (int n = 0; n < SLOW; n++)
            lost += read_all(&slow[n]);
        assert_true(lost >= 1);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_client_free(reader);
        room_close(&room);
    }
}

static const struct CMUnitTest tests[] = { fixture_test(the_slowest_readers_are_cut_off) };

const struct chapter slow_chapter = { "slow", tests, sizeof(tests) / sizeof(tests[0]) };
