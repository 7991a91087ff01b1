/* SPDX-License-Identifier: MIT */
/* A child of fork that leaves a handler or a callback gets HPRPC_EFORKED; its parent and the clients notice nothing. */
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/suite.h"

/* `due`: the next handler or callback forks. `child`: its process id. */
static struct {
    bool due;
    pid_t child;
} forking;

static void fork_once(void)
{
    if (!forking.due)
        return;
    forking.due = false;
    forking.child = fork();
}

static bool is_child(void)
{
    return forking.child == 0;
}

static int poke_and_fork(void *self, struct hprpc_request *request)
{
    (void)self;
    (void)request;
    fork_once();
    return 0;
}

static int echo_and_fork(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    fork_once();
    return conform_probe_echo_reply(request, data);
}

static void note_and_fork(void *self, struct hprpc_pending_call *pending)
{
    (void)self;
    (void)pending;
    fork_once();
}

static int noted(void *self, struct hprpc_request *request)
{
    (void)self;
    return conform_probe_noted_reply(request, 1);
}

static const struct conform_probe_service forks = { .noted = noted, .poke = poke_and_fork, .echo = echo_and_fork };

/* Makes a turn of both sides on this thread. A child ends here; its status says what code it got. */
static void turn(struct hprpc_server *server, struct hprpc_client *client)
{
    int r = hprpc_server_process(server);

    if (is_child())
        _exit(r == HPRPC_EFORKED ? 7 : 1);
    r = hprpc_client_process(client);
    if (is_child())
        _exit(r == HPRPC_EFORKED ? 7 : 1);
}

static void await_call(struct hprpc_server *server, struct hprpc_client *client,
                       const struct hprpc_pending_call *pending)
{
    struct patience patience = patience_begin();

    do
        turn(server, client);
    while (!hprpc_pending_call_done(pending) && try_again(&patience));
}

enum place { IN_POKE, IN_ECHO, IN_CALLBACK, PLACES };

/* Makes a call. Its handler or callback forks if `forking.due`. */
static void call(struct hprpc_server *server, struct hprpc_client *client, const struct conform_probe_proxy *proxy,
                 enum place place)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    int r;

    if (place == IN_ECHO)
        r = conform_probe_echo_start(proxy, &call, suite_bytes("abc", 3));
    else if (place == IN_POKE)
        r = conform_probe_poke_start(proxy, &call);
    else
        r = conform_probe_noted_start(proxy, &call);
    assert_int_equal(r, 0);
    if (place == IN_CALLBACK)
        hprpc_pending_call_notify(call.pending, note_and_fork, NULL);
    await_call(server, client, call.pending);
    if (place == IN_ECHO)
        r = conform_probe_echo_finish(&call, &reply);
    else if (place == IN_POKE)
        r = conform_probe_poke_finish(&call);
    else
        r = conform_probe_noted_finish(&call, &(uint64_t){ 0 });
    assert_int_equal(r, 0);
    hprpc_call_clear(&call);
}

static void out_of_handlers_and_callbacks(void **state)
{
    (void)state;
    for (int place = 0; place < PLACES; place++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call binding = HPRPC_CALL_INIT;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client;
        struct hprpc_server *server;
        struct room room;
        int status = 0;

        if (!transport->processes)
            return;
        room_open(&room);
        options.pump = HPRPC_PUMP_LOOP;
        assert_int_equal(hprpc_server_new(room.context, NULL, &server), 0);
        assert_int_equal(conform_probe_add(server, &forks, NULL), 0);
        suite_uri(transport, "", room.uri, sizeof(room.uri));
        assert_int_equal(hprpc_server_listen(server, room.uri, NULL), 0);
        assert_int_equal(hprpc_server_address(server, 0, room.uri, sizeof(room.uri)), 0);
        forking.due = false;
        forking.child = -1;
        assert_int_equal(hprpc_client_open(room.context, room.uri, &options, NULL, &client), 0);
        assert_int_equal(conform_probe_bind_start(client, &binding), 0);
        await_call(server, client, binding.pending);
        assert_int_equal(conform_probe_bind_finish(&binding, &proxy), 0);
        hprpc_call_clear(&binding);
        forking.due = true;
        call(server, client, &proxy, (enum place)place);
        assert_true(forking.child > 0);
        /* first while the child may still run, then after its end */
        for (int i = 0; i < 20; i++) {
            if (i == 10) {
                assert_int_equal(waitpid(forking.child, &status, 0), forking.child);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), 7);
            }
            call(server, client, &proxy, (enum place)(i % PLACES));
        }
        hprpc_client_free(client);
        hprpc_server_free(server);
        room_close(&room);
    }
}

static const struct CMUnitTest tests[] = { fixture_test(out_of_handlers_and_callbacks) };

const struct chapter forked_chapter = { "forked", tests, sizeof(tests) / sizeof(tests[0]) };
