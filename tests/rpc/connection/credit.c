/* SPDX-License-Identifier: MIT */
/* Credit, in calls and in bytes, on both sides, and what happens to a side that uses more than it has. */
#include "rpc/stage.h"

#include "rpc/connection/connection.h"

/* ---- The sender stops by itself ---- */

static void a_sender_stops_at_its_credit_in_calls(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct hprpc_call calls[3] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT };
    struct hprpc_call more = HPRPC_CALL_INIT;
    struct fake_message message;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    limits.max_calls = 3;
    raw_server_tiny(&raw, &stage, NULL, &limits, &tiny);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tiny_echo_start(&tiny, &calls[i], "x", 1), 0);
    more.flags = HPRPC_CALL_NO_WAIT;
    assert_int_equal(tiny_echo_start(&tiny, &more, "x", 1), HPRPC_EBUSY);
    assert_true(more.detail && more.detail[0]);
    assert_int_equal(tiny_note(&tiny, &more, "x", 1), HPRPC_EBUSY);
    assert_int_equal(tiny_echo(&tiny, &more, "x", 1, NULL), HPRPC_EBUSY);
    more.flags = 0;
    more.timeout_ms = 5;
    assert_int_equal(tiny_echo(&tiny, &more, "x", 1, NULL), HPRPC_EDEADLINE);
    assert_int_equal(tiny_note(&tiny, &more, "x", 1), HPRPC_EDEADLINE);
    assert_int_equal(fake_count(stage_end(raw.client), HPRPC_MESSAGE_REQUEST), 3);

    /* an answer gives its credit back */
    assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &message));
    raw_reply(raw.end, message.header.call, "y", 1);
    fake_message_clear(&message);
    assert_int_equal(hprpc_pending_call_wait(calls[0].pending, HPRPC_NO_TIMEOUT), 0);
    more.flags = HPRPC_CALL_NO_WAIT;
    more.timeout_ms = 0;
    assert_int_equal(tiny_echo_start(&tiny, &more, "x", 1), 0);
    for (int i = 0; i < 3; i++)
        hprpc_call_clear(&calls[i]);
    hprpc_call_clear(&more);
    raw_server_close(&raw);
    stage_close(&stage);
}

static void a_sender_stops_at_its_credit_in_bytes(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct hprpc_call one = HPRPC_CALL_INIT, two = HPRPC_CALL_INIT, more = HPRPC_CALL_INIT;
    struct fake_message message;
    struct tiny tiny;
    uint8_t data[600] = { 0 };

    (void)state;
    stage_open(&stage, false);
    limits.max_call_bytes = 1000;
    raw_server_tiny(&raw, &stage, NULL, &limits, &tiny);
    one.flags = two.flags = more.flags = HPRPC_CALL_NO_WAIT;
    assert_int_equal(tiny_echo_start(&tiny, &one, data, 600), 0); /* 602 bytes */
    assert_int_equal(tiny_echo_start(&tiny, &two, data, 397), HPRPC_EBUSY);
    assert_int_equal(tiny_note(&tiny, &two, data, 397), HPRPC_EBUSY);
    assert_int_equal(tiny_echo_start(&tiny, &two, data, 396), 0); /* 398 bytes: all of it */
    assert_int_equal(tiny_echo_start(&tiny, &more, data, 0), HPRPC_EBUSY);
    assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &message));
    raw_reply(raw.end, message.header.call, "", 0);
    fake_message_clear(&message);
    assert_int_equal(hprpc_pending_call_wait(one.pending, HPRPC_NO_TIMEOUT), 0);
    assert_int_equal(tiny_echo_start(&tiny, &more, data, 600), 0);
    hprpc_call_clear(&one);
    hprpc_call_clear(&two);
    hprpc_call_clear(&more);
    raw_server_close(&raw);

    /* a single message may be larger than max_call_bytes */
    limits.max_call_bytes = 100;
    raw_server_tiny(&raw, &stage, NULL, &limits, &tiny);
    assert_int_equal(tiny_echo_start(&tiny, &one, data, 600), 0);
    assert_int_equal(tiny_echo_start(&tiny, &two, data, 1), HPRPC_EBUSY);
    hprpc_call_clear(&one);
    hprpc_call_clear(&two);
    raw_server_close(&raw);
    stage_close(&stage);
}

