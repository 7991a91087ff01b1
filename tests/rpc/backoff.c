/* SPDX-License-Identifier: MIT */
/* When attempts to connect are due: how the waits grow, how far jitter goes, and what makes them short again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rpc/backoff.h"

#define NOW (100 * HPRPC__SECOND)

/* The random number that a wait of so many milliseconds needs to be as long as it is without jitter. */
static uint64_t even(uint64_t ms)
{
    return ms * HPRPC__MILLISECOND / 5;
}

/* Makes an attempt at NOW; the milliseconds after which the next one is due. */
static uint64_t wait_after(struct hprpc__backoff *backoff, uint64_t random)
{
    hprpc__backoff_attempt(backoff, NOW, random);
    return (backoff->next - NOW) / HPRPC__MILLISECOND;
}

static void waits_double_on_this_host(void **state)
{
    static const uint64_t waits[] = { 10, 20, 40, 80, 160, 320, 640, 1000, 1000 };
    struct hprpc__backoff backoff;

    (void)state;
    hprpc__backoff_init(&backoff, true);
    assert_int_equal(backoff.next, HPRPC__UNSET);
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
        assert_int_equal(wait_after(&backoff, even(waits[i])), waits[i]);
}

static void waits_grow_slower_elsewhere(void **state)
{
    static const uint64_t waits[] = { 100, 160, 256, 409, 655, 1048, 1677, 2684, 4294, 6871, 10995, 15000, 15000 };
    struct hprpc__backoff backoff;

    (void)state;
    hprpc__backoff_init(&backoff, false);
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
        assert_in_range(wait_after(&backoff, even(waits[i])), waits[i] - 1, waits[i] + 1);
}

/* A wait is at most a fifth longer or shorter, whatever the random number is. */
static void jitter_is_a_fifth(void **state)
{
    const uint64_t span = 2 * even(100);
    struct hprpc__backoff backoff;

    (void)state;
    for (uint64_t random = 0; random <= 3 * span; random += span / 16) {
        hprpc__backoff_init(&backoff, false);
        assert_in_range(wait_after(&backoff, random), 80, 120);
    }
    hprpc__backoff_init(&backoff, false);
    assert_int_equal(wait_after(&backoff, 0), 80);
    hprpc__backoff_init(&backoff, false);
    assert_int_equal(wait_after(&backoff, span), 120);
    hprpc__backoff_init(&backoff, false);
    assert_in_range(wait_after(&backoff, UINT64_MAX), 80, 120);
}

/* A connection that lived no longer than the wait after its attempt does not make the waits short again. */
static void a_life_must_be_long(void **state)
{
    struct hprpc__backoff backoff;

    (void)state;
    hprpc__backoff_init(&backoff, true);
    wait_after(&backoff, even(10));
    wait_after(&backoff, even(20));
    hprpc__backoff_lived(&backoff, 20 * HPRPC__MILLISECOND);
    assert_int_equal(wait_after(&backoff, even(40)), 40);
    hprpc__backoff_lived(&backoff, 40 * HPRPC__MILLISECOND + 1);
    assert_int_equal(wait_after(&backoff, even(10)), 10);
}

/* A listener that has come back is asked at once, and soon again if it is not quite there. */
static void a_return_is_met_at_once(void **state)
{
    struct hprpc__backoff backoff;

    (void)state;
    hprpc__backoff_init(&backoff, true);
    for (int i = 0; i < 9; i++)
        wait_after(&backoff, even(1000));
    hprpc__backoff_hurry(&backoff);
    assert_int_equal(backoff.next, HPRPC__UNSET);
    assert_int_equal(wait_after(&backoff, even(10)), 10);
    assert_int_equal(wait_after(&backoff, even(20)), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_on_this_host), cmocka_unit_test(waits_grow_slower_elsewhere),
        cmocka_unit_test(jitter_is_a_fifth),         cmocka_unit_test(a_life_must_be_long),
        cmocka_unit_test(a_return_is_met_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
