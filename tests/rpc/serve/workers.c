/* SPDX-License-Identifier: MIT */
/* The threads that run handlers: one limit for all of them, whatever depth a peer claims, and how they end. */
#include "rpc/stage.h"

#include <dirent.h>

static int count_threads(void)
{
    DIR *directory = opendir("/proc/self/task");
    int count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count - 2;
}

static void await_threads(int count)
{
    struct patience patience = patience_begin();
    int now;

    while ((now = count_threads()) > count && try_again(&patience))
        continue;
    assert_true(now <= count);
}

struct hall {
    atomic_int inside, most;
    atomic_bool open;
};

static void enter(struct hall *hall)
{
    int inside = atomic_fetch_add(&hall->inside, 1) + 1, most = atomic_load(&hall->most);

    while (inside > most && !atomic_compare_exchange_weak(&hall->most, &most, inside))
        continue;
}

/* For "l", stays until the hall is open; for "c", calls back and returns the caller's code; answers other data at once. */
static int act(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct hprpc_client *caller = hprpc_controller_client(hprpc_request_controller(request));
    struct hall *hall = self;
    struct tiny tiny;
    int r = 0;

    if (!data.size || data.data[0] == 'x')
        return tiny_echo_reply(request, data.data, data.size);
    enter(hall);
    if (data.data[0] == 'c')
        r = tiny_bind(caller, &tiny_interface, NULL, &tiny);
    if (data.data[0] == 'c' && r == 0)
        r = tiny_echo(&tiny, NULL, "?", 1, NULL);
    for (struct patience p = patience_begin(); data.data[0] == 'l' && !atomic_load(&hall->open) && try_again(&p);)
        continue;
    atomic_fetch_sub(&hall->inside, 1);
    return r < 0 ? r : tiny_echo_reply(request, data.data, data.size);
}

static const struct tiny_handlers acting = { act, act, NULL };

static void await_inside(struct hall *hall, int count)
{
    struct patience patience = patience_begin();

    while (atomic_load(&hall->inside) < count && try_again(&patience))
        continue;
    if (atomic_load(&hall->inside) != count)
        fail_msg("%d inside, not %d", atomic_load(&hall->inside), count);
}

static void send_at_depth(struct fake_end *end, uint32_t call, uint16_t depth, const char *what)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_REQUEST, .call = call, .depth = depth };
    uint8_t body[2] = { 1, (uint8_t)what[0] };

    header.flags = depth ? HPRPC_FLAG_DEPTH : 0;
    fake_send(end, &header, body, sizeof(body));
}

static void expect_replies(struct fake_end *end, int count)
{
    struct fake_message message;

    for (int i = 0; i < count; i++) {
        assert_true(fake_expect(end, HPRPC_MESSAGE_REPLY, &message));
        fake_message_clear(&message);
    }
}

static struct fake_end *open_stage(struct stage *stage, struct hall *hall, uint32_t workers)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct fake_end *end;

    memset(hall, 0, sizeof(*hall));
    stage_open(stage, false);
    options.workers = workers;
    options.worker_idle_ms = 1;
    stage_serve(stage, &options, &acting, hall);
    limits.max_calls = 1024;
    end = raw_connect(stage, &limits);
    stage_run(stage);
    return end;
}

/* For each depth, as many requests as there are workers: no more handlers run, and no more threads exist. */
static void a_claimed_depth_makes_no_threads(void **state)
{
    static const uint32_t workers[] = { 1, 2, 5 };

    (void)state;
    for (size_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
        struct fake_end *end, *other;
        struct stage stage;
        struct hall hall;
        uint32_t call = 0;
        int before;

        end = open_stage(&stage, &hall, workers[i]);
        before = count_threads();
        for (uint16_t depth = 63; depth > 0; depth--) {
            for (uint32_t n = 0; n < workers[i]; n++)
                send_at_depth(end, call++, depth, "l");
        }
        /* the loop reads the PING after all these requests */
        raw_signal(end, HPRPC_MESSAGE_PING, 0);
        await_inside(&hall, (int)workers[i]);
        assert_true(count_threads() <= before + (int)workers[i]);
        fake_leave(end);
        atomic_store(&hall.open, true);
        other = fake_connect(stage.name);
        raw_hello(other, &(struct raw_limits)RAW_LIMITS_INIT);
        raw_bind(other);
        send_at_depth(other, 0, 0, "x");
        expect_replies(other, 1);
        /* workers with nothing to do end, and others start */
        await_threads(before);
        send_at_depth(other, 0, 0, "x");
        expect_replies(other, 1);
        assert_true(atomic_load(&hall.most) <= (int)workers[i]);
        fake_leave(other);
        stage_close(&stage);
    }
}

