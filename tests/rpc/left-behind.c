/* SPDX-License-Identifier: MIT */
/* Tests that fail on purpose in the middle of a stage, each before a test that finds nothing left over. */
#include "rpc/stage.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many threads this process has when nothing runs: the thread sanitizer starts one of its own. */
#ifdef __SANITIZE_THREAD__
enum { THREADS = 2 };
#else
enum { THREADS = 1 };
#endif

static int descriptors; /* how many were open before the first test */

static int count_entries(const char *path)
{
    DIR *directory = opendir(path);
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
    assert_int_equal(count_entries("/proc/self/fd"), descriptors);
    while (count_entries("/proc/self/task") > THREADS && try_again(&patience))
        continue;
}

static int wait_for_gate(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    atomic_bool *gate = self;

    for (struct patience p = patience_begin(); !atomic_load(gate) && try_again(&p);)
        continue;
    return tiny_echo_reply(request, data.data, data.size);
}

static void fails_while_a_server_runs(void **state)
{
    static const struct tiny_handlers handlers = { .echo = wait_for_gate };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct stage stage;
    atomic_bool gate = false;
    struct tiny tiny;

    (void)state;
    options.workers = 2;
    options.loops = 2;
    options.stop_timeout_ms = HPRPC_NO_TIMEOUT;
    stage_open(&stage, true);
    stage_serve(&stage, &options, &handlers, &gate);
    stage_run(&stage);
    stage_connect_tiny(&stage, "", NULL, &tiny);
    assert_int_equal(tiny_echo_start(&tiny, &call, "abc", 3), 0);
    fail_msg("on purpose");
}

static void fails_with_ends_played_by_hand(void **state)
{
    struct raw_server bound, connecting;
    struct stage first, second;
    struct tiny tiny;

    (void)state;
    stage_open(&first, false);
    raw_server_tiny(&bound, &first, NULL, NULL, &tiny);
    stage_open(&second, false);
    raw_server_open(&connecting, &second, NULL);
    fail_msg("on purpose");
}

static void fails_with_a_client_by_hand(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    raw_connect(&stage, NULL);
    fail_msg("on purpose");
}

static void leaves_a_server_and_returns(void **state)
{
    static struct stage stage;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
}

/* Becomes a program that is killed while it has a child, which is stopped and holds `end` open. */
static void be_killed(int end)
{
    char byte = 'r';

    if (fork() == 0) {
        write(end, &byte, 1);
        raise(SIGSTOP);
        _exit(0);
    }
    pause();
}

/* Nothing of a test program that is killed goes on, whatever its children were doing. */
static void a_killed_program_takes_its_children_along(void **state)
{
    struct pollfd end;
    int ends[2];
    pid_t child;
    char byte;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (!child) {
        be_killed(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    /* the last one that can write is gone */
    end = (struct pollfd){ ends[0], POLLIN, 0 };
    assert_int_equal(poll(&end, 1, 30000), 1);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        fixture_test(fails_while_a_server_runs),
        fixture_test(nothing_is_left),
        fixture_test(fails_with_ends_played_by_hand),
        fixture_test(nothing_is_left),
        fixture_test(fails_with_a_client_by_hand),
        fixture_test(nothing_is_left),
        fixture_test(leaves_a_server_and_returns),
        fixture_test(nothing_is_left),
        fixture_test(a_killed_program_takes_its_children_along),
    };

    descriptors = count_entries("/proc/self/fd");
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
