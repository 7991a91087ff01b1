/* SPDX-License-Identifier: MIT */
/* Many threads on one client, in every pump mode: no answer is lost, and no waiter sleeps for ever, whichever thread pumps. */
#include "rpc/stage.h"

#include "rpc/connection/connection.h"

#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int echo_later(void *self, struct hprpc_request *request, struct kodosis_bytes data);

struct worker {
    struct tiny *tiny;
    int number, rounds;
    int failures;
    uint32_t flags;
    pthread_t thread;
};

static bool call_once(struct worker *worker, int round)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    uint8_t data[600];
    size_t size = (size_t)(round * 37 + worker->number * 11) % sizeof(data);
    bool right;

    memset(data, worker->number * 16 + round % 16, sizeof(data));
    right = tiny_echo(worker->tiny, &call, data, size, &reply) == 0 && reply.size == size &&
            memcmp(reply.data, data, size) == 0;
    hprpc_call_clear(&call);
    return right;
}

static bool call_several(struct worker *worker, int round)
{
    struct hprpc_call calls[3];
    struct hprpc_pending_call *pending[3];
    struct kodosis_bytes reply;
    bool right = true;

    for (int i = 0; i < 3; i++) {
        uint8_t mark = (uint8_t)(round + i);

        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        right = right && tiny_echo_start(worker->tiny, &calls[i], &mark, 1) == 0;
        pending[i] = calls[i].pending;
    }
    for (int i = 0; i < 3 && right; i++) {
        int any = hprpc_pending_call_wait_any(pending, 3, HPRPC_NO_TIMEOUT);

        right = any >= 0 && tiny_echo_finish(&calls[any], &reply) == 0 && reply.data[0] == (uint8_t)(round + any);
        if (any >= 0)
            pending[any] = NULL;
    }
    for (int i = 0; i < 3; i++)
        hprpc_call_clear(&calls[i]);
    return right;
}

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (int round = 0; round < worker->rounds; round++) {
        switch ((round + worker->number) % 4) {
        case 0:
            worker->failures += !call_several(worker, round);
            break;
        case 1:
            worker->failures += tiny_note(worker->tiny, NULL, "note", 4) != 0;
            break;
        default:
            worker->failures += !call_once(worker, round);
        }
    }
    return NULL;
}

static void run_workers(struct tiny *tiny, int count, int rounds)
{
    struct worker workers[16];

    for (int i = 0; i < count; i++) {
        workers[i] = (struct worker){ .tiny = tiny, .number = i, .rounds = rounds };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < count; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].failures, 0);
    }
}

/* ---- Pump modes, waits and shortages, in all combinations ---- */

static void many_threads_in_every_mode(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_THREAD, HPRPC_PUMP_LOOP };
    static const char *const queries[] = { "?wait=block", "?wait=adaptive", "?wait=spin", "?wait=block&capacity=2",
                                           "?wait=adaptive&capacity=2&doorbell=edge&lend=no" };

    (void)state;
    for (int i = 0; i < 3; i++) {
        for (size_t n = 0; n < sizeof(queries) / sizeof(queries[0]); n++) {
            struct stage stage;
            struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
            struct hprpc_server_options server_options = HPRPC_SERVER_OPTIONS_INIT;
            struct hprpc_client *client;
            struct tiny tiny;

            stage_open(&stage, false);
            options.pump = pumps[i];
            server_options.max_calls = n % 2 ? 4 : 0; /* fewer than there are threads */
            stage_serve(&stage, &server_options, &tiny_plain, NULL);
            stage_run(&stage);
            client = stage_connect_tiny(&stage, queries[n], &options, &tiny);
            run_workers(&tiny, 6, 60);
            hprpc_client_free(client);
            stage_close(&stage);
        }
    }
}

/* A thread that waits for its call. When the thread that pumps has its answer and leaves, another one must take over. */
struct relay {
    struct tiny *tiny;
    struct hprpc_call call;
    int code;
    atomic_bool over;
    pthread_t thread;
};

static void *wait_for_answer(void *argument)
{
    struct relay *relay = argument;

    relay->code = tiny_echo_finish(&relay->call, NULL);
    hprpc_call_clear(&relay->call);
    atomic_store(&relay->over, true);
    return NULL;
}

