/* SPDX-License-Identifier: MIT */
/*
 * Rules of streams that the other side breaks, in either role: the connection ends with the reason, and everything is given back. And what
 * is no breach: messages that have only come too late.
 */
#include "rpc/stream/liar.h"
#include "rpc/stream/waters.h"

#include "rpc/connection/message.h"

enum { ELEMENTS = 3, BYTES = 1000, TOTAL = 4000 };

static const struct liar_window window = { ELEMENTS, BYTES, TOTAL };

/* ---- A client that lies ---- */

static void open_server(struct waters *waters)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;

    options.stream_elements = ELEMENTS;
    options.stream_bytes = BYTES;
    options.max_stream_bytes = TOTAL;
    options.max_message = 200000;
    options.max_calls = 16;
    waters_open(waters, "fake://violations", ON_WORKERS, &options);
}

static struct fake_end *lie_to_server(void)
{
    struct fake_end *end = fake_connect("violations");
    struct fake_message message;

    assert_non_null(end);
    liar_hello(end, &window);
    liar_bind(end);
    assert_true(fake_expect(end, HPRPC_MESSAGE_BOUND, &message));
    fake_message_clear(&message);
    return end;
}

static void await_held(struct waters *waters, unsigned count)
{
    for (struct patience patience = patience_begin(); atomic_load(&waters->held) != count && try_again(&patience);)
        continue;
}

/* What a client says after begin_calls. */
static void too_many_elements(struct fake_end *end)
{
    for (int i = 0; i <= ELEMENTS; i++)
        liar_data(end, 1, 0, 1);
}

static void too_many_bytes(struct fake_end *end)
{
    liar_data(end, 1, 0, 600);
    liar_data(end, 1, 0, 401);
}

static void data_after_end(struct fake_end *end)
{
    liar_end(end, 1, 0);
    liar_data(end, 1, 0, 1);
}

static void end_twice(struct fake_end *end)
{
    liar_end(end, 1, 0);
    liar_end(end, 1, 0);
}

static void end_with_a_body(struct fake_end *end)
{
    const struct hprpc_header header = { .type = HPRPC_MESSAGE_END, .call = 1 };

    fake_send(end, &header, "x", 1);
}

static void end_inside_an_element(struct fake_end *end)
{
    liar_first_piece(end, 1, 0, 100, 10);
    liar_end(end, 1, 0);
}

static void data_where_none_is_read(struct fake_end *end)
{
    liar_data(end, 2, 0, 1);
}

static void end_where_none_is_read(struct fake_end *end)
{
    liar_end(end, 2, 0);
}

static void data_of_no_call(struct fake_end *end)
{
    liar_data(end, 5, 0, 1);
}

static void end_of_no_call(struct fake_end *end)
{
    liar_end(end, 5, 0);
}

static void credit_of_no_call(struct fake_end *end)
{
    liar_credit(end, 5, 0, 0, 0);
}

static void data_of_a_huge_call(struct fake_end *end)
{
    liar_data(end, UINT32_MAX, 0, 1);
}

static void data_as_a_callee(struct fake_end *end)
{
    liar_data(end, 1, HPRPC_FLAG_CALLEE, 1);
}

static void credit_for_more_elements(struct fake_end *end)
{
    liar_credit(end, 2, 0, 2, 0);
}

static void credit_for_more_bytes(struct fake_end *end)
{
    liar_credit(end, 2, 0, 1, 101);
}

static void credit_where_none_is_sent(struct fake_end *end)
{
    liar_credit(end, 1, 0, 1, 0);
}

static void credit_twice(struct fake_end *end)
{
    liar_credit(end, 2, 0, 1, 0);
    liar_credit(end, 2, 0, 1, 0);
}

static void malformed_credit(struct fake_end *end)
{
    const struct hprpc_header header = { .type = HPRPC_MESSAGE_CREDIT, .call = 2, .flags = HPRPC_FLAG_STREAM };

    fake_send(end, &header, "\1\0\0\0", 4);
}

