/* SPDX-License-Identifier: MIT */
/* Sleeping until a time, with an alarm that may be set already: never too long, and afterwards the alarm is quiet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rpc/pump/sleeper.h"

#define SECOND 1000000000ull

struct bed {
    struct hprpc_context *context;
    struct hprpc__sleeper sleeper;
    int wake_fd;
};

static int open_bed(void **state)
{
    static struct bed bed;

    bed.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(bed.wake_fd >= 0);
    assert_int_equal(hprpc_context_new(NULL, &bed.context), 0);
    assert_int_equal(hprpc__sleeper_init(&bed.sleeper, bed.wake_fd), 0);
    *state = &bed;
    alarm(30); /* ends a sleep that nothing wakes */
    return 0;
}

static int close_bed(void **state)
{
    struct bed *bed = *state;

    alarm(0);
    hprpc__sleeper_clear(&bed->sleeper);
    hprpc__sleeper_clear(&bed->sleeper);
    hprpc_context_free(bed->context);
    close(bed->wake_fd);
    return 0;
}

static void kick(const struct bed *bed)
{
    const uint64_t one = 1;

    assert_int_equal(write(bed->wake_fd, &one, sizeof(one)), sizeof(one));
}

static bool is_ready(const struct bed *bed, int timeout_ms)
{
    struct epoll_event event;

    return epoll_wait(bed->sleeper.poller.fd, &event, 1, timeout_ms) > 0;
}

static void test_a_kick_wakes(void **state)
{
    struct bed *bed = *state;
    uint64_t now = hprpc_context_now(bed->context);

    kick(bed);
    assert_true(hprpc__sleeper_sleep(&bed->sleeper, now, HPRPC__NEVER));
    assert_true(bed->sleeper.alarm.due == HPRPC__NEVER);
    assert_true(hprpc__sleeper_sleep(&bed->sleeper, now, now + 3600 * SECOND)); /* the kick was not taken */
    assert_true(bed->sleeper.alarm.due == now + 3600 * SECOND);
}

static void test_the_time_wakes(void **state)
{
    struct bed *bed = *state;
    uint64_t now = hprpc_context_now(bed->context), until = now + SECOND / 100;

    assert_false(hprpc__sleeper_sleep(&bed->sleeper, now, until));
    assert_true(hprpc_context_now(bed->context) >= until);
    assert_false(is_ready(bed, 0));
    assert_true(bed->sleeper.alarm.due == HPRPC__NEVER);
}

/* A time that is past must not turn the alarm off. */
static void test_a_time_that_is_over_wakes(void **state)
{
    struct bed *bed = *state;
    uint64_t now = hprpc_context_now(bed->context);

    assert_false(hprpc__sleeper_sleep(&bed->sleeper, now, now));
    assert_false(hprpc__sleeper_sleep(&bed->sleeper, now, now - 1));
}

static void test_an_earlier_time_comes_first(void **state)
{
    struct bed *bed = *state;
    uint64_t now = hprpc_context_now(bed->context);

    hprpc__alarm_set(&bed->sleeper.alarm, now, now + 3600 * SECOND);
    assert_false(hprpc__sleeper_sleep(&bed->sleeper, now, now + SECOND / 100));
}

/* The alarm is earlier and stays: it wakes the sleep too early once, and is then set for the later time. */
static void test_a_later_time_waits_for_the_alarm(void **state)
{
    struct bed *bed = *state;
    uint64_t now = hprpc_context_now(bed->context), until = now + SECOND / 50;

    hprpc__alarm_set(&bed->sleeper.alarm, now, now + SECOND / 100);
    assert_false(hprpc__sleeper_sleep(&bed->sleeper, now, until));
    now = hprpc_context_now(bed->context);
    assert_false(hprpc__sleeper_sleep(&bed->sleeper, now, until));
    assert_true(hprpc_context_now(bed->context) >= until);
}

/* hprpc__alarm_set with a later time does not move the alarm: another sleep may need it. */
static void test_a_later_time_leaves_the_alarm_alone(void **state)
{
    struct bed *bed = *state;
    uint64_t now = hprpc_context_now(bed->context);

    hprpc__alarm_set(&bed->sleeper.alarm, now, now + SECOND / 100);
    hprpc__alarm_set(&bed->sleeper.alarm, now, now + 3600 * SECOND);
    assert_true(bed->sleeper.alarm.due == now + SECOND / 100);
    assert_true(is_ready(bed, 60000));
}

/* The alarm rings, is set again before hprpc__alarm_take, and rings again: the take does not lose the second ring. */
static void test_an_alarm_is_set_again_after_it_rang(void **state)
{
    struct bed *bed = *state;
    uint64_t now = hprpc_context_now(bed->context);

    hprpc__alarm_set(&bed->sleeper.alarm, now, now + 2);
    assert_true(is_ready(bed, 60000));
    hprpc__alarm_set(&bed->sleeper.alarm, now, now + 1);
    hprpc__alarm_take(&bed->sleeper.alarm);
    assert_false(hprpc__sleeper_sleep(&bed->sleeper, now, now + 1));
    assert_true(bed->sleeper.alarm.due == HPRPC__NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_kick_wakes, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(test_the_time_wakes, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(test_a_time_that_is_over_wakes, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(test_an_earlier_time_comes_first, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(test_a_later_time_waits_for_the_alarm, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(test_a_later_time_leaves_the_alarm_alone, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(test_an_alarm_is_set_again_after_it_rang, open_bed, close_bed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