struct noter {
    struct tiny *tiny;
    int count, code;
    atomic_bool over;
    pthread_t thread;
};

static void *note_often(void *argument)
{
    struct noter *noter = argument;

    for (int i = 0; i < noter->count && noter->code == 0; i++)
        noter->code = tiny_note(noter->tiny, NULL, "note", 4);
    atomic_store(&noter->over, true);
    return NULL;
}

static void one_way_credit_comes_back(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct noter noter = { .count = 20 };
    struct fake_message message;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    limits.max_calls = 4;
    raw_server_tiny(&raw, &stage, NULL, &limits, &tiny);
    noter.tiny = &tiny;
    assert_int_equal(pthread_create(&noter.thread, NULL, note_often, &noter), 0);
    for (int i = 0; i < 20; i++) {
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &message));
        assert_int_equal(message.header.flags, HPRPC_FLAG_ONEWAY);
        assert_int_equal(message.size, 5);
        fake_message_clear(&message);
        if (i % 4 == 3) {
            assert_false(fake_poll(raw.end, &message)); /* the credit is used up */
            raw_credit(raw.end, 4, 20);
        }
    }
    assert_int_equal(pthread_join(noter.thread, NULL), 0);
    assert_int_equal(noter.code, 0);
    raw_server_close(&raw);
    stage_close(&stage);
}

/* ---- A CREDIT that cannot be ---- */

/* A call that is late finds the connection broken and is not sent. */
static void expect_break(struct tiny *tiny, size_t number)
{
    int r = tiny_echo(tiny, NULL, "x", 1, NULL);

    if (r != HPRPC_EPROTOCOL && r != HPRPC_ENOTSENT)
        fail_msg("case %zu was accepted: %s", number, hprpc_error_name(r));
}

static void credit_that_was_never_taken_breaks(void **state)
{
    static const struct {
        int notes, calls;
        uint32_t credit;
        uint64_t bytes;
    } cases[] = {
        { 0, 0, 1, 0 }, { 0, 0, 0, 1 }, { 2, 0, 3, 10 }, { 2, 0, 2, 11 }, { 2, 0, UINT32_MAX, UINT64_MAX },
        { 0, 2, 1, 2 }, /* a call's credit comes back with its answer, not with CREDIT */
        { 1, 1, 2, 7 },
    };
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct raw_server raw;
        struct hprpc_call calls[2] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT };
        struct fake_message message;
        struct tiny tiny;
        char text[256];

        raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
        for (int n = 0; n < cases[i].notes; n++)
            assert_int_equal(tiny_note(&tiny, NULL, "note", 4), 0);
        for (int n = 0; n < cases[i].calls; n++)
            assert_int_equal(tiny_echo_start(&tiny, &calls[n], "x", 1), 0);
        raw_credit(raw.end, cases[i].credit, cases[i].bytes);
        expect_break(&tiny, i);
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_GOODBYE, &message));
        raw_read_error(&message, text);
        assert_non_null(strstr(text, "CREDIT"));
        fake_message_clear(&message);
        for (int n = 0; n < 2; n++)
            hprpc_call_clear(&calls[n]);
        raw_server_close(&raw);
    }
    for (size_t size = 0; size < 12; size++) {
        struct raw_server raw;
        struct tiny tiny;

        raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
        raw_send(raw.end, HPRPC_MESSAGE_CREDIT, 0, "\0\0\0\0\0\0\0\0\0\0\0\0", size);
        expect_break(&tiny, size);
        raw_server_close(&raw);
    }
    stage_close(&stage);
}

/* ---- The receiver enforces what it granted ---- */

static void expect_goodbye(struct fake_end *end, const char *part)
{
    struct fake_message message;
    char text[256];

    assert_true(fake_expect(end, HPRPC_MESSAGE_GOODBYE, &message));
    raw_read_error(&message, text);
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
    fake_message_clear(&message);
    assert_true(fake_await_end(end));
    fake_leave(end);
}

static int keep_for_ever(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct hprpc_request **kept = self;

    (void)data;
    while (*kept)
        kept++;
    *kept = request;
    return hprpc_request_defer(request);
}

