/* SPDX-License-Identifier: MIT */
/* The server as a whole: workers, loops, what it keeps, how it stops, and keepalive. */
#include "rpc/stage.h"

#include "rpc/server.h"

/* What the handlers of this file share with their tests. */
struct hall {
    atomic_int inside, most; /* handlers that run now, and the most that ran at once */
    atomic_bool open;        /* lets the handlers return */
    _Atomic(struct hprpc_request *) kept;
    atomic_uint threads; /* how many are in `seen` */
    pthread_mutex_t lock;
    pthread_t seen[16];
};

static void hall_init(struct hall *hall)
{
    memset(hall, 0, sizeof(*hall));
    pthread_mutex_init(&hall->lock, NULL);
}

static void remember_thread(struct hall *hall)
{
    unsigned count, i;

    pthread_mutex_lock(&hall->lock);
    count = atomic_load(&hall->threads);
    for (i = 0; i < count && !pthread_equal(hall->seen[i], pthread_self()); i++)
        continue;
    if (i == count && count < 16) {
        hall->seen[count] = pthread_self();
        atomic_store(&hall->threads, count + 1);
    }
    pthread_mutex_unlock(&hall->lock);
}

/* A handler that returns when the hall is open. */
static int linger(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct hall *hall = self;
    int inside = atomic_fetch_add(&hall->inside, 1) + 1;
    int most = atomic_load(&hall->most);

    while (inside > most && !atomic_compare_exchange_weak(&hall->most, &most, inside))
        continue;
    for (struct patience p = patience_begin(); !atomic_load(&hall->open) && try_again(&p);)
        continue;
    atomic_fetch_sub(&hall->inside, 1);
    return tiny_echo_reply(request, data.data, data.size);
}

static int answer_and_remember(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    remember_thread(self);
    return tiny_echo_reply(request, data.data, data.size);
}

/* A handler that keeps the request, which the test answers. */
static int keep(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct hall *hall = self;
    int r = hprpc_request_defer(request);

    (void)data;
    if (r == 0)
        atomic_store(&hall->kept, request);
    return r;
}

static struct hprpc_request *wait_for_kept(struct hall *hall)
{
    struct hprpc_request *request = NULL;

    for (struct patience p = patience_begin(); !(request = atomic_load(&hall->kept)) && try_again(&p);)
        continue;
    assert_non_null(request);
    return request;
}

/* ---- Workers ---- */

static void workers_run_side_by_side(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct tiny_handlers handlers = { linger, linger, tiny_plain.note };
    struct hprpc_call calls[3] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT };
    struct hprpc_client *client;
    struct stage stage;
    struct hall hall;
    struct tiny tiny;

    (void)state;
    hall_init(&hall);
    stage_open(&stage, false);
    options.workers = 2;
    stage_serve(&stage, &options, &handlers, &hall);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tiny_echo_start(&tiny, &calls[i], "abc", 3), 0);
    for (struct patience p = patience_begin(); atomic_load(&hall.inside) < 2 && try_again(&p);)
        continue;
    assert_int_equal(tiny_note(&tiny, NULL, "the loop is free", 16), 0);
    atomic_store(&hall.open, true);
    for (int i = 0; i < 3; i++) {
        struct kodosis_bytes data = { NULL, 0 };

        assert_int_equal(tiny_echo_finish(&calls[i], &data), 0);
        assert_int_equal(data.size, 3);
        hprpc_call_clear(&calls[i]);
    }
    assert_int_equal(atomic_load(&hall.most), 2);
    hprpc_client_free(client);
    stage_unserve(&stage);
    stage_close(&stage);
}

/* Calls its caller back with one byte less, until no byte is left. Both ends use it. */
static int bounce(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct hprpc_client *caller = hprpc_controller_client(hprpc_request_controller(request));
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply = { NULL, 0 };
    struct tiny tiny;
    int r = 0;

    (void)self;
    if (!data.size)
        return tiny_echo_reply(request, "bottom", 6);
    r = tiny_bind(caller, &tiny_interface, NULL, &tiny);
    if (r == 0)
        r = tiny_echo(&tiny, &call, data.data, data.size - 1, &reply);
    r = r < 0 ? r : tiny_echo_reply(request, reply.data, reply.size);
    hprpc_call_clear(&call);
    return r;
}

static const struct tiny_handlers bouncing = { bounce, bounce, bounce };

