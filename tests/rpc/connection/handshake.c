/* SPDX-License-Identifier: MIT */
/* HELLO: comes first, once, well formed and in time. The test plays the other side. */
#include "rpc/stage.h"
#include "rpc/connection/connection.h"
#include "rpc/connection/message.h"

/* Expects a GOODBYE whose sentence contains `part`, and then the end. */
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
}

static void server_answers_hello(void **state)
{
    struct stage stage;
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct fake_end *end;
    struct fake_message hello;
    struct kodosis_reader reader;

    (void)state;
    stage_open(&stage, false);
    options.max_message = 4321;
    options.max_calls = 7;
    options.max_call_bytes = 98765;
    options.timeout_ms = 1234;
    options.stream_elements = 77;
    options.stream_bytes = 7777;
    options.max_stream_bytes = 77777;
    stage_serve(&stage, &options, &tiny_plain, NULL);
    end = fake_connect(stage.name);
    stage_turn(&stage);
    assert_false(fake_poll(end, &hello)); /* the side that connected must send HELLO first */
    raw_hello(end, &limits);
    stage_turn(&stage);
    assert_true(fake_poll(end, &hello));
    assert_int_equal(hello.header.type, HPRPC_MESSAGE_HELLO);
    assert_int_equal(hello.size, HPRPC__HELLO_SIZE);
    kodosis_reader_init(&reader, hello.body, hello.size, NULL);
    assert_int_equal(kodosis_read_uint32(&reader), 4321);
    assert_int_equal(kodosis_read_uint32(&reader), 7);
    assert_int_equal(kodosis_read_uint64(&reader), 98765);
    assert_int_equal(kodosis_read_uint32(&reader), 1234);
    assert_true(kodosis_read_bool(&reader));
    assert_int_equal(kodosis_read_uint64(&reader), HPRPC__FEATURES);
    assert_int_equal(kodosis_read_uint32(&reader), 77);
    assert_int_equal(kodosis_read_uint64(&reader), 7777);
    assert_int_equal(kodosis_read_uint64(&reader), 77777);
    assert_int_equal(kodosis_reader_finish(&reader), KODOSIS_OK);
    fake_message_clear(&hello);
    assert_false(fake_poll(end, &hello));
    fake_leave(end);
    stage_close(&stage);
}

static void hello_may_grow(void **state)
{
    struct stage stage;
    struct fake_end *end;
    struct fake_message message;
    uint8_t body[64] = { 0 };

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    end = fake_connect(stage.name);
    body[1] = body[4] = body[9] = body[16] = 1;
    raw_send(end, HPRPC_MESSAGE_HELLO, 0, body, sizeof(body));
    stage_turn(&stage);
    assert_true(fake_expect(end, HPRPC_MESSAGE_HELLO, &message));
    fake_message_clear(&message);
    raw_bind(end);
    raw_request(end, 0, TINY_POKE, 0, "", 0);
    stage_turn(&stage);
    assert_true(fake_expect(end, HPRPC_MESSAGE_REPLY, &message));
    fake_message_clear(&message);
    fake_leave(end);
    stage_close(&stage);
}

static void server_refuses_bad_hello(void **state)
{
    struct stage stage;
    struct raw_limits good = RAW_LIMITS_INIT, no_calls = RAW_LIMITS_INIT, no_time = RAW_LIMITS_INIT;
    struct fake_end *end, *other;
    struct fake_message message;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    other = raw_connect(&stage, &good);

    for (size_t size = 0; size < 21; size++) {
        uint8_t body[21];

        memset(body, 1, sizeof(body));
        end = fake_connect(stage.name);
        raw_send(end, HPRPC_MESSAGE_HELLO, 0, body, size);
        stage_turn(&stage);
        expect_goodbye(end, "malformed HELLO");
        fake_leave(end);
    }
    no_calls.max_calls = 0;
    no_time.timeout_ms = 0;
    for (int i = 0; i < 2; i++) {
        end = fake_connect(stage.name);
        raw_hello(end, i ? &no_calls : &no_time);
        stage_turn(&stage);
        expect_goodbye(end, i ? "allows no calls" : "timeout of 0");
        fake_leave(end);
    }

    /* a second HELLO on one connection */
    end = raw_connect(&stage, NULL);
    raw_hello(end, &good);
    stage_turn(&stage);
    expect_goodbye(end, "second HELLO");
    fake_leave(end);

    /* the other connection goes on */
    raw_request(other, 3, TINY_POKE, 0, "x", 1);
    stage_turn(&stage);
    assert_true(fake_poll(other, &message));
    assert_int_equal(message.header.type, HPRPC_MESSAGE_REPLY);
    assert_int_equal(message.header.call, 3);
    fake_message_clear(&message);
    fake_leave(other);
    stage_close(&stage);
}

