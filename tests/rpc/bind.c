/* SPDX-License-Identifier: MIT */
/* BIND: which services match, and what each side is told when one does not match. */
#include "rpc/stage.h"

#include "rpc/connection/message.h"

static void bind_and_mismatches(void **state)
{
    static const struct hprpc_interface stranger = { "test.Stranger", 1, 0, NULL };
    struct stage stage;
    struct hprpc_client *client;
    struct hprpc_detail detail;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct tiny tiny;
    struct hprpc_binding *binding = NULL;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    client = stage_connect(&stage, "", NULL);

    assert_int_equal(hprpc_stub_bind(client, &stranger, &detail, &binding), HPRPC_EUNIMPLEMENTED);
    assert_non_null(strstr(detail.text, "test.Stranger"));
    assert_null(binding);
    assert_int_equal(tiny_bind(client, &tiny_newer_interface, &detail, &tiny), HPRPC_ESCHEMA);
    assert_non_null(strstr(detail.text, "version 1"));
    assert_non_null(strstr(detail.text, "version 2"));
    /* a procedure with another hash is refused alone, by the client; the sentence names service, procedure and side */
    assert_int_equal(tiny_bind(client, &tiny_other_interface, &detail, &tiny), 0);
    assert_int_equal(tiny_echo(&tiny, &call, "x", 1, NULL), HPRPC_ESCHEMA);
    assert_non_null(strstr(call.detail, "test.Tiny.Echo"));
    assert_non_null(strstr(call.detail, "at the side that serves it"));
    assert_int_equal(tiny_bind(client, &tiny_interface, NULL, &tiny), 0);

    /* a procedure that the server lacks fails only when it is called, and in the client */
    assert_int_equal(tiny_bind(client, &tiny_larger_interface, &detail, &tiny), 0);
    assert_int_equal(tiny_extra(&tiny, &call), HPRPC_EUNIMPLEMENTED);
    assert_non_null(strstr(call.detail, "test.Tiny.Extra"));
    assert_int_equal(fake_count(stage_end(client), HPRPC_MESSAGE_REQUEST), 0);
    assert_int_equal(tiny_echo(&tiny, &call, "x", 1, NULL), 0);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    stage_close(&stage);
}

/* The server offers only a newer version than the client asks for. */
static void an_older_version_is_not_served_by_a_newer(void **state)
{
    struct hprpc_detail detail;
    struct hprpc_client *client;
    struct stage stage;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    assert_int_equal(hprpc_server_new(stage.context, NULL, &stage.server), 0);
    assert_int_equal(hprpc_server_add(stage.server, &tiny_newer_interface, &tiny_plain, NULL), 0);
    assert_int_equal(hprpc_server_listen(stage.server, stage.uri, NULL), 0);
    stage_run(&stage);
    client = stage_connect(&stage, "", NULL);
    assert_int_equal(tiny_bind(client, &tiny_interface, &detail, &tiny), HPRPC_ESCHEMA);
    assert_non_null(strstr(detail.text, "serves it in version 2"));
    assert_int_equal(tiny_bind(client, &tiny_newer_interface, &detail, &tiny), 0);
    hprpc_client_free(client);
    stage_close(&stage);
}

/* The code of the ERROR that answers a request; 0 for a REPLY. */
static int outcome_of(struct stage *stage, struct fake_end *end, uint16_t procedure)
{
    struct fake_message message;
    char text[256];
    int code = 0;

    raw_request(end, 1, procedure, 0, "x", 1);
    stage_turn(stage);
    assert_true(fake_poll(end, &message));
    if (message.header.type == HPRPC_MESSAGE_ERROR)
        code = raw_read_error(&message, text);
    else
        assert_int_equal(message.header.type, HPRPC_MESSAGE_REPLY);
    fake_message_clear(&message);
    return code;
}

