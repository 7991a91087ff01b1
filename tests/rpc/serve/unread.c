/* SPDX-License-Identifier: MIT */
/*
 * Answers that the other side does not read: a large answer is refused when many wait, and a connection that keeps asking is
 * closed.
 */
#include "rpc/connection/connection.h"
#include "rpc/stage.h"

#define MIB (1024ull * 1024)

static void expect(struct fake_end *end, uint32_t call, enum hprpc_message_type type, int code)
{
    struct fake_message message;
    char text[256];

    assert_true(fake_poll(end, &message));
    assert_int_equal(message.header.call, call);
    assert_int_equal(message.header.type, type);
    if (code)
        assert_int_equal(raw_read_error(&message, text), code);
    fake_message_clear(&message);
}

static void large_answers_are_refused(void **state)
{
    struct stage stage;
    struct fake_end *end, *server_end;
    uint8_t data[3000] = { 7 };

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    end = raw_connect(&stage, NULL);
    server_end = fake_peer(end);
    fake_stall(server_end);
    /* with one answer of 3,000 bytes in the queue, at most 2,000 bytes more may join it */
    fake_burden(server_end, 64 * MIB - 5100);
    for (uint32_t call = 0; call < 3; call++)
        raw_request(end, call, TINY_ECHO, 0, data, call == 2 ? 1900 : 3000);
    raw_request(end, 3, TINY_ECHO, 0, data, 500);
    stage_turn(&stage);
    fake_unstall(server_end);
    stage_turn(&stage);
    expect(end, 0, HPRPC_MESSAGE_REPLY, 0);
    expect(end, 1, HPRPC_MESSAGE_ERROR, HPRPC_EINTERNAL); /* the procedure ran */
    expect(end, 2, HPRPC_MESSAGE_REPLY, 0);
    expect(end, 3, HPRPC_MESSAGE_REPLY, 0); /* small answers are always sent */
    /* once the answers are read, large ones are sent again */
    raw_request(end, 1, TINY_ECHO, 0, data, 3000);
    stage_turn(&stage);
    expect(end, 1, HPRPC_MESSAGE_REPLY, 0);
    fake_leave(end);
    stage_close(&stage);
}

static const char sentence[] =
    "a sentence that is a good deal longer than most, so that it would be the first to be left out "
    "where little room is left, and that is to arrive whole all the same";

static int fail_at_length(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    (void)data;
    return hprpc_request_fail(request, HPRPC_EINTERNAL, sentence);
}

/* The sentence of a failed call is sent, however much waits. */
static void sentences_always_go_out(void **state)
{
    const struct tiny_handlers handlers = { tiny_plain.echo, fail_at_length, tiny_plain.note };
    struct fake_end *end, *server_end;
    struct fake_message message;
    struct stage stage;
    char text[256];

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &handlers, NULL);
    end = raw_connect(&stage, NULL);
    server_end = fake_peer(end);
    fake_stall(server_end);
    fake_burden(server_end, 64 * MIB);
    raw_request(end, 0, TINY_ECHO, 0, "x", 1);
    raw_request(end, 1, TINY_POKE, 0, "x", 1);
    stage_turn(&stage);
    fake_unstall(server_end);
    stage_turn(&stage);
    expect(end, 0, HPRPC_MESSAGE_REPLY, 0);
    assert_true(fake_poll(end, &message));
    assert_int_equal(raw_read_error(&message, text), HPRPC_EINTERNAL);
    assert_string_equal(text, sentence);
    fake_message_clear(&message);
    fake_leave(end);
    stage_close(&stage);
}

/* The answers to requests that came together leave together; the answer to one that came alone leaves at once. */
static void answers_of_a_batch_leave_together(void **state)
{
    struct stage stage;
    struct fake_end *end, *server_end;
    struct fake_record sent;
    unsigned first = 0;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    end = raw_connect(&stage, NULL);
    server_end = fake_peer(end);
    while (fake_sent(server_end, first, &sent))
        first++;
    for (uint32_t call = 0; call < 3; call++)
        raw_request(end, call, TINY_ECHO, 0, "x", 1);
    stage_turn(&stage);
    raw_request(end, 3, TINY_ECHO, 0, "x", 1);
    stage_turn(&stage);
    for (uint32_t call = 0; call < 4; call++) {
        assert_true(fake_sent(server_end, first + call, &sent));
        assert_int_equal(sent.header.type, HPRPC_MESSAGE_REPLY);
        /* nothing is known to follow the last of the three, but others have waited already */
        assert_int_equal(sent.corked, call < 3);
        expect(end, call, HPRPC_MESSAGE_REPLY, 0);
    }
    fake_leave(end);
    stage_close(&stage);
}