static void piece_without_a_size(struct fake_end *end)
{
    liar_data(end, 1, HPRPC_FLAG_MORE, 7);
}

static void piece_of_an_element_of_nothing(struct fake_end *end)
{
    liar_first_piece(end, 1, 0, 0, 10);
}

static void piece_that_is_all(struct fake_end *end)
{
    liar_first_piece(end, 1, 0, 10, 10);
}

static void first_piece_of_nothing(struct fake_end *end)
{
    liar_first_piece(end, 1, 0, 10, 0);
}

static void pieces_that_are_too_many(struct fake_end *end)
{
    liar_first_piece(end, 1, 0, 100, 10);
    liar_data(end, 1, 0, 91);
}

static void pieces_that_are_too_few(struct fake_end *end)
{
    liar_first_piece(end, 1, 0, 100, 10);
    liar_data(end, 1, 0, 89);
}

static void pieces_without_end(struct fake_end *end)
{
    liar_first_piece(end, 1, 0, 100, 10);
    liar_data(end, 1, HPRPC_FLAG_MORE, 90);
}

static void empty_pieces(struct fake_end *end)
{
    liar_first_piece(end, 1, 0, 100, 10);
    liar_data(end, 1, HPRPC_FLAG_MORE, 0);
}

static void element_over_the_limit(struct fake_end *end)
{
    liar_first_piece(end, 1, 0, 200001, 10);
}

static void element_of_any_size(struct fake_end *end)
{
    liar_first_piece(end, 1, 0, UINT64_MAX, 10);
}

static void piece_over_64_kib(struct fake_end *end)
{
    liar_data(end, 1, 0, 65537);
}

static void second_element_in_pieces(struct fake_end *end)
{
    liar_first_piece(end, 1, 0, 900, 10);
    liar_data(end, 1, 0, 890);
    liar_first_piece(end, 1, 0, 200, 10);
}

struct breach {
    void (*lie)(struct fake_end *end);
    const char *text;
};

static const struct breach by_callers[] = {
    { too_many_elements, "beyond the window" },
    { too_many_bytes, "beyond the window" },
    { data_after_end, "DATA after END" },
    { end_twice, "a second END" },
    { end_with_a_body, "an END with a body" },
    { end_inside_an_element, "END inside an element" },
    { data_where_none_is_read, "no stream in this direction" },
    { end_where_none_is_read, "no stream in this direction" },
    { data_of_no_call, "never was" },
    { end_of_no_call, "never was" },
    { credit_of_no_call, "never was" },
    { data_of_a_huge_call, "never was" },
    { data_as_a_callee, "never was" },
    { credit_for_more_elements, "larger than what was sent" },
    { credit_for_more_bytes, "larger than what was sent" },
    { credit_where_none_is_sent, "larger than what was sent" },
    { credit_twice, "larger than what was sent" },
    { malformed_credit, "malformed" },
    { piece_without_a_size, "makes no sense" },
    { piece_of_an_element_of_nothing, "makes no sense" },
    { piece_that_is_all, "makes no sense" },
    { first_piece_of_nothing, "makes no sense" },
    { pieces_that_are_too_many, "not as long as" },
    { pieces_that_are_too_few, "not as long as" },
    { pieces_without_end, "not as long as" },
    { empty_pieces, "not as long as" },
    { element_over_the_limit, "longer than the limit" },
    { element_of_any_size, "longer than the limit" },
    { piece_over_64_kib, "more than 64 KiB" },
    { second_element_in_pieces, "beyond the window" },
};

/* Begins an Upload that is held, with call id 1, and a Watch that has sent one element of 100 bytes, with call id 2. */
static void begin_calls(struct waters *waters, struct fake_end *end)
{
    struct fake_message message;

    liar_request(end, 1, FLOW_UPLOAD, HOLD, 0);
    liar_request(end, 2, FLOW_WATCH, WATCH_HOLDS, 99);
    assert_true(fake_expect(end, HPRPC_MESSAGE_DATA, &message));
    assert_int_equal(message.header.call, 2);
    assert_int_equal(message.header.flags, HPRPC_FLAG_CALLEE);
    assert_int_equal(message.size, 100);
    fake_message_clear(&message);
    await_held(waters, 2);
}

