/* SPDX-License-Identifier: MIT */
/* The fixture of the tests of the controller: makes and closes a context, a server, clients, and ends that the test plays. */
#include "rpc/stage.h"

#include "rpc/connection/connection.h"

#include "rpc/call/binding.h"
#include "rpc/connection/message.h"

/* ---- The stage ---- */

static uint64_t virtual_now(void *self)
{
    return atomic_load(&((struct stage *)self)->time);
}

static void count_log(void *self, enum hprpc_log_level level, const char *text)
{
    struct stage *stage = self;

    /* the callback may run on any thread, where cmocka cannot assert */
    if (level < HPRPC_LOG_ERROR || level > HPRPC_LOG_DEBUG || !text[0])
        abort();
    atomic_fetch_add(&stage->logged, level == HPRPC_LOG_ERROR || strstr(text, ": ended: "));
}

static atomic_uint stages; /* how many this process has opened */

void stage_open(struct stage *stage, bool virtual_time)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;

    memset(stage, 0, sizeof(*stage));
    memory_init(&stage->memory);
    atomic_init(&stage->time, 1000000000);
    atomic_init(&stage->logged, 0);
    options.allocator = memory_allocator(&stage->memory);
    options.transports = fake_transports;
    options.log = count_log;
    options.log_self = stage;
    if (virtual_time) {
        options.now = virtual_now;
        options.now_self = stage;
    }
    assert_int_equal(hprpc_context_new(&options, &stage->context), 0);
    snprintf(stage->uri, sizeof(stage->uri), "fake://stage-%u", atomic_fetch_add(&stages, 1));
    stage->name = stage->uri + strlen("fake://");
}

void stage_serve(struct stage *stage, const struct hprpc_server_options *options, const struct tiny_handlers *handlers,
                 void *self)
{
    assert_int_equal(hprpc_server_new(stage->context, options, &stage->server), 0);
    assert_int_equal(hprpc_server_add(stage->server, &tiny_interface, handlers, self), 0);
    assert_int_equal(hprpc_server_listen(stage->server, stage->uri, NULL), 0);
}

static void *serve(void *argument)
{
    struct stage *stage = argument;

    return (void *)(intptr_t)hprpc_server_run(stage->server);
}

void stage_run(struct stage *stage)
{
    assert_int_equal(pthread_create(&stage->thread, NULL, serve, stage), 0);
    stage->runs = true;
}

void stage_turn(struct stage *stage)
{
    for (int i = 0; i < 4; i++)
        assert_int_equal(hprpc_server_process(stage->server), 0);
}

void stage_unserve(struct stage *stage)
{
    void *result = NULL;

    if (stage->runs) {
        hprpc_server_stop(stage->server);
        assert_int_equal(pthread_join(stage->thread, &result), 0);
        assert_int_equal((intptr_t)result, 0);
        stage->runs = false;
    }
    hprpc_server_free(stage->server);
    stage->server = NULL;
}

void stage_close(struct stage *stage)
{
    stage_unserve(stage);
    hprpc_context_free(stage->context);
    assert_int_equal(atomic_load(&stage->memory.pieces), 0);
    assert_int_equal(atomic_load(&stage->memory.bytes), 0);
}

struct hprpc_client *stage_connect(struct stage *stage, const char *query, const struct hprpc_client_options *options)
{
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail = { "" };
    char uri[128];

    snprintf(uri, sizeof(uri), "%s%s", stage->uri, query);
    if (hprpc_client_connect(stage->context, uri, options, &detail, &client) < 0)
        fail_msg("connecting: %s", detail.text);
    return client;
}

struct hprpc_client *stage_connect_tiny(struct stage *stage, const char *query,
                                        const struct hprpc_client_options *options, struct tiny *ret_tiny)
{
    struct hprpc_client *client = stage_connect(stage, query, options);
    struct hprpc_detail detail = { "" };

    if (tiny_bind(client, &tiny_interface, &detail, ret_tiny) < 0)
        fail_msg("binding: %s", detail.text);
    return client;
}

struct fake_end *stage_end(struct hprpc_client *client)
{
    return fake_end_of(hprpc_client_controller(client)->channel);
}

struct hprpc_statistics stage_statistics(struct hprpc_client *client)
{
    struct hprpc_statistics statistics;

    hprpc_controller_statistics(hprpc_client_controller(client), &statistics);
    return statistics;
}

/* ---- Sending by hand ---- */