static void server_wants_hello_first(void **state)
{
    static const enum hprpc_message_type early[] = {
        HPRPC_MESSAGE_BIND,   HPRPC_MESSAGE_BOUND,  HPRPC_MESSAGE_REQUEST, HPRPC_MESSAGE_REPLY, HPRPC_MESSAGE_ERROR,
        HPRPC_MESSAGE_CANCEL, HPRPC_MESSAGE_CREDIT, HPRPC_MESSAGE_PING,    HPRPC_MESSAGE_PONG,
    };
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
        struct fake_end *end = fake_connect(stage.name);

        raw_send(end, early[i], 0, "\0\0\0\0", 4);
        stage_turn(&stage);
        expect_goodbye(end, "before HELLO");
        fake_leave(end);
    }
    stage_close(&stage);
}

static void a_header_that_makes_no_sense_breaks(void **state)
{
    static const struct hprpc_header bad[] = {
        { .type = 0 },
        { .type = 15 },
        { .type = 200 },
        { .type = HPRPC_MESSAGE_DATA, .flags = HPRPC_FLAG_STREAM },
        { .type = HPRPC_MESSAGE_END, .flags = HPRPC_FLAG_MORE },
        { .type = HPRPC_MESSAGE_CREDIT, .flags = HPRPC_FLAG_CALLEE },
        { .type = HPRPC_MESSAGE_REQUEST, .flags = HPRPC_FLAG_ONEWAY | HPRPC_FLAG_STREAM },
        { .type = HPRPC_MESSAGE_REQUEST, .flags = 0x08 },
        { .type = HPRPC_MESSAGE_REQUEST, .flags = 0x80 },
        { .type = HPRPC_MESSAGE_REPLY, .flags = HPRPC_FLAG_ONEWAY },
        { .type = HPRPC_MESSAGE_PING, .flags = HPRPC_FLAG_TIMEOUT },
    };
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fake_end *end = raw_connect(&stage, NULL);

        fake_send(end, &bad[i], "", 0);
        stage_turn(&stage);
        expect_goodbye(end, "makes no sense");
        fake_leave(end);
    }
    stage_close(&stage);
}

static int find_controller(void *self, struct hprpc_controller *controller)
{
    *(struct hprpc_controller **)self = controller;
    return 1;
}

/* What the other side allows is taken up to our own limit, so that it cannot make this side keep a table of any size. */
static void any_number_of_calls_is_cut(void **state)
{
    static const uint32_t allowed[] = { 1, HPRPC__CALLS_LIMIT, HPRPC__CALLS_LIMIT + 1, UINT32_MAX };
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        struct raw_limits limits = RAW_LIMITS_INIT;
        struct hprpc_controller *controller = NULL;
        struct fake_end *end;

        limits.max_calls = allowed[i];
        end = raw_connect(&stage, &limits);
        assert_int_equal(hprpc_server_connections(stage.server, find_controller, &controller), 1);
        assert_int_equal(controller->peer.max_calls, i ? HPRPC__CALLS_LIMIT : 1);
        fake_leave(end);
        stage_turn(&stage);
    }
    stage_close(&stage);
}

