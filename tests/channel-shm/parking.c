/* SPDX-License-Identifier: MIT */
/*
 * The two exchanges of parking, alone. One thread parks and looks; the other publishes and looks if a thread is parked, both at
 * the same moment, round after round. At least one of them must see the other. With weaker operations, each could look before
 * the other can see its change; then nothing would wake the sleeper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "channel-shm/bell.h"
#include "support/patience.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { ROUNDS = 10 * 1000 };
#else
enum { ROUNDS = 500 * 1000 };
#endif

enum { SKEWS = 48, LOOKS = 2000, LINES = 8, CHECK_EVERY = 1000 };

struct line {
    _Alignas(128) _Atomic uint32_t word;
};

/* Each word has cache lines of its own, as in a segment. */
static struct {
    struct line parked, published, arrived[2], bodies[2][LINES];
    _Alignas(128) bool over; /* written once, so reading it takes no time */
    _Alignas(128) bool rang; /* the publisher saw that the sleeper was parked */
    bool yielded;            /* the publisher yielded before the round */
} ring;

/* Waits until the other thread is at the same place. Returns true if this thread yielded: then the two may share a CPU. */
static bool meet(unsigned self, uint32_t place)
{
    bool yielded = false;

    atomic_store(&ring.arrived[self].word, place);
    for (unsigned looks = 0; atomic_load(&ring.arrived[!self].word) < place; looks++) {
        if (looks < LOOKS)
            continue;
        yielded = true;
        sched_yield();
    }
    return yielded;
}

/* Delays a thread a little, so that over the rounds either thread begins earlier. */
static void skew(uint32_t steps)
{
    for (volatile uint32_t step = 0; step < steps; step++)
        continue;
}

/* Writes lines before the word: their way to memory takes a while, so the word takes long too. */
static void write_body(int self, uint32_t round)
{
    for (int i = 0; i < LINES; i++)
        atomic_store_explicit(&ring.bodies[self][i].word, round, memory_order_relaxed);
}

/* Reads all lines, so that they are in the caches of both. */
static void read_body(int self)
{
    for (int i = 0; i < LINES; i++)
        (void)atomic_load_explicit(&ring.bodies[self][i].word, memory_order_relaxed);
}

static void *publish(void *argument)
{
    (void)argument;
    for (uint32_t round = 1;; round++) {
        bool yielded = meet(1, 2 * round);

        if (ring.over)
            return NULL;
        skew(round % SKEWS);
        write_body(1, round);
        atomic_store_explicit(&ring.published.word, round, memory_order_release);
        ring.rang = shm_is_wanted(&ring.parked.word);
        ring.yielded = yielded;
        meet(1, 2 * round + 1);
        read_body(0);
    }
}

/* A round of the sleeper. Returns true if neither thread saw the other. `ret_together`: both ran at the same time. */
static bool park(uint32_t round, bool *ret_together)
{
    bool yielded = meet(0, 2 * round), saw;

    skew(round / SKEWS % SKEWS);
    write_body(0, round);
    shm_park(&ring.parked.word);
    saw = atomic_load_explicit(&ring.published.word, memory_order_acquire) == round;
    yielded = meet(0, 2 * round + 1) || yielded;
    *ret_together = !yielded && !ring.yielded;
    shm_unpark(&ring.parked.word);
    read_body(1);
    return !saw && !ring.rang;
}

/*
 * Goes on until both threads ran at the same time in enough rounds. On a machine that never runs both at once, it ends when the
 * patience does.
 */
static void one_of_the_two_sees_the_other(void **state)
{
    struct patience patience = patience_begin();
    uint32_t round, missed = 0, together = 0;
    pthread_t publisher;

    (void)state;
    assert_int_equal(pthread_create(&publisher, NULL, publish, NULL), 0);
    for (round = 1; together < ROUNDS && (round % CHECK_EVERY || is_patient(&patience)); round++) {
        bool at_once = false;

        missed += park(round, &at_once);
        together += at_once;
    }
    ring.over = true;
    meet(0, 2 * round);
    pthread_join(publisher, NULL);
    if (missed)
        fail_msg("in %u of %u rounds neither saw the other", (unsigned)missed, (unsigned)round);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_the_two_sees_the_other),
    };

    return cmocka_run_group_tests_name("shm-parking", tests, NULL, NULL);
}