static void a_client_that_lies(void **state)
{
    struct waters waters;

    (void)state;
    open_server(&waters);
    for (size_t i = 0; i < sizeof(by_callers) / sizeof(by_callers[0]); i++) {
        struct fake_end *end = lie_to_server();

        begin_calls(&waters, end);
        by_callers[i].lie(end);
        liar_expect_breach(end, by_callers[i].text);
        fake_leave(end);
        waters_settle(&waters);
    }
    waters_close(&waters);
}

/* What has come too late is dropped: the call has ended meanwhile, and the client did not know. */
static void a_client_that_is_late(void **state)
{
    struct waters waters;
    struct fake_end *end;

    (void)state;
    open_server(&waters);
    end = lie_to_server();
    begin_calls(&waters, end);
    liar_cancel(end, 1);
    liar_expect_error(end, 1, HPRPC_ECANCELLED);
    for (int i = 0; i < 3 * ELEMENTS; i++)
        liar_data(end, 1, 0, 600);
    liar_first_piece(end, 1, 0, 100, 10);
    liar_end(end, 1, 0);
    liar_end(end, 1, 0);
    liar_credit(end, 1, 0, 100, 100);
    liar_expect_pong(end);

    /* a call that was refused never had streams, but its caller could not know */
    liar_request(end, 3, 99, HOLD, 0);
    liar_data(end, 3, 0, 10);
    liar_expect_error(end, 3, HPRPC_EUNIMPLEMENTED);
    liar_data(end, 3, 0, 10);
    liar_end(end, 3, 0);
    liar_expect_pong(end);

    /* the id is free again, and what came too late does not count for the next call */
    liar_request(end, 1, FLOW_UPLOAD, HOLD, 0);
    await_held(&waters, 2);
    for (int i = 0; i < ELEMENTS; i++)
        liar_data(end, 1, 0, 300);
    liar_expect_pong(end);
    fake_leave(end);
    waters_close(&waters);
}

/* A request says whether its procedure has streams. */
static void a_client_that_calls_wrongly(void **state)
{
    const struct hprpc_header plain = { .type = HPRPC_MESSAGE_REQUEST, .call = 4, .procedure = FLOW_UPLOAD };
    struct waters waters;
    struct fake_end *end;

    (void)state;
    open_server(&waters);
    end = lie_to_server();
    fake_send(end, &plain, "\0\0\0\0", 4);
    liar_expect_error(end, 4, HPRPC_EBODY);
    liar_request(end, 4, FLOW_PLAIN, 1, 0);
    liar_expect_error(end, 4, HPRPC_EBODY);
    liar_expect_pong(end);
    fake_leave(end);
    waters_close(&waters);
}

/* A side that does not claim to understand streams gets no number for a procedure that has some. */
static void a_client_without_streams(void **state)
{
    struct hprpc__bound_procedure procedures[FLOW_COUNT];
    struct fake_message message;
    struct waters waters;
    struct fake_end *end;
    uint16_t service;

    (void)state;
    open_server(&waters);
    end = fake_connect("violations");
    assert_non_null(end);
    liar_hello_without_streams(end);
    liar_bind(end);
    assert_true(fake_expect(end, HPRPC_MESSAGE_BOUND, &message));
    assert_true(hprpc__bound_read(message.body, message.size, FLOW_COUNT, &service, procedures));
    for (int i = 0; i < FLOW_PLAIN; i++) {
        assert_int_equal(procedures[i].number, HPRPC_EUNIMPLEMENTED);
        assert_non_null(strstr(procedures[i].text.data, "has streams, which the side that asks does not understand"));
    }
    assert_int_equal(procedures[FLOW_PLAIN].number, FLOW_PLAIN);
    fake_message_clear(&message);
    fake_leave(end);
    waters_close(&waters);
}

