/* SPDX-License-Identifier: MIT */
/*
 * The two exchanges of parking, by themselves: one thread parks and looks, the other publishes and looks whether somebody is
 * parked, both at the same moment, round after round. At least one of them sees the other. With less than an exchange both
 * may look at what the other has just changed before their own change can be seen; then the sleeper would not be woken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "channel-shm/bell.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { ROUNDS = 20 * 1000 };
#else
enum { ROUNDS = 400 * 1000 };
#endif

enum { SKEWS = 24, PATIENCE = 2000, LINES = 8 };

struct line {
    _Alignas(128) _Atomic uint32_t word;
};

/* Each word on cache lines of its own, as in a segment. */
static struct {
    _Alignas(128) _Atomic uint32_t parked;
    _Alignas(128) _Atomic uint32_t published;
    _Alignas(128) _Atomic uint32_t arrived[2];
    _Alignas(128) bool saw; /* what was published */
    _Alignas(128) bool rang;
    struct line body[LINES];
} ring;

/* Waits for the other thread to come to the same place. */
static void meet(unsigned self, uint32_t place)
{
    atomic_store(&ring.arrived[self], place);
    for (unsigned looks = 0; atomic_load(&ring.arrived[!self]) < place; looks++)
        if (looks > PATIENCE)
            sched_yield();
}

/* Has the two begin a little earlier or later, in all manners that there are. */
static void skew(uint32_t steps)
{
    for (volatile uint32_t step = 0; step < steps; step++)
        continue;
}

static void *publish(void *argument)
{
    (void)argument;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        meet(1, 2 * round);
        skew(round % SKEWS);
        /* what is published has a body, whose way to the memory takes a while, and the word is behind it */
        for (int i = 0; i < LINES; i++)
            atomic_store_explicit(&ring.body[i].word, round, memory_order_relaxed);
        atomic_store_explicit(&ring.published, round, memory_order_release);
        ring.rang = shm_is_wanted(&ring.parked);
        meet(1, 2 * round + 1);
    }
    return NULL;
}

/* Has every line of the body in the caches of both. */
static void read_body(void)
{
    for (int i = 0; i < LINES; i++)
        (void)atomic_load_explicit(&ring.body[i].word, memory_order_relaxed);
}

static void one_of_the_two_sees_the_other(void **state)
{
    pthread_t publisher;
    uint32_t missed = 0;

    (void)state;
    assert_int_equal(pthread_create(&publisher, NULL, publish, NULL), 0);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        meet(0, 2 * round);
        skew(round / SKEWS % SKEWS);
        shm_park(&ring.parked);
        ring.saw = atomic_load_explicit(&ring.published, memory_order_acquire) == round;
        meet(0, 2 * round + 1);
        missed += !ring.saw && !ring.rang;
        shm_unpark(&ring.parked);
        read_body();
    }
    pthread_join(publisher, NULL);
    if (missed)
        fail_msg("in %u of %d rounds neither saw the other", (unsigned)missed, ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_the_two_sees_the_other),
    };

    return cmocka_run_group_tests_name("shm-parking", tests, NULL, NULL);
}
