/* SPDX-License-Identifier: MIT */
/*
 * The memory of received messages: released in any order, lent to the receiver or not, and pooled among the connections of a
 * listener.
 */
#include <pthread.h>

#include "channel/framed/pool.h"
#include "tests/channel/framed/wire.h"

/* ---- Memory of received messages ---- */

static void messages_are_released_in_any_order(void **state)
{
    struct script script = { .count = 0 };
    struct hprpc_message messages[96];
    struct test_memory memory;
    struct wire *wire;
    size_t i, k;

    (void)state;
    test_memory_init(&memory);
    wire = new_wire(memory.context);
    for (i = 0; i < 60; i++)
        add(&script, test_request((uint32_t)i), i % 7 == 0 ? 40000 : 300 + (uint32_t)i * 50);
    for (int round = 0; round < 3; round++) {
        feed(wire, script.bytes, script.size, 20000);
        for (i = 0; i < script.count; i++)
            assert_int_equal(receive_patiently(wire, &messages[i]), 1);
        /* the bodies stay the same, in whatever order they are released */
        for (i = 0; i < script.count; i++) {
            k = i * 37 % script.count;
            test_check(&messages[k], &script.entries[k].header, script.entries[k].size);
            release(wire, &messages[k]);
        }
    }
    assert_in_range(memory.live, 1, 4); /* the context, the block in use and a spare of each kind */
    free_wire(wire);
    test_memory_free(&memory);
    free_script(&script);
}

/* Small bodies share a block, so only some of them are lendable. A large body costs no more lent than copied. */
static void lending_has_a_limit(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message messages[64], message;
    size_t lent = 0, i, large = 0;

    (void)state;
    for (i = 0; i < 60; i++)
        add(&script, test_request((uint32_t)i), i == 50 ? 100000 : 16000);
    feed(wire, script.bytes, script.size, SIZE_MAX);
    for (i = 0; i < script.count; i++) {
        assert_int_equal(receive_patiently(wire, &message), 1);
        test_check(&message, &script.entries[i].header, script.entries[i].size);
        large += message.size == 100000 && message.lendable;
        if (message.lendable)
            messages[lent++] = message;
        else
            release(wire, &message);
    }
    assert_int_equal(large, 1);
    /* eight blocks of four such messages, and the large one */
    assert_in_range(lent, HPRPC__FRAMED_BLOCKS / 2 * 3, HPRPC__FRAMED_BLOCKS / 2 * 4 + 2);
    while (lent)
        release(wire, &messages[--lent]);
    feed(wire, script.bytes, script.ends[0], SIZE_MAX);
    assert_int_equal(receive_patiently(wire, &message), 1);
    assert_true(message.lendable);
    release(wire, &message);
    free_wire(wire);
    free_script(&script);
}

/*
 * A body that no place in its block would align lies outside the block, in memory of the next such body: so it is not lendable. The
 * other small ones are not either, and hold nothing. Each but the last is followed by another.
 */
static void what_lies_aside_is_not_lent(void **state)
{
    struct script script = { .count = 0 };
    struct wire *wire = new_wire(NULL);
    struct hprpc_message message;
    size_t aside = 0;

    (void)state;
    for (uint32_t i = 0; i < 64; i++)
        add(&script, test_reply(i), 1 + i % 20);
    feed(wire, script.bytes, script.size, SIZE_MAX);
    for (size_t i = 0; i < script.count; i++) {
        const struct hprpc__block *block;

        assert_int_equal(receive_patiently(wire, &message), 1);
        test_check(&message, &script.entries[i].header, script.entries[i].size);
        block = wire->stream.block;
        assert_false(message.lendable);
        assert_true(message.holds_nothing);
        assert_int_equal(message.followed, i + 1 < script.count);
        aside += message.body == block->aside;
        release(wire, &message);
    }
    assert_true(aside > 0);
    free_wire(wire);
    free_script(&script);
}

/* A queue of messages between the thread that receives and those that release. */
struct releasers {
    struct wire *wire;
    const struct script *script;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct hprpc_message waiting[64];
    size_t entry[64], count;
    bool over;
};

static void *release_all(void *argument)
{
    struct releasers *releasers = argument;

    pthread_mutex_lock(&releasers->lock);
    for (;;) {
        struct hprpc_message message;
        size_t entry, pick;

        while (!releasers->count && !releasers->over)
            pthread_cond_wait(&releasers->changed, &releasers->lock);
        if (!releasers->count)
            break;
        pick = releasers->count / 2;
        message = releasers->waiting[pick];
        entry = releasers->entry[pick];
        releasers->waiting[pick] = releasers->waiting[--releasers->count];
        releasers->entry[pick] = releasers->entry[releasers->count];
        pthread_cond_broadcast(&releasers->changed);
        pthread_mutex_unlock(&releasers->lock);
        test_check(&message, &releasers->script->entries[entry].header, releasers->script->entries[entry].size);
        release(releasers->wire, &message);
        pthread_mutex_lock(&releasers->lock);
    }
    pthread_mutex_unlock(&releasers->lock);
    return NULL;
}

