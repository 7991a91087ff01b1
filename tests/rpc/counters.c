/* SPDX-License-Identifier: MIT */
/* However calls end, and however often: the counters of both sides go back to their first values. */
#include "rpc/stage.h"

#include "rpc/call/ticket.h"
#include "rpc/server.h"

enum { ROUNDS = 200, KEPT = 4 };

/* The counters of a server, as one of its handlers sees them while nothing else is under way. */
struct counts {
    uint32_t open_calls, told, oneway_calls, oneway_done;
    uint64_t open_bytes, oneway_bytes, oneway_bytes_done;
    unsigned kept_calls;
    uint64_t kept_bytes, unread;
};

struct counter {
    struct counts counts;
    bool works; /* handlers run on workers, which do not see the counters of the pump */
    struct hprpc_request *kept[KEPT];
    atomic_int kept_count;
    atomic_uint noted;
};

static void look_at_counts(struct counter *counter, struct hprpc_controller *controller)
{
    struct counts *counts = &counter->counts;

    *counts = (struct counts){ 0 };
    if (!counter->works) {
        counts->open_calls = controller->calls_received - atomic_load(&controller->calls_answered);
        counts->open_bytes = controller->bytes_received - atomic_load(&controller->bytes_answered);
    }
    hprpc__mutex_lock(&controller->lock);
    counts->told = controller->told;
    counts->oneway_calls = controller->oneway_calls;
    counts->oneway_done = controller->oneway_done;
    counts->oneway_bytes = controller->oneway_bytes;
    counts->oneway_bytes_done = controller->oneway_bytes_done;
    hprpc__mutex_unlock(&controller->lock);
    counts->kept_calls = atomic_load(&controller->quota->calls);
    counts->kept_bytes = atomic_load(&controller->quota->bytes);
    counts->unread = atomic_load(&controller->quota->unread);
}

/* Fails for "e", raises for "r", keeps the request for "k", and echoes other data. */
static int act(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct counter *counter = self;

    switch (data.size ? data.data[0] : 0) {
    case 'e':
        return hprpc_request_fail(request, HPRPC_EINTERNAL, "as it was told to");
    case 'r':
        return tiny_trouble_raise(request, data.data, data.size);
    case 'k':
        if (hprpc_request_defer(request) < 0)
            return HPRPC_EBUSY;
        counter->kept[atomic_load(&counter->kept_count)] = request;
        atomic_fetch_add(&counter->kept_count, 1);
        return 0;
    default:
        return tiny_echo_reply(request, data.data, data.size);
    }
}

static int look(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)data;
    look_at_counts(self, hprpc_request_controller(request));
    return 0;
}

static int take_note(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)request;
    (void)data;
    atomic_fetch_add(&((struct counter *)self)->noted, 1);
    return 0;
}

static const struct tiny_handlers acting = { act, look, take_note };

/* ---- Calls of all kinds ---- */

/* A call, a posted call and a one-way call that write less than the size they announced. */
static void fail_to_encode(struct tiny *tiny)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_stub stub;

    assert_int_equal(hprpc_stub_begin(&stub, tiny->client, tiny->binding, &call, TINY_ECHO, 5000), 0);
    assert_int_equal(hprpc_stub_exchange(&stub), HPRPC_EINVAL);
    assert_int_equal(hprpc_stub_begin(&stub, tiny->client, tiny->binding, &call, TINY_ECHO, 6000), 0);
    assert_int_equal(hprpc_stub_post(&stub), HPRPC_EINVAL);
    assert_int_equal(hprpc_stub_begin_oneway(&stub, tiny->client, tiny->binding, &call, TINY_NOTE, 7000), 0);
    assert_int_equal(hprpc_stub_send(&stub), HPRPC_EINVAL);
    hprpc_call_clear(&call);
}

static void call(struct tiny *tiny, const char *what, size_t size, int code)
{
    static char data[3000];

    data[0] = what[0];
    assert_int_equal(tiny_echo(tiny, NULL, data, size, NULL), code);
}

/* Calls that the server keeps, and that are cancelled or cleared before they are answered. */
static void cancel_some(struct tiny *tiny, struct counter *counter)
{
    struct hprpc_call calls[KEPT] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT };
    struct patience patience = patience_begin();

    atomic_store(&counter->kept_count, 0);
    for (int i = 0; i < KEPT; i++) {
        assert_int_equal(tiny_echo_start(tiny, &calls[i], "k", 1), 0);
        while (atomic_load(&counter->kept_count) == i && try_again(&patience))
            continue;
    }
    for (int i = 0; i < KEPT; i++) {
        if (i % 2)
            hprpc_pending_call_cancel(calls[i].pending);
        hprpc_call_clear(&calls[i]);
    }
    for (int i = 0; i < KEPT; i++)
        hprpc_request_fail(counter->kept[i], HPRPC_EINTERNAL, "late");
}

static void one_round(struct tiny *tiny, struct counter *counter)
{
    call(tiny, "x", 0, 0);
    call(tiny, "x", 3000, 0);
    call(tiny, "e", 1, HPRPC_EINTERNAL);
    call(tiny, "r", 300, HPRPC_EAPPLICATION);
    assert_int_equal(tiny_note(tiny, NULL, "note", 4), 0);
    fail_to_encode(tiny);
    cancel_some(tiny, counter);
}

/* ---- What is left ---- */

/* Counts the tickets that are kept for later calls. The echo before it received all late answers. */
static unsigned count_tickets(struct hprpc_controller *controller)
{
    unsigned count = 0;

    hprpc__mutex_lock(&controller->lock);
    for (struct hprpc__link *link = controller->tickets.pool.first; link; link = link->next)
        count++;
    hprpc__mutex_unlock(&controller->lock);
    return count;
}