void raw_send(struct fake_end *end, enum hprpc_message_type type, uint32_t call, const void *body, size_t size)
{
    struct hprpc_header header = { .type = (uint8_t)type, .call = call };

    fake_send(end, &header, body, size);
}

void raw_signal(struct fake_end *end, enum hprpc_message_type type, uint32_t call)
{
    raw_send(end, type, call, "", 0);
}

void raw_hello(struct fake_end *end, const struct raw_limits *limits)
{
    struct kodosis_writer writer;
    uint8_t body[64];

    kodosis_writer_init(&writer, body, sizeof(body));
    kodosis_write_uint32(&writer, limits->max_message);
    kodosis_write_uint32(&writer, limits->max_calls);
    kodosis_write_uint64(&writer, limits->max_call_bytes);
    kodosis_write_uint32(&writer, limits->timeout_ms);
    kodosis_write_bool(&writer, limits->pumped);
    raw_send(end, HPRPC_MESSAGE_HELLO, 0, body, (size_t)(writer.cursor - writer.start));
}

void raw_credit(struct fake_end *end, uint32_t calls, uint64_t bytes)
{
    struct kodosis_writer writer;
    uint8_t body[12];

    kodosis_writer_init(&writer, body, sizeof(body));
    kodosis_write_uint32(&writer, calls);
    kodosis_write_uint64(&writer, bytes);
    raw_send(end, HPRPC_MESSAGE_CREDIT, 0, body, sizeof(body));
}

static void send_sentence(struct fake_end *end, enum hprpc_message_type type, uint32_t call, int code, const char *text)
{
    struct kodosis_writer writer;
    uint8_t body[512];

    kodosis_writer_init(&writer, body, sizeof(body));
    kodosis_write_int32(&writer, code);
    kodosis_write_string(&writer, kodosis_str(text));
    kodosis_write_string(&writer, kodosis_str(""));
    raw_send(end, type, call, body, (size_t)(writer.cursor - writer.start));
}

void raw_error(struct fake_end *end, uint32_t call, int code, const char *text)
{
    send_sentence(end, HPRPC_MESSAGE_ERROR, call, code, text);
}

void raw_goodbye(struct fake_end *end, const char *text)
{
    raw_goodbye_after(end, text, HPRPC__TAKEN_UNKNOWN);
}

void raw_goodbye_after(struct fake_end *end, const char *text, uint64_t taken)
{
    const struct hprpc__goodbye goodbye = { HPRPC_ECLOSED, kodosis_str(text), taken };
    struct kodosis_writer writer;
    uint8_t body[512];

    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__goodbye_write(&writer, &goodbye);
    raw_send(end, HPRPC_MESSAGE_GOODBYE, 0, body, (size_t)(writer.cursor - writer.start));
}

static void send_bytes(struct fake_end *end, const struct hprpc_header *header, const void *data, size_t size)
{
    struct kodosis_bytes bytes = { data, size };
    size_t total = (size_t)kodosis_size_bytes(0, bytes);
    uint8_t *body = malloc(total);
    struct kodosis_writer writer;

    assert_non_null(body);
    kodosis_writer_init(&writer, body, total);
    kodosis_write_bytes(&writer, bytes);
    fake_send(end, header, body, total);
    free(body);
}

void raw_request(struct fake_end *end, uint32_t call, uint16_t procedure, uint8_t flags, const void *data, size_t size)
{
    struct hprpc_header header = {
        .type = HPRPC_MESSAGE_REQUEST,
        .call = flags & HPRPC_FLAG_ONEWAY ? 0 : call,
        .procedure = procedure,
        .flags = flags,
    };

    send_bytes(end, &header, data, size);
}

void raw_reply(struct fake_end *end, uint32_t call, const void *data, size_t size)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_REPLY, .call = call };

    send_bytes(end, &header, data, size);
}

void raw_bound(struct fake_end *end, uint32_t call)
{
    struct kodosis_writer writer;
    uint8_t body[16];

    kodosis_writer_init(&writer, body, sizeof(body));
    kodosis_write_uint16(&writer, 0);
    kodosis_write_varint(&writer, TINY_EXTRA);
    for (uint16_t i = 0; i < TINY_EXTRA; i++)
        kodosis_write_uint16(&writer, i);
    raw_send(end, HPRPC_MESSAGE_BOUND, call, body, (size_t)(writer.cursor - writer.start));
}