static void the_pump_is_handed_over(void **state)
{
    enum { COUNT = 8 };
    static const char *const queries[] = { "?wait=block", "?wait=adaptive" };

    (void)state;
    for (int round = 0; round < 20; round++) {
        struct stage stage;
        struct raw_server raw;
        struct relay relays[COUNT];
        struct fake_message requests[COUNT];
        struct patience patience = patience_begin();
        struct tiny tiny;

        stage_open(&stage, false);
        stage.query = queries[round % 2];
        raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
        for (int i = 0; i < COUNT; i++) {
            relays[i] = (struct relay){ .tiny = &tiny, .call = HPRPC_CALL_INIT };
            assert_int_equal(tiny_echo_start(&tiny, &relays[i].call, "x", 1), 0);
            assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &requests[i]));
            assert_int_equal(pthread_create(&relays[i].thread, NULL, wait_for_answer, &relays[i]), 0);
        }
        /* one answer at a time: the next is sent when the thread of this one has left */
        for (int i = 0; i < COUNT; i++) {
            int at = (i * 3 + round) % COUNT;

            raw_reply(raw.end, requests[at].header.call, "", 0);
            while (!atomic_load(&relays[at].over) && try_again(&patience))
                continue;
            assert_true(atomic_load(&relays[at].over));
            assert_int_equal(pthread_join(relays[at].thread, NULL), 0);
            assert_int_equal(relays[at].code, 0);
            fake_message_clear(&requests[at]);
        }
        raw_server_close(&raw);
        stage_close(&stage);
    }
}

static void await(atomic_uint *count, unsigned least)
{
    struct patience patience = patience_begin();

    while (atomic_load(count) < least && try_again(&patience))
        continue;
}

/* A handler that keeps its controller for the test. */
static int show_controller(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    atomic_store((_Atomic(struct hprpc_controller *) *)self, hprpc_controller_keep(hprpc_request_controller(request)));
    return tiny_echo_reply(request, data.data, data.size);
}

static void count_one(void *self, struct hprpc_pending_call *pending)
{
    (void)pending;
    atomic_fetch_add((atomic_uint *)self, 1);
}

/* A server's loop sleeps without a deadline, and another thread starts a call on one of its connections. */
static void a_new_deadline_wakes_a_servers_loop(void **state)
{
    static const struct tiny_handlers showing = { show_controller, NULL, NULL };

    (void)state;
    for (int i = 0; i < 5; i++) {
        _Atomic(struct hprpc_controller *) shown = NULL;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct fake_message message;
        struct fake_end *end;
        struct stage stage;
        struct tiny tiny;
        atomic_uint over = 0;

        stage_open(&stage, false);
        stage_serve(&stage, NULL, &showing, &shown);
        end = raw_connect(&stage, NULL);
        stage_run(&stage);
        raw_request(end, 0, TINY_ECHO, 0, "x", 1);
        assert_true(fake_expect(end, HPRPC_MESSAGE_REPLY, &message));
        fake_message_clear(&message);
        tiny = stage_assume(hprpc_controller_client(atomic_load(&shown)));
        call.timeout_ms = 20;
        assert_int_equal(tiny_echo_start(&tiny, &call, "x", 1), 0);
        hprpc_pending_call_notify(call.pending, count_one, &over);
        await(&over, 1);
        assert_int_equal(tiny_echo_finish(&call, NULL), HPRPC_EDEADLINE);
        hprpc_call_clear(&call);
        hprpc_controller_drop(atomic_load(&shown));
        fake_leave(end);
        stage_close(&stage);
    }
}

/*
 * PUMPS pumps, STAYS and LEAVES wait. PUMPS hands the pump to LEAVES, whose answer comes right after, so that it leaves at
 * once: then STAYS must pump.
 */
