/* SPDX-License-Identifier: MIT */
/*
 * A server in an application's event loop stops as under hprpc_server_run, and the application can tell when the stop is over.
 */
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "conformance/suite.h"

enum sleeper { WITH_POLL, WITH_EPOLL, SLEEPERS };
enum ending { IDLE, DEFERRED, WORKING, NEVER_ANSWERED, ENDINGS };
enum way { ASKED, ASKED_BY_HANDLER, SIGNALLED, WAYS };

/* An application's loop: it sleeps on the descriptor as long as hprpc_server_timeout says, and no longer. */
struct driver {
    struct hprpc_server *server;
    enum sleeper sleeper;
    int code;
    pthread_t thread;
};

static void sleep_once(struct driver *driver, int epoll)
{
    struct pollfd polled = { hprpc_server_descriptor(driver->server), POLLIN, 0 };
    struct epoll_event event;
    int timeout = hprpc_server_timeout(driver->server);

    if (driver->sleeper == WITH_POLL)
        poll(&polled, 1, timeout);
    else if (epoll_wait(epoll, &event, 1, timeout) < 0)
        return;
}

static void *drive(void *argument)
{
    struct driver *driver = argument;
    struct epoll_event event = { .events = EPOLLIN };
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    epoll_ctl(epoll, EPOLL_CTL_ADD, hprpc_server_descriptor(driver->server), &event);
    do {
        sleep_once(driver, epoll);
        driver->code = hprpc_server_process(driver->server);
    } while (driver->code == 0);
    close(epoll);
    return NULL;
}

struct stopping {
    struct room room;
    struct driver driver;
    struct hprpc_call call;
    struct conform_probe_proxy proxies[3];
    struct hprpc_client *clients[3];
};

static void open_stopping(struct stopping *stopping, enum sleeper sleeper, enum ending ending)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;

    options.stop_timeout_ms = ending == NEVER_ANSWERED ? 20 : HPRPC_NO_TIMEOUT;
    options.workers = ending == WORKING ? 2 : 0;
    room_prepare(&stopping->room, &options);
    suite_uri(transport, "", stopping->room.uri, sizeof(stopping->room.uri));
    assert_int_equal(hprpc_server_listen(stopping->room.server, stopping->room.uri, NULL), 0);
    assert_int_equal(hprpc_server_address(stopping->room.server, 0, stopping->room.uri, sizeof(stopping->room.uri)), 0);
    assert_int_equal(hprpc_server_stop_on_signal(stopping->room.server, SIGUSR2), 0);
    stopping->call = (struct hprpc_call)HPRPC_CALL_INIT;
    stopping->driver = (struct driver){ .server = stopping->room.server, .sleeper = sleeper };
    assert_int_equal(pthread_create(&stopping->driver.thread, NULL, drive, &stopping->driver), 0);
    for (int i = 0; i < 3; i++)
        stopping->clients[i] = room_connect(&stopping->room, "", NULL, &stopping->proxies[i]);
}

static void begin_call(struct stopping *stopping, enum ending ending)
{
    atomic_store(&stopping->room.probe.hold, true);
    if (ending == DEFERRED || ending == NEVER_ANSWERED) {
        assert_int_equal(conform_probe_later_start(&stopping->proxies[0], &stopping->call, 5, false), 0);
        suite_await(&stopping->room.probe.kept, 1);
    } else if (ending == WORKING) {
        assert_int_equal(conform_probe_gate_start(&stopping->proxies[0], &stopping->call, suite_bytes("", 0), false),
                         0);
        suite_await(&stopping->room.probe.inside, 1);
    }
}

static void stop(struct stopping *stopping, enum way way)
{
    if (way == ASKED) {
        hprpc_server_stop(stopping->room.server);
        hprpc_server_stop(stopping->room.server); /* the second call does nothing */
    } else if (way == SIGNALLED) {
        kill(getpid(), SIGUSR2);
    } else {
        atomic_store(&stopping->room.probe.stops, stopping->room.server);
        assert_int_equal(conform_probe_poke(&stopping->proxies[1], NULL), 0);
    }
}

/* Checks that new calls are refused while calls under way may finish. */
static void finish_call(struct stopping *stopping, enum ending ending)
{
    struct patience patience = patience_begin();
    int32_t value;
    int r = 0;

    while (ending != IDLE && ending != NEVER_ANSWERED && r == 0 && try_again(&patience))
        r = conform_probe_poke(&stopping->proxies[2], NULL);
    if (ending == DEFERRED || ending == WORKING)
        assert_true(r == HPRPC_EBUSY || r == HPRPC_ENOTSENT); /* the call came before the DRAIN, or after it */
    if (ending == DEFERRED) {
        atomic_store(&stopping->room.probe.hold, false);
        assert_int_equal(conform_probe_later_finish(&stopping->call, &value), 0);
    } else if (ending == WORKING) {
        atomic_store(&stopping->room.probe.gate, true);
        assert_int_equal(conform_probe_gate_finish(&stopping->call), 0);
    } else if (ending == NEVER_ANSWERED) {
        assert_int_equal(conform_probe_later_finish(&stopping->call, &value), HPRPC_EMAYBE);
    }
}

