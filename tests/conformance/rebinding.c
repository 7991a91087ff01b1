/* SPDX-License-Identifier: MIT */
/* Binding on a client that reconnects: several services, while there is no server, and with servers that leave at once. */
#include <poll.h>
#include <pthread.h>
#include <time.h>

#include <hprpc/stub.h>

#include "conformance/suite.h"

/* ---- A second service, with a stub of our own ---- */

static int answer_nothing(const void *handlers, void *self, struct hprpc_request *request,
                          struct kodosis_reader *reader)
{
    struct kodosis_writer *writer;
    int r;

    (void)handlers;
    (void)self;
    (void)reader;
    r = hprpc_request_reply_begin(request, 0, &writer);
    return r < 0 ? r : hprpc_request_reply_send(request);
}

static const struct hprpc_procedure procedures[] = { { "Ask", 77, 0, answer_nothing, NULL } };
static const struct hprpc_interface second = { "conform.Second", 1, 1, procedures };

struct second_proxy {
    struct hprpc_client *client;
    struct hprpc_binding *binding;
};

static int second_ask(const struct second_proxy *proxy, struct hprpc_call *call)
{
    struct hprpc_stub stub;
    int r = hprpc_stub_begin(&stub, proxy->client, proxy->binding, call, 0, 0);

    if (r == 0)
        r = hprpc_stub_exchange(&stub);
    return r < 0 ? r : hprpc_stub_end(&stub);
}

/* ---- The room ---- */

static void open_room(struct room *room)
{
    room_open(room);
    probe_init(&room->probe);
}

/* Serves both services at the room's URI, or at one of its own where it has none yet. */
static void serve_both(struct room *room)
{
    struct hprpc_detail detail = { "" };

    assert_int_equal(hprpc_server_new(room->context, NULL, &room->server), 0);
    assert_int_equal(conform_probe_add(room->server, &probe_service, &room->probe), 0);
    assert_int_equal(hprpc_server_add(room->server, &second, procedures, NULL), 0);
    if (!room->uri[0])
        suite_uri(transport, "", room->uri, sizeof(room->uri));
    if (hprpc_server_listen(room->server, room->uri, &detail) < 0)
        fail_msg("%s", detail.text);
    assert_int_equal(hprpc_server_address(room->server, 0, room->uri, sizeof(room->uri)), 0);
    room_run(room);
}

static struct hprpc_client *open_client(struct room *room, enum hprpc_pump pump, uint32_t timeout_ms)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client;

    options.pump = pump;
    options.reconnect = true;
    options.timeout_ms = timeout_ms;
    assert_int_equal(hprpc_client_connect(room->context, room->uri, &options, NULL, &client), 0);
    return client;
}

/* ---- Tests ---- */

/* Proxies of several services stay valid; a service that is bound again has the same handle. */
static void several_services(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct conform_probe_proxy probe, again;
        struct second_proxy proxy;
        struct hprpc_binding *binding;
        struct hprpc_client *client;
        struct room room;

        open_room(&room);
        serve_both(&room);
        client = open_client(&room, suite_pumps[i], 0);
        assert_int_equal(hprpc_stub_bind(client, &second, NULL, &proxy.binding), 0);
        proxy.client = client;
        assert_int_equal(conform_probe_bind(client, NULL, &probe), 0);
        for (int restart = 0; restart < 3; restart++) {
            assert_int_equal(second_ask(&proxy, NULL), 0);
            assert_int_equal(conform_probe_poke(&probe, NULL), 0);
            assert_int_equal(hprpc_stub_bind(client, &second, NULL, &binding), 0);
            assert_ptr_equal(binding, proxy.binding);
            assert_int_equal(conform_probe_bind(client, NULL, &again), 0);
            assert_memory_equal(&again, &probe, sizeof(probe));
            room_stop(&room);
            suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
            serve_both(&room);
        }
        assert_int_equal(second_ask(&proxy, NULL), 0);
        hprpc_client_free(client);
        room_close(&room);
    }
}

static void *serve_later(void *argument)
{
    poll(NULL, 0, 30);
    serve_both(argument);
    return NULL;
}

