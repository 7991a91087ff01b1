/* SPDX-License-Identifier: MIT */
/* Many messages, large messages, both ways at once, and slow readers. */
#include "conformance/suite.h"

static void pipelining_to_the_credit(void **state)
{
    enum { COUNT = 200 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call calls[COUNT], more = HPRPC_CALL_INIT;
    struct hprpc_client *client;
    int32_t value;

    (void)state;
    options.max_calls = COUNT;
    room_serve(&room, "", &options);
    client = room_connect(&room, "", NULL, &proxy);
    for (int i = 0; i < COUNT; i++) {
        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        assert_int_equal(conform_probe_later_start(&proxy, &calls[i], i, false), 0);
    }
    for (int i = 0; i < COUNT; i++) {
        int at = i * 37 % COUNT;

        assert_int_equal(conform_probe_later_finish(&calls[at], &value), 0);
        assert_int_equal(value, at);
        hprpc_call_clear(&calls[at]);
    }

    /* calls without an answer use up the credit */
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(conform_probe_later_start(&proxy, &calls[i], i, true), 0);
    more.flags = HPRPC_CALL_NO_WAIT;
    assert_int_equal(conform_probe_poke(&proxy, &more), HPRPC_EBUSY);
    for (int i = 0; i < COUNT; i++)
        hprpc_call_clear(&calls[i]);
    /* the credit comes back with the answers to the cancelled calls */
    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    hprpc_call_clear(&more);
    hprpc_client_free(client);
    room_close(&room);
}

/* Requests and replies of megabytes cross on one connection, more than any medium holds. */
static void large_both_ways_at_once(void **state)
{
    enum { COUNT = 8, SIZE = 3 << 20 };
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call calls[COUNT];
    struct kodosis_bytes reply;
    struct hprpc_client *client;
    uint8_t *data = suite_data(SIZE, 5);

    (void)state;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    for (int i = 0; i < COUNT; i++) {
        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        assert_int_equal(conform_probe_echo_start(&proxy, &calls[i], suite_bytes(data, SIZE - (size_t)i)), 0);
    }
    for (int i = 0; i < COUNT; i++) {
        int r = conform_probe_echo_finish(&calls[i], &reply);

        if (r < 0)
            fail_msg("%s: %s", hprpc_error_name(r), calls[i].detail);
        assert_int_equal(reply.size, SIZE - i);
        assert_memory_equal(reply.data, data, reply.size);
        hprpc_call_clear(&calls[i]);
    }
    hprpc_client_free(client);
    room_close(&room);
    free(data);
}

struct echoing {
    const struct conform_probe_proxy *proxy;
    unsigned seed;
    size_t size;
    int rounds;
    int failures;
    pthread_t thread;
};

static void *echo_large(void *argument)
{
    struct echoing *echoing = argument;
    uint8_t *data = suite_data(echoing->size, echoing->seed);

    for (int i = 0; i < echoing->rounds; i++) {
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct kodosis_bytes reply;

        if (conform_probe_echo(echoing->proxy, &call, suite_bytes(data, echoing->size), &reply) < 0 ||
            reply.size != echoing->size || memcmp(reply.data, data, reply.size) != 0)
            echoing->failures++;
        hprpc_call_clear(&call);
    }
    free(data);
    return NULL;
}

static void large_from_several_threads(void **state)
{
    enum { THREADS = 4 };
    struct room room;
    struct conform_probe_proxy proxy;
    struct echoing echoing[THREADS];
    struct hprpc_client *client;

    (void)state;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    for (unsigned i = 0; i < THREADS; i++) {
        echoing[i] = (struct echoing){ .proxy = &proxy, .seed = i, .size = (1u << 20) + i * 100000, .rounds = 3 };
        assert_int_equal(pthread_create(&echoing[i].thread, NULL, echo_large, &echoing[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(echoing[i].thread, NULL), 0);
        assert_int_equal(echoing[i].failures, 0);
    }
    hprpc_client_free(client);
    room_close(&room);
}

static void one_way_flood(void **state)
{
    enum { COUNT = 20000 };
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    uint8_t *data = suite_data(3000, 6);
    uint64_t noted, bytes = 0;

    (void)state;
    room_serve(&room, "", NULL);
    client = room_connect(&room, "", NULL, &proxy);
    for (uint32_t i = 0; i < COUNT; i++) {
        size_t size = i % 100 ? i % 50 : 3000;

        assert_int_equal(conform_probe_note(&proxy, NULL, i, suite_bytes(data, size)), 0);
        bytes += size;
    }
    /* this call is executed after all notes */
    assert_int_equal(conform_probe_noted(&proxy, NULL, &noted), 0);
    assert_int_equal(noted, COUNT);
    assert_int_equal(atomic_load(&room.probe.note_bytes), bytes);
    hprpc_client_free(client);
    room_close(&room);
    free(data);
}

/* A server that does not read: the sender gets HPRPC_EBUSY, and the memory of neither side grows. */
static void slow_server_bounds_memory(void **state)
{
    enum { SIZE = 10000 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_call gate = HPRPC_CALL_INIT, call = HPRPC_CALL_INIT;
    struct hprpc_client *client;
    uint8_t *data = suite_data(SIZE, 7);
    uint32_t sent = 0;
    uint64_t noted;
    int r = 0;

    (void)state;
    options.max_call_bytes = 1 << 20;
    room_serve(&room, "", &options);
    client = room_connect(&room, "", NULL, &proxy);
    assert_int_equal(conform_probe_gate_start(&proxy, &gate, suite_bytes(data, 0), false), 0);
    call.flags = HPRPC_CALL_NO_WAIT;
    while (sent < 2000 && (r = conform_probe_note(&proxy, &call, sent, suite_bytes(data, SIZE))) == 0)
        sent++;
    assert_int_equal(r, HPRPC_EBUSY);
    /* what the kernel holds may be less than the credit: then the sender was busy with that, and goes on */
    call.flags = 0;
    call.timeout_ms = 20;
    while (sent < 2000 && (r = conform_probe_note(&proxy, &call, sent, suite_bytes(data, SIZE))) == 0)
        sent++;
    assert_int_equal(r, HPRPC_EDEADLINE);
    assert_in_range(sent, 1, 105);
    assert_true(atomic_load(&room.memory.highest) < 8 << 20);

    atomic_store(&room.probe.gate, true);
    assert_int_equal(conform_probe_gate_finish(&gate), 0);
    assert_int_equal(conform_probe_noted(&proxy, NULL, &noted), 0);
    assert_int_equal(noted, sent);
    assert_int_equal(conform_probe_note(&proxy, NULL, sent, suite_bytes(data, SIZE)), 0);
    assert_int_equal(conform_probe_noted(&proxy, NULL, &noted), 0);
    assert_int_equal(noted, sent + 1);
    hprpc_call_clear(&gate);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    room_close(&room);
    free(data);
}

/* A client that does not read its replies: the server queues them within its limits, and serves the others. */
static void slow_client_harms_nobody(void **state)
{
    enum { COUNT = 60, SIZE = 100000 };
    struct room room;
    struct conform_probe_proxy slow, other;
    struct hprpc_call calls[COUNT];
    struct hprpc_client *slow_client, *other_client;
    struct kodosis_bytes reply;
    uint8_t *data = suite_data(SIZE, 8);
    int sent = 0;

    (void)state;
    room_serve(&room, "", NULL);
    slow_client = room_connect(&room, "", NULL, &slow);
    other_client = room_connect(&room, "", NULL, &other);
    for (; sent < COUNT; sent++) {
        calls[sent] = (struct hprpc_call)HPRPC_CALL_INIT;
        calls[sent].flags = HPRPC_CALL_NO_WAIT;
        if (conform_probe_echo_start(&slow, &calls[sent], suite_bytes(data, SIZE)) < 0) {
            hprpc_call_clear(&calls[sent]);
            break;
        }
    }
    assert_true(sent > 0);
    for (int i = 0; i < 50; i++)
        assert_int_equal(conform_probe_poke(&other, NULL), 0);
    for (int i = 0; i < sent; i++) {
        assert_int_equal(conform_probe_echo_finish(&calls[i], &reply), 0);
        assert_int_equal(reply.size, SIZE);
        assert_memory_equal(reply.data, data, SIZE);
        hprpc_call_clear(&calls[i]);
    }
    hprpc_client_free(slow_client);
    hprpc_client_free(other_client);
    room_close(&room);
    free(data);
}

static const struct CMUnitTest tests[] = {
    fixture_test(pipelining_to_the_credit),   fixture_test(large_both_ways_at_once),
    fixture_test(large_from_several_threads), fixture_test(one_way_flood),
    fixture_test(slow_server_bounds_memory),  fixture_test(slow_client_harms_nobody),
};

const struct chapter flow_chapter = { "flow", tests, sizeof(tests) / sizeof(tests[0]) };
