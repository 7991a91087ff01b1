/* SPDX-License-Identifier: MIT */
/* Callbacks clear, collect and start calls, while other threads clear the same calls. */
#include "rpc/stage.h"

enum { CALLS = 64 };

/* A call that counts its completions. */
struct told {
    struct tiny *tiny;
    struct hprpc_call call;
    struct told *other; /* the call that its callback collects, clears or starts */
    int code;           /* what the callback got there */
    atomic_int count;
};

static void start(struct told *told, struct tiny *tiny, uint32_t timeout_ms,
                  void (*notify)(void *self, struct hprpc_pending_call *pending))
{
    told->tiny = tiny;
    told->call.timeout_ms = timeout_ms;
    assert_int_equal(tiny_echo_start(tiny, &told->call, "x", 1), 0);
    hprpc_pending_call_notify(told->call.pending, notify, told);
}

static void count_it(void *self, struct hprpc_pending_call *pending)
{
    struct told *told = self;

    if (!hprpc_pending_call_done(pending))
        abort();
    atomic_fetch_add(&told->count, 1);
}

/* ---- Clearing ---- */

static void cleared_by_a_thread_that_saw_it_done(void **state)
{
    enum { ROUNDS = 4000 };
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct told *told = calloc(ROUNDS, sizeof(*told));
    struct patience patience = patience_begin();
    struct hprpc_client *client;
    struct stage stage;
    struct tiny tiny;

    (void)state;
    options.pump = HPRPC_PUMP_THREAD;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", &options, &tiny);
    for (int i = 0; i < ROUNDS; i++) {
        start(&told[i], &tiny, 0, count_it);
        /* the next call takes the ticket with another callback, perhaps before this callback begins */
        while (i % 2 && !hprpc_pending_call_done(told[i].call.pending) && try_again(&patience))
            ;
        hprpc_call_clear(&told[i].call);
    }
    for (int i = 0; i < ROUNDS; i++) {
        while (!atomic_load(&told[i].count) && try_again(&patience))
            ;
    }
    hprpc_client_free(client);
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(told[i].count, 1);
    stage_unserve(&stage);
    stage_close(&stage);
    free(told);
}

static void clear_and_forget(void *self, struct hprpc_pending_call *pending)
{
    struct told *told = self;
    atomic_int *count = (atomic_int *)told->other;

    hprpc_call_clear(&told->call);
    if (!hprpc_pending_call_done(pending))
        abort();
    free(told);
    atomic_fetch_add(count, 1);
}

static void the_callback_frees_what_is_being_cleared(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct tiny tiny;
    atomic_int count = 0;

    (void)state;
    stage_open(&stage, false);
    raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
    for (int i = 0; i < 4; i++) {
        struct told *told = calloc(1, sizeof(*told));

        told->other = (struct told *)(void *)&count;
        start(told, &tiny, 0, clear_and_forget);
        if (i % 2)
            hprpc_pending_call_cancel(told->call.pending);
        else
            hprpc_call_clear(&told->call);
        assert_int_equal(count, i + 1);
    }
    raw_server_close(&raw);
    stage_close(&stage);
}

/* A callback that does not return before `leaves`. */
struct lingerer {
    struct hprpc_pending_call *shown;
    pthread_t
        caller; /* on this thread the callback returns at once: the call was complete before hprpc_pending_call_notify */
    bool was_late;
    atomic_bool inside, leaves;
};

static void linger(void *self, struct hprpc_pending_call *pending)
{
    struct lingerer *lingerer = self;
    struct patience patience = patience_begin();

    if (pthread_equal(pthread_self(), lingerer->caller)) {
        lingerer->was_late = true;
        return;
    }
    lingerer->shown = pending;
    atomic_store(&lingerer->inside, true);
    while (!atomic_load(&lingerer->leaves) && try_again(&patience))
        ;
}