/* Returns the id of the next call that is answered. */
static uint32_t next_answered(struct fake_end *end)
{
    struct fake_message message;
    uint32_t call;

    assert_true(fake_expect(end, HPRPC_MESSAGE_REPLY, &message));
    call = message.header.call;
    fake_message_clear(&message);
    return call;
}

/*
 * While the only worker is inside a handler, other requests come: those that follow from its call, and others, take turns
 * later.
 */
static void one_worker_takes_turns(void **state)
{
    struct fake_message message;
    struct fake_end *end;
    struct stage stage;
    struct hall hall;

    (void)state;
    end = open_stage(&stage, &hall, 1);
    send_at_depth(end, 0, 0, "l");
    await_inside(&hall, 1);
    for (uint32_t i = 0; i < 3; i++) {
        send_at_depth(end, 10 + i, 1, "x");
        send_at_depth(end, 20 + i, 0, "x");
    }
    raw_signal(end, HPRPC_MESSAGE_PING, 0);
    assert_true(fake_expect(end, HPRPC_MESSAGE_PONG, &message));
    fake_message_clear(&message);
    atomic_store(&hall.open, true);
    assert_int_equal(next_answered(end), 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(next_answered(end), 10 + i);
        assert_int_equal(next_answered(end), 20 + i);
    }
    fake_leave(end);
    stage_close(&stage);
}

/* Answers the BIND of a handler, and returns the id of its call. */
static uint32_t await_callback(struct fake_end *end)
{
    struct fake_message message;
    uint32_t call;

    assert_true(fake_expect(end, HPRPC_MESSAGE_BIND, &message));
    raw_bound(end, message.header.call);
    fake_message_clear(&message);
    assert_true(fake_expect(end, HPRPC_MESSAGE_REQUEST, &message));
    assert_int_equal(message.header.depth, 1);
    call = message.header.call;
    fake_message_clear(&message);
    return call;
}

/* A handler that waits runs the requests that follow from its call if no worker is free. */
static void a_waiting_handler_lends_its_thread(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct fake_message message;
        struct stage stage;
        struct fake_end *end;
        struct hall hall;
        uint32_t asked;

        end = open_stage(&stage, &hall, workers);
        send_at_depth(end, 0, 0, "c");
        asked = await_callback(end);
        /* all other workers are busy, and stay so */
        for (uint32_t n = 1; n < workers; n++)
            send_at_depth(end, n, 0, "l");
        await_inside(&hall, (int)workers);
        /* the thread is awake or asleep when request 100 comes, and may run it when request 101 comes */
        for (uint32_t round = 0; round < 20; round++) {
            send_at_depth(end, 100, 2, "x");
            send_at_depth(end, 101, 2, "x");
            expect_replies(end, 2);
        }
        /* a request that does not follow from its call waits */
        send_at_depth(end, 102, 1, "x");
        send_at_depth(end, 103, 2, "x");
        assert_true(fake_expect(end, HPRPC_MESSAGE_REPLY, &message));
        assert_int_equal(message.header.call, 103);
        fake_message_clear(&message);
        raw_reply(end, asked, "!", 1);
        atomic_store(&hall.open, true);
        expect_replies(end, (int)workers + 1);
        fake_leave(end);
        stage_close(&stage);
    }
}

/* However many nested requests come, one worker is left for the others. */
static void what_is_not_nested_keeps_a_worker(void **state)
{
    (void)state;
    for (uint32_t workers = 2; workers <= 4; workers++) {
        struct fake_message message;
        struct stage stage;
        struct fake_end *end;
        struct hall hall;
        uint32_t asked;

        end = open_stage(&stage, &hall, workers);
        send_at_depth(end, 0, 0, "c");
        asked = await_callback(end);
        /* when its thread has run request 10, the handler waits */
        for (uint32_t n = 1; n < workers; n++)
            send_at_depth(end, n, 0, "l");
        await_inside(&hall, (int)workers);
        send_at_depth(end, 10, 2, "x");
        expect_replies(end, 1);
        atomic_store(&hall.open, true);
        expect_replies(end, (int)workers - 1);
        atomic_store(&hall.open, false);
        for (uint32_t n = 0; n < 8; n++)
            send_at_depth(end, 10 + n, 2, "l");
        await_inside(&hall, (int)workers); /* one of them is the handler that waits */
        send_at_depth(end, 1, 0, "x");
        assert_true(fake_expect(end, HPRPC_MESSAGE_REPLY, &message));
        assert_int_equal(message.header.call, 1);
        fake_message_clear(&message);
        atomic_store(&hall.open, true);
        raw_reply(end, asked, "!", 1);
        expect_replies(end, 9);
        fake_leave(end);
        stage_close(&stage);
    }
}