static void requests_beyond_the_credit_break(void **state)
{
    static const struct tiny_handlers keeping = { keep_for_ever, keep_for_ever, NULL };
    struct stage stage;
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_request *kept[16] = { NULL };
    struct fake_end *end;
    uint8_t data[600] = { 0 };

    (void)state;
    stage_open(&stage, false);
    options.max_calls = 4;
    options.max_call_bytes = 1000;
    stage_serve(&stage, &options, &keeping, kept);

    end = raw_connect(&stage, NULL);
    raw_request(end, 4, TINY_POKE, 0, "", 0);
    stage_turn(&stage);
    expect_goodbye(end, "beyond the credit");
    end = raw_connect(&stage, NULL);
    raw_request(end, UINT32_MAX, TINY_POKE, 0, "", 0);
    stage_turn(&stage);
    expect_goodbye(end, "beyond the credit");

    end = raw_connect(&stage, NULL);
    raw_request(end, 1, TINY_POKE, 0, "", 0);
    raw_request(end, 1, TINY_POKE, 0, "", 0);
    stage_turn(&stage);
    expect_goodbye(end, "still in use");
    assert_non_null(kept[0]);
    assert_null(kept[1]);
    assert_true(hprpc_request_cancelled(kept[0]));

    end = raw_connect(&stage, NULL);
    raw_request(end, 1, TINY_POKE, 0, data, 600);
    raw_request(end, 2, TINY_POKE, 0, data, 397);
    stage_turn(&stage);
    expect_goodbye(end, "credit in bytes");
    assert_non_null(kept[1]);
    assert_null(kept[2]);

    for (int i = 0; i < 2; i++)
        assert_int_equal(hprpc_request_fail(kept[i], HPRPC_EAPPLICATION, "too late"), 0);
    stage_close(&stage);
}

static int call_back(void *self, struct hprpc_request *request, struct kodosis_bytes data);

/* While this handler waits for its call, the server keeps one-way requests unconsumed. */
static const struct tiny_handlers calling_back = { call_back, NULL, NULL };

static int call_back(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct tiny tiny = stage_assume(hprpc_controller_client(hprpc_request_controller(request)));

    (void)self;
    (void)data;
    return tiny_poke(&tiny, NULL, "", 0);
}

static void one_way_requests_beyond_the_credit_break(void **state)
{
    struct stage stage;
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct fake_end *end;
    struct fake_message message;

    (void)state;
    stage_open(&stage, false);
    options.max_calls = 4;
    stage_serve(&stage, &options, &calling_back, NULL);
    end = raw_connect(&stage, NULL);
    stage_run(&stage);
    raw_request(end, 0, TINY_ECHO, 0, "", 0);
    assert_true(
        fake_expect(end, HPRPC_MESSAGE_REQUEST, &message)); /* the handler's call: the server is inside a wait */
    fake_message_clear(&message);
    for (int i = 0; i < 5; i++)
        raw_request(end, 0, TINY_NOTE, HPRPC_FLAG_ONEWAY, "", 0);
    expect_goodbye(end, "one-way requests beyond the credit");
    stage_close(&stage);
}

static void the_server_gives_credit_back_in_batches(void **state)
{
    struct stage stage;
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct fake_end *end;
    struct fake_message message;
    struct kodosis_reader reader;
    uint8_t data[300] = { 0 };

    (void)state;
    stage_open(&stage, false);
    options.max_calls = 8;
    options.max_call_bytes = 1000;
    stage_serve(&stage, &options, &tiny_plain, NULL);
    end = raw_connect(&stage, NULL);

    /* CREDIT is due at a quarter of the calls */
    raw_request(end, 77, TINY_NOTE, HPRPC_FLAG_ONEWAY, "", 0); /* the id of a one-way request means nothing */
    stage_turn(&stage);
    assert_false(fake_poll(end, &message));
    raw_request(end, 0, TINY_NOTE, HPRPC_FLAG_ONEWAY, "abc", 3);
    stage_turn(&stage);
    assert_true(fake_poll(end, &message));
    assert_int_equal(message.header.type, HPRPC_MESSAGE_CREDIT);
    kodosis_reader_init(&reader, message.body, message.size, NULL);
    assert_int_equal(kodosis_read_uint32(&reader), 2);
    assert_int_equal(kodosis_read_uint64(&reader), 5);
    fake_message_clear(&message);

    /* CREDIT is due at a quarter of the bytes */
    raw_request(end, 0, TINY_NOTE, HPRPC_FLAG_ONEWAY, data, 250);
    stage_turn(&stage);
    assert_true(fake_poll(end, &message));
    kodosis_reader_init(&reader, message.body, message.size, NULL);
    assert_int_equal(kodosis_read_uint32(&reader), 1);
    assert_int_equal(kodosis_read_uint64(&reader), 252);
    fake_message_clear(&message);

    /* requests that cannot be decoded, or that name no procedure, also give their credit back */
    raw_send(end, HPRPC_MESSAGE_REQUEST, 0, "", 0);
    stage_turn(&stage);
    assert_true(fake_expect(end, HPRPC_MESSAGE_ERROR, &message));
    fake_message_clear(&message);
    fake_send(end, &(struct hprpc_header){ .type = HPRPC_MESSAGE_REQUEST, .flags = HPRPC_FLAG_ONEWAY, .procedure = 9 },
              "", 0);
    fake_send(
        end,
        &(struct hprpc_header){ .type = HPRPC_MESSAGE_REQUEST, .flags = HPRPC_FLAG_ONEWAY, .procedure = TINY_NOTE }, "",
        0);
    stage_turn(&stage);
    assert_true(fake_poll(end, &message));
    assert_int_equal(message.header.type, HPRPC_MESSAGE_CREDIT);
    fake_message_clear(&message);
    fake_leave(end);
    stage_close(&stage);
}

