/* SPDX-License-Identifier: MIT */
/* BIND with canonical texts: procedures whose hashes differ, and whose texts decide. */
#include "rpc/stage.h"

#include "rpc/connection/message.h"

enum { PROCEDURES = 3 };

static const char *own_shapes[] = { "(extensible struct{int32})->void", NULL, "()->extensible union{bool}" };

static struct hprpc_procedure procedures[PROCEDURES];
static struct hprpc_interface interface = { "test.Shapes", 1, PROCEDURES, procedures };

static void set_up_procedures(void)
{
    static const char *const names[] = { "One", "Two", "Three" };

    for (uint32_t i = 0; i < PROCEDURES; i++)
        procedures[i] = (struct hprpc_procedure){ names[i], 100 + i, 0, tiny_interface.procedures[TINY_ECHO].invoke,
                                                  own_shapes[i] };
}

/* A BIND by hand: all hashes differ, and `shapes` are the texts, NULL for no texts at all. */
static size_t write_bind(uint8_t *body, size_t size, const char *const *shapes)
{
    struct hprpc_procedure asked[PROCEDURES];
    const struct hprpc_interface other = { interface.name, interface.version, PROCEDURES, asked };
    struct kodosis_writer writer;

    for (uint32_t i = 0; i < PROCEDURES; i++) {
        asked[i] = procedures[i];
        asked[i].hash += 50;
        asked[i].shape = shapes ? shapes[i] : NULL;
    }
    kodosis_writer_init(&writer, body, size);
    hprpc__bind_write(&writer, &other, shapes);
    assert_int_equal(writer.status, KODOSIS_OK);
    assert_int_equal(writer.cursor - writer.start, hprpc__bind_size(&other, shapes));
    return (size_t)(writer.cursor - writer.start);
}

static void open_server(struct stage *stage)
{
    set_up_procedures();
    stage_open(stage, false);
    assert_int_equal(hprpc_server_new(stage->context, NULL, &stage->server), 0);
    assert_int_equal(hprpc_server_add(stage->server, &interface, &tiny_plain, NULL), 0);
    assert_int_equal(hprpc_server_listen(stage->server, stage->uri, NULL), 0);
}

static struct fake_end *connect_raw(struct stage *stage)
{
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct fake_end *end = fake_connect(stage->name);
    struct fake_message message;

    raw_hello(end, &limits);
    stage_turn(stage);
    assert_true(fake_poll(end, &message));
    fake_message_clear(&message);
    return end;
}

/* Checks the numbers that come back for these texts. */
static void expect_numbers(struct stage *stage, const char *const *shapes, const int16_t wanted[PROCEDURES])
{
    struct hprpc__bound_procedure answer[PROCEDURES];
    struct fake_end *end = connect_raw(stage);
    struct fake_message message;
    uint8_t body[512];
    size_t size = write_bind(body, sizeof(body), shapes);
    uint16_t service;

    raw_send(end, HPRPC_MESSAGE_BIND, 0, body, size);
    stage_turn(stage);
    assert_true(fake_poll(end, &message));
    assert_int_equal(message.header.type, HPRPC_MESSAGE_BOUND);
    assert_true(hprpc__bound_read(message.body, message.size, PROCEDURES, &service, answer));
    for (uint32_t i = 0; i < PROCEDURES; i++)
        assert_int_equal(answer[i].number, wanted[i]);
    fake_message_clear(&message);
    fake_leave(end);
}

static void texts_decide(void **state)
{
    static const char *const newer[] = { "(extensible struct{int32;bool})->void", "()->void",
                                         "()->extensible union{bool,int8}" };
    static const char *const wrong[] = { "(extensible struct{int64})->void", NULL, "()->extensible union{bool,int8}" };
    static const char *const nonsense[] = { "(((", "\x01", "" };
    struct stage stage;

    (void)state;
    open_server(&stage);
    expect_numbers(&stage, NULL, (const int16_t[]){ HPRPC_ESCHEMA, HPRPC_ESCHEMA, HPRPC_ESCHEMA });
    expect_numbers(&stage, newer, (const int16_t[]){ 0, HPRPC_ESCHEMA, 2 });
    expect_numbers(&stage, wrong, (const int16_t[]){ HPRPC_ESCHEMA, HPRPC_ESCHEMA, 2 });
    expect_numbers(&stage, nonsense, (const int16_t[]){ HPRPC_ESCHEMA, HPRPC_ESCHEMA, HPRPC_ESCHEMA });
    stage_close(&stage);
}

static void half_of_the_texts_break(void **state)
{
    static const char *const shapes[] = { "(extensible struct{int32;bool})->void", NULL,
                                          "()->extensible union{bool,int8}" };
    struct stage stage;
    uint8_t body[512];
    size_t least, whole;

    (void)state;
    open_server(&stage);
    least = write_bind(body, sizeof(body), NULL);
    whole = write_bind(body, sizeof(body), shapes);
    for (size_t size = least + 1; size <= whole + 1; size++) {
        struct fake_end *end = connect_raw(&stage);
        struct fake_message message;

        body[whole] = 0;
        raw_send(end, HPRPC_MESSAGE_BIND, 0, body, size);
        stage_turn(&stage);
        assert_true(fake_poll(end, &message));
        assert_int_equal(message.header.type, size == whole ? HPRPC_MESSAGE_BOUND : HPRPC_MESSAGE_GOODBYE);
        fake_message_clear(&message);
        fake_leave(end);
    }
    stage_close(&stage);
}

/* HELLO with these features and this limit, and the BIND that then comes: whether it has texts. */
static bool bind_has_texts(uint64_t features, uint32_t max_message)
{
    struct hprpc__hello hello = {
        .max_message = max_message, .max_calls = 8, .max_call_bytes = 1 << 20, .timeout_ms = 60000, .features = features
    };
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_writer writer;
    struct fake_message message;
    struct raw_server raw;
    struct stage stage;
    uint8_t body[64];
    bool texts;

    set_up_procedures();
    stage_open(&stage, false);
    raw_server_open(&raw, &stage, NULL);
    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__hello_write(&writer, &hello);
    raw_send(raw.end, HPRPC_MESSAGE_HELLO, 0, body, (size_t)(writer.cursor - writer.start));
    assert_int_equal(raw_server_connected(&raw), 0);
    assert_int_equal(hprpc_stub_bind_post(raw.client, &interface, &call), 0);
    assert_true(fake_expect(raw.end, HPRPC_MESSAGE_BIND, &message));
    texts = message.size == hprpc__bind_size(&interface, true);
    assert_true(texts || message.size == hprpc__bind_size(&interface, false));
    fake_message_clear(&message);
    hprpc_call_clear(&call);
    raw_server_close(&raw);
    stage_close(&stage);
    return texts;
}

static void texts_go_to_those_who_compare_them(void **state)
{
    static char large[400];
    const char *usual = own_shapes[1];

    (void)state;
    assert_true(bind_has_texts(HPRPC__FEATURE_SHAPES, 1 << 20));
    assert_false(bind_has_texts(HPRPC__FEATURE_DRAIN, 1 << 20));
    memset(large, 'x', sizeof(large) - 1);
    own_shapes[1] = large;
    assert_true(bind_has_texts(HPRPC__FEATURE_SHAPES, 1024));
    assert_false(bind_has_texts(HPRPC__FEATURE_SHAPES, 256)); /* they do not fit */
    own_shapes[1] = usual;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(texts_decide),
        fixture_test(half_of_the_texts_break),
        fixture_test(texts_go_to_those_who_compare_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
