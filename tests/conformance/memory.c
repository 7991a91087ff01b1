/* SPDX-License-Identifier: MIT */
/* The memory of one side is refused for good: the other side is not blamed for that, and does not wait for ever. */
#include "conformance/suite.h"

enum { MOST = 4, PATIENT_MS = 3200 };

static const uint32_t sizes[] = { 10, 5000, 300000 };

/* True if a call may end with `r`. `ours`: the caller's memory was refused. */
static bool is_fair(int r, bool ours)
{
    return r == 0 || r == HPRPC_ENOMEM || (!ours && (r == HPRPC_EMAYBE || r == HPRPC_EPEERDIED || r == HPRPC_ENOTSENT));
}

/* What is called, and when its memory is refused. */
struct shortage {
    struct room *room, *here;
    bool ours;
    enum hprpc_pump pump;
    uint32_t size;
    long nth; /* this allocation of one side fails, and all later ones */
};

/* Makes the call with this deadline, 0 for the usual one, and another client after it. True if a longer deadline may help. */
static bool call_once(const struct shortage *shortage, uint32_t timeout_ms)
{
    struct memory *memory = shortage->ours ? &shortage->here->memory : &shortage->room->memory;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxy;
    struct kodosis_bytes reply;
    uint8_t *data = suite_data(shortage->size, 1);
    struct hprpc_client *client = room_connect_pumped(shortage->here, shortage->pump, &proxy);
    bool late;
    int r;

    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    call.timeout_ms = timeout_ms;
    memory_fail(memory, shortage->nth, true);
    r = conform_probe_echo(&proxy, &call, suite_bytes(data, shortage->size), &reply);
    memory_fail(memory, 0, false);
    late = r == HPRPC_EDEADLINE && timeout_ms && timeout_ms < PATIENT_MS;
    if (!late && !is_fair(r, shortage->ours))
        fail_msg("%s memory, pump %d, %u bytes, allocation %ld: %s: %s", shortage->ours ? "our" : "their",
                 (int)shortage->pump, shortage->size, shortage->nth, hprpc_error_name(r), call.detail);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    client = room_connect_pumped(shortage->here, shortage->pump, &proxy);
    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    hprpc_client_free(client);
    free(data);
    return late;
}

/* Where our memory is refused, the answer misses the deadline; the other side takes a second to report its own shortage. */
static void call_without(const struct shortage *shortage)
{
    /* on a busy machine, the other side may miss a short deadline as well */
    for (uint32_t timeout_ms = shortage->ours ? 50 : 0; call_once(shortage, timeout_ms);)
        timeout_ms *= 4;
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
                call_without(&(struct shortage){ &room, &here, true, suite_pumps[pump], sizes[i], nth });
            call_without(&(struct shortage){ &room, &here, false, suite_pumps[nth % 3], sizes[i], nth });
        }
    }
    room_close(&room);
    room_close(&here);
}

static const struct CMUnitTest tests[] = { fixture_test(refused_for_good) };

const struct chapter memory_chapter = { "memory", tests, sizeof(tests) / sizeof(tests[0]) };
