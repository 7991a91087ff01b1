/* SPDX-License-Identifier: MIT */
/* How an adaptive wait learns: from spinning to yielding to sleeping and back. The test moves the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <hprpc/hprpc.h>

#include "rpc/connection/spin.h"

struct learner {
    struct hprpc_context *context;
    struct hprpc__spin_history history;
    struct hprpc__spin spin;
    uint64_t time;
    uint64_t step; /* how far the clock moves at each reading */
};

static uint64_t look_at_clock(void *self)
{
    struct learner *learner = self;

    return learner->time += learner->step;
}

static void open_learner(struct learner *learner)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;

    *learner = (struct learner){ .time = 1, .step = 1000 };
    options.now = look_at_clock;
    options.now_self = learner;
    assert_int_equal(hprpc_context_new(&options, &learner->context), 0);
}

/* A wait that finds nothing until it sleeps. Returns its manner. */
static enum hprpc__spin_manner wait_and_sleep(struct learner *learner)
{
    struct hprpc__spin *spin = &learner->spin;
    enum hprpc__spin_manner manner;

    hprpc__spin_start(spin, HPRPC_WAIT_ADAPTIVE, &learner->history);
    manner = spin->manner;
    while (!hprpc__spin_wants_clock(spin, hprpc__spin_looks(spin)) ||
           hprpc__spin_goes_on(spin, learner->context, hprpc_context_now(learner->context)))
        ;
    hprpc__spin_slept(spin);
    return manner;
}

/* A wait that finds something at the second look. Returns its manner. */
static enum hprpc__spin_manner wait_shortly(struct learner *learner)
{
    struct hprpc__spin *spin = &learner->spin;
    enum hprpc__spin_manner manner;

    hprpc__spin_start(spin, HPRPC_WAIT_ADAPTIVE, &learner->history);
    manner = spin->manner;
    if (hprpc__spin_wants_clock(spin, hprpc__spin_looks(spin)))
        hprpc__spin_goes_on(spin, learner->context, hprpc_context_now(learner->context));
    hprpc__spin_paid(spin);
    return manner;
}

static enum hprpc__spin_manner manner(const struct learner *learner)
{
    return learner->history.manner;
}

static void without_success_it_yields_and_then_sleeps(void **state)
{
    struct learner learner;
    int waits = 0;

    (void)state;
    open_learner(&learner);
    while (manner(&learner) == HPRPC__SPIN_PLAINLY && waits++ < 100)
        assert_int_equal(wait_and_sleep(&learner), HPRPC__SPIN_PLAINLY);
    assert_int_equal(waits, HPRPC__SPIN_VAIN_MAX);
    assert_int_equal(manner(&learner), HPRPC__SPIN_YIELDING);
    while (manner(&learner) == HPRPC__SPIN_YIELDING && waits++ < 100)
        wait_and_sleep(&learner);
    assert_int_equal(manner(&learner), HPRPC__SPIN_SLEEPING);
    hprpc__spin_start(&learner.spin, HPRPC_WAIT_ADAPTIVE, &learner.history);
    assert_true(hprpc__spin_sleeps_at_once(&learner.spin));
    hprpc_context_free(learner.context);
}

static void what_comes_soon_makes_it_eager_again(void **state)
{
    struct learner learner;
    int waits;

    (void)state;
    open_learner(&learner);
    hprpc__spin_change(&learner.history, HPRPC__SPIN_SLEEPING);
    for (waits = 0; manner(&learner) != HPRPC__SPIN_PLAINLY && waits < 1000; waits++)
        wait_shortly(&learner);
    assert_int_equal(waits, 2 * HPRPC__SPIN_TRY_FIRST);
    /* the manner stays, although two spins in three find nothing */
    for (waits = 0; waits < 100; waits++) {
        if (waits % 3)
            wait_and_sleep(&learner);
        else
            wait_shortly(&learner);
    }
    assert_int_equal(manner(&learner), HPRPC__SPIN_PLAINLY);
    hprpc_context_free(learner.context);
}

static void useless_trials_become_rare_but_do_not_end(void **state)
{
    struct learner learner;
    int trials = 0, last = 0;

    (void)state;
    open_learner(&learner);
    hprpc__spin_change(&learner.history, HPRPC__SPIN_SLEEPING);
    for (int waits = 0; waits < 100 * HPRPC__SPIN_TRY_VAIN; waits++) {
        if (wait_and_sleep(&learner) == HPRPC__SPIN_SLEEPING)
            continue;
        trials++;
        assert_true(waits - last <= HPRPC__SPIN_TRY_VAIN);
        last = waits;
    }
    assert_in_range(trials, 95, 120);
    assert_int_equal(manner(&learner), HPRPC__SPIN_SLEEPING);
    hprpc_context_free(learner.context);
}