/* Less than a batch of credit is out, so no CREDIT is due: a request that needs all the credit must not wait for one. */
static void less_than_a_batch_stops_nobody(void **state)
{
    static const uint32_t workers[] = { 0, 1 };
    uint8_t data[900] = { 0 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct stage stage;
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_client_options client_options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_client *client;
        struct tiny tiny;

        stage_open(&stage, false);
        options.max_call_bytes = 1000;
        options.workers = workers[i];
        client_options.timeout_ms = 10000;
        stage_serve(&stage, &options, &tiny_plain, NULL);
        stage_run(&stage);
        client = stage_connect_tiny(&stage, "", &client_options, &tiny);
        for (int n = 0; n < 10; n++) {
            assert_int_equal(tiny_note(&tiny, NULL, data, 200), 0);
            assert_int_equal(tiny_echo(&tiny, NULL, data, 900, NULL), 0);
            assert_int_equal(tiny_note(&tiny, NULL, data, 200), 0);
            assert_int_equal(tiny_note(&tiny, NULL, data, 900), 0);
        }
        hprpc_client_free(client);
        stage_close(&stage);
    }
}

/* ---- Progress is never missed ---- */

/* The channel is short of room, not of credit. */
static void a_full_channel_makes_room(void **state)
{
    static const char *const queries[] = { "?capacity=1", "?capacity=1&wait=block", "?capacity=1&wait=spin",
                                           "?capacity=1&doorbell=edge" };
    struct stage stage;

    (void)state;
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct noter noter = { .count = 50 };
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct hprpc_client *client;
        struct tiny tiny;

        stage_open(&stage, false);
        stage_serve(&stage, NULL, &tiny_plain, NULL);
        stage_run(&stage);
        client = stage_connect_tiny(&stage, queries[i], NULL, &tiny);
        noter.tiny = &tiny;
        note_often(&noter);
        assert_int_equal(noter.code, 0);
        assert_int_equal(tiny_echo(&tiny, &call, "end", 3, NULL), 0);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        stage_close(&stage);
    }
}

static void a_full_channel_is_busy_for_those_who_do_not_wait(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
    fake_capacity(stage_end(raw.client), 2);
    call.flags = HPRPC_CALL_NO_WAIT;
    assert_int_equal(tiny_note(&tiny, &call, "1", 1), 0);
    assert_int_equal(tiny_note(&tiny, &call, "2", 1), 0);
    assert_int_equal(tiny_note(&tiny, &call, "3", 1), HPRPC_EBUSY);
    assert_int_equal(tiny_echo(&tiny, &call, "3", 1, NULL), HPRPC_EBUSY);
    call.flags = 0;
    call.timeout_ms = 5;
    assert_int_equal(tiny_note(&tiny, &call, "3", 1), HPRPC_EDEADLINE);
    hprpc_call_clear(&call);
    raw_server_close(&raw);
    stage_close(&stage);
}