static void releasers_end(struct releasers *releasers)
{
    pthread_mutex_lock(&releasers->lock);
    releasers->over = true;
    pthread_cond_broadcast(&releasers->changed);
    pthread_mutex_unlock(&releasers->lock);
}

static void releasers_stop(uintptr_t thing)
{
    releasers_end((struct releasers *)thing);
}

static void releasers_forget(uintptr_t thing);

static const struct fixture_kind fixture_releasers = { "releasers", FIXTURE_END, releasers_stop, releasers_forget };

static void releasers_forget(uintptr_t thing)
{
    fixture_leave(&fixture_releasers, thing);
}

static void messages_are_released_by_other_threads(void **state)
{
    struct script script = { .count = 0 };
    struct releasers releasers = { .wire = new_wire(NULL), .script = &script };
    struct hprpc_message message;
    pthread_t threads[2];

    (void)state;
    pthread_mutex_init(&releasers.lock, NULL);
    pthread_cond_init(&releasers.changed, NULL);
    fixture_enter(&fixture_releasers, (uintptr_t)&releasers);
    for (uint32_t i = 0; i < 90; i++)
        add(&script, test_request(i), i % 9 == 0 ? 40000 : i % 2 ? 300 + i : 20 + i);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, release_all, &releasers), 0);
    for (int round = 0; round < 20; round++) {
        feed(releasers.wire, script.bytes, script.size, 3000 + (size_t)round * 1000);
        for (size_t i = 0; i < script.count; i++) {
            assert_int_equal(receive_patiently(releasers.wire, &message), 1);
            if (!message.lendable) {
                test_check(&message, &script.entries[i].header, script.entries[i].size);
                release(releasers.wire, &message);
                continue;
            }
            pthread_mutex_lock(&releasers.lock);
            while (releasers.count == 64)
                pthread_cond_wait(&releasers.changed, &releasers.lock);
            releasers.entry[releasers.count] = i;
            releasers.waiting[releasers.count++] = message;
            pthread_cond_broadcast(&releasers.changed);
            pthread_mutex_unlock(&releasers.lock);
        }
    }
    releasers_end(&releasers);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    fixture_leave(&fixture_releasers, (uintptr_t)&releasers);
    free_wire(releasers.wire);
    free_script(&script);
}

static void calls_allocate_nothing_and_idling_gives_back(void **state)
{
    struct hprpc_header header = test_request(1);
    struct script script = { .count = 0 };
    struct hprpc_message message;
    struct test_memory memory;
    struct wire *wire;
    long before = 0;

    (void)state;
    test_memory_init(&memory);
    wire = new_wire(memory.context);
    add(&script, test_reply(1), 12);
    add(&script, test_reply(2), 100000);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(test_send(channel_of(wire), &header, 10), 0);
        assert_int_equal(test_send(channel_of(wire), &header, 20000), 0);
        assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
        feed(wire, script.bytes, script.size, SIZE_MAX);
        expect(wire, &script, script.count);
        assert_int_equal(receive(wire, &message), 0);
        if (i == 0)
            before = memory.allocations;
    }
    assert_int_equal(memory.allocations, before);
    assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
    assert_true(memory.live > 1);
    assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
    assert_int_equal(memory.live, 1); /* the context */
    feed(wire, script.bytes, script.size, SIZE_MAX);
    expect(wire, &script, script.count);
    free_wire(wire);
    test_memory_free(&memory);
    free_script(&script);
}