/* While its callback runs, a cleared ticket is not used for another call. */
static void not_used_again_while_the_callback_runs(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call first = HPRPC_CALL_INIT, second = HPRPC_CALL_INIT, third = HPRPC_CALL_INIT;
    struct lingerer lingerer = { .caller = pthread_self() };
    struct patience patience = patience_begin();
    struct hprpc_client *client;
    struct stage stage;
    struct tiny tiny;

    (void)state;
    options.pump = HPRPC_PUMP_THREAD;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", &options, &tiny);
    do {
        assert_int_equal(tiny_echo_start(&tiny, &first, "x", 1), 0);
        lingerer.was_late = false;
        hprpc_pending_call_notify(first.pending, linger, &lingerer);
    } while (lingerer.was_late && try_again(&patience));
    while (!atomic_load(&lingerer.inside) && try_again(&patience))
        ;
    assert_ptr_equal(lingerer.shown, first.pending);
    hprpc_call_clear(&first);
    assert_int_equal(tiny_echo_start(&tiny, &second, "x", 1), 0);
    assert_int_equal(tiny_echo_start(&tiny, &third, "x", 1), 0);
    assert_ptr_not_equal(second.pending, lingerer.shown);
    assert_ptr_not_equal(third.pending, lingerer.shown);
    atomic_store(&lingerer.leaves, true);
    assert_int_equal(tiny_echo_finish(&second, NULL), 0);
    assert_int_equal(tiny_echo_finish(&third, NULL), 0);
    hprpc_call_clear(&second);
    hprpc_call_clear(&third);
    hprpc_client_free(client);
    stage_unserve(&stage);
    stage_close(&stage);
}

/* ---- Collecting ---- */

static void collect_the_other(void *self, struct hprpc_pending_call *pending)
{
    struct told *told = self;

    count_it(self, pending);
    if (told->other)
        told->code = tiny_echo_finish(&told->other->call, NULL);
}

static void collected_while_the_connection_breaks(void **state)
{
    struct told told[CALLS] = { 0 };
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct stage stage;
    struct raw_server raw;
    struct tiny tiny;

    (void)state;
    limits.max_calls = CALLS;
    stage_open(&stage, false);
    raw_server_tiny(&raw, &stage, NULL, &limits, &tiny);
    for (int i = 0; i < CALLS; i++) {
        told[i].other = i + 1 < CALLS ? &told[i + 1] : NULL;
        start(&told[i], &tiny, 0, collect_the_other);
    }
    fake_break(stage_end(raw.client), HPRPC_EPEERDIED, "it fell over");
    assert_int_equal(tiny_echo_finish(&told[0].call, NULL), HPRPC_EPEERDIED);
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(told[i].count, 1);
        assert_int_equal(told[i].code, i + 1 < CALLS ? HPRPC_EPEERDIED : 0);
        hprpc_call_clear(&told[i].call);
    }
    raw_server_close(&raw);
    stage_close(&stage);
}

/* ---- Expiring ---- */

static void start_the_other(void *self, struct hprpc_pending_call *pending)
{
    struct told *told = self;

    count_it(self, pending);
    hprpc_call_clear(&told->call);
    if (told->other)
        start(told->other, told->tiny, 5, count_it);
}

static void all_expire_at_once(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct told told[CALLS] = { 0 }, next[CALLS] = { 0 };
    struct stage stage;
    struct raw_server raw;
    struct tiny tiny;

    (void)state;
    options.pump = HPRPC_PUMP_LOOP;
    limits.max_calls = 2 * CALLS;
    stage_open(&stage, true);
    raw_server_tiny(&raw, &stage, &options, &limits, &tiny);
    for (int i = 0; i < CALLS; i++) {
        told[i].other = &next[i];
        start(&told[i], &tiny, i < CALLS / 2 ? 10 : 20, start_the_other);
    }
    atomic_fetch_add(&stage.time, 10 * 1000000ull);
    assert_int_equal(hprpc_client_process(raw.client), 0);
    /* the calls that callbacks started expire before the rest */
    assert_int_equal(hprpc_client_timeout(raw.client), 5);
    atomic_fetch_add(&stage.time, 5 * 1000000ull);
    assert_int_equal(hprpc_client_process(raw.client), 0);
    assert_int_equal(hprpc_client_timeout(raw.client), 5);
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(told[i].count, i < CALLS / 2);
        assert_int_equal(next[i].count, i < CALLS / 2);
    }
    atomic_fetch_add(&stage.time, 86400ull * 1000000000);
    assert_int_equal(hprpc_client_process(raw.client), 0);
    assert_int_equal(hprpc_client_process(raw.client), 0);
    atomic_fetch_add(&stage.time, 86400ull * 1000000000);
    assert_int_equal(hprpc_client_process(raw.client), 0);
    assert_int_equal(hprpc_client_timeout(raw.client), -1);
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(told[i].count, 1);
        assert_int_equal(next[i].count, 1);
        assert_int_equal(tiny_echo_finish(&next[i].call, NULL), HPRPC_EDEADLINE);
        hprpc_call_clear(&next[i].call);
    }
    raw_server_close(&raw);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(cleared_by_a_thread_that_saw_it_done),
        fixture_test(the_callback_frees_what_is_being_cleared),
        fixture_test(not_used_again_while_the_callback_runs),
        fixture_test(collected_while_the_connection_breaks),
        fixture_test(all_expire_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
