/* SPDX-License-Identifier: MIT */
/*
 * Tests that fail on purpose with servers, clients, threads, processes and names open, each before a test that finds nothing
 * left over.
 */
#include "conformance/suite.h"

#include <dirent.h>
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many threads this process has when nothing runs: the thread sanitizer starts one of its own. */
#ifdef __SANITIZE_THREAD__
enum { THREADS = 2 };
#else
enum { THREADS = 1 };
#endif

static int descriptors; /* how many were open before the first test */

static int count_threads(void)
{
    DIR *directory = opendir("/proc/self/task");
    int count = -2; /* "." and ".." */

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* /proc may list a thread a moment longer than pthread_join() waits. */
static void nothing_is_left(void **state)
{
    struct patience patience = patience_begin();

    (void)state;
    assert_int_equal(fixture_count(), 0);
    assert_int_equal(suite_descriptors(), descriptors);
    suite_expect_no_names(0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    while (count_threads() > THREADS && try_again(&patience))
        continue;
}

struct waiting {
    struct hprpc_call *call;
    int32_t value;
};

static void *collect(void *argument)
{
    struct waiting *waiting = argument;

    conform_probe_later_finish(waiting->call, &waiting->value);
    return NULL;
}

static void open_processes(const struct room *room)
{
    struct process serving, calling;

    if (!transport->processes)
        return;
    process_serve(&serving);
    process_call(&calling, room->uri, HPRPC_PUMP_THREAD);
    process_suspend(&calling);
}

/*
 * Leaves open: a server whose requests wait, clients of every pump with calls, a thread that waits for one, processes, a
 * descriptor.
 */
static void fails_with_all_open(void **state)
{
    struct hprpc_call calls[3] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct waiting waiting = { &calls[0], 0 };
    struct conform_probe_proxy proxies[3];
    struct diary diaries[3];
    struct room room;
    pthread_t thread;

    (void)state;
    options.stop_timeout_ms = HPRPC_NO_TIMEOUT;
    room_serve(&room, "", &options);
    atomic_store(&room.probe.hold, true);
    for (int i = 0; i < 3; i++) {
        struct hprpc_client_options client_options = HPRPC_CLIENT_OPTIONS_INIT;

        client_options.pump = suite_pumps[i];
        diary_open(&diaries[i], &client_options);
        room_connect(&room, "", &client_options, &proxies[i]);
        assert_int_equal(conform_probe_later_start(&proxies[i], &calls[i], i, false), 0);
    }
    assert_int_equal(pthread_create(&thread, NULL, collect, &waiting), 0);
    suite_await(&room.probe.kept, 3);
    open_processes(&room);
    assert_true(dup(1) > 0);
    fail_msg("on purpose");
}

/* Fails while a handler waits on a worker, where cmocka cannot end the test. */
static void fails_while_a_handler_waits(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct conform_probe_proxy proxy;
    struct room room;

    (void)state;
    options.workers = 2;
    room_serve(&room, "", &options);
    room_connect(&room, "", NULL, &proxy);
    assert_int_equal(conform_probe_gate_start(&proxy, &call, suite_bytes("", 0), true), 0);
    suite_await(&room.probe.inside, 1);
    fail_msg("on purpose");
}

static void leaves_a_server_and_returns(void **state)
{
    static struct room room;

    (void)state;
    room_serve(&room, "", NULL);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        fixture_test(fails_with_all_open),         fixture_test(nothing_is_left),
        fixture_test(fails_while_a_handler_waits), fixture_test(nothing_is_left),
        fixture_test(leaves_a_server_and_returns), fixture_test(nothing_is_left),
    };

    for (size_t i = 0; i < transport_count && argc > 1; i++) {
        if (strcmp(transports[i].name, argv[1]) == 0)
            transport = &transports[i];
    }
    if (!transport)
        return 2;
    if (argc > 3)
        return process_main(argc, argv);
    fixture_sweep = suite_sweep;
    descriptors = suite_descriptors();
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