/* A bind waits for a server as a call does: until it is there, or for as long as the client's calls may take. */
static void while_there_is_no_server(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct hprpc_detail detail = { "" };
        bool comes_back = i / 3;
        struct hprpc_client *client;
        struct second_proxy proxy;
        pthread_t thread;
        struct room room;

        open_room(&room);
        serve_both(&room);
        client = open_client(&room, suite_pumps[i % 3], comes_back ? 0 : 30);
        room_stop(&room);
        suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
        if (comes_back) {
            assert_int_equal(pthread_create(&thread, NULL, serve_later, &room), 0);
            proxy.client = client;
            assert_int_equal(hprpc_stub_bind(client, &second, &detail, &proxy.binding), 0);
            assert_int_equal(pthread_join(thread, NULL), 0);
            assert_int_equal(second_ask(&proxy, NULL), 0);
        } else {
            assert_int_equal(hprpc_stub_bind(client, &second, &detail, &proxy.binding), HPRPC_EDEADLINE);
            assert_non_null(strstr(detail.text, "conform.Second"));
        }
        hprpc_client_free(client);
        room_close(&room);
    }
}

static void close_at_once(void *self, struct hprpc_controller *controller)
{
    (void)self;
    hprpc_controller_close(controller);
}

/* A bind that loses one connection after the other asks on each, until its time is over. */
static void servers_that_leave(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct room room;
        int r;

        room_serve(&room, "", NULL);
        client = open_client(&room, suite_pumps[i], 60);
        room_stop(&room);
        options.connected = close_at_once;
        room_serve_again(&room, &options);
        r = conform_probe_bind(client, NULL, &proxy);
        assert_true(r == HPRPC_EDEADLINE || r == HPRPC_ENOTSENT || r == HPRPC_EMAYBE || r == HPRPC_EPEERDIED);
        room_stop(&room);
        room_serve_again(&room, NULL);
        suite_await_state(client, HPRPC_CLIENT_READY);
        for (struct patience patience = patience_begin();
             conform_probe_bind(client, NULL, &proxy) < 0 && try_again(&patience);)
            continue;
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_client_free(client);
        room_close(&room);
    }
}

/* The time; or, while it crawls, a tenth of a millisecond more with each look. */
struct slow_clock {
    atomic_bool crawls;
    _Atomic uint64_t last;
};

static uint64_t read_slow_clock(void *self)
{
    struct slow_clock *slow = self;
    struct timespec time;
    uint64_t now, last = atomic_load(&slow->last);

    clock_gettime(CLOCK_MONOTONIC, &time);
    do {
        now = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
        if (atomic_load(&slow->crawls))
            now = last + 100000;
    } while (now > last && !atomic_compare_exchange_weak(&slow->last, &last, now));
    return now > last ? now : last;
}

/*
 * Calls that the last server refused send nothing that would meet its end. However fast they follow each other, a client that only its
 * callers pump looks now and then whether the server is still there.
 */
static void refusals_in_quick_succession(void **state)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_context *own, *context = NULL;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct slow_clock slow = { false, 0 };
    struct hprpc_client *client;
    struct second_proxy proxy;
    struct room room;
    int r;

    (void)state;
    open_room(&room);
    serve_both(&room);
    options.now = read_slow_clock;
    options.now_self = &slow;
    options.transports = suite_transports;
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    own = room.context;
    room.context = context;
    client = open_client(&room, HPRPC_PUMP_CALLER, 0);
    room.context = own;
    assert_int_equal(hprpc_stub_bind(client, &second, NULL, &proxy.binding), 0);
    proxy.client = client;
    room_stop(&room);
    suite_await_state(client, HPRPC_CLIENT_RECONNECTING);
    room_serve_again(&room, NULL);
    assert_int_equal(second_ask(&proxy, &call), HPRPC_EUNIMPLEMENTED);
    atomic_store(&slow.crawls, true);
    room_stop(&room);
    serve_both(&room);
    call.flags = HPRPC_CALL_NO_WAIT;
    for (int i = 0; (r = second_ask(&proxy, &call)) == HPRPC_EUNIMPLEMENTED && i < 10000; i++)
        continue;
    assert_int_not_equal(r, HPRPC_EUNIMPLEMENTED);
    atomic_store(&slow.crawls, false);
    call.flags = 0;
    assert_int_equal(second_ask(&proxy, &call), 0);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    hprpc_context_free(context);
    room_close(&room);
}

static const struct CMUnitTest tests[] = {
    fixture_test(several_services),
    fixture_test(while_there_is_no_server),
    fixture_test(servers_that_leave),
    fixture_test(refusals_in_quick_succession),
};

const struct chapter rebinding_chapter = { "rebinding", tests, sizeof(tests) / sizeof(tests[0]) };