static void hello_has_a_deadline(void **state)
{
    struct stage stage;
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct fake_end *silent, *good;

    (void)state;
    stage_open(&stage, true);
    options.handshake_timeout_ms = 500;
    stage_serve(&stage, &options, &tiny_plain, NULL);
    silent = fake_connect(stage.name);
    good = raw_connect(&stage, NULL);
    stage_turn(&stage);
    assert_in_range(hprpc_server_timeout(stage.server), 1, 500);
    atomic_fetch_add(&stage.time, 499 * 1000000ull);
    stage_turn(&stage);
    assert_false(fake_peer(silent) == NULL);
    assert_in_range(hprpc_server_timeout(stage.server), 0, 1);
    atomic_fetch_add(&stage.time, 2 * 1000000ull);
    stage_turn(&stage);
    assert_true(fake_await_end(silent));
    fake_leave(silent);

    /* the end that sent HELLO in time goes on */
    raw_signal(good, HPRPC_MESSAGE_PING, 9);
    stage_turn(&stage);
    struct fake_message pong;
    assert_true(fake_poll(good, &pong));
    assert_int_equal(pong.header.type, HPRPC_MESSAGE_PONG);
    assert_int_equal(pong.header.call, 9);
    fake_message_clear(&pong);
    fake_leave(good);
    stage_close(&stage);
}

/* ---- The client's view ---- */

static void client_speaks_first(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct fake_message message;

    (void)state;
    stage_open(&stage, false);
    raw_server_open(&raw, &stage, NULL);
    assert_true(fake_receive(raw.end, &message));
    assert_int_equal(message.header.type, HPRPC_MESSAGE_HELLO);
    assert_int_equal(message.size, HPRPC__HELLO_SIZE);
    assert_int_equal(message.body[20],
                     0); /* `pumped`: no thread pumps this client all the time, so it must not be pinged */
    fake_message_clear(&message);
    raw_hello(raw.end, &limits);
    assert_int_equal(raw_server_connected(&raw), 0);
    raw_server_close(&raw);
    stage_close(&stage);
}

/* A GOODBYE right after the HELLO also refuses the client: no call can have run. */
static void client_is_turned_away_after_hello(void **state)
{
    struct raw_limits limits = RAW_LIMITS_INIT;
    int turned_away = 0;

    (void)state;
    for (int i = 0; i < 300; i++) {
        struct raw_server raw;
        struct stage stage;
        int r;

        stage_open(&stage, false);
        raw_server_open(&raw, &stage, NULL);
        raw_hello(raw.end, &limits);
        raw_goodbye(raw.end, "full");
        r = raw_server_connected(&raw);
        /* the client may look between the two messages */
        assert_true(r == 0 || r == HPRPC_EREFUSED);
        turned_away += r != 0;
        raw_server_close(&raw);
        stage_close(&stage);
    }
    assert_true(turned_away > 0);
}

static void client_is_turned_away(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client = (void *)1;
    struct hprpc_detail detail;

    (void)state;
    stage_open(&stage, false);
    assert_int_equal(hprpc_client_connect(stage.context, "fake://nobody", NULL, &detail, &client), HPRPC_EREFUSED);
    assert_non_null(strstr(detail.text, "fake://nobody"));
    assert_int_equal(hprpc_client_connect(stage.context, "fake://", NULL, &detail, &client), HPRPC_EURI);
    assert_int_equal(hprpc_client_connect(stage.context, "faker://x", NULL, &detail, &client), HPRPC_ESCHEME);
    assert_non_null(strstr(detail.text, "fake"));
    assert_int_equal(hprpc_client_connect(stage.context, "fake://x?colour=red", NULL, &detail, &client),
                     HPRPC_EREFUSED);
    assert_ptr_equal(client, (void *)1);

    raw_server_open(&raw, &stage, NULL);
    raw_goodbye(raw.end, "come back tomorrow");
    assert_int_equal(raw_server_connected(&raw), HPRPC_EREFUSED);
    assert_non_null(strstr(raw.detail.text, "come back tomorrow"));
    assert_null(raw.client);
    raw_server_close(&raw);

    raw_server_open(&raw, &stage, NULL);
    fake_leave(raw.end);
    raw.end = NULL;
    assert_int_equal(raw_server_connected(&raw), HPRPC_EPEERDIED);
    raw_server_close(&raw);

    raw_server_open(&raw, &stage, NULL);
    raw_send(raw.end, HPRPC_MESSAGE_HELLO, 0, "short", 5);
    assert_int_equal(raw_server_connected(&raw), HPRPC_EPROTOCOL);
    assert_non_null(strstr(raw.detail.text, "malformed HELLO"));
    raw_server_close(&raw);

    raw_server_open(&raw, &stage, NULL);
    raw_signal(raw.end, HPRPC_MESSAGE_PING, 0);
    assert_int_equal(raw_server_connected(&raw), HPRPC_EPROTOCOL);
    raw_server_close(&raw);

    options.connect_timeout_ms = 20;
    raw_server_open(&raw, &stage, &options);
    assert_int_equal(raw_server_connected(&raw), HPRPC_EDEADLINE);
    raw_server_close(&raw);
    stage_close(&stage);
}