static void nested_calls_find_a_worker(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client *client;
    struct stage stage;

    (void)state;
    for (uint32_t workers = 0; workers < 2; workers++) {
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct kodosis_bytes data = { NULL, 0 };
        struct tiny tiny;

        stage_open(&stage, false);
        options.workers = workers;
        stage_serve(&stage, &options, &bouncing, NULL);
        stage_run(&stage);
        client = stage_connect_tiny(&stage, "", NULL, &tiny);
        assert_int_equal(hprpc_controller_serve(hprpc_client_controller(client), &tiny_interface, &bouncing, NULL), 0);
        assert_int_equal(tiny_echo(&tiny, &call, "0123456789abcdef", 16, &data), 0);
        assert_int_equal(data.size, 6);
        assert_memory_equal(data.data, "bottom", 6);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        stage_unserve(&stage);
        stage_close(&stage);
    }
}

static void nesting_ends_at_its_limit(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options mine = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client;
    struct stage stage;

    (void)state;
    options.max_depth = mine.max_depth = 4;
    for (uint32_t workers = 0; workers < 2; workers++) {
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct tiny tiny;

        stage_open(&stage, false);
        options.workers = workers;
        stage_serve(&stage, &options, &bouncing, NULL);
        stage_run(&stage);
        client = stage_connect_tiny(&stage, "", &mine, &tiny);
        assert_int_equal(hprpc_controller_serve(hprpc_client_controller(client), &tiny_interface, &bouncing, NULL), 0);
        assert_int_equal(tiny_echo(&tiny, &call, "0123456789abcdef", 16, NULL), HPRPC_EBUSY);
        hprpc_call_clear(&call);
        assert_int_equal(tiny_echo(&tiny, NULL, "01", 2, NULL), 0);
        hprpc_client_free(client);
        stage_unserve(&stage);
        stage_close(&stage);
    }
}

/* ---- Loops ---- */

static void loops_share_the_connections(void **state)
{
    enum { CLIENTS = 9 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct tiny_handlers handlers = { answer_and_remember, answer_and_remember, tiny_plain.note };
    struct hprpc_client *clients[CLIENTS];
    struct tiny tinies[CLIENTS];
    struct stage stage;
    struct hall hall;

    (void)state;
    hall_init(&hall);
    stage_open(&stage, false);
    options.loops = 3;
    stage_serve(&stage, &options, &handlers, &hall);
    stage_run(&stage);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = stage_connect_tiny(&stage, "", NULL, &tinies[i]);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < CLIENTS; i++)
            assert_int_equal(tiny_echo(&tinies[i], NULL, "x", 1, NULL), 0);
    }
    assert_int_equal(atomic_load(&hall.threads), 3);
    assert_int_equal(hprpc_server_descriptor(stage.server), HPRPC_EINVAL);
    for (int i = 0; i < CLIENTS; i++)
        hprpc_client_free(clients[i]);
    stage_unserve(&stage);
    stage_close(&stage);
}

/* ---- What a server keeps ---- */

static void keeps_no_more_than_it_may(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct tiny_handlers handlers = { keep, tiny_plain.poke, tiny_plain.note };
    struct hprpc_call first = HPRPC_CALL_INIT, second = HPRPC_CALL_INIT;
    struct hprpc_client *client;
    struct stage stage;
    struct hall hall;
    struct tiny tiny;

    (void)state;
    hall_init(&hall);
    stage_open(&stage, false);
    options.max_kept_calls = 1;
    stage_serve(&stage, &options, &handlers, &hall);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(tiny_echo_start(&tiny, &first, "1", 1), 0);
        wait_for_kept(&hall);
        assert_int_equal(tiny_echo(&tiny, &second, "2", 1, NULL), HPRPC_EBUSY);
        assert_int_equal(tiny_poke(&tiny, NULL, "3", 1), 0); /* answered at once, so it is not kept */
        tiny_echo_reply(atomic_exchange(&hall.kept, NULL), "late", 4);
        assert_int_equal(tiny_echo_finish(&first, NULL), 0);
        hprpc_call_clear(&first);
        hprpc_call_clear(&second);
    }
    hprpc_client_free(client);
    stage_unserve(&stage);
    stage_close(&stage);
}

static void takes_no_more_connections_than_it_may(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options mine = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *first, *second;
    struct hprpc_detail detail;
    struct stage stage;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    options.max_connections = 1;
    stage_serve(&stage, &options, &tiny_plain, NULL);
    stage_run(&stage);
    first = stage_connect_tiny(&stage, "", NULL, &tiny);
    assert_int_equal(hprpc_client_connect(stage.context, stage.uri, &mine, &detail, &second), HPRPC_EREFUSED);
    assert_non_null(strstr(detail.text, "the server has 1 connections, and takes no more"));
    assert_int_equal(tiny_poke(&tiny, NULL, "", 0), 0);
    hprpc_client_free(first);
    second = stage_connect_tiny(&stage, "", NULL, &tiny); /* there is room again */
    assert_int_equal(tiny_poke(&tiny, NULL, "", 0), 0);
    hprpc_client_free(second);
    stage_unserve(&stage);
    stage_close(&stage);
}