/* A BIND that grants one procedure and refuses another: only the granted one can be called. */
static void what_was_refused_cannot_be_called(void **state)
{
    struct hprpc_procedure procedures[] = { tiny_interface.procedures[TINY_ECHO],
                                            tiny_interface.procedures[TINY_POKE] };
    const struct hprpc_interface half = { tiny_interface.name, tiny_interface.version, 2, procedures };
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct kodosis_writer writer;
    struct fake_message message;
    struct fake_end *end;
    struct stage stage;
    uint8_t body[256];

    (void)state;
    procedures[TINY_ECHO].hash++;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    end = fake_connect(stage.name);
    raw_hello(end, &limits);
    stage_turn(&stage);
    assert_true(fake_poll(end, &message));
    fake_message_clear(&message);
    kodosis_writer_init(&writer, body, (size_t)hprpc__bind_size(&half, false));
    hprpc__bind_write(&writer, &half, false);
    raw_send(end, HPRPC_MESSAGE_BIND, 0, body, (size_t)(writer.cursor - writer.start));
    stage_turn(&stage);
    assert_true(fake_poll(end, &message));
    assert_int_equal(message.header.type, HPRPC_MESSAGE_BOUND);
    fake_message_clear(&message);
    assert_int_equal(outcome_of(&stage, end, TINY_ECHO), HPRPC_EUNIMPLEMENTED);
    assert_int_equal(outcome_of(&stage, end, TINY_POKE), 0);
    fake_leave(end);
    stage_close(&stage);
}

static void several_versions_side_by_side(void **state)
{
    struct stage stage;
    struct hprpc_client *client;
    struct tiny one, two, more;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    assert_int_equal(hprpc_server_add(stage.server, &tiny_interface, &tiny_plain, NULL), HPRPC_EINVAL);
    assert_int_equal(hprpc_server_add(stage.server, &tiny_larger_interface, &tiny_plain, NULL), HPRPC_EINVAL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &one);
    assert_int_equal(tiny_bind(client, &tiny_newer_interface, NULL, &two), HPRPC_ESCHEMA);
    /* hprpc_server_add works while the server runs */
    assert_int_equal(hprpc_server_add(stage.server, &tiny_newer_interface, &tiny_plain, NULL), 0);
    assert_int_equal(tiny_bind(client, &tiny_newer_interface, NULL, &two), 0);
    assert_ptr_not_equal(one.binding, two.binding);
    assert_int_equal(tiny_poke(&two, NULL, "x", 1), 0);
    assert_int_equal(tiny_bind(client, &tiny_interface, NULL, &more), 0);
    assert_ptr_equal(more.binding, one.binding); /* copies of a proxy stay good */
    hprpc_client_free(client);
    stage_close(&stage);
}

/* The server's end of BIND, with bodies made by hand. */
static void malformed_binds_break(void **state)
{
    static const char whole[] = "\x09test.Tiny\0\x01\0\0\0\x01\x04"
                                "Echo\0\x01\x10\0\0\0\0\0\0";
    enum { SIZE = sizeof(whole) - 1 };
    struct stage stage;
    struct fake_end *end;
    struct fake_message message;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    end = raw_connect(&stage, NULL);
    raw_send(end, HPRPC_MESSAGE_BIND, 5, whole, SIZE);
    stage_turn(&stage);
    assert_true(fake_poll(end, &message));
    assert_int_equal(message.header.type, HPRPC_MESSAGE_BOUND);
    assert_int_equal(message.header.call, 5);
    assert_int_equal(message.size, 5);
    assert_memory_equal(message.body, "\0\0\x01\0\0", 5);
    fake_message_clear(&message);
    fake_leave(end);

    for (size_t size = 0; size <= SIZE; size++) {
        char body[SIZE + 1];

        /* every truncated body, and then one with a byte too many */
        memcpy(body, whole, SIZE);
        body[SIZE] = 0;
        end = raw_connect(&stage, NULL);
        raw_send(end, HPRPC_MESSAGE_BIND, 0, body, size < SIZE ? size : SIZE + 1);
        stage_turn(&stage);
        assert_true(fake_poll(end, &message));
        if (message.header.type != HPRPC_MESSAGE_GOODBYE)
            fail_msg("%zu bytes of BIND were answered with type %u", size, message.header.type);
        fake_message_clear(&message);
        assert_true(fake_await_end(end));
        fake_leave(end);
    }
    stage_close(&stage);
}