/* The counts, and the memory that is kept, are the same after each round of traffic. */
static void nothing_drifts(void **state)
{
    static const uint32_t sizes[] = { 10, 20000, 3 << 20, 12 << 20 };
    struct test_memory memory;
    struct hprpc__pool *pool;
    struct hprpc_message message;

    (void)state;
    for (int shares = 0; shares < 2; shares++) {
        struct wire *wire;
        long live[4] = { 0 };
        unsigned blocks = 0;

        test_memory_init(&memory);
        pool = shares ? hprpc__pool_new(memory.context) : NULL;
        wire = new_wire(memory.context);
        wire->stream.pool = pool;
        channel_of(wire)->receive_limit = 16 << 20;
        for (int round = 0; round < 5; round++) {
            for (size_t i = 0; i < 4; i++) {
                struct hprpc_header header = test_request(1);
                struct script script = { .count = 0 };

                add(&script, test_reply(1), sizes[i]);
                feed(wire, script.bytes, script.size, SIZE_MAX);
                expect(wire, &script, 1);
                assert_int_equal(receive(wire, &message), 0);
                assert_int_equal(test_send(channel_of(wire), &header, sizes[i]), 0);
                assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
                channel_of(wire)->ops->disarm(channel_of(wire));
                assert_int_equal(channel_of(wire)->queued, 0);
                if (!round) {
                    live[i] = memory.live;
                    blocks = wire->stream.blocks;
                }
                assert_int_equal(memory.live, live[i]);
                assert_int_equal(wire->stream.blocks, blocks);
                wire->out_size = 0;
                free_script(&script);
            }
        }
        /* no huge block is kept for later */
        for (size_t i = 0; i < HPRPC__SPARE_COUNT; i++)
            assert_true(!wire->stream.spares[i] || wire->stream.spares[i]->capacity <= HPRPC__FRAMED_SPARE_MAX);
        /* two arms with no traffic between them: all memory goes back */
        for (int i = 0; i < 2; i++)
            assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
        assert_int_equal(wire->stream.blocks, 0);
        free_wire(wire);
        assert_int_equal(memory.live, 1);
        test_memory_free(&memory);
    }
}

/* ---- What the connections of one listener share ---- */

static struct wire *new_sharing_wire(struct hprpc_context *context, struct hprpc__pool *pool)
{
    struct wire *wire = new_wire(context);

    wire->stream.pool = hprpc__pool_keep(pool);
    return wire;
}

static struct hprpc__block *new_block(struct hprpc_context *context)
{
    struct hprpc__block *block = hprpc_context_allocate(context, sizeof(*block) + HPRPC__FRAMED_BLOCK);

    assert_non_null(block);
    block->capacity = HPRPC__FRAMED_BLOCK;
    return block;
}

static void who_sleeps_lends_its_blocks(void **state)
{
    struct hprpc_header header = test_request(1);
    struct script script = { .count = 0 };
    struct hprpc_message message;
    struct wire *wires[50];
    struct test_memory memory;
    struct hprpc__pool *pool;

    (void)state;
    test_memory_init(&memory);
    pool = hprpc__pool_new(memory.context);
    assert_non_null(pool);
    add(&script, test_reply(1), 12);
    for (size_t i = 0; i < 50; i++)
        wires[i] = new_sharing_wire(memory.context, pool);
    hprpc__pool_drop(pool);
    for (size_t i = 0; i < 200; i++) {
        struct wire *wire = wires[i % 50];

        assert_int_equal(test_send(channel_of(wire), &header, 10), 0);
        feed(wire, script.bytes, script.size, SIZE_MAX);
        expect(wire, &script, script.count);
        assert_int_equal(receive(wire, &message), 0);
        assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
        assert_int_equal(memory.live, 4); /* the context, the pool, a block to receive into and one to send from */
        channel_of(wire)->ops->disarm(channel_of(wire));
    }
    for (size_t i = 0; i < 50; i++)
        free_wire(wires[i]);
    assert_int_equal(memory.live, 1);
    test_memory_free(&memory);
    free_script(&script);
}

static void a_full_pool_leaves_the_rest_where_it_is(void **state)
{
    enum { WIRES = HPRPC__POOL_BLOCKS + 8 };
    struct script script = { .count = 0 };
    struct wire *wires[WIRES];
    struct test_memory memory;
    struct hprpc__pool *pool;

    (void)state;
    test_memory_init(&memory);
    pool = hprpc__pool_new(memory.context);
    assert_non_null(pool);
    add(&script, test_reply(1), 12);
    for (size_t i = 0; i < WIRES; i++) {
        wires[i] = new_sharing_wire(memory.context, pool);
        feed(wires[i], script.bytes, script.size, SIZE_MAX);
        expect(wires[i], &script, script.count);
    }
    assert_int_equal(memory.live, 2 + WIRES);
    for (size_t i = 0; i < WIRES; i++)
        assert_false(channel_of(wires[i])->ops->arm(channel_of(wires[i])));
    assert_int_equal(memory.live, 2 + WIRES);
    for (size_t i = 0; i < WIRES; i++)
        assert_false(channel_of(wires[i])->ops->arm(channel_of(wires[i])));
    assert_int_equal(memory.live, 2 + HPRPC__POOL_BLOCKS);
    for (size_t i = 0; i < WIRES; i++)
        free_wire(wires[i]);
    hprpc__pool_drop(pool);
    assert_int_equal(memory.live, 1);
    test_memory_free(&memory);
    free_script(&script);
}