/* ---- Stopping ---- */

static void stopping_lets_kept_requests_finish(void **state)
{
    struct tiny_handlers handlers = { keep, tiny_plain.poke, tiny_plain.note };
    struct hprpc_call kept = HPRPC_CALL_INIT;
    struct kodosis_bytes data = { NULL, 0 };
    struct hprpc_client *client;
    struct stage stage;
    struct hall hall;
    struct tiny tiny;
    int r = 0;

    (void)state;
    hall_init(&hall);
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &handlers, &hall);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);
    assert_int_equal(tiny_echo_start(&tiny, &kept, "1", 1), 0);
    wait_for_kept(&hall);
    hprpc_server_stop(stage.server);
    for (struct patience p = patience_begin(); r == 0 && try_again(&p);)
        r = tiny_poke(&tiny, NULL, "", 0);
    assert_true(r == HPRPC_EBUSY || r == HPRPC_ENOTSENT); /* the request came before the DRAIN, or after it */
    while (r == HPRPC_EBUSY)
        r = tiny_poke(&tiny, NULL, "", 0);
    assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_DRAINING);
    assert_int_equal(tiny_echo_reply(atomic_load(&hall.kept), "done", 4), 0);
    assert_int_equal(tiny_echo_finish(&kept, &data), 0);
    assert_memory_equal(data.data, "done", 4);
    hprpc_call_clear(&kept);
    stage_unserve(&stage);
    assert_int_equal(tiny_poke(&tiny, NULL, "", 0), HPRPC_ENOTSENT);
    hprpc_client_free(client);
    stage_close(&stage);
}

static void stopping_does_not_wait_for_ever(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct tiny_handlers handlers = { keep, tiny_plain.poke, tiny_plain.note };
    struct hprpc_call kept = HPRPC_CALL_INIT;
    struct hprpc_client *client;
    struct hprpc_request *request;
    struct stage stage;
    struct hall hall;
    struct tiny tiny;

    (void)state;
    hall_init(&hall);
    stage_open(&stage, false);
    options.stop_timeout_ms = 20;
    stage_serve(&stage, &options, &handlers, &hall);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);
    assert_int_equal(tiny_echo_start(&tiny, &kept, "1", 1), 0);
    request = wait_for_kept(&hall);
    assert_false(hprpc_request_cancelled(request));
    stage_unserve(&stage);
    assert_true(hprpc_request_cancelled(request));
    assert_int_equal(tiny_echo_finish(&kept, NULL), HPRPC_EMAYBE);
    hprpc_call_clear(&kept);
    assert_true(tiny_echo_reply(request, "too late", 8) < 0); /* the answer fails, and the request is released */
    hprpc_client_free(client);
    stage_close(&stage);
}

/* ---- Inside an application's loop ---- */

/* The time-out is never shorter than the time that is left: the loop would wake up for nothing. */
static void a_part_of_a_millisecond_counts_as_one(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct fake_end *end;
    struct stage stage;

    (void)state;
    stage_open(&stage, true);
    options.handshake_timeout_ms = 10;
    stage_serve(&stage, &options, &tiny_plain, NULL);
    end = fake_connect(stage.name);
    stage_turn(&stage);
    assert_int_equal(hprpc_server_timeout(stage.server), 10);
    atomic_fetch_add(&stage.time, 1);
    assert_int_equal(hprpc_server_timeout(stage.server), 10);
    atomic_fetch_add(&stage.time, 9999998);
    assert_int_equal(hprpc_server_timeout(stage.server), 1);
    atomic_fetch_add(&stage.time, 1);
    assert_int_equal(hprpc_server_timeout(stage.server), 0);
    fake_leave(end);
    stage_turn(&stage);
    stage_close(&stage);
}