/* Ids are those of calls, and end with the credit: as for requests, in another test. */
static void the_id_is_within_the_credit(void **state)
{
    static const char whole[] = "\x09test.Tiny\0\x01\0\0\0\x01\x04"
                                "Echo\0\x01\x10\0\0\0\0\0\0";
    enum { SIZE = sizeof(whole) - 1, CALLS = 5 };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct fake_message message;
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    options.max_calls = CALLS;
    stage_serve(&stage, &options, &tiny_plain, NULL);
    for (uint32_t id = CALLS - 1; id <= CALLS; id++) {
        struct fake_end *end = raw_connect(&stage, NULL);

        raw_send(end, HPRPC_MESSAGE_BIND, id, whole, SIZE);
        stage_turn(&stage);
        assert_true(fake_poll(end, &message));
        assert_int_equal(message.header.type, id < CALLS ? HPRPC_MESSAGE_BOUND : HPRPC_MESSAGE_GOODBYE);
        fake_message_clear(&message);
        fake_leave(end);
    }
    stage_close(&stage);
}

static void too_many_procedures(void **state)
{
    enum { COUNT = 4097, SIZE = 16 + 2 + COUNT * 10 };
    struct stage stage;
    struct fake_end *end;
    struct kodosis_writer writer;
    static uint8_t body[SIZE];

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    end = raw_connect(&stage, NULL);
    kodosis_writer_init(&writer, body, SIZE);
    kodosis_write_string(&writer, kodosis_str("test.Tiny"));
    kodosis_write_uint32(&writer, 1);
    kodosis_write_varint(&writer, COUNT);
    raw_send(end, HPRPC_MESSAGE_BIND, 0, body, (size_t)(writer.cursor - body) + COUNT * 10);
    stage_turn(&stage);
    assert_true(fake_await_end(end));
    fake_leave(end);
    stage_close(&stage);
}

/* ---- Large interfaces ---- */

enum { MANY = 200 };

static struct hprpc_procedure many_procedures[MANY];
static char many_names[MANY][8];

static void number_procedures(void)
{
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(many_names[i], sizeof(many_names[i]), "P%u", i);
        many_procedures[i] = tiny_interface.procedures[TINY_ECHO];
        many_procedures[i].name = many_names[i];
        many_procedures[i].hash = 1000 + i;
    }
}

static int call_number(struct tiny *tiny, struct hprpc_call *call, uint32_t number)
{
    struct kodosis_bytes data = { (const uint8_t *)"x", 1 };
    struct hprpc_stub stub;
    int r = hprpc_stub_begin(&stub, tiny->client, tiny->binding, call, number, kodosis_size_bytes(0, data));

    if (r < 0)
        return r;
    kodosis_write_bytes(stub.writer, data);
    r = hprpc_stub_exchange(&stub);
    if (r < 0)
        return r;
    assert_int_equal(kodosis_read_bytes(&stub.reader).size, 1);
    return hprpc_stub_end(&stub);
}

/*
 * A service with more procedures than a word has bits. A client can call those that it asked for, and no others. Two clients
 * ask: for the first half, and for all of them.
 */
static void a_service_of_many_procedures(void **state)
{
    static const struct hprpc_interface whole = { "test.Many", 1, MANY, many_procedures };
    static const struct hprpc_interface half = { "test.Many", 1, MANY / 2, many_procedures };
    static const uint32_t numbers[] = { 0, 63, 64, 99, 100, 127, 128, MANY - 1 };
    const struct hprpc_interface *const asked[] = { &half, &whole };
    struct hprpc_header header = { .type = HPRPC_MESSAGE_REQUEST };
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct fake_message message;
    struct fake_end *end;
    struct stage stage;
    char text[256];

    (void)state;
    number_procedures();
    stage_open(&stage, false);
    assert_int_equal(hprpc_server_new(stage.context, NULL, &stage.server), 0);
    assert_int_equal(hprpc_server_add(stage.server, &whole, &tiny_plain, NULL), 0);
    assert_int_equal(hprpc_server_listen(stage.server, stage.uri, NULL), 0);
    /* a connection that did not bind this service can call none of them */
    end = raw_connect(&stage, NULL);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        header.procedure = (uint16_t)numbers[i];
        fake_send(end, &header, "\1x", 2);
        stage_turn(&stage);
        assert_true(fake_poll(end, &message));
        assert_int_equal(raw_read_error(&message, text), HPRPC_EUNIMPLEMENTED);
        fake_message_clear(&message);
    }
    fake_leave(end);
    stage_run(&stage);
    for (size_t k = 0; k < 2; k++) {
        struct tiny tiny = { .client = stage_connect(&stage, "", NULL) };

        assert_int_equal(hprpc_stub_bind(tiny.client, asked[k], NULL, &tiny.binding), 0);
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
            if (numbers[i] < asked[k]->procedure_count)
                assert_int_equal(call_number(&tiny, &call, numbers[i]), 0);
        }
        hprpc_call_clear(&call);
        hprpc_client_free(tiny.client);
    }
    stage_close(&stage);
}

