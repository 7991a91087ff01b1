/* SPDX-License-Identifier: MIT */
/* Memory: the arena compared with a simple model of it, and an allocator that fails at any point. */
#include "tests/channel-shm/end.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA = 64 * 1024, UNITS = 1024, MODEL_STEPS = 200000, CHUNKS_MAX = 300 };

/* ---- The arena ---- */

struct model {
    struct shm_geometry geometry;
    struct shm_arena arena;
    struct shm_lane lane;
    bool used[UNITS];
    struct {
        uint32_t unit, units;
    } chunks[CHUNKS_MAX];
    uint32_t count, returned;
    _Atomic uint32_t returns[UNITS];
    uint8_t memory[1];
};

static void give_back(struct model *model, uint32_t place)
{
    uint32_t unit = model->chunks[place].unit, units = model->chunks[place].units, i;

    for (i = 0; i < units; i++)
        model->used[unit + i] = false;
    atomic_store(&model->returns[model->returned % UNITS], (model->returned / UNITS + 1) << 16 | unit);
    model->returned++;
    model->chunks[place] = model->chunks[--model->count];
}

static uint32_t longest_run(const struct model *model)
{
    uint32_t longest = 0, run = 0, i;

    for (i = 0; i < UNITS; i++) {
        run = model->used[i] ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void take_some(struct model *model, uint32_t size)
{
    uint32_t unit, units = (size + 63) / 64, i;

    assert_int_equal(hprpc__shm_arena_allocate(&model->arena, size, &unit), 0);
    if (unit == SHM_NO_CHUNK) {
        assert_true(longest_run(model) < units);
        return;
    }
    assert_true(unit + units <= UNITS);
    for (i = 0; i < units; i++) {
        assert_false(model->used[unit + i]);
        model->used[unit + i] = true;
    }
    hprpc__shm_arena_hand_over(&model->arena, unit);
    model->chunks[model->count].unit = unit;
    model->chunks[model->count++].units = units;
}

static void test_arena_against_a_model(void **state)
{
    struct model *model = calloc(1, sizeof(*model));
    unsigned seed = 1;
    uint32_t i, size;

    (void)state;
    assert_int_equal(hprpc__shm_geometry_init(16, ARENA, 0, &model->geometry), 0);
    assert_int_equal(model->geometry.units, UNITS);
    model->lane = (struct shm_lane){ .returns = model->returns, .arena = model->memory };
    hprpc__shm_arena_init(&model->arena, &model->geometry, &model->lane);
    for (i = 0; i < MODEL_STEPS; i++) {
        size = 1 + (uint32_t)rand_r(&seed) % (rand_r(&seed) % 16 ? 1000 : ARENA / 2);
        if (model->count < CHUNKS_MAX && rand_r(&seed) % 5 < (i / 1000 % 2 ? 3 : 2))
            take_some(model, size);
        else if (model->count)
            give_back(model, (uint32_t)rand_r(&seed) % model->count);
    }
    while (model->count)
        give_back(model, 0);
    assert_int_equal(hprpc__shm_arena_collect(&model->arena), 0);
    assert_int_equal(model->arena.base.free_units, UNITS);
    assert_int_equal(model->arena.base.chunks, 0);
    for (i = 0; i < SHM_UNITS_MAX / 64; i++)
        assert_int_equal(model->arena.used[i], 0);
    for (i = 0; i < UNITS; i++)
        assert_int_equal(model->arena.length[i], 0);
    take_some(model, ARENA / 2);
    take_some(model, ARENA / 2);
    assert_int_equal(model->count, 2);
    free(model);
}

/* ---- Allocations that fail ---- */

struct stingy {
    long count, live, fail_at;
    bool for_ever;
};

static void *allocate(void *self, size_t size)
{
    struct stingy *stingy = self;
    void *memory;

    stingy->count++;
    if (stingy->count == stingy->fail_at || (stingy->for_ever && stingy->fail_at && stingy->count > stingy->fail_at))
        return NULL;
    memory = malloc(size);
    stingy->live += memory != NULL;
    return memory;
}

static void release(void *self, void *memory, size_t size)
{
    (void)size;
    ((struct stingy *)self)->live--;
    free(memory);
}

static struct hprpc_context *make_context(struct stingy *stingy)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_context *context = NULL;

    memset(stingy, 0, sizeof(*stingy));
    options.allocator = (struct kodosis_allocator){ allocate, release, stingy };
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    stingy->count = 0;
    return context;
}

/* Sends, receives and checks a message; if memory is short, tries again, once. Returns how often memory was short. */
static int pass(struct hprpc_channel *from, struct hprpc_channel *to, struct stingy *stingy, uint32_t size)
{
    struct hprpc_message message;
    double deadline = seconds() + 10;
    int failures = 0, result;

    while ((result = send_message(from, HPRPC_MESSAGE_REPLY, 1, size))) {
        assert_int_equal(result, HPRPC_ENOMEM);
        stingy->for_ever = false;
        assert_true(++failures < 3);
    }
    while ((result = to->ops->receive(to, &message)) != 1) {
        assert_true(result == 0 || result == HPRPC_ENOMEM);
        if (result) {
            stingy->for_ever = false;
            assert_true(++failures < 3);
        }
        from->ops->flush(from);
        assert_true(seconds() < deadline);
    }
    check_body(&message, 1, size);
    to->ops->release(to, &message);
    return failures;
}

/* Makes a connection and uses everything that it allocates for. Returns true if something failed. */
static bool live_a_life(struct hprpc_context *context, struct stingy *stingy, const char *text)
{
    struct hprpc_channel *client = NULL, *server = NULL;
    struct hprpc_listener *listener = NULL;
    struct hprpc_message message;
    struct hprpc_detail detail;
    struct hprpc_uri uri;
    bool failed = false;
    int result, i;

    assert_int_equal(hprpc_uri_parse(text, NULL, &uri), 0);
    while ((result = hprpc_transport_shm.listen(context, &uri, &detail, &listener))) {
        assert_int_equal(result, HPRPC_ENOMEM);
        failed = true;
        stingy->for_ever = false;
    }
    for (i = 0; i < 3 && !server; i++) {
        while ((result = hprpc_transport_shm.connect(context, &uri, &detail, &client))) {
            assert_int_equal(result, HPRPC_ENOMEM);
            failed = true;
            stingy->for_ever = false;
        }
        result = listener->ops->accept(listener, &detail, &server);
        if (result != 1) {
            assert_int_equal(result, HPRPC_ESYSTEM);
            assert_int_equal(receive_end(client), HPRPC_EREFUSED);
            client->ops->free(client);
            failed = true;
            stingy->for_ever = false;
        }
    }
    assert_int_equal(client->ops->receive(client, &message), 0);
    client->receive_limit = server->receive_limit = 1024 * 1024;
    failed |= pass(client, server, stingy, 10) > 0;
    failed |= pass(client, server, stingy, 1000) > 0;
    failed |= pass(server, client, stingy, 3 * ARENA) > 0;
    client->ops->free(client);
    server->ops->free(server);
    listener->ops->free(listener);
    return failed;
}

static void test_every_allocation_fails_once_or_for_ever(void **state)
{
    struct stingy stingy;
    struct hprpc_context *context = make_context(&stingy);
    bool for_ever, failed;
    char uri[160];
    long nth;
    int descriptors = count_descriptors(), trust;

    (void)state;
    for (trust = 0; trust < 2; trust++) {
        for (for_ever = false;; for_ever = true) {
            for (nth = 1, failed = true; failed; nth++) {
                fresh_name(uri, sizeof(uri), trust ? "?ring=64KiB&trust=none" : "?ring=64KiB");
                stingy.count = 0;
                stingy.fail_at = nth;
                stingy.for_ever = for_ever;
                failed = live_a_life(context, &stingy, uri);
                assert_int_equal(stingy.live, 1); /* the context */
                assert_int_equal(count_descriptors(), descriptors);
            }
            assert_true(nth > 4);
            if (for_ever)
                break;
        }
    }
    stingy.fail_at = 0;
    hprpc_context_free(context);
    assert_int_equal(stingy.live, 0);
}

/* From start_call to end_call, only messages that must be staged are allocated. */
static void test_steady_state_allocates_nothing(void **state)
{
    struct stingy stingy;
    struct hprpc_context *context = make_context(&stingy);
    struct pair pair;
    uint32_t i;
    long before;

    (void)state;
    pair_make(&pair, context, 16, ARENA, false);
    before = stingy.count;
    for (i = 0; i < 1000; i++) {
        assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REQUEST, i, i % 2 ? 10 : i * 10), 0);
        expect(pair.server, NULL, HPRPC_MESSAGE_REQUEST, i, i % 2 ? 10 : i * 10);
    }
    assert_int_equal(stingy.count, before);
    pair_free(&pair);
    hprpc_context_free(context);
    assert_int_equal(stingy.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_against_a_model),
        cmocka_unit_test(test_every_allocation_fails_once_or_for_ever),
        cmocka_unit_test(test_steady_state_allocates_nothing),
    };

    return cmocka_run_group_tests_name("shm-memory", tests, NULL, NULL);
}