static void listener_goes_before_it_accepts(void **state)
{
    struct stage stage;
    struct raw_server raw;

    (void)state;
    stage_open(&stage, false);
    memset(&raw, 0, sizeof(raw));
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    struct fake_end *end = fake_connect(stage.name);
    stage_unserve(&stage);
    assert_true(fake_await_end(end));
    fake_leave(end);
    stage_close(&stage);
}

static void a_big_first_message_is_not_taken(void **state)
{
    struct stage stage;
    struct fake_end *end;
    uint8_t *body = calloc(1, HPRPC_FIRST_MESSAGE_MAX + 1);

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    end = fake_connect(stage.name);
    raw_send(end, HPRPC_MESSAGE_HELLO, 0, body, HPRPC_FIRST_MESSAGE_MAX + 1);
    stage_turn(&stage);
    assert_true(fake_await_end(end));
    assert_int_equal(atomic_load(&stage.logged), 1);
    fake_leave(end);
    free(body);
    stage_close(&stage);
}

static void limits_of_options(void **state)
{
    struct stage stage;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_server_options server_options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client *client = NULL;
    struct hprpc_server *server = NULL;

    (void)state;
    stage_open(&stage, false);
    options.max_calls = 65537;
    assert_int_equal(hprpc_client_connect(stage.context, stage.uri, &options, NULL, &client), HPRPC_EINVAL);
    options.max_calls = 0;
    options.max_depth = 65536;
    assert_int_equal(hprpc_client_connect(stage.context, stage.uri, &options, NULL, &client), HPRPC_EINVAL);
    options.max_depth = 0;
    options.max_message = UINT32_MAX;
    assert_int_equal(hprpc_client_connect(stage.context, stage.uri, &options, NULL, &client), HPRPC_EINVAL);
    options.max_message = HPRPC__LEAST_MAX_MESSAGE - 1;
    assert_int_equal(hprpc_client_connect(stage.context, stage.uri, &options, NULL, &client), HPRPC_EINVAL);
    options.max_message = 0;
    options.size = 0;
    assert_int_equal(hprpc_client_connect(stage.context, stage.uri, &options, NULL, &client), HPRPC_EINVAL);
    options.size = sizeof(options) + 1;
    assert_int_equal(hprpc_client_connect(stage.context, stage.uri, &options, NULL, &client), HPRPC_EINVAL);
    server_options.max_calls = 65537;
    assert_int_equal(hprpc_server_new(stage.context, &server_options, &server), HPRPC_EINVAL);
    server_options.max_calls = 0;
    server_options.max_message = HPRPC__LEAST_MAX_MESSAGE - 1;
    assert_int_equal(hprpc_server_new(stage.context, &server_options, &server), HPRPC_EINVAL);
    assert_null(client);
    assert_null(server);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(server_answers_hello),
        fixture_test(hello_may_grow),
        fixture_test(any_number_of_calls_is_cut),
        fixture_test(server_refuses_bad_hello),
        fixture_test(server_wants_hello_first),
        fixture_test(a_header_that_makes_no_sense_breaks),
        fixture_test(hello_has_a_deadline),
        fixture_test(client_speaks_first),
        fixture_test(client_is_turned_away),
        fixture_test(listener_goes_before_it_accepts),
        fixture_test(a_big_first_message_is_not_taken),
        fixture_test(limits_of_options),
        fixture_test(client_is_turned_away_after_hello),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