/* Checks that the stop is over, and that nothing wakes the application for the server any more. */
static void check_stopped(struct stopping *stopping)
{
    struct hprpc_server *server = stopping->room.server;
    struct pollfd polled = { hprpc_server_descriptor(server), POLLIN, 0 };
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail;

    assert_int_equal(pthread_join(stopping->driver.thread, NULL), 0);
    assert_int_equal(stopping->driver.code, HPRPC_ECLOSED);
    hprpc_server_stop(server);
    assert_int_equal(poll(&polled, 1, 0), 0);
    assert_int_equal(hprpc_server_timeout(server), -1);
    assert_int_equal(hprpc_server_process(server), HPRPC_ECLOSED);
    assert_int_equal(hprpc_server_run(server), 0);
    assert_int_equal(hprpc_server_listen(server, stopping->room.uri, &detail), HPRPC_ECLOSED);
    assert_int_equal(hprpc_server_stop_on_signal(server, SIGUSR2), HPRPC_ECLOSED);
    assert_int_equal(hprpc_client_connect(stopping->room.context, stopping->room.uri, NULL, NULL, &client),
                     HPRPC_EREFUSED);
    for (int i = 0; i < 3; i++) {
        assert_true(conform_probe_poke(&stopping->proxies[i], NULL) < 0);
        assert_int_equal(conform_probe_poke(&stopping->proxies[i], NULL), HPRPC_ENOTSENT);
        hprpc_client_free(stopping->clients[i]);
    }
    hprpc_call_clear(&stopping->call);
    atomic_store(&stopping->room.probe.hold, false);
    atomic_store(&stopping->room.probe.gate, true);
    room_close(&stopping->room);
}

/* Called before any thread is started. Returns the mask as it was. */
static sigset_t block_signals(void)
{
    sigset_t both, before;

    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &both, &before);
    return before;
}

static void in_any_loop_whatever_runs(void **state)
{
    sigset_t before = block_signals();

    (void)state;
    for (int i = 0; i < (int)SLEEPERS * ENDINGS * WAYS; i++) {
        enum ending ending = (enum ending)(i / SLEEPERS % ENDINGS);
        struct stopping stopping;

        open_stopping(&stopping, (enum sleeper)(i % SLEEPERS), ending);
        begin_call(&stopping, ending);
        stop(&stopping, (enum way)(i / (SLEEPERS * ENDINGS)));
        finish_call(&stopping, ending);
        check_stopped(&stopping);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void only_real_signals(void **state)
{
    struct room room;

    (void)state;
    room_prepare(&room, NULL);
    assert_int_equal(hprpc_server_stop_on_signal(room.server, 0), HPRPC_EINVAL);
    assert_int_equal(hprpc_server_stop_on_signal(room.server, -1), HPRPC_EINVAL);
    assert_int_equal(hprpc_server_stop_on_signal(room.server, 1000), HPRPC_EINVAL);
    assert_int_equal(hprpc_server_stop_on_signal(room.server, SIGKILL), HPRPC_EINVAL);
    hprpc_server_stop(NULL);
    room_close(&room);
}

/* Signals stop hprpc_server_run, with one loop and with several; more signals, during the stop and after it, do nothing. */
static void a_signal_ends_run(void **state)
{
    sigset_t before = block_signals();

    (void)state;
    for (uint32_t loops = 1; loops <= 2; loops++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct room room;
        void *result = NULL;

        options.loops = loops;
        room_prepare(&room, &options);
        suite_uri(transport, "", room.uri, sizeof(room.uri));
        assert_int_equal(hprpc_server_listen(room.server, room.uri, NULL), 0);
        assert_int_equal(hprpc_server_stop_on_signal(room.server, SIGUSR2), 0);
        assert_int_equal(hprpc_server_stop_on_signal(room.server, SIGUSR1), 0);
        room_run(&room);
        kill(getpid(), loops == 1 ? SIGUSR1 : SIGUSR2);
        kill(getpid(), SIGUSR2);
        assert_int_equal(pthread_join(room.thread, &result), 0);
        assert_int_equal((intptr_t)result, 0);
        room.runs = false;
        kill(getpid(), SIGUSR2);
        room_close(&room);
        kill(getpid(), SIGUSR1);
    }
    /* signals that are pending are dropped before they are unblocked */
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
}

static const struct CMUnitTest tests[] = {
    fixture_test(in_any_loop_whatever_runs),
    fixture_test(only_real_signals),
    fixture_test(a_signal_ends_run),
};

const struct chapter stop_in_loop_chapter = { "stop in a loop", tests, sizeof(tests) / sizeof(tests[0]) };