static void one_slow_yield_is_enough(void **state)
{
    struct learner learner;
    int trials = 0;

    (void)state;
    open_learner(&learner);
    learner.step = 4 * 1000 * 1000;
    hprpc__spin_change(&learner.history, HPRPC__SPIN_YIELDING);
    wait_shortly(&learner);
    assert_int_equal(manner(&learner), HPRPC__SPIN_SLEEPING);
    /* if yields stay slow, trials become rare: at most 10 in a million waits */
    for (int waits = 0; waits < 1000 * 1000; waits++)
        trials += wait_shortly(&learner) != HPRPC__SPIN_SLEEPING;
    assert_in_range(trials, 2, 10);
    assert_int_equal(manner(&learner), HPRPC__SPIN_SLEEPING);
    /* when yields are quick again, the waits spin again */
    learner.step = 1000;
    for (int waits = 0; waits < 2 * HPRPC__SPIN_TRY_LAST; waits++)
        wait_shortly(&learner);
    assert_int_equal(manner(&learner), HPRPC__SPIN_PLAINLY);
    hprpc_context_free(learner.context);
}

static void spin_never_sleeps_and_block_never_spins(void **state)
{
    struct learner learner;

    (void)state;
    open_learner(&learner);
    hprpc__spin_change(&learner.history, HPRPC__SPIN_SLEEPING);
    hprpc__spin_start(&learner.spin, HPRPC_WAIT_SPIN, &learner.history);
    assert_false(hprpc__spin_sleeps_at_once(&learner.spin));
    for (int i = 0; i < 1000; i++)
        assert_true(hprpc__spin_goes_on(&learner.spin, learner.context, hprpc_context_now(learner.context)));
    hprpc__spin_change(&learner.history, HPRPC__SPIN_PLAINLY);
    hprpc__spin_start(&learner.spin, HPRPC_WAIT_BLOCK, &learner.history);
    assert_true(hprpc__spin_sleeps_at_once(&learner.spin));
    assert_false(hprpc__spin_goes_on(&learner.spin, learner.context, hprpc_context_now(learner.context)));
    hprpc_context_free(learner.context);
}

/*
 * Looks as a loop does: one look a turn in company, and as many as the manner allows when alone. Whatever the order, the clock
 * is read and the spin ends. Returns the number of turns.
 */
static unsigned spin_to_its_end(struct learner *learner, const unsigned *company, unsigned count)
{
    struct hprpc__spin *spin = &learner->spin;
    unsigned turns = 0;

    for (bool goes_on = true; goes_on && turns < 10000; turns++) {
        uint32_t looks = company[turns % count] ? 1 : hprpc__spin_looks(spin);

        goes_on = !hprpc__spin_wants_clock(spin, looks) ||
                  hprpc__spin_goes_on(spin, learner->context, hprpc_context_now(learner->context));
    }
    return turns;
}

static void every_spin_ends_in_any_company(void **state)
{
    enum { LONGEST = 40 };
    const uint64_t per_look = HPRPC__SPIN_NANOSECONDS / 1000 + 2;
    unsigned company[LONGEST + 1];
    struct learner learner;

    (void)state;
    open_learner(&learner);
    for (unsigned manner = HPRPC__SPIN_PLAINLY; manner <= HPRPC__SPIN_SLEEPING; manner++) {
        for (unsigned length = 1; length <= LONGEST + 1; length++) {
            /* of each `length` turns the first `in_company` are in company */
            for (unsigned in_company = 0; in_company <= length; in_company++) {
                for (unsigned i = 0; i < length; i++)
                    company[i] = i < in_company;
                hprpc__spin_change(&learner.history, manner);
                hprpc__spin_resume(&learner.spin, HPRPC_WAIT_ADAPTIVE, &learner.history);
                assert_true(spin_to_its_end(&learner, company, length) <= per_look * HPRPC__SPIN_CLOCK_EVERY);
            }
        }
    }
    hprpc_context_free(learner.context);
}

/* Some turns in company, then all turns alone, as in a server that becomes idle. */
static void a_spin_ends_once_it_is_alone(void **state)
{
    struct learner learner;

    (void)state;
    open_learner(&learner);
    for (unsigned company = 0; company <= 3 * HPRPC__SPIN_CLOCK_EVERY; company++) {
        unsigned alone = 0;

        hprpc__spin_change(&learner.history, HPRPC__SPIN_PLAINLY);
        hprpc__spin_start(&learner.spin, HPRPC_WAIT_ADAPTIVE, &learner.history);
        for (unsigned i = 0; i < company; i++)
            hprpc__spin_wants_clock(&learner.spin, 1);
        while (alone++ < 1000 && !hprpc__spin_wants_clock(&learner.spin, hprpc__spin_looks(&learner.spin)))
            continue;
        assert_true(alone <= 1);
    }
    hprpc_context_free(learner.context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_success_it_yields_and_then_sleeps),
        cmocka_unit_test(what_comes_soon_makes_it_eager_again),
        cmocka_unit_test(useless_trials_become_rare_but_do_not_end),
        cmocka_unit_test(one_slow_yield_is_enough),
        cmocka_unit_test(spin_never_sleeps_and_block_never_spins),
        cmocka_unit_test(every_spin_ends_in_any_company),
        cmocka_unit_test(a_spin_ends_once_it_is_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