/* One worker is idle, and two requests come at once: the second starts another worker. */
static void two_requests_for_one_idle_worker(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct patience patience = patience_begin();
        struct hall hall = { 0 };
        struct stage stage;
        struct fake_end *end;

        stage_open(&stage, false);
        options.workers = 2;
        options.worker_idle_ms = 60000;
        stage_serve(&stage, &options, &acting, &hall);
        end = raw_connect(&stage, NULL);
        send_at_depth(end, 0, 0, "x");
        while (!fake_count(fake_peer(end), HPRPC_MESSAGE_REPLY) && try_again(&patience))
            stage_turn(&stage);
        expect_replies(end, 1);
        /* in most rounds the worker sleeps by now */
        sched_yield();
        send_at_depth(end, 0, 0, "l");
        send_at_depth(end, 1, 0, "l");
        stage_turn(&stage);
        await_inside(&hall, 2);
        atomic_store(&hall.open, true);
        while (fake_count(fake_peer(end), HPRPC_MESSAGE_REPLY) < 3 && try_again(&patience))
            stage_turn(&stage);
        fake_leave(end);
        stage_close(&stage);
    }
}

/* A side that does not know DRAIN gets an answer to each request that comes too late. */
static void a_server_that_stops_takes_no_requests(void **state)
{
    struct patience patience = patience_begin();
    struct fake_message message;
    struct stage stage;
    struct fake_end *end;
    struct hall hall;
    char text[256];
    int code = 0;

    (void)state;
    end = open_stage(&stage, &hall, 2);
    send_at_depth(end, 0, 0, "l");
    await_inside(&hall, 1);
    hprpc_server_stop(stage.server);
    do {
        send_at_depth(end, 1, 0, "x");
        assert_true(fake_receive(end, &message));
        if (message.header.type == HPRPC_MESSAGE_ERROR)
            code = raw_read_error(&message, text);
        fake_message_clear(&message);
    } while (!code && try_again(&patience));
    assert_int_equal(code, HPRPC_EBUSY);
    assert_non_null(strstr(text, "stopping"));
    atomic_store(&hall.open, true);
    expect_replies(end, 1);
    fake_leave(end);
    stage_close(&stage);
}

/* True if the server answers a CANCEL at once: then an ERROR comes before the PONG. */
static bool is_answered_at_once(struct stage *stage, struct fake_end *end, uint32_t call)
{
    struct fake_message message;
    bool answered = false, over = false;

    raw_signal(end, HPRPC_MESSAGE_CANCEL, call);
    raw_signal(end, HPRPC_MESSAGE_PING, 0);
    stage_turn(stage);
    while (!over && fake_poll(end, &message)) {
        over = message.header.type == HPRPC_MESSAGE_PONG;
        answered = answered || message.header.type == HPRPC_MESSAGE_ERROR;
        fake_message_clear(&message);
    }
    assert_true(over);
    return answered;
}

/* Requests that were cancelled while they wait for a busy worker are kept, but at most twice as many as may be open. */
static void so_many_that_were_cancelled_are_held(void **state)
{
    enum { CALLS = 4 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hall hall = { 0 };
    struct stage stage;
    struct fake_end *end;
    int answered = 0;

    (void)state;
    stage_open(&stage, false);
    options.workers = 1;
    options.max_calls = CALLS;
    stage_serve(&stage, &options, &acting, &hall);
    end = raw_connect(&stage, NULL);
    send_at_depth(end, 0, 0, "l");
    stage_turn(&stage);
    await_inside(&hall, 1);
    do
        send_at_depth(end, 1, 0, "x");
    while (is_answered_at_once(&stage, end, 1) && ++answered < 10 * CALLS);
    assert_int_equal(answered, 2 * CALLS);
    atomic_store(&hall.open, true);
    fake_leave(end);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_claimed_depth_makes_no_threads),      fixture_test(one_worker_takes_turns),
        fixture_test(a_waiting_handler_lends_its_thread),    fixture_test(what_is_not_nested_keeps_a_worker),
        fixture_test(two_requests_for_one_idle_worker),      fixture_test(so_many_that_were_cancelled_are_held),
        fixture_test(a_server_that_stops_takes_no_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