struct binding {
    struct hprpc_client *client;
    struct hprpc_detail detail;
    struct tiny tiny;
    int code;
    pthread_t thread;
};

static void *bind_tiny(void *argument)
{
    struct binding *binding = argument;

    binding->code = tiny_bind(binding->client, &tiny_interface, &binding->detail, &binding->tiny);
    return NULL;
}

/* How a client takes each answer to its BIND. */
static void answers_to_bind(void **state)
{
    static const struct {
        enum hprpc_message_type type;
        const char *body;
        size_t size;
        int code;
    } cases[] = {
        { HPRPC_MESSAGE_BOUND, "", 0, HPRPC_EPROTOCOL },
        { HPRPC_MESSAGE_BOUND, "\0\0\x03\0\0\x01\0", 7, HPRPC_EPROTOCOL },
        { HPRPC_MESSAGE_BOUND, "\0\0\x03\0\0\x01\0\x02\0\0", 10, HPRPC_EPROTOCOL },
        { HPRPC_MESSAGE_BOUND, "\0\0\x02\0\0\x01\0", 7, HPRPC_EPROTOCOL },
        { HPRPC_MESSAGE_REPLY, "\0\0\x03\0\0\x01\0\x02\0", 9, HPRPC_EPROTOCOL },
        { HPRPC_MESSAGE_ERROR, "\xe7\xff\xff\xff\x02no\0\0\0", 10, HPRPC_ESCHEMA },
        { HPRPC_MESSAGE_BOUND, "\0\0\x03\0\0\x01\0\x02\0", 9, 0 },
    };
    struct stage stage;
    struct raw_server raw;
    struct raw_limits limits = RAW_LIMITS_INIT;

    (void)state;
    stage_open(&stage, false);
    raw_server_open(&raw, &stage, NULL);
    raw_hello(raw.end, &limits);
    assert_int_equal(raw_server_connected(&raw), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct binding binding = { .client = raw.client };
        struct fake_message message;

        assert_int_equal(pthread_create(&binding.thread, NULL, bind_tiny, &binding), 0);
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_BIND, &message));
        raw_send(raw.end, cases[i].type, message.header.call, cases[i].body, cases[i].size);
        fake_message_clear(&message);
        assert_int_equal(pthread_join(binding.thread, NULL), 0);
        if (binding.code != cases[i].code)
            fail_msg("case %zu: %s instead of %s", i, hprpc_error_name(binding.code), hprpc_error_name(cases[i].code));
        assert_true(binding.code == 0 || binding.detail.text[0]);
    }
    raw_server_close(&raw);
    stage_close(&stage);
}

static void bind_when_the_connection_is_gone(void **state)
{
    struct stage stage;
    struct hprpc_client *client;
    struct hprpc_detail detail = { "" };
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    client = stage_connect(&stage, "", NULL);
    hprpc_client_close(client);
    assert_int_equal(tiny_bind(client, &tiny_interface, &detail, &tiny), HPRPC_ENOTSENT);
    assert_true(detail.text[0]);
    hprpc_client_free(client);
    stage_close(&stage);
}

static void bind_has_a_deadline(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    options.timeout_ms = 10;
    raw_server_open(&raw, &stage, &options);
    raw_hello(raw.end, &limits);
    assert_int_equal(raw_server_connected(&raw), 0);
    assert_int_equal(tiny_bind(raw.client, &tiny_interface, &detail, &tiny), HPRPC_EDEADLINE);
    assert_true(detail.text[0]);
    raw_server_close(&raw);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(bind_and_mismatches),
        fixture_test(several_versions_side_by_side),
        fixture_test(malformed_binds_break),
        fixture_test(the_id_is_within_the_credit),
        fixture_test(too_many_procedures),
        fixture_test(a_service_of_many_procedures),
        fixture_test(answers_to_bind),
        fixture_test(bind_when_the_connection_is_gone),
        fixture_test(bind_has_a_deadline),
        fixture_test(an_older_version_is_not_served_by_a_newer),
        fixture_test(what_was_refused_cannot_be_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