/* The same for the block from which messages were sent. */
static void a_full_pool_leaves_a_spare_where_it_is(void **state)
{
    struct hprpc_header header = test_request(1);
    struct test_memory memory;
    struct hprpc__pool *pool;
    struct wire *wire;

    (void)state;
    test_memory_init(&memory);
    pool = hprpc__pool_new(memory.context);
    assert_non_null(pool);
    wire = new_sharing_wire(memory.context, pool);
    assert_int_equal(test_send(channel_of(wire), &header, 10), 0);
    for (size_t i = 0; i < HPRPC__POOL_BLOCKS; i++)
        assert_true(hprpc__pool_give(pool, new_block(memory.context)));
    for (int i = 0; i < 2; i++) {
        assert_false(channel_of(wire)->ops->arm(channel_of(wire)));
        channel_of(wire)->ops->disarm(channel_of(wire));
        /* kept at the first arm, freed at the second: then the stream is idle */
        assert_int_equal(wire->stream.spares[HPRPC__SPARE_SEND] == NULL, i);
    }
    free_wire(wire);
    hprpc__pool_drop(pool);
    assert_int_equal(memory.live, 1);
    test_memory_free(&memory);
}

static void what_is_still_held_is_not_lent(void **state)
{
    struct script script = { .count = 0 };
    struct hprpc_message held, other;
    struct wire *first, *second;
    struct hprpc__pool *pool;

    (void)state;
    pool = hprpc__pool_new(NULL);
    assert_non_null(pool);
    first = new_sharing_wire(NULL, pool);
    second = new_sharing_wire(NULL, pool);
    add(&script, test_reply(1), 1000);
    feed(first, script.bytes, script.size, SIZE_MAX);
    assert_int_equal(receive(first, &held), 1);
    assert_false(channel_of(first)->ops->arm(channel_of(first)));
    assert_null(hprpc__pool_take(pool));
    feed(second, script.bytes, script.size, SIZE_MAX);
    assert_int_equal(receive(second, &other), 1);
    assert_true(held.body != other.body);
    channel_of(second)->ops->release(channel_of(second), &other);
    channel_of(first)->ops->release(channel_of(first), &held);
    free_wire(first);
    free_wire(second);
    hprpc__pool_drop(pool);
    free_script(&script);
}

static void a_failed_allocation_is_tried_again(void **state)
{
    struct script script = { .count = 0 };
    long fail_at;
    bool failed = true;

    (void)state;
    add_small(&script);
    add_large(&script);
    for (fail_at = 1; failed; fail_at++) {
        struct test_memory memory;
        struct wire *wire;
        size_t i = 0;

        test_memory_init(&memory);
        wire = new_wire(memory.context);
        memory.fail_at = fail_at;
        memory.for_ever = true;
        failed = false;
        feed(wire, script.bytes, script.size, 50000);
        while (i < script.count) {
            struct hprpc_message message;
            int r = receive_patiently(wire, &message);

            if (r == HPRPC_ENOMEM) {
                failed = true;
                assert_int_equal(receive(wire, &message), HPRPC_ENOMEM);
                memory.fail_at = 0;
                memory.for_ever = false;
                continue;
            }
            assert_int_equal(r, 1);
            test_check(&message, &script.entries[i].header, script.entries[i].size);
            i++;
            release(wire, &message);
        }
        free_wire(wire);
        test_memory_free(&memory);
    }
    assert_true(fail_at > 3);
    free_script(&script);
}

/* No peer may send a body of this size. The sum of the block would overflow, so no block is made. */
static void a_block_beyond_all_memory_is_not_made(void **state)
{
    struct wire *wire = new_wire(NULL);

    (void)state;
    assert_null(hprpc__block_take(&wire->stream, HPRPC__SPARE_SEND, SIZE_MAX));
    free_wire(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(nothing_drifts),
        fixture_test(messages_are_released_in_any_order),
        fixture_test(lending_has_a_limit),
        fixture_test(what_lies_aside_is_not_lent),
        fixture_test(messages_are_released_by_other_threads),
        fixture_test(calls_allocate_nothing_and_idling_gives_back),
        fixture_test(who_sleeps_lends_its_blocks),
        fixture_test(a_full_pool_leaves_the_rest_where_it_is),
        fixture_test(a_full_pool_leaves_a_spare_where_it_is),
        fixture_test(what_is_still_held_is_not_lent),
        fixture_test(a_failed_allocation_is_tried_again),
        fixture_test(a_block_beyond_all_memory_is_not_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