static void check_client(struct hprpc_controller *controller)
{
    hprpc__mutex_lock(&controller->lock);
    assert_int_equal(controller->calls_out, controller->oneway_calls_out);
    assert_int_equal(controller->bytes_out, controller->oneway_bytes_out);
    assert_int_equal(controller->tickets.held, 0);
    assert_int_equal(controller->unread, 0);
    hprpc__mutex_unlock(&controller->lock);
    assert_int_equal(hprpc__queued(controller), 0);
    assert_int_equal(atomic_load(&controller->pump.waiting), 0);
    assert_int_equal(atomic_load(&controller->pump.wanting), 0);
}

/* Waits until the server counts all work as done: that is when a handler has returned, a moment after its answer. */
static void await_what_is_done(struct tiny *tiny, struct counter *counter)
{
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(tiny_poke(tiny, NULL, "?", 1), 0);
        if (!counter->counts.told && counter->counts.kept_calls == counter->works &&
            counter->counts.oneway_calls == counter->counts.oneway_done)
            return;
    }
}

/* Only the call that looks is counted. CREDIT comes in batches: the client must count as many one-way calls as the server. */
static void check_server(struct tiny *tiny, struct counter *counter)
{
    const struct counts *counts = &counter->counts;
    struct hprpc_controller *client = tiny->client->controller;

    await_what_is_done(tiny, counter);
    assert_int_equal(counts->open_calls, counter->works ? 0 : 1);
    assert_int_equal(counts->open_bytes, counter->works ? 0 : 2);
    assert_int_equal(counts->told, 0);
    assert_int_equal(counts->oneway_calls, counts->oneway_done);
    assert_int_equal(counts->oneway_bytes, counts->oneway_bytes_done);
    assert_int_equal(client->oneway_calls_out, counts->oneway_calls);
    assert_int_equal(client->oneway_bytes_out, counts->oneway_bytes);
    assert_int_equal(counts->kept_calls, counter->works ? 1 : 0);
    assert_int_equal(counts->kept_bytes, counter->works ? 2 : 0);
    assert_int_equal(counts->unread, 0);
}

static void everything_comes_back(void **state)
{
    for (int works = 0; works < 2; works++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct patience patience = patience_begin();
        struct counter counter = { .works = works };
        struct hprpc_client *client;
        unsigned tickets = 0;
        struct stage stage;
        struct tiny tiny;

        (void)state;
        stage_open(&stage, false);
        options.workers = works ? 2 : 0;
        stage_serve(&stage, &options, &acting, &counter);
        stage_run(&stage);
        client = stage_connect_tiny(&stage, "", NULL, &tiny);
        for (unsigned round = 1; round <= ROUNDS; round++) {
            one_round(&tiny, &counter);
            while (atomic_load(&counter.noted) < round && try_again(&patience))
                continue;
            if (round == ROUNDS / 2)
                tickets = count_tickets(client->controller);
        }
        assert_int_equal(count_tickets(client->controller), tickets);
        check_server(&tiny, &counter);
        check_client(client->controller);
        hprpc_client_free(client);
        while (atomic_load(&stage.server->shared->living) && try_again(&patience))
            continue;
        assert_int_equal(atomic_load(&stage.server->loops[0].loop.connection_count), 0);
        assert_int_equal(atomic_load(&stage.server->shared->quota.slow), 0);
        stage_close(&stage);
    }
}

static void count_relief(void *self)
{
    ++*(int *)self;
}

/* Unread bytes of several connections grow, are read, and grow again. */
static void unread_bytes_come_back(void **state)
{
    int relieved = 0;
    struct hprpc__quota quota = { .max_unread = 1000, .relieve = count_relief, .self = &relieved };

    (void)state;
    for (int round = 0; round < 3; round++) {
        hprpc__quota_count_unread(&quota, 0, 400);
        hprpc__quota_count_unread(&quota, 0, 300);
        assert_int_equal(atomic_load(&quota.slow), 2);
        hprpc__quota_count_unread(&quota, 400, 600);
        assert_int_equal(atomic_load(&quota.slow), 2);
        assert_int_equal(relieved, round);
        assert_false(hprpc__quota_overflows(&quota));
        hprpc__quota_count_unread(&quota, 600, 800);
        assert_int_equal(relieved, round + 1);
        assert_true(hprpc__quota_overflows(&quota));
        hprpc__quota_count_unread(&quota, 800, 0);
        assert_int_equal(atomic_load(&quota.slow), 1);
        hprpc__quota_count_unread(&quota, 300, 0);
        assert_int_equal(atomic_load(&quota.slow), 0);
        assert_int_equal(atomic_load(&quota.unread), 0);
    }
}

/* Takes requests up to the limit and beyond: a refused request is not counted. */
static void kept_requests_come_back(void **state)
{
    struct hprpc__quota quota = { .max_calls = 3, .max_bytes = 100 };

    (void)state;
    for (int round = 0; round < 3; round++) {
        assert_true(hprpc__quota_take(&quota, 50));
        assert_false(hprpc__quota_take(&quota, 51));
        assert_true(hprpc__quota_take(&quota, 50));
        assert_true(hprpc__quota_take(&quota, 0));
        assert_false(hprpc__quota_take(&quota, 0));
        assert_int_equal(atomic_load(&quota.calls), 3);
        assert_int_equal(atomic_load(&quota.bytes), 100);
        for (int i = 0; i < 3; i++)
            hprpc__quota_give(&quota, i < 2 ? 50 : 0);
        assert_int_equal(atomic_load(&quota.calls), 0);
        assert_int_equal(atomic_load(&quota.bytes), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(everything_comes_back),
        fixture_test(unread_bytes_come_back),
        fixture_test(kept_requests_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