static void who_never_reads_is_cut_off(void **state)
{
    struct stage stage;
    struct fake_end *greedy, *other;
    uint8_t data[100] = { 7 };

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    greedy = raw_connect(&stage, NULL);
    other = raw_connect(&stage, NULL);
    fake_stall(fake_peer(greedy));
    fake_burden(fake_peer(greedy), 256 * MIB - 500);
    raw_request(greedy, 0, TINY_ECHO, 0, "", 0);
    stage_turn(&stage);
    assert_int_equal(atomic_load(&stage.logged), 0);
    for (uint32_t call = 1; call < 16; call++)
        raw_request(greedy, call, TINY_ECHO, 0, data, sizeof(data));
    stage_turn(&stage);
    assert_true(fake_await_end(greedy));
    assert_int_equal(atomic_load(&stage.logged), 1);
    raw_request(other, 0, TINY_ECHO, 0, "", 0);
    stage_turn(&stage);
    expect(other, 0, HPRPC_MESSAGE_REPLY, 0);
    fake_leave(greedy);
    fake_leave(other);
    stage_close(&stage);
}

/*
 * If connections do not read, and too much waits for all of them together, the one with the most is closed; the others go on.
 */
static void the_slowest_is_cut_off(void **state)
{
    static const uint64_t waiting[] = { 3, 6, 2 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct fake_end *ends[3], *reader;
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    options.max_unread_bytes = 10 * MIB;
    stage_serve(&stage, &options, &tiny_plain, NULL);
    reader = raw_connect(&stage, NULL);
    for (int i = 0; i < 3; i++) {
        ends[i] = raw_connect(&stage, NULL);
        fake_stall(fake_peer(ends[i]));
        fake_burden(fake_peer(ends[i]), waiting[i] * MIB);
        assert_int_equal(atomic_load(&stage.logged), 0);
        raw_request(ends[i], 0, TINY_ECHO, 0, "", 0);
        raw_request(reader, 0, TINY_ECHO, 0, "", 0);
        stage_turn(&stage);
        expect(reader, 0, HPRPC_MESSAGE_REPLY, 0);
    }
    assert_true(fake_await_end(ends[1]));
    assert_int_equal(atomic_load(&stage.logged), 1);
    for (int i = 0; i < 3; i += 2) {
        fake_unstall(fake_peer(ends[i]));
        stage_turn(&stage);
        expect(ends[i], 0, HPRPC_MESSAGE_REPLY, 0);
    }
    /* bytes that were read, and those of the closed connection, no longer count */
    for (int i = 0; i < 3; i += 2) {
        fake_stall(fake_peer(ends[i]));
        fake_burden(fake_peer(ends[i]), 4 * MIB);
        raw_request(ends[i], 0, TINY_ECHO, 0, "", 0);
        stage_turn(&stage);
    }
    assert_int_equal(atomic_load(&stage.logged), 1);
    for (int i = 0; i < 3; i++)
        fake_leave(ends[i]);
    fake_leave(reader);
    stage_close(&stage);
}

/* A side's requests may wait as long as they like: only answers count against the side that should read them. */
static void large_requests_do_not_break_their_sender(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_controller *controller;
    struct raw_server raw;
    struct stage stage;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    options.pump = HPRPC_PUMP_LOOP;
    raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
    controller = hprpc_client_controller(raw.client);
    fake_stall(stage_end(raw.client));
    fake_burden(stage_end(raw.client), 300 * MIB);
    assert_int_equal(tiny_echo_start(&tiny, &call, "x", 1), 0);
    controller->bytes_out += 300 * MIB; /* as if the bytes were the body of a request */
    assert_int_equal(hprpc_client_process(raw.client), 0);
    controller->bytes_out -= 300 * MIB;
    assert_int_equal(hprpc_client_process(raw.client), HPRPC_EPROTOCOL);
    hprpc_call_clear(&call);
    raw_server_close(&raw);
    stage_close(&stage);
}

/* An answer of any size up to max_message is sent if no other answer waits. */
static void large_answers_do_not_break_their_sender(void **state)
{
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct fake_end *end;
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    limits.max_message = 400 * MIB;
    end = raw_connect(&stage, &limits);
    fake_stall(fake_peer(end));
    fake_burden(fake_peer(end), 400 * MIB);
    raw_request(end, 0, TINY_ECHO, 0, "", 0);
    stage_turn(&stage);
    assert_int_equal(atomic_load(&stage.logged), 0);
    fake_burden(fake_peer(end), (256 + 400) * MIB);
    raw_request(end, 1, TINY_ECHO, 0, "", 0);
    stage_turn(&stage);
    assert_true(fake_await_end(end));
    fake_leave(end);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(answers_of_a_batch_leave_together),
        fixture_test(large_answers_are_refused),
        fixture_test(who_never_reads_is_cut_off),
        fixture_test(the_slowest_is_cut_off),
        fixture_test(large_requests_do_not_break_their_sender),
        fixture_test(large_answers_do_not_break_their_sender),
        fixture_test(sentences_always_go_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
