/* SPDX-License-Identifier: MIT */
/* A client that no thread pumps between calls: after a silence it notices, before it sends, that the server is gone. */
#include <time.h>

#include "conformance/suite.h"

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits longer than the silence after which a client looks before it sends. */
static void keep_silent(void)
{
    struct patience patience = patience_begin();
    uint64_t until = now_ms() + 15;

    while (now_ms() < until && try_again(&patience))
        ;
}

/* Two calls that are not sent, a one-way call, and the state of the client, which is asked before or after the calls. */
static void check_gone(struct hprpc_client *client, const struct conform_probe_proxy *proxy, bool asks_state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;

    if (asks_state)
        assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_BROKEN);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(conform_probe_poke(proxy, &call), HPRPC_ENOTSENT);
        assert_non_null(call.detail);
        assert_string_not_equal(call.detail, "");
    }
    assert_int_equal(conform_probe_note(proxy, &call, 0, suite_bytes("x", 1)), HPRPC_ENOTSENT);
    assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_BROKEN);
    hprpc_call_clear(&call);
}

enum { FRESH, USED, CLIENTS };

/* Connects a client that has only bound, and one that has also called. */
static void connect_all(struct room *room, struct hprpc_client **ret_clients, struct conform_probe_proxy *ret_proxies)
{
    for (int i = 0; i < CLIENTS; i++)
        ret_clients[i] = room_connect_pumped(room, HPRPC_PUMP_CALLER, &ret_proxies[i]);
    assert_int_equal(conform_probe_poke(&ret_proxies[USED], NULL), 0);
}

static void server_that_stopped(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        struct conform_probe_proxy proxies[CLIENTS];
        struct hprpc_client *clients[CLIENTS];
        struct room room;

        room_serve(&room, "", NULL);
        connect_all(&room, clients, proxies);
        room_stop(&room);
        keep_silent();
        for (int i = 0; i < CLIENTS; i++) {
            check_gone(clients[i], &proxies[i], round & 1);
            hprpc_client_free(clients[i]);
        }
        room_close(&room);
    }
}

/* Whether this host has an open connection whose own port is this. */
static bool is_connected(unsigned port)
{
    FILE *file = fopen("/proc/net/tcp", "r");
    char line[300];
    bool connected = false;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        unsigned own, status;

        connected |= sscanf(line, " %*u: %*x:%x %*x:%*x %x", &own, &status) == 2 && own == port && status == 1;
    }
    fclose(file);
    return connected;
}

/* Whether this host has an open connection of a listener at this Unix-domain name. */
static bool is_connected_at(const char *name)
{
    FILE *file = fopen("/proc/net/unix", "r");
    char line[300];
    bool connected = false;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        unsigned status;

        connected |= sscanf(line, "%*x: %*x %*x %*x %*x %x", &status) == 1 && status == 3 && strstr(line, name);
    }
    fclose(file);
    return connected;
}

/* The kernel ends the sockets of a process with a ring on a thread of its own, some time after the process is gone. */
static void await_end_of_ring(const char *uri)
{
    struct patience patience = patience_begin();
    bool tcp = strcmp(transport->scheme, "tcp") == 0;
    const char *name = strrchr(uri, tcp ? ':' : '/') + 1;

    while (transport->late_descriptors && (tcp ? is_connected((unsigned)atoi(name)) : is_connected_at(name)) &&
           try_again(&patience))
        continue;
}

static void server_that_was_killed(void **state)
{
    (void)state;
    if (!transport->processes)
        return;
    for (int round = 0; round < 4; round++) {
        struct conform_probe_proxy proxies[CLIENTS];
        struct hprpc_client *clients[CLIENTS];
        struct process process;
        struct room room;

        room_open(&room);
        process_serve(&process);
        snprintf(room.uri, sizeof(room.uri), "%s", process.uri);
        connect_all(&room, clients, proxies);
        process_kill(&process);
        await_end_of_ring(process.uri);
        keep_silent();
        for (int i = 0; i < CLIENTS; i++) {
            check_gone(clients[i], &proxies[i], round & 1);
            hprpc_client_free(clients[i]);
        }
        process_sweep(&process);
        room_close(&room);
    }
}

/* A server that lives answers after any silence. */
static void server_that_lives(void **state)
{
    struct conform_probe_proxy proxies[CLIENTS];
    struct hprpc_client *clients[CLIENTS];
    struct room room;

    (void)state;
    room_serve(&room, "", NULL);
    connect_all(&room, clients, proxies);
    for (int round = 0; round < 3; round++) {
        keep_silent();
        for (int i = 0; i < CLIENTS; i++) {
            assert_int_equal(hprpc_client_state(clients[i]), HPRPC_CLIENT_READY);
            assert_int_equal(conform_probe_poke(&proxies[i], NULL), 0);
        }
    }
    for (int i = 0; i < CLIENTS; i++)
        hprpc_client_free(clients[i]);
    room_close(&room);
}

/* ---- Several threads on one client ---- */

enum { THREADS = 3, KINDS = 3 };

struct caller {
    const struct conform_probe_proxy *proxy;
    atomic_uint *ready;
    int kind;
    int code;
    pthread_t thread;
};

/* Calls when all threads are ready, so that one looks at the connection while the others arrive. */
static void *call_together(void *argument)
{
    struct caller *caller = argument;
    struct hprpc_call call = HPRPC_CALL_INIT;

    atomic_fetch_add(caller->ready, 1);
    while (atomic_load(caller->ready) < THREADS)
        ;
    if (caller->kind == 0)
        caller->code = conform_probe_poke(caller->proxy, &call);
    else if (caller->kind == 1)
        caller->code = conform_probe_note(caller->proxy, &call, 0, suite_bytes("x", 1));
    else
        caller->code = conform_probe_poke_start(caller->proxy, &call);
    hprpc_call_clear(&call);
    return NULL;
}

static void several_threads(void **state)
{
    (void)state;
    for (int round = 0; round < 15; round++) {
        struct conform_probe_proxy proxy;
        struct caller callers[THREADS];
        struct hprpc_client *client;
        atomic_uint ready;
        struct room room;

        atomic_init(&ready, 0);
        room_serve(&room, "", NULL);
        client = room_connect_pumped(&room, HPRPC_PUMP_CALLER, &proxy);
        room_stop(&room);
        keep_silent();
        for (int i = 0; i < THREADS; i++) {
            callers[i] = (struct caller){ .proxy = &proxy, .ready = &ready, .kind = round % KINDS };
            assert_int_equal(pthread_create(&callers[i].thread, NULL, call_together, &callers[i]), 0);
        }
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(callers[i].code, HPRPC_ENOTSENT);
        hprpc_client_free(client);
        room_close(&room);
    }
}

static const struct CMUnitTest tests[] = { fixture_test(server_that_stopped), fixture_test(server_that_was_killed),
                                           fixture_test(server_that_lives), fixture_test(several_threads) };

const struct chapter stale_chapter = { "stale", tests, sizeof(tests) / sizeof(tests[0]) };