int raw_read_error(const struct fake_message *message, char text[static 256])
{
    struct kodosis_reader reader;
    struct kodosis_string sentence;
    int code;

    kodosis_reader_init(&reader, message->body, message->size, NULL);
    code = kodosis_read_int32(&reader);
    sentence = kodosis_read_string(&reader);
    assert_int_equal(reader.status, KODOSIS_OK);
    snprintf(text, 256, "%s", sentence.data);
    return code;
}

void raw_bind(struct fake_end *end)
{
    uint8_t body[256];
    struct kodosis_writer writer;

    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__bind_write(&writer, &tiny_larger_interface, false);
    raw_send(end, HPRPC_MESSAGE_BIND, 0, body, (size_t)(writer.cursor - writer.start));
}

struct fake_end *raw_connect(struct stage *stage, const struct raw_limits *limits)
{
    struct raw_limits usual = RAW_LIMITS_INIT;
    struct fake_end *end = fake_connect(stage->name);
    struct fake_message hello;

    assert_non_null(end);
    raw_hello(end, limits ? limits : &usual);
    stage_turn(stage);
    assert_true(fake_poll(end, &hello));
    assert_int_equal(hello.header.type, HPRPC_MESSAGE_HELLO);
    fake_message_clear(&hello);
    raw_bind(end);
    stage_turn(stage);
    assert_true(fake_poll(end, &hello));
    assert_true(hello.header.type == HPRPC_MESSAGE_BOUND || hello.header.type == HPRPC_MESSAGE_ERROR);
    fake_message_clear(&hello);
    return end;
}

struct tiny stage_assume(struct hprpc_client *client)
{
    struct hprpc_controller *controller = hprpc_client_controller(client);
    struct hprpc__bound_procedure numbers[TINY_COUNT] = { { 0 } };
    struct tiny tiny = { client, hprpc__binding_of(controller, &tiny_larger_interface) };

    assert_non_null(tiny.binding);
    for (int16_t i = 0; i < TINY_COUNT; i++)
        numbers[i].number = i;
    assert_int_equal(hprpc__binding_set(controller, tiny.binding, 0, numbers), 0);
    return tiny;
}

/* ---- Serving by hand ---- */

static void *connect_client(void *argument)
{
    struct raw_server *raw = argument;
    char uri[128];

    snprintf(uri, sizeof(uri), "%s%s", raw->stage->uri, raw->stage->query ? raw->stage->query : "");
    raw->code = hprpc_client_connect(raw->stage->context, uri, &raw->options, &raw->detail, &raw->client);
    return NULL;
}

void raw_server_open(struct raw_server *raw, struct stage *stage, const struct hprpc_client_options *options)
{
    struct hprpc_client_options usual = HPRPC_CLIENT_OPTIONS_INIT;

    memset(raw, 0, sizeof(*raw));
    raw->stage = stage;
    raw->options = options ? *options : usual;
    raw->listener = fake_listen(stage->name);
    assert_non_null(raw->listener);
    assert_int_equal(pthread_create(&raw->thread, NULL, connect_client, raw), 0);
    raw->end = fake_accept(raw->listener);
    assert_non_null(raw->end);
}

int raw_server_connected(struct raw_server *raw)
{
    assert_int_equal(pthread_join(raw->thread, NULL), 0);
    return raw->code;
}

struct binding {
    struct hprpc_client *client;
    struct tiny *tiny;
    int code;
};

static void *bind_client(void *argument)
{
    struct binding *binding = argument;

    binding->code = tiny_bind(binding->client, &tiny_interface, NULL, binding->tiny);
    return NULL;
}

void raw_server_tiny(struct raw_server *raw, struct stage *stage, const struct hprpc_client_options *options,
                     const struct raw_limits *limits, struct tiny *ret_tiny)
{
    struct raw_limits usual = RAW_LIMITS_INIT;
    struct binding binding;
    struct fake_message message;
    pthread_t thread;

    raw_server_open(raw, stage, options);
    raw_hello(raw->end, limits ? limits : &usual);
    assert_int_equal(raw_server_connected(raw), 0);
    binding = (struct binding){ .client = raw->client, .tiny = ret_tiny };
    assert_int_equal(pthread_create(&thread, NULL, bind_client, &binding), 0);
    assert_true(fake_expect(raw->end, HPRPC_MESSAGE_BIND, &message));
    raw_bound(raw->end, message.header.call);
    fake_message_clear(&message);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(binding.code, 0);
}

void raw_server_close(struct raw_server *raw)
{
    hprpc_client_free(raw->client);
    fake_leave(raw->end);
    fake_unlisten(raw->listener);
}