static void who_is_handed_the_pump_and_leaves_hands_it_on(void **state)
{
    enum { PUMPS, STAYS, LEAVES };

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct stage stage;
        struct raw_server raw;
        struct relay relays[3];
        struct fake_message requests[3];
        struct patience patience = patience_begin();
        struct tiny tiny;

        stage_open(&stage, false);
        stage.query = "?wait=block";
        raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
        for (int i = 0; i < 3; i++) {
            relays[i] = (struct relay){ .tiny = &tiny, .call = HPRPC_CALL_INIT };
            assert_int_equal(tiny_echo_start(&tiny, &relays[i].call, "x", 1), 0);
            assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &requests[i]));
        }
        for (int i = 0; i < 3; i++) {
            assert_int_equal(pthread_create(&relays[i].thread, NULL, wait_for_answer, &relays[i]), 0);
            while (i == PUMPS && !atomic_load(&raw.client->controller->pump.owner) && try_again(&patience))
                continue;
            await(&raw.client->controller->pump.waiting, (unsigned)i);
        }
        raw_reply(raw.end, requests[LEAVES].header.call, "", 0);
        raw_reply(raw.end, requests[PUMPS].header.call, "", 0);
        for (int i = 2; i >= 0; i--) {
            if (i == STAYS)
                continue;
            assert_int_equal(pthread_join(relays[i].thread, NULL), 0);
            assert_int_equal(relays[i].code, 0);
        }
        raw_reply(raw.end, requests[STAYS].header.call, "", 0);
        while (!atomic_load(&relays[STAYS].over) && try_again(&patience))
            continue;
        assert_int_equal(pthread_join(relays[STAYS].thread, NULL), 0);
        assert_int_equal(relays[STAYS].code, 0);
        for (int i = 0; i < 3; i++)
            fake_message_clear(&requests[i]);
        raw_server_close(&raw);
        stage_close(&stage);
    }
}

/* A thread that calls once, with so much data and so much time. */
struct asker {
    struct tiny *tiny;
    size_t size;
    uint32_t timeout_ms;
    int code;
    atomic_bool over;
    pthread_t thread;
};

static void *ask(void *argument)
{
    static const uint8_t data[4096];
    struct asker *asker = argument;
    struct hprpc_call call = HPRPC_CALL_INIT;

    call.timeout_ms = asker->timeout_ms;
    asker->code = tiny_note(asker->tiny, &call, data, asker->size);
    hprpc_call_clear(&call);
    atomic_store(&asker->over, true);
    return NULL;
}

/*
 * PUMPS pumps. LARGE stands in the line for credit, and SMALL behind it, which would have enough. PUMPS leaves, and hands the pump to
 * one of them, as a rule to SMALL; then LARGE gives up: nothing but that tells SMALL that it is the next.
 */
static void who_leaves_the_line_wakes_the_pump(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct raw_limits limits = RAW_LIMITS_INIT;
        struct stage stage;
        struct raw_server raw;
        struct relay pumps;
        struct asker large, small;
        struct hprpc_call held = HPRPC_CALL_INIT;
        struct fake_message requests[3];
        struct patience patience = patience_begin();
        struct tiny tiny;

        stage_open(&stage, false);
        stage.query = "?wait=block";
        limits.max_call_bytes = 1000;
        raw_server_tiny(&raw, &stage, NULL, &limits, &tiny);
        pumps = (struct relay){ .tiny = &tiny, .call = HPRPC_CALL_INIT };
        large = (struct asker){ .tiny = &tiny, .size = 900, .timeout_ms = 60 };
        small = (struct asker){ .tiny = &tiny, .size = 200, .timeout_ms = HPRPC_NO_TIMEOUT };
        assert_int_equal(tiny_echo_start(&tiny, &held, (uint8_t[600]){ 0 }, 600), 0);
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &requests[0]));
        assert_int_equal(tiny_echo_start(&tiny, &pumps.call, "x", 1), 0);
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &requests[1]));
        assert_int_equal(pthread_create(&pumps.thread, NULL, wait_for_answer, &pumps), 0);
        while (!atomic_load(&raw.client->controller->pump.owner) && try_again(&patience))
            continue;
        assert_int_equal(pthread_create(&large.thread, NULL, ask, &large), 0);
        await(&raw.client->controller->pump.wanting, 1);
        assert_int_equal(pthread_create(&small.thread, NULL, ask, &small), 0);
        await(&raw.client->controller->pump.wanting, 2);
        raw_reply(raw.end, requests[1].header.call, "", 0);
        assert_int_equal(pthread_join(pumps.thread, NULL), 0);
        assert_int_equal(pumps.code, 0);
        assert_int_equal(pthread_join(large.thread, NULL), 0);
        assert_int_equal(large.code, HPRPC_EDEADLINE);
        while (!atomic_load(&small.over) && try_again(&patience))
            continue;
        assert_int_equal(pthread_join(small.thread, NULL), 0);
        assert_int_equal(small.code, 0);
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &requests[2]));
        hprpc_call_clear(&held);
        for (int i = 0; i < 3; i++)
            fake_message_clear(&requests[i]);
        raw_server_close(&raw);
        stage_close(&stage);
    }
}

