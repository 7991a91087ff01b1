/* SPDX-License-Identifier: MIT */
/* Many clients, many threads and several transports, all with one server. */
#include "conformance/suite.h"

static void many_clients_at_once(void **state)
{
    enum { CLIENTS = 60, CALLS = 5 };
    struct room room;
    struct conform_probe_proxy proxies[CLIENTS];
    struct hprpc_client *clients[CLIENTS];
    struct hprpc_call calls[CLIENTS];
    struct kodosis_bytes reply;
    char text[32];

    (void)state;
    room_serve(&room, "", NULL);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = room_connect(&room, "", NULL, &proxies[i]);
    for (int round = 0; round < CALLS; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
            snprintf(text, sizeof(text), "client %d, %d", i, round);
            assert_int_equal(conform_probe_echo_start(&proxies[i], &calls[i], suite_bytes(text, strlen(text))), 0);
        }
        for (int i = CLIENTS - 1; i >= 0; i--) {
            snprintf(text, sizeof(text), "client %d, %d", i, round);
            assert_int_equal(conform_probe_echo_finish(&calls[i], &reply), 0);
            assert_int_equal(reply.size, strlen(text));
            assert_memory_equal(reply.data, text, reply.size);
            hprpc_call_clear(&calls[i]);
        }
    }
    /* half of the clients leave, the others stay */
    for (int i = 0; i < CLIENTS; i += 2)
        hprpc_client_free(clients[i]);
    for (int i = 1; i < CLIENTS; i += 2)
        assert_int_equal(conform_probe_poke(&proxies[i], NULL), 0);
    for (int i = 1; i < CLIENTS; i += 2)
        hprpc_client_free(clients[i]);
    room_close(&room);
}

/* Clients that send one after the other while the server's thread is busy are served in that order. */
static void the_first_to_come_is_the_first_served(void **state)
{
    enum { CLIENTS = 24 }; /* fewer than have engine=auto change its engine meanwhile */
    struct conform_probe_proxy proxies[CLIENTS], busy_proxy;
    struct hprpc_call gate = HPRPC_CALL_INIT;
    struct hprpc_client *clients[CLIENTS], *busy;
    struct room room;

    (void)state;
    if (strcmp(transport->name, "tcp-buffers") == 0)
        skip(); /* those that find no buffer are told of later */
    room_serve(&room, "?wait=block", NULL);
    busy = room_connect(&room, "", NULL, &busy_proxy);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = room_connect(&room, "", NULL, &proxies[i]);
    assert_int_equal(conform_probe_gate_start(&busy_proxy, &gate, suite_bytes("", 0), false), 0);
    for (struct patience p = patience_begin(); !atomic_load(&room.probe.inside) && try_again(&p);)
        ;
    for (uint32_t i = 0; i < CLIENTS; i++)
        assert_int_equal(conform_probe_note(&proxies[i], NULL, i, suite_bytes("", 0)), 0);
    atomic_store(&room.probe.gate, true);
    assert_int_equal(conform_probe_gate_finish(&gate), 0);
    hprpc_call_clear(&gate);
    for (struct patience p = patience_begin(); atomic_load(&room.probe.noted) < CLIENTS && try_again(&p);)
        ;
    assert_int_equal(atomic_load(&room.probe.out_of_order), 0);
    for (int i = 0; i < CLIENTS; i++)
        hprpc_client_free(clients[i]);
    hprpc_client_free(busy);
    room_close(&room);
}

struct member {
    struct room *room;
    const struct conform_probe_proxy
        *proxy; /* a shared one; NULL: the thread makes a client of its own for each round */
    int number, rounds, failures;
    pthread_t thread;
};

static bool call_once(const struct conform_probe_proxy *proxy, int number, int round)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    uint8_t data[1500];
    size_t size = (size_t)(round * 7 + number * 31) % sizeof(data);
    bool right;

    memset(data, number * 16 + round, sizeof(data));
    right = conform_probe_echo(proxy, &call, suite_bytes(data, size), &reply) == 0 && reply.size == size &&
            memcmp(reply.data, data, size) == 0;
    hprpc_call_clear(&call);
    return right;
}

static void *share_a_client(void *argument)
{
    struct member *member = argument;

    for (int round = 0; round < member->rounds; round++)
        member->failures += !call_once(member->proxy, member->number, round);
    return NULL;
}

static void *connect_again_and_again(void *argument)
{
    struct member *member = argument;

    for (int round = 0; round < member->rounds; round++) {
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;

        if (hprpc_client_connect(member->room->context, member->room->uri, NULL, NULL, &client) < 0) {
            member->failures++;
            continue;
        }
        if (conform_probe_bind(client, NULL, &proxy) < 0 || !call_once(&proxy, member->number, round))
            member->failures++;
        hprpc_client_free(client);
    }
    return NULL;
}