/* ---- A server that lies ---- */

struct victim {
    struct waters waters; /* a context alone */
    struct hprpc_listener *listener;
    struct fake_end *end;
    struct hprpc_client *client;
    struct flow flow;
    struct hprpc_call upload, watch;
    uint32_t upload_id, watch_id;
};

struct opening {
    struct victim *victim;
    bool streams;
    int code;
};

static void *connect_and_bind(void *argument)
{
    struct opening *opening = argument;
    struct victim *victim = opening->victim;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail;

    options.stream_elements = ELEMENTS;
    options.stream_bytes = BYTES;
    options.max_stream_bytes = TOTAL;
    options.max_message = 200000;
    options.pump = HPRPC_PUMP_THREAD;
    opening->code = hprpc_client_connect(victim->waters.context, "fake://liar", &options, &detail, &victim->client);
    if (opening->code == 0)
        opening->code = flow_bind(victim->client, &detail, &victim->flow);
    return NULL;
}

static void open_victim(struct victim *victim, bool streams)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct opening opening = { victim, streams, 0 };
    struct fake_message message;
    pthread_t thread;

    memset(victim, 0, sizeof(*victim));
    memory_init(&victim->waters.memory);
    options.allocator = memory_allocator(&victim->waters.memory);
    options.transports = fake_transports;
    assert_int_equal(hprpc_context_new(&options, &victim->waters.context), 0);
    victim->listener = fake_listen("liar");
    assert_non_null(victim->listener);
    assert_int_equal(pthread_create(&thread, NULL, connect_and_bind, &opening), 0);
    victim->end = fake_accept(victim->listener);
    assert_non_null(victim->end);
    if (streams)
        liar_hello(victim->end, &window);
    else
        liar_hello_without_streams(victim->end);
    assert_true(fake_expect(victim->end, HPRPC_MESSAGE_BIND, &message));
    liar_bound(victim->end, message.header.call);
    fake_message_clear(&message);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(opening.code, 0);
}

static uint32_t expect_request(struct victim *victim, uint16_t procedure)
{
    struct fake_message message;
    uint32_t call;

    assert_true(fake_expect(victim->end, HPRPC_MESSAGE_REQUEST, &message));
    assert_int_equal(message.header.procedure, procedure);
    assert_int_equal(message.header.flags, HPRPC_FLAG_STREAM);
    call = message.header.call;
    fake_message_clear(&message);
    return call;
}

/* Begins a Watch, and an Upload that has sent one element of 100 bytes. */
static void begin_victims_calls(struct victim *victim)
{
    struct fake_message message;
    uint8_t data[99] = { 0 };

    assert_int_equal(flow_watch_start(&victim->flow, &victim->watch, 1, 1), 0);
    victim->watch_id = expect_request(victim, FLOW_WATCH);
    assert_int_equal(flow_upload_start(&victim->flow, &victim->upload, 0), 0);
    victim->upload_id = expect_request(victim, FLOW_UPLOAD);
    assert_int_equal(flow_send(&victim->upload, data, sizeof(data)), 0);
    assert_true(fake_expect(victim->end, HPRPC_MESSAGE_DATA, &message));
    assert_int_equal(message.header.call, victim->upload_id);
    assert_int_equal(message.header.flags, 0);
    fake_message_clear(&message);
}

static void close_victim(struct victim *victim)
{
    hprpc_call_clear(&victim->watch);
    hprpc_call_clear(&victim->upload);
    hprpc_client_free(victim->client);
    fake_leave(victim->end);
    fake_unlisten(victim->listener);
    hprpc_context_free(victim->waters.context);
    assert_int_equal(atomic_load(&victim->waters.memory.pieces), 0);
}

static void server_sends_too_many(struct victim *victim)
{
    for (int i = 0; i <= ELEMENTS; i++)
        liar_data(victim->end, victim->watch_id, HPRPC_FLAG_CALLEE, 1);
}