/* A posted call with a short deadline shortens the sleep of the thread that pumps. */
static void a_new_deadline_wakes_the_pump(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_THREAD };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct stage stage;
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct raw_server raw;
        struct relay sleeper;
        struct hprpc_call brief = HPRPC_CALL_INIT;
        struct fake_message request;
        struct patience patience = patience_begin();
        struct tiny tiny;
        uint64_t looks;

        stage_open(&stage, false);
        stage.query = "?wait=block";
        options.pump = pumps[i];
        options.timeout_ms = HPRPC_NO_TIMEOUT;
        raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
        sleeper = (struct relay){ .tiny = &tiny, .call = HPRPC_CALL_INIT };
        assert_int_equal(tiny_echo_start(&tiny, &sleeper.call, "x", 1), 0);
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &request));
        looks = fake_looks(stage_end(raw.client));
        assert_int_equal(pthread_create(&sleeper.thread, NULL, wait_for_answer, &sleeper), 0);
        /* the sleeper asks for the descriptors, arms the channel, and sleeps */
        while (i == 0 && fake_looks(stage_end(raw.client)) < looks + 2 && try_again(&patience))
            continue;
        brief.timeout_ms = 5;
        assert_int_equal(tiny_echo_start(&tiny, &brief, "y", 1), 0);
        /* no thread waits for this call, but one pumps */
        while (!hprpc_pending_call_done(brief.pending) && try_again(&patience))
            continue;
        assert_int_equal(tiny_echo_finish(&brief, NULL), HPRPC_EDEADLINE);
        raw_reply(raw.end, request.header.call, "", 0);
        assert_int_equal(pthread_join(sleeper.thread, NULL), 0);
        assert_int_equal(sleeper.code, 0);
        hprpc_call_clear(&brief);
        fake_message_clear(&request);
        raw_server_close(&raw);
        stage_close(&stage);
    }
}

/* The thread that pumps sends messages that another thread left unsent in the channel. */
static void what_is_queued_gets_flushed(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_THREAD };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct stage stage;
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct raw_server raw;
        struct relay relay;
        struct fake_message request;
        struct tiny tiny;

        stage_open(&stage, false);
        stage.query = "?wait=block";
        options.pump = pumps[i];
        raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
        relay = (struct relay){ .tiny = &tiny, .call = HPRPC_CALL_INIT };
        fake_stall(stage_end(raw.client));
        assert_int_equal(tiny_echo_start(&tiny, &relay.call, "x", 1), 0);
        assert_false(fake_poll(raw.end, &request));
        assert_int_equal(pthread_create(&relay.thread, NULL, wait_for_answer, &relay), 0);
        fake_unstall(stage_end(raw.client));
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &request));
        raw_reply(raw.end, request.header.call, "", 0);
        assert_int_equal(pthread_join(relay.thread, NULL), 0);
        assert_int_equal(relay.code, 0);
        fake_message_clear(&request);
        raw_server_close(&raw);
        stage_close(&stage);
    }
}

/* ---- The loop mode, single-threaded ---- */

static bool is_readable(struct hprpc_client *client)
{
    struct pollfd poll_fd = { hprpc_client_descriptor(client), POLLIN, 0 };

    return poll(&poll_fd, 1, 0) == 1;
}

/* A wait that ends without an answer leaves the connection to the application's loop: the descriptor tells of the answer. */
static void a_wait_leaves_the_rest_to_the_loop(void **state)
{
    static const char *const queries[] = { "?wait=block", "?wait=block&doorbell=edge" };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct stage stage;
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct raw_server raw;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct fake_message request;
        struct tiny tiny;

        stage_open(&stage, false);
        stage.query = queries[i];
        options.pump = HPRPC_PUMP_LOOP;
        raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
        for (int round = 0; round < 3; round++) {
            assert_int_equal(tiny_echo_start(&tiny, &call, "x", 1), 0);
            assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &request));
            while (is_readable(raw.client))
                assert_int_equal(hprpc_client_process(raw.client), 0);
            assert_int_equal(hprpc_pending_call_wait(call.pending, 2), HPRPC_EAGAIN);
            while (is_readable(raw.client))
                assert_int_equal(hprpc_client_process(raw.client), 0);
            assert_int_equal(hprpc_pending_call_wait(call.pending, 2), HPRPC_EAGAIN);
            raw_reply(raw.end, request.header.call, "", 0);
            assert_true(is_readable(raw.client));
            assert_int_equal(hprpc_client_process(raw.client), 0);
            assert_int_equal(tiny_echo_finish(&call, NULL), 0);
            hprpc_call_clear(&call);
            fake_message_clear(&request);
        }
        raw_server_close(&raw);
        stage_close(&stage);
    }
}