/* A listener without a descriptor is looked at every millisecond, also where nothing else is to come. */
static void a_silent_listener_is_looked_at(void **state)
{
    struct hprpc_detail detail = { "" };
    struct fake_end *end;
    struct stage stage;
    char uri[96];

    (void)state;
    stage_open(&stage, true);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    snprintf(uri, sizeof(uri), "%s-silent?doorbell=none", stage.uri);
    assert_int_equal(hprpc_server_listen(stage.server, uri, &detail), 0);
    stage_turn(&stage);
    assert_int_equal(hprpc_server_timeout(stage.server), 1);
    snprintf(uri, sizeof(uri), "%s-silent", stage.name);
    end = fake_connect(uri);
    atomic_fetch_add(&stage.time, 1000000);
    assert_int_equal(hprpc_server_timeout(stage.server), 0);
    stage_turn(&stage);
    /* the connection has no descriptor either */
    raw_hello(end, &(struct raw_limits)RAW_LIMITS_INIT);
    atomic_fetch_add(&stage.time, 1000000);
    stage_turn(&stage);
    assert_int_equal(fake_count(fake_peer(end), HPRPC_MESSAGE_HELLO), 1);
    fake_leave(end);
    atomic_fetch_add(&stage.time, 1000000);
    stage_turn(&stage);
    stage_close(&stage);
}

static int count_up_to_two(void *self, struct hprpc_controller *controller)
{
    (void)controller;
    return ++*(int *)self == 2 ? 7 : 0;
}

/* A visit that ends early keeps none of the connections that it did not come to: their memory goes with them. */
static void a_visit_may_end_early(void **state)
{
    struct fake_end *ends[4];
    struct stage stage;
    int visited = 0;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    for (size_t i = 0; i < 4; i++)
        ends[i] = raw_connect(&stage, NULL);
    assert_int_equal(hprpc_server_connections(stage.server, count_up_to_two, &visited), 7);
    assert_int_equal(visited, 2);
    for (size_t i = 0; i < 4; i++)
        fake_leave(ends[i]);
    stage_turn(&stage);
    assert_int_equal(atomic_load(&stage.server->shared->living), 0);
    stage_close(&stage);
}

/* ---- Signs of life ---- */

struct diary {
    enum hprpc_client_state states[8];
    int codes[8];
    unsigned count;
};

static void write_down(void *self, enum hprpc_client_state state, int code, const char *reason)
{
    struct diary *diary = self;

    assert_non_null(reason);
    if (diary->count < 8) {
        diary->states[diary->count] = state;
        diary->codes[diary->count++] = code;
    }
}

static void silence_ends_a_connection(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct raw_server raw;
    struct stage stage;
    struct diary diary = { .count = 0 };
    struct tiny tiny;

    (void)state;
    for (int pumped = 0; pumped < 2; pumped++) {
        diary.count = 0;
        stage_open(&stage, true);
        options.pump = HPRPC_PUMP_LOOP;
        options.keepalive_ms = 1000;
        options.changed = write_down;
        options.changed_self = &diary;
        limits.pumped = pumped;
        raw_server_tiny(&raw, &stage, &options, &limits, &tiny);
        for (int second = 0; second < 2; second++) {
            atomic_fetch_add(&stage.time, 1000000000u);
            assert_int_equal(hprpc_client_process(raw.client), 0);
        }
        /* a side that says it is not always pumped gets no PING */
        assert_int_equal(fake_count(stage_end(raw.client), HPRPC_MESSAGE_PING), pumped);
        raw_signal(raw.end, HPRPC_MESSAGE_PONG, 0);
        for (int second = 0; second < 10 && hprpc_client_process(raw.client) == 0; second++)
            atomic_fetch_add(&stage.time, 1000000000u);
        assert_int_equal(hprpc_client_state(raw.client), pumped ? HPRPC_CLIENT_BROKEN : HPRPC_CLIENT_READY);
        raw_server_close(&raw);
        assert_int_equal(diary.count, 3);
        assert_int_equal(diary.states[0], HPRPC_CLIENT_CONNECTING);
        assert_int_equal(diary.states[1], HPRPC_CLIENT_READY);
        assert_int_equal(diary.states[2], pumped ? HPRPC_CLIENT_BROKEN : HPRPC_CLIENT_CLOSED);
        assert_int_equal(diary.codes[2], pumped ? HPRPC_EPEERDIED : HPRPC_EMAYBE);
        stage_close(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(workers_run_side_by_side),           fixture_test(nested_calls_find_a_worker),
        fixture_test(nesting_ends_at_its_limit),          fixture_test(loops_share_the_connections),
        fixture_test(keeps_no_more_than_it_may),          fixture_test(takes_no_more_connections_than_it_may),
        fixture_test(stopping_lets_kept_requests_finish), fixture_test(stopping_does_not_wait_for_ever),
        fixture_test(silence_ends_a_connection),          fixture_test(a_part_of_a_millisecond_counts_as_one),
        fixture_test(a_silent_listener_is_looked_at),     fixture_test(a_visit_may_end_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