/* Other messages do not make a call wait for room beyond its deadline. */
static void waiting_for_room_ends_at_the_deadline(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call first = HPRPC_CALL_INIT;
    struct noter noter = { .count = 1 };
    struct patience patience;
    struct tiny tiny;
    uint64_t before;

    (void)state;
    stage_open(&stage, true);
    limits.max_calls = 1;
    options.timeout_ms = 1000;
    options.pump = HPRPC_PUMP_THREAD;
    raw_server_tiny(&raw, &stage, &options, &limits, &tiny);
    assert_int_equal(tiny_echo_start(&tiny, &first, "x", 1), 0);
    noter.tiny = &tiny;
    assert_int_equal(pthread_create(&noter.thread, NULL, note_often, &noter), 0);
    patience = patience_begin();
    while (!atomic_load(&noter.over)) {
        before = fake_count(stage_end(raw.client), HPRPC_MESSAGE_PONG);
        raw_signal(raw.end, HPRPC_MESSAGE_PING, 0);
        while (fake_count(stage_end(raw.client), HPRPC_MESSAGE_PONG) == before && try_again(&patience))
            continue;
        atomic_fetch_add(&stage.time, 200 * 1000000ull);
    }
    assert_int_equal(pthread_join(noter.thread, NULL), 0);
    assert_int_equal(noter.code, HPRPC_EDEADLINE);
    hprpc_call_clear(&first);
    raw_server_close(&raw);
    stage_close(&stage);
}

struct caller {
    struct tiny *tiny;
    int code;
    atomic_bool over;
    pthread_t thread;
};

static void *call_once(void *argument)
{
    struct caller *caller = argument;

    caller->code = tiny_echo(caller->tiny, NULL, "x", 1, NULL);
    atomic_store(&caller->over, true);
    return NULL;
}

/* The time that a call waits for room is part of the time it has for its answer. */
static void waiting_for_room_is_part_of_the_time(void **state)
{
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call first = HPRPC_CALL_INIT;
    struct patience patience = patience_begin();
    struct fake_message message;
    struct caller caller = { .code = 1 };
    struct raw_server raw;
    struct stage stage;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, true);
    limits.max_calls = 1;
    options.timeout_ms = 1000;
    options.pump = HPRPC_PUMP_THREAD;
    raw_server_tiny(&raw, &stage, &options, &limits, &tiny);
    assert_int_equal(tiny_echo_start(&tiny, &first, "x", 1), 0);
    caller.tiny = &tiny;
    assert_int_equal(pthread_create(&caller.thread, NULL, call_once, &caller), 0);
    /* the deadline counts from the moment when the call waits */
    while (!atomic_load(&raw.client->controller->pump.wanting) && try_again(&patience))
        continue;
    atomic_fetch_add(&stage.time, 900 * 1000000ull);
    assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &message));
    raw_reply(raw.end, message.header.call, "", 0);
    fake_message_clear(&message);
    assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &message));
    atomic_fetch_add(&stage.time, 200 * 1000000ull);
    for (int i = 0; i < 100 && !atomic_load(&caller.over); i++) {
        uint32_t before = fake_count(stage_end(raw.client), HPRPC_MESSAGE_PONG);

        raw_signal(raw.end, HPRPC_MESSAGE_PING, 0);
        while (fake_count(stage_end(raw.client), HPRPC_MESSAGE_PONG) == before && try_again(&patience))
            continue;
    }
    raw_reply(raw.end, message.header.call, "", 0); /* ends a call that has more time than it should */
    fake_message_clear(&message);
    assert_int_equal(pthread_join(caller.thread, NULL), 0);
    assert_int_equal(caller.code, HPRPC_EDEADLINE);
    hprpc_call_clear(&first);
    raw_server_close(&raw);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_sender_stops_at_its_credit_in_calls),
        fixture_test(a_sender_stops_at_its_credit_in_bytes),
        fixture_test(one_way_credit_comes_back),
        fixture_test(credit_that_was_never_taken_breaks),
        fixture_test(requests_beyond_the_credit_break),
        fixture_test(one_way_requests_beyond_the_credit_break),
        fixture_test(the_server_gives_credit_back_in_batches),
        fixture_test(less_than_a_batch_stops_nobody),
        fixture_test(a_full_channel_makes_room),
        fixture_test(a_full_channel_is_busy_for_those_who_do_not_wait),
        fixture_test(waiting_for_room_ends_at_the_deadline),
        fixture_test(waiting_for_room_is_part_of_the_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