static void run_members(struct room *room, const struct conform_probe_proxy *proxy, int count, int rounds,
                        void *(*work)(void *))
{
    struct member members[16];

    for (int i = 0; i < count; i++) {
        members[i] = (struct member){ .room = room, .proxy = proxy, .number = i, .rounds = rounds };
        assert_int_equal(pthread_create(&members[i].thread, NULL, work, &members[i]), 0);
    }
    for (int i = 0; i < count; i++) {
        assert_int_equal(pthread_join(members[i].thread, NULL), 0);
        assert_int_equal(members[i].failures, 0);
    }
}

static void many_threads_on_one_client(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_THREAD };
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;

    (void)state;
    room_serve(&room, "", NULL);
    for (int i = 0; i < 2; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;

        options.pump = pumps[i];
        client = room_connect(&room, "", &options, &proxy);
        run_members(&room, &proxy, 8, 150, share_a_client);
        hprpc_client_free(client);
    }
    room_close(&room);
}

static void clients_come_and_go(void **state)
{
    struct room room;

    (void)state;
    room_serve(&room, "", NULL);
    run_members(&room, NULL, 6, 15, connect_again_and_again);
    room_close(&room);
}

static void several_loops_and_workers(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;

    (void)state;
    for (int workers = 0; workers < 2; workers++) {
        options.loops = 3;
        options.workers = workers ? 3 : 0;
        room_serve(&room, "", &options);
        run_members(&room, NULL, 6, 10, connect_again_and_again);
        client = room_connect(&room, "", NULL, &proxy);
        run_members(&room, &proxy, 6, 60, share_a_client);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* One server, all transports, at the same time. */
static void one_server_on_every_transport(void **state)
{
    struct room room;
    struct conform_probe_proxy proxies[TRANSPORTS_MAX];
    struct hprpc_client *clients[TRANSPORTS_MAX];
    struct hprpc_call calls[TRANSPORTS_MAX];
    struct kodosis_bytes reply;
    struct hprpc_peer peer;
    char uri[256];

    (void)state;
    room_prepare(&room, NULL);
    for (size_t i = 0; i < transport_count; i++) {
        suite_uri(&transports[i], "", uri, sizeof(uri));
        assert_int_equal(hprpc_server_listen(room.server, uri, NULL), 0);
    }
    assert_int_equal(hprpc_server_address(room.server, transport_count, uri, sizeof(uri)), HPRPC_EINVAL);
    room_run(&room);
    for (size_t i = 0; i < transport_count; i++) {
        assert_int_equal(hprpc_server_address(room.server, i, room.uri, sizeof(room.uri)), 0);
        clients[i] = room_connect(&room, "", NULL, &proxies[i]);
        hprpc_controller_peer(hprpc_client_controller(clients[i]), &peer);
        assert_string_equal(peer.transport, transports[i].scheme);
        assert_true(peer.address[0]);
    }
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < transport_count; i++) {
            calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_echo_start(&proxies[i], &calls[i], suite_bytes(&i, sizeof(i))), 0);
        }
        for (size_t i = 0; i < transport_count; i++) {
            assert_int_equal(conform_probe_echo_finish(&calls[i], &reply), 0);
            assert_memory_equal(reply.data, &i, sizeof(i));
            hprpc_call_clear(&calls[i]);
        }
    }
    for (size_t i = 0; i < transport_count; i++)
        hprpc_client_free(clients[i]);
    room_close(&room);
}

static void connections_have_a_limit(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options client_options = HPRPC_CLIENT_OPTIONS_INIT;
    struct room room;
    struct conform_probe_proxy proxies[4];
    struct hprpc_client *clients[4], *fourth = NULL;

    (void)state;
    options.max_connections = 3;
    room_serve(&room, "", &options);
    for (int i = 0; i < 3; i++)
        clients[i] = room_connect(&room, "", NULL, &proxies[i]);
    assert_int_equal(hprpc_client_connect(room.context, room.uri, &client_options, NULL, &fourth), HPRPC_EREFUSED);
    assert_null(fourth);
    for (int i = 0; i < 3; i++)
        assert_int_equal(conform_probe_poke(&proxies[i], NULL), 0);
    /* one client leaves, and there is room again */
    hprpc_client_free(clients[2]);
    clients[2] = room_connect(&room, "", NULL, &proxies[2]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(conform_probe_poke(&proxies[i], NULL), 0);
        hprpc_client_free(clients[i]);
    }
    room_close(&room);
}

static const struct CMUnitTest tests[] = {
    fixture_test(many_clients_at_once),       fixture_test(the_first_to_come_is_the_first_served),
    fixture_test(many_threads_on_one_client), fixture_test(clients_come_and_go),
    fixture_test(several_loops_and_workers),  fixture_test(one_server_on_every_transport),
    fixture_test(connections_have_a_limit),
};

const struct chapter crowd_chapter = { "crowd", tests, sizeof(tests) / sizeof(tests[0]) };