static void server_sends_after_end(struct victim *victim)
{
    liar_end(victim->end, victim->watch_id, HPRPC_FLAG_CALLEE);
    liar_data(victim->end, victim->watch_id, HPRPC_FLAG_CALLEE, 1);
}

static void server_ends_twice(struct victim *victim)
{
    liar_end(victim->end, victim->watch_id, HPRPC_FLAG_CALLEE);
    liar_end(victim->end, victim->watch_id, HPRPC_FLAG_CALLEE);
}

static void server_sends_to_an_upload(struct victim *victim)
{
    liar_data(victim->end, victim->upload_id, HPRPC_FLAG_CALLEE, 1);
}

static void server_sends_as_a_caller(struct victim *victim)
{
    liar_data(victim->end, victim->watch_id, 0, 1);
}

static void server_sends_to_no_call(struct victim *victim)
{
    liar_data(victim->end, 14, HPRPC_FLAG_CALLEE, 1);
}

static void server_gives_too_much(struct victim *victim)
{
    liar_credit(victim->end, victim->upload_id, HPRPC_FLAG_CALLEE, 2, 0);
}

static void server_gives_too_many_bytes(struct victim *victim)
{
    liar_credit(victim->end, victim->upload_id, HPRPC_FLAG_CALLEE, 1, 101);
}

static void server_ends_inside_an_element(struct victim *victim)
{
    liar_first_piece(victim->end, victim->watch_id, HPRPC_FLAG_CALLEE, 100, 10);
    liar_end(victim->end, victim->watch_id, HPRPC_FLAG_CALLEE);
}

static void a_server_that_lies(void **state)
{
    static const struct {
        void (*lie)(struct victim *victim);
        const char *text;
    } lies[] = {
        { server_sends_too_many, "beyond the window" },
        { server_sends_after_end, "DATA after END" },
        { server_ends_twice, "a second END" },
        { server_sends_to_an_upload, "no stream in this direction" },
        { server_sends_as_a_caller, "never was" },
        { server_sends_to_no_call, "never was" },
        { server_gives_too_much, "larger than what was sent" },
        { server_gives_too_many_bytes, "larger than what was sent" },
        { server_ends_inside_an_element, "END inside an element" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct kodosis_bytes item;
        struct victim victim;
        uint64_t total;
        int r;

        open_victim(&victim, true);
        begin_victims_calls(&victim);
        lies[i].lie(&victim);
        liar_expect_breach(victim.end, lies[i].text);
        /* what came before can be read; then each call ends with one code, and its sentence */
        while ((r = flow_next(&victim.watch, &item)) == 1 || r == HPRPC_EBODY)
            continue;
        if (r == 0) /* the liar has said END */
            r = flow_finish(&victim.watch);
        assert_int_equal(r, HPRPC_EPROTOCOL);
        assert_non_null(strstr(victim.watch.detail, lies[i].text));
        assert_int_equal(flow_next(&victim.watch, &item), HPRPC_EPROTOCOL);
        assert_int_equal(flow_send(&victim.upload, "", 0), HPRPC_EPROTOCOL);
        assert_int_equal(flow_upload_finish(&victim.upload, &total), HPRPC_EPROTOCOL);
        close_victim(&victim);
    }
}

static void a_server_without_streams(void **state)
{
    struct victim victim;

    (void)state;
    open_victim(&victim, false);
    /* it has given numbers all the same */
    assert_int_equal(flow_watch_start(&victim.flow, &victim.watch, 1, 1), HPRPC_EUNIMPLEMENTED);
    assert_non_null(strstr(victim.watch.detail, "has streams, which the other side does not understand"));
    assert_int_equal(flow_upload_start(&victim.flow, &victim.upload, 1), HPRPC_EUNIMPLEMENTED);
    close_victim(&victim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_client_that_lies),          fixture_test(a_client_that_is_late),
        fixture_test(a_client_that_calls_wrongly), fixture_test(a_client_without_streams),
        fixture_test(a_server_that_lies),          fixture_test(a_server_without_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
