/* SPDX-License-Identifier: MIT */
/* What a client that reconnects does where it finds something else than its server: nonsense, or a closed door. */
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/fixture.h"
#include "support/patience.h"
#include "tests/rpc/place.h"

static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };

/* ---- A stranger: takes connections at a TCP port and answers each with a few bytes that are no HELLO ---- */

struct stranger {
    pthread_t thread;
    int listener;
    atomic_uint guests;
    char uri[64];
};

static void *answer_nonsense(void *argument)
{
    /* a client that no thread pumps does not hear that it is over */
    static const struct timeval patience = { .tv_usec = 100000 };
    struct stranger *stranger = argument;
    char answer[256];
    int fd;

    while ((fd = accept4(stranger->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        atomic_fetch_add(&stranger->guests, 1);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        send(fd, "220 this is no server of yours\r\n", 32, MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        while (read(fd, answer, sizeof(answer)) > 0)
            continue;
        close(fd);
    }
    return NULL;
}

/* Port 0 picks one. */
static void stranger_come(struct stranger *stranger, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    int on = 1;

    atomic_init(&stranger->guests, 0);
    stranger->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_port = htons(port);
    assert_int_equal(setsockopt(stranger->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    assert_int_equal(bind(stranger->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(stranger->listener, 4), 0);
    assert_int_equal(getsockname(stranger->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(stranger->uri, sizeof(stranger->uri), "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&stranger->thread, NULL, answer_nonsense, stranger), 0);
}

static void stranger_go(struct stranger *stranger)
{
    shutdown(stranger->listener, SHUT_RDWR);
    pthread_join(stranger->thread, NULL);
    close(stranger->listener);
}

static void await_state(struct hprpc_client *client, enum hprpc_client_state state)
{
    struct patience patience = patience_begin();

    while (hprpc_client_state(client) != state && try_again(&patience)) {
        if (hprpc_client_descriptor(client) >= 0)
            hprpc_client_process(client);
    }
}

/* ---- Tests ---- */

/* The first connection leads to a stranger: waiting will not mend that, so the client ends, with what is wrong. */
static void a_stranger_from_the_start(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_detail detail = { "" };
        struct hprpc_client *client = NULL;
        struct stranger stranger;
        struct tiny tiny;

        stranger_come(&stranger, 0);
        options.pump = pumps[i];
        options.reconnect = true;
        assert_int_equal(hprpc_client_connect(NULL, stranger.uri, &options, &detail, &client), HPRPC_EPROTOCOL);
        assert_true(detail.text[0]);
        assert_int_equal(atomic_load(&stranger.guests), 1);

        /* the same for who opens first and waits later */
        assert_int_equal(hprpc_client_open(NULL, stranger.uri, &options, &detail, &client), 0);
        assert_int_equal(tiny_bind(client, &tiny_interface, &detail, &tiny), HPRPC_EPROTOCOL);
        assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_BROKEN);
        hprpc_client_free(client);
        stranger_go(&stranger);
        assert_int_equal(atomic_load(&stranger.guests), 2);
    }
}

/* Where the server was before, a stranger may be a passing thing: the client goes on trying, and finds the next server. */
static void a_stranger_in_the_servers_place(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_detail detail = { "" };
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct hprpc_client *client = NULL;
        struct stranger stranger;
        struct place place;
        struct tiny tiny;

        place_open(&place, "tcp://127.0.0.1:0");
        options.pump = pumps[i];
        options.reconnect = true;
        assert_int_equal(hprpc_client_connect(NULL, place.uri, &options, &detail, &client), 0);
        assert_int_equal(tiny_bind(client, &tiny_interface, &detail, &tiny), 0);
        place_close(&place);
        stranger_come(&stranger, (uint16_t)atoi(strrchr(place.uri, ':') + 1));
        for (struct patience patience = patience_begin(); atomic_load(&stranger.guests) < 2 && try_again(&patience);) {
            if (hprpc_client_descriptor(client) >= 0)
                hprpc_client_process(client);
            call.timeout_ms = 20;
            assert_int_not_equal(tiny_poke(&tiny, &call, "", 0), 0);
        }
        assert_int_not_equal(hprpc_client_state(client), HPRPC_CLIENT_BROKEN);
        stranger_go(&stranger);
        place_open(&place, place.uri);
        await_state(client, HPRPC_CLIENT_READY);
        call.timeout_ms = 0;
        assert_int_equal(tiny_poke(&tiny, &call, "", 0), 0);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        place_close(&place);
    }
}

/* Waits for the server, then connects as a user who may not. 0: the client was refused for good, before its time was over. */
static int connect_as_nobody(int ready, const char *uri, enum hprpc_pump pump)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client;
    struct hprpc_detail detail = { "" };
    char byte;

    options.pump = pump;
    options.reconnect = true;
    options.connect_timeout_ms = 20000;
    if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0 || read(ready, &byte, 1) != 1)
        return 2;
    return hprpc_client_connect(NULL, uri, &options, &detail, &client) == HPRPC_EPERMISSION ? 0 : 1;
}

static void a_closed_door(void **state)
{
    static const char *const schemes[] = { "pipe", "shm", "unix" };
    char directory[] = "/tmp/hprpc-test-XXXXXX", uri[64];

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chmod(directory, 0711), 0);
    for (int i = 0; i < 9; i++) {
        struct place place;
        int status, ready[2];
        pid_t child;

        snprintf(uri, sizeof(uri), "%s://%s/door", schemes[i / 3], directory);
        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        /* before there are threads: the thread sanitizer allows none in the child of a process that has some */
        child = fork();
        if (child == 0)
            _exit(connect_as_nobody(ready[0], uri, pumps[i % 3]));
        place_open(&place, uri);
        assert_int_equal(write(ready[1], "", 1), 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        place_close(&place);
        close(ready[0]);
        close(ready[1]);
    }
    assert_int_equal(rmdir(directory), 0);
}

static const struct CMUnitTest tests[] = {
    fixture_test(a_stranger_from_the_start),
    fixture_test(a_stranger_in_the_servers_place),
    fixture_test(a_closed_door),
};

int main(void)
{
    return cmocka_run_group_tests_name("rpc-strangers", tests, NULL, NULL);
}
