/* SPDX-License-Identifier: MIT */
/* The arena: alignment, the limit, reuse, and an allocator that counts and fails. */
#include "kodosis/runtime/cmocka_all.h"

#include <kodosis/arena.h>

struct counter {
    size_t live; /* bytes handed out and not given back */
    size_t calls;
    size_t fail_at; /* this call and all that follow fail; 0: none */
};

static void *count_allocate(void *self, size_t size)
{
    struct counter *counter = self;

    if (++counter->calls == counter->fail_at || (counter->fail_at && counter->calls > counter->fail_at))
        return NULL;
    counter->live += size;
    return malloc(size);
}

static void count_release(void *self, void *memory, size_t size)
{
    struct counter *counter = self;

    if (memory)
        counter->live -= size;
    free(memory);
}

static struct counter counter;
static const struct kodosis_allocator allocator = { count_allocate, count_release, &counter };
static struct kodosis_arena arena;

static void start(size_t limit)
{
    memset(&counter, 0, sizeof(counter));
    kodosis_arena_init(&arena, &allocator, limit);
}

static void finish(void)
{
    kodosis_arena_clear(&arena);
    assert_int_equal(counter.live, 0);
}

static void an_arena_takes_nothing_until_asked(void **state)
{
    (void)state;
    start(1000);
    kodosis_arena_reset(&arena);
    assert_int_equal(counter.calls, 0);
    finish();
}

static void pieces_are_aligned_and_apart(void **state)
{
    uint8_t *pieces[300];
    size_t size;
    size_t i;

    (void)state;
    start(1 << 20);
    for (size = 0; size < 300; size++) {
        pieces[size] = kodosis_arena_allocate(&arena, size);
        assert_non_null(pieces[size]);
        assert_int_equal((uintptr_t)pieces[size] % 16, 0);
        memset(pieces[size], (int)size, size);
    }
    for (size = 0; size < 300; size++)
        for (i = 0; i < size; i++)
            assert_int_equal(pieces[size][i], (uint8_t)size);
    finish();
}

static void the_limit_counts_whole_pieces(void **state)
{
    (void)state;
    start(64);
    assert_non_null(kodosis_arena_allocate(&arena, 1));
    assert_non_null(kodosis_arena_allocate(&arena, 0));
    assert_false(kodosis_arena_allows(&arena, 33));
    assert_null(kodosis_arena_allocate(&arena, 33));
    assert_non_null(kodosis_arena_allocate(&arena, 32));
    assert_null(kodosis_arena_allocate(&arena, 1));
    kodosis_arena_reset(&arena);
    assert_non_null(kodosis_arena_allocate(&arena, 64));
    finish();
    /* a limit that is no whole number of pieces: the rest of it is no room */
    start(40);
    assert_false(kodosis_arena_allows(&arena, 33));
    assert_null(kodosis_arena_allocate(&arena, 33));
    assert_true(kodosis_arena_allows(&arena, 32));
    finish();
}

static void absurd_sizes_are_refused(void **state)
{
    (void)state;
    start(SIZE_MAX);
    assert_null(kodosis_arena_allocate(&arena, SIZE_MAX));
    assert_null(kodosis_arena_allocate(&arena, SIZE_MAX - 8));
    assert_int_equal(counter.calls, 0);
    finish();
}

static void large_pieces_get_their_own_block(void **state)
{
    uint8_t *piece;

    (void)state;
    start(1 << 24);
    piece = kodosis_arena_allocate(&arena, 1 << 20);
    assert_non_null(piece);
    memset(piece, 1, 1 << 20);
    assert_non_null(kodosis_arena_allocate(&arena, 100));
    finish();
}

static void the_steady_state_allocates_nothing(void **state)
{
    size_t calls = 0;
    int round;
    int i;

    (void)state;
    start(1 << 20);
    for (round = 0; round < 20; round++) {
        if (round == 8)
            calls = counter.calls;
        for (i = 0; i < 600; i++)
            assert_non_null(kodosis_arena_allocate(&arena, 100));
        kodosis_arena_reset(&arena);
    }
    assert_int_equal(counter.calls, calls);
    finish();
}

static void a_reset_does_not_keep_what_is_large(void **state)
{
    (void)state;
    start(1 << 24);
    assert_non_null(kodosis_arena_allocate(&arena, 1 << 22));
    kodosis_arena_reset(&arena);
    assert_int_equal(counter.live, 0);
    assert_non_null(kodosis_arena_allocate(&arena, 10));
    assert_non_null(kodosis_arena_allocate(&arena, 1 << 22));
    kodosis_arena_reset(&arena);
    assert_true(counter.live < 1 << 20);
    finish();
}

static void a_cleared_arena_works_again(void **state)
{
    (void)state;
    start(1 << 20);
    assert_non_null(kodosis_arena_allocate(&arena, 10));
    kodosis_arena_clear(&arena);
    assert_int_equal(counter.live, 0);
    assert_non_null(kodosis_arena_allocate(&arena, 10));
    finish();
}

static void a_failing_allocator_is_survived(void **state)
{
    size_t fail_at;

    (void)state;
    for (fail_at = 1; fail_at < 8; fail_at++) {
        size_t given = 0;

        start(1 << 24);
        counter.fail_at = fail_at;
        while (kodosis_arena_allocate(&arena, 5000))
            given++;
        assert_true(given > 0 || fail_at == 1);
        assert_false(kodosis_arena_allows(&arena, (1 << 24) - given * 5000 + 1));
        counter.fail_at = 0;
        assert_non_null(kodosis_arena_allocate(&arena, 5000));
        finish();
    }
}

static void malloc_is_the_default(void **state)
{
    struct kodosis_arena plain;

    (void)state;
    kodosis_arena_init(&plain, NULL, 1 << 20);
    memset(kodosis_arena_allocate(&plain, 100000), 1, 100000);
    assert_non_null(kodosis_arena_allocate(&plain, 10));
    kodosis_arena_clear(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_takes_nothing_until_asked),  cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(the_limit_counts_whole_pieces),       cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(large_pieces_get_their_own_block),    cmocka_unit_test(the_steady_state_allocates_nothing),
        cmocka_unit_test(a_reset_does_not_keep_what_is_large), cmocka_unit_test(a_cleared_arena_works_again),
        cmocka_unit_test(a_failing_allocator_is_survived),     cmocka_unit_test(malloc_is_the_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
