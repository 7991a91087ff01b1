/* SPDX-License-Identifier: MIT */
/* The memory of one side is refused for good: the other side is not blamed for that, and does not wait for ever. */
#include "conformance/suite.h"

enum { MOST = 4 };

static const uint32_t sizes[] = { 10, 5000, 300000 };

/* True if a call may end with `r`. `ours`: the caller's memory was refused. */
static bool is_fair(int r, bool ours)
{
    return r == 0 || r == HPRPC_ENOMEM || (!ours && (r == HPRPC_EMAYBE || r == HPRPC_EPEERDIED || r == HPRPC_ENOTSENT));
}

/* Makes a call while the nth and all later allocations of one side fail. */
static void call_without(struct room *room, struct room *here, bool ours, enum hprpc_pump pump, uint32_t size, long nth)
{
    struct memory *memory = ours ? &here->memory : &room->memory;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxy;
    struct kodosis_bytes reply;
    uint8_t *data = suite_data(size, 1);
    struct hprpc_client *client = room_connect_pumped(here, pump, &proxy);
    int r;

    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    /* if our memory is refused, the answer misses this deadline; the other side takes a second to report its own shortage */
    call.timeout_ms = ours ? 50 : 0;
    memory_fail(memory, nth, true);
    r = conform_probe_echo(&proxy, &call, suite_bytes(data, size), &reply);
    memory_fail(memory, 0, false);
    if (!is_fair(r, ours))
        fail_msg("%s memory, pump %d, %u bytes, allocation %ld: %s: %s", ours ? "our" : "their", (int)pump, size, nth,
                 hprpc_error_name(r), call.detail);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    client = room_connect_pumped(here, pump, &proxy);
    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    hprpc_client_free(client);
    free(data);
}

static void refused_for_good(void **state)
{
    struct room room, here;

    (void)state;
    room_open(&here);
    room_serve(&room, "", NULL);
    snprintf(here.uri, sizeof(here.uri), "%s", room.uri);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (long nth = 1; nth <= MOST; nth++) {
            for (int pump = 0; pump < 3; pump++)
                call_without(&room, &here, true, suite_pumps[pump], sizes[i], nth);
            call_without(&room, &here, false, suite_pumps[nth % 3], sizes[i], nth);
        }
    }
    room_close(&room);
    room_close(&here);
}

static const struct CMUnitTest tests[] = { fixture_test(refused_for_good) };

const struct chapter memory_chapter = { "memory", tests, sizeof(tests) / sizeof(tests[0]) };
