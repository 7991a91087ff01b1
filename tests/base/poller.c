/* SPDX-License-Identifier: MIT */
/* Waiting for descriptors: how long, and what a set says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/poller.h"
#include "base/wake.h"

/* Never less than was asked for: a loop that wakes up too early would spin until the time has come. */
static void milliseconds_are_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(hprpc__milliseconds(0), 0);
    assert_int_equal(hprpc__milliseconds(1), 1);
    assert_int_equal(hprpc__milliseconds(999999), 1);
    assert_int_equal(hprpc__milliseconds(1000000), 1);
    assert_int_equal(hprpc__milliseconds(1000001), 2);
    assert_int_equal(hprpc__milliseconds(HPRPC__NEVER), INT_MAX);
}

/* By edge, a descriptor that stays readable is told of once; by level, each time. */
static void edges_are_told_of_once(void **state)
{
    struct hprpc__poller poller;
    void *owners[HPRPC__POLLER_EVENTS] = { NULL };
    int ends[2], owner;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(hprpc__poller_init(&poller), 0);
    assert_true(
        hprpc__poller_add(&poller, &(struct hprpc_watch){ .fd = ends[0], .events = POLLIN, .edge = true }, &owner));
    assert_int_equal(hprpc__poller_wait(&poller, 0, owners), 0);
    assert_int_equal(write(ends[1], "", 1), 1);
    assert_int_equal(hprpc__poller_wait(&poller, 0, owners), 1);
    assert_ptr_equal(owners[0], &owner);
    assert_int_equal(hprpc__poller_wait(&poller, 0, owners), 0);
    assert_true(hprpc__poller_change(&poller, &(struct hprpc_watch){ .fd = ends[0], .events = POLLIN }, &owner));
    assert_int_equal(hprpc__poller_wait(&poller, 0, owners), 1);
    assert_int_equal(hprpc__poller_wait(&poller, 0, owners), 1);
    hprpc__poller_remove(&poller, ends[0]);
    assert_int_equal(hprpc__poller_wait(&poller, 0, owners), 0);
    hprpc__poller_clear(&poller);
    hprpc__poller_clear(&poller);
    close(ends[0]);
    close(ends[1]);
}

static atomic_uint alarms;

static void count_alarm(int number)
{
    (void)number;
    alarms++;
}

/* A signal ends a wait with nothing, not with an error. */
static void a_signal_is_no_error(void **state)
{
    const struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
    struct sigaction action, before;
    struct hprpc__poller poller;
    void *owners[HPRPC__POLLER_EVENTS];

    (void)state;
    memset(&action, 0, sizeof(action));
    action.sa_handler = count_alarm;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(hprpc__poller_init(&poller), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    while (alarms < 5)
        assert_int_equal(hprpc__poller_wait(&poller, -1, owners), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    hprpc__poller_clear(&poller);
}

/* A ring may come from a signal handler, between a system call and the look at its errno; also where the counter is full. */
static void ringing_leaves_errno_alone(void **state)
{
    const uint64_t most = UINT64_MAX - 1;
    int fd = hprpc__wake_open();

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, &most, sizeof(most)), sizeof(most));
    errno = ERANGE;
    hprpc__wake_ring(fd);
    assert_int_equal(errno, ERANGE);
    assert_int_equal(hprpc__wake_take(fd), most);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(milliseconds_are_rounded_up),
        cmocka_unit_test(edges_are_told_of_once),
        cmocka_unit_test(a_signal_is_no_error),
        cmocka_unit_test(ringing_leaves_errno_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