static void the_descriptor_tells(void **state)
{
    static const char *const queries[] = { "", "?doorbell=edge" };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct stage stage;
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct raw_server raw;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct fake_message request;
        struct tiny tiny;

        stage_open(&stage, true);
        stage.query = queries[i];
        options.pump = HPRPC_PUMP_LOOP;
        raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
        while (is_readable(raw.client))
            assert_int_equal(hprpc_client_process(raw.client), 0);
        for (int round = 0; round < 5; round++) {
            assert_false(is_readable(raw.client));
            assert_int_equal(tiny_echo_start(&tiny, &call, "x", 1), 0);
            assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &request));
            /* a new deadline may make the descriptor readable once */
            assert_int_equal(hprpc_client_process(raw.client), 0);
            assert_false(is_readable(raw.client));
            raw_reply(raw.end, request.header.call, "", 0);
            assert_true(is_readable(raw.client));
            assert_true(is_readable(raw.client)); /* level-triggered */
            assert_false(hprpc_pending_call_done(call.pending));
            assert_int_equal(hprpc_client_process(raw.client), 0);
            assert_true(hprpc_pending_call_done(call.pending));
            assert_int_equal(tiny_echo_finish(&call, NULL), 0);
            fake_message_clear(&request);
            hprpc_call_clear(&call);
        }
        /* a message that found no room is sent by hprpc_client_process when there is room */
        fake_stall(stage_end(raw.client));
        assert_int_equal(tiny_echo_start(&tiny, &call, "x", 1), 0);
        assert_int_equal(hprpc_client_process(raw.client), 0);
        assert_false(fake_poll(raw.end, &request));
        fake_unstall(stage_end(raw.client));
        assert_true(is_readable(raw.client));
        assert_int_equal(hprpc_client_process(raw.client), 0);
        assert_true(fake_poll(raw.end, &request));
        fake_message_clear(&request);

        /* when there is more than one call of it does, the descriptor stays readable */
        for (int n = 0; n < 5000; n++)
            raw_signal(raw.end, HPRPC_MESSAGE_PONG, 0);
        raw_reply(raw.end, 0, "", 0);
        for (int n = 0; n < 5000 && !hprpc_pending_call_done(call.pending); n++) {
            assert_true(is_readable(raw.client));
            assert_int_equal(hprpc_client_process(raw.client), 0);
        }
        assert_true(hprpc_pending_call_done(call.pending));
        hprpc_call_clear(&call);

        fake_leave(raw.end);
        raw.end = NULL;
        assert_true(is_readable(raw.client));
        assert_int_equal(hprpc_client_process(raw.client), HPRPC_EPEERDIED);
        assert_false(is_readable(raw.client));
        assert_int_equal(hprpc_client_process(raw.client), HPRPC_EPEERDIED);
        assert_int_equal(hprpc_client_timeout(raw.client), -1);
        raw_server_close(&raw);
        stage_close(&stage);
    }
}

static void modes_that_have_no_descriptor(void **state)
{
    struct stage stage;
    struct hprpc_client *client;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    client = stage_connect(&stage, "", NULL);
    assert_int_equal(hprpc_client_descriptor(client), HPRPC_EINVAL);
    assert_int_equal(hprpc_client_process(client), HPRPC_EINVAL);
    hprpc_client_free(client);
    stage_close(&stage);
}

/* An idle connection is not looked at. */
static void an_idle_connection_sleeps(void **state)
{
    struct stage stage;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *idle, *busy;
    struct fake_end *ends[2];
    struct patience patience = patience_begin();
    struct tiny tiny;
    uint64_t looks[2];

    (void)state;
    stage_open(&stage, false);
    options.pump = HPRPC_PUMP_THREAD;
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    idle = stage_connect_tiny(&stage, "", &options, &tiny);
    busy = stage_connect_tiny(&stage, "", NULL, &tiny);
    ends[0] = stage_end(idle);
    ends[1] = fake_peer(ends[0]);
    /* once both sides sleep, no thread looks at either of them while the other connection is busy */
    do {
        for (int i = 0; i < 2; i++)
            looks[i] = fake_looks(ends[i]);
        for (int i = 0; i < 200; i++)
            assert_int_equal(tiny_poke(&tiny, NULL, "", 0), 0);
    } while ((looks[0] != fake_looks(ends[0]) || looks[1] != fake_looks(ends[1])) && try_again(&patience));
    hprpc_client_free(idle);
    hprpc_client_free(busy);
    stage_close(&stage);
}

/* ---- Signals and forks ---- */

static atomic_int ticks;

static void on_tick(int number)
{
    (void)number;
    atomic_fetch_add_explicit(&ticks, 1, memory_order_relaxed);
}

static int echo_later(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    int until = atomic_load(&ticks) + 2;
    struct patience patience = patience_begin();

    (void)self;
    /* meanwhile the caller sleeps, and signals interrupt it */
    while (atomic_load(&ticks) < until && try_again(&patience))
        continue;
    return tiny_echo_reply(request, data.data, data.size);
}

static void a_storm_of_signals(void **state)
{
    static const struct tiny_handlers slow = { echo_later, NULL, NULL };
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_THREAD };
    struct itimerval every = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
    struct sigaction action = { .sa_handler = on_tick }, before;

    (void)state;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    for (int i = 0; i < 4; i++) {
        struct stage stage;
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_client *client;
        struct tiny tiny;

        stage_open(&stage, false);
        options.pump = pumps[i % 2];
        stage_serve(&stage, NULL, &slow, NULL);
        stage_run(&stage);
        assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
        client = stage_connect_tiny(&stage, i / 2 ? "?wait=block" : "", &options, &tiny);
        for (int n = 0; n < 60; n++)
            assert_int_equal(tiny_echo(&tiny, NULL, "x", 1, NULL), 0);
        hprpc_client_free(client);
        assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
        stage_close(&stage);
    }
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_true(atomic_load(&ticks) > 100);
}

/* In the child of a fork: the handle refuses to work, and the parent notices nothing. */
static int child(struct tiny *tiny)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct tiny other;

    if (tiny_echo(tiny, &call, "x", 1, NULL) != HPRPC_EFORKED || !call.detail || call.pending)
        return 1;
    if (tiny_note(tiny, NULL, "x", 1) != HPRPC_EFORKED || tiny_echo_start(tiny, &call, "x", 1) != HPRPC_EFORKED)
        return 2;
    if (tiny_bind(tiny->client, &tiny_interface, NULL, &other) != HPRPC_EFORKED)
        return 3;
    if (hprpc_stub_bind_post(tiny->client, &tiny_interface, &call) != HPRPC_EFORKED || !call.detail || call.pending)
        return 4;
    return 0;
}

static void a_fork_leaves_the_parent_alone(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_THREAD };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct stage stage;
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_client *client;
        struct tiny tiny;
        int status, pid;

        stage_open(&stage, false);
        options.pump = pumps[i];
        stage_serve(&stage, NULL, &tiny_plain, NULL);
        stage_run(&stage);
        client = stage_connect_tiny(&stage, "", &options, &tiny);
        assert_int_equal(tiny_echo(&tiny, NULL, "x", 1, NULL), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(child(&tiny));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        for (int n = 0; n < 10; n++)
            assert_int_equal(tiny_echo(&tiny, NULL, "x", 1, NULL), 0);
        hprpc_client_free(client);
        stage_close(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(who_leaves_the_line_wakes_the_pump),
        fixture_test(many_threads_in_every_mode),
        fixture_test(the_pump_is_handed_over),
        fixture_test(who_is_handed_the_pump_and_leaves_hands_it_on),
        fixture_test(a_new_deadline_wakes_a_servers_loop),
        fixture_test(a_new_deadline_wakes_the_pump),
        fixture_test(what_is_queued_gets_flushed),
        fixture_test(a_wait_leaves_the_rest_to_the_loop),
        fixture_test(the_descriptor_tells),
        fixture_test(modes_that_have_no_descriptor),
        fixture_test(an_idle_connection_sleeps),
        fixture_test(a_storm_of_signals),
        fixture_test(a_fork_leaves_the_parent_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
