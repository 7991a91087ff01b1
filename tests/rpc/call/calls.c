/* SPDX-License-Identifier: MIT */
/* Single calls: their answers, their failures, and what is still allocated afterwards. */
#include "rpc/stage.h"

/* A handler that does what its argument says. */
static int obey(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    int r;

    (void)self;
    switch (data.size ? data.data[0] : 0) {
    case 'f':
        return hprpc_request_fail(request, HPRPC_EAPPLICATION, "it went wrong at the end");
    case 'r':
        return HPRPC_ESYSTEM;
    case 'n':
        return 0;
    case 'p':
        return 17;
    case 't':
        return tiny_trouble_raise(request, data.data + 1, data.size - 1);
    case 'b': {
        uint8_t *big = hprpc_request_allocate(request, 70000);

        memset(big, 'B', 70000);
        return tiny_echo_reply(request, big, 70000);
    }
    case '2':
        r = tiny_echo_reply(request, "first", 5);
        if (r < 0)
            return r;
        r = tiny_echo_reply(request, "second", 6);
        if (r != HPRPC_EINVAL || hprpc_request_fail(request, HPRPC_EAPPLICATION, "third") != 0 ||
            tiny_trouble_raise(request, "fourth", 6) != HPRPC_EINVAL)
            abort();
        return HPRPC_EINTERNAL; /* the request is answered already */
    case 'm':
        if (hprpc_request_allocate(request, 100u << 20))
            abort(); /* more than one request may allocate */
        return hprpc_request_fail(request, HPRPC_ENOMEM, NULL);
    default:
        return tiny_echo_reply(request, data.data, data.size);
    }
}

static const struct tiny_handlers obedient = { obey, obey, obey };

static int say(struct tiny *tiny, struct hprpc_call *call, const char *text, struct kodosis_bytes *ret_data)
{
    return tiny_echo(tiny, call, text, strlen(text), ret_data);
}

static void echoes_every_size(void **state)
{
    static const size_t sizes[] = { 0, 1, 7, 8, 253, 254, 255, 256, 257, 258, 4096, 65535, 65536, 1 << 20 };
    struct stage stage;
    struct hprpc_client *client;
    struct tiny tiny;
    uint8_t *data = malloc(1 << 20);

    (void)state;
    for (size_t i = 0; i < 1 << 20; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    for (int lend = 0; lend < 2; lend++) {
        stage_open(&stage, false);
        stage_serve(&stage, NULL, &tiny_plain, NULL);
        stage_run(&stage);
        client = stage_connect_tiny(&stage, lend ? "?lend=yes" : "?lend=no", NULL, &tiny);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct hprpc_call call = HPRPC_CALL_INIT;
            struct kodosis_bytes reply = { NULL, 0 };

            assert_int_equal(tiny_echo(&tiny, &call, data, sizes[i], &reply), 0);
            assert_int_equal(reply.size, sizes[i]);
            assert_memory_equal(reply.data, data, sizes[i]);
            assert_null(call.detail);
            hprpc_call_clear(&call);
            assert_null(call.pending);
            assert_int_equal(tiny_echo(&tiny, NULL, data, sizes[i], NULL), 0);
            assert_int_equal(fake_lent(stage_end(client)), 0);
        }
        assert_true(lend ? stage_statistics(client).lent > 0 : stage_statistics(client).lent == 0);
        assert_true(lend ? stage_statistics(client).copied == 0 : stage_statistics(client).copied > 0);
        hprpc_client_free(client);
        stage_close(&stage);
    }
    free(data);
}

static void outcomes(void **state)
{
    struct stage stage;
    struct hprpc_client *client;
    struct tiny tiny;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes data = { NULL, 0 };

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &obedient, NULL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);

    assert_int_equal(say(&tiny, &call, "f", &data), HPRPC_EAPPLICATION);
    assert_string_equal(call.detail, "it went wrong at the end");
    assert_int_equal(tiny_trouble_get(&call, &data), HPRPC_EINVAL);
    assert_int_equal(say(&tiny, &call, "r", &data), HPRPC_ESYSTEM);
    assert_non_null(call.detail);
    assert_int_equal(say(&tiny, &call, "n", &data), HPRPC_EINTERNAL);
    assert_non_null(strstr(call.detail, "without an answer"));
    assert_int_equal(say(&tiny, &call, "p", &data), HPRPC_EINTERNAL);
    assert_int_equal(say(&tiny, &call, "m", &data), HPRPC_ENOMEM);
    assert_null(data.data);

    assert_int_equal(say(&tiny, &call, "tcoal", &data), HPRPC_EAPPLICATION);
    assert_int_equal(tiny_trouble_get(&call, &data), 0);
    assert_int_equal(data.size, 4);
    assert_memory_equal(data.data, "coal", 4);
    assert_non_null(call.detail);

    assert_int_equal(say(&tiny, &call, "2", &data), 0);
    assert_memory_equal(data.data, "first", 5);
    assert_int_equal(tiny_trouble_get(&call, &data), HPRPC_EINVAL);

    /* a handler that returns 0 answers a procedure that has no result */
    assert_int_equal(tiny_poke(&tiny, &call, "n", 1), 0);
    assert_int_equal(tiny_poke(&tiny, &call, "r", 1), HPRPC_ESYSTEM);
    assert_int_equal(tiny_poke(&tiny, NULL, "r", 1), HPRPC_ESYSTEM);
    assert_int_equal(tiny_poke(&tiny, NULL, "f", 1), HPRPC_EAPPLICATION);

    /* a typed error comes back whole, whatever its size */
    for (size_t size = 1; size < 64; size++) {
        char text[65] = "t";

        memset(text + 1, 'x', size);
        assert_int_equal(tiny_echo(&tiny, &call, text, size, NULL), HPRPC_EAPPLICATION);
        assert_int_equal(tiny_trouble_get(&call, &data), 0);
        assert_int_equal(data.size, size - 1);
    }
    hprpc_call_clear(&call);
    assert_int_equal(fake_count(fake_peer(stage_end(client)), HPRPC_MESSAGE_GOODBYE), 0);
    hprpc_client_free(client);
    stage_close(&stage);
}

static void a_body_error_harms_only_its_call(void **state)
{
    struct stage stage;
    struct fake_end *end;
    struct fake_message message;
    char text[256];

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    end = raw_connect(&stage, NULL);
    raw_send(end, HPRPC_MESSAGE_REQUEST, 0, "", 0);
    raw_send(end, HPRPC_MESSAGE_REQUEST, 1, "\x05pie", 4);
    raw_send(end, HPRPC_MESSAGE_REQUEST, 2, "\x02pie", 4);
    raw_send(end, HPRPC_MESSAGE_REQUEST, 3, "\xff\xff\xff\xff\xff\xff", 6);
    raw_send(end, HPRPC_MESSAGE_REQUEST, 4, "\x03pie", 4);
    stage_turn(&stage);
    for (uint32_t call = 0; call < 4; call++) {
        assert_true(fake_poll(end, &message));
        assert_int_equal(message.header.type, HPRPC_MESSAGE_ERROR);
        assert_int_equal(message.header.call, call);
        assert_int_equal(raw_read_error(&message, text), HPRPC_EBODY);
        assert_non_null(strstr(text, "cannot be decoded"));
        assert_non_null(strstr(text, "at byte"));
        fake_message_clear(&message);
    }
    assert_true(fake_poll(end, &message));
    assert_int_equal(message.header.type, HPRPC_MESSAGE_REPLY);
    assert_int_equal(message.header.call, 4);
    fake_message_clear(&message);
    fake_leave(end);
    stage_close(&stage);
}

static void numbers_that_nobody_has(void **state)
{
    struct stage stage;
    struct fake_end *end;
    struct fake_message message;
    struct hprpc_header header = { .type = HPRPC_MESSAGE_REQUEST };
    static const uint16_t numbers[][2] = { { 0, 3 }, { 0, 65535 }, { 1, 0 }, { 0x8000, 0 }, { 65535, 65535 } };
    char text[256];

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    end = raw_connect(&stage, NULL);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        header.service = numbers[i][0];
        header.procedure = numbers[i][1];
        fake_send(end, &header, "", 0);
        stage_turn(&stage);
        assert_true(fake_poll(end, &message));
        assert_int_equal(raw_read_error(&message, text), HPRPC_EUNIMPLEMENTED);
        fake_message_clear(&message);
    }
    /* a one-way request gets no answer, even if its number is wrong */
    header.flags = HPRPC_FLAG_ONEWAY;
    fake_send(end, &header, "", 0);
    stage_turn(&stage);
    assert_false(fake_poll(end, &message));
    fake_leave(end);
    stage_close(&stage);
}

/* ---- The reply, as a hostile server might give it ---- */

struct sync_call {
    struct tiny *tiny;
    struct hprpc_call call;
    int code;
    pthread_t thread;
};

static void *call_echo(void *argument)
{
    struct sync_call *sync = argument;

    sync->code = tiny_echo(sync->tiny, &sync->call, "ask", 3, NULL);
    return NULL;
}

static void replies_that_make_no_sense(void **state)
{
    static const struct {
        enum hprpc_message_type type;
        const char *body;
        size_t size;
        int code;
    } cases[] = {
        { HPRPC_MESSAGE_REPLY, "", 0, HPRPC_EBODY },
        { HPRPC_MESSAGE_REPLY, "\x05pie", 4, HPRPC_EBODY },
        { HPRPC_MESSAGE_REPLY, "\x02pie", 4, HPRPC_EBODY },
        { HPRPC_MESSAGE_ERROR, "", 0, HPRPC_EPROTOCOL },
        { HPRPC_MESSAGE_ERROR, "\xec\xff\xff\xff\x09x\0\0", 8, HPRPC_EPROTOCOL },
        { HPRPC_MESSAGE_ERROR, "\xec\xff\xff\xff\x01\xff\0\0\0", 9, HPRPC_EPROTOCOL }, /* not UTF-8 */
        { HPRPC_MESSAGE_ERROR, "\x00\x00\x00\x00\0\0\0\0", 8, HPRPC_EINTERNAL }, /* 0 is not the code of an error */
        { HPRPC_MESSAGE_ERROR, "\x00\x00\x00\x80\0\0\0\0", 8, HPRPC_EINTERNAL },
        { HPRPC_MESSAGE_BOUND, "\x00\x00\x00", 3, HPRPC_EPROTOCOL },
        { HPRPC_MESSAGE_BOUND, "\x02xy", 3, HPRPC_EPROTOCOL }, /* even if its body could be a reply */
    };
    struct stage stage;
    struct raw_server raw;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sync_call sync = { .tiny = &tiny, .call = HPRPC_CALL_INIT };
        struct fake_message message;

        assert_int_equal(pthread_create(&sync.thread, NULL, call_echo, &sync), 0);
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &message));
        raw_send(raw.end, cases[i].type, message.header.call, cases[i].body, cases[i].size);
        fake_message_clear(&message);
        assert_int_equal(pthread_join(sync.thread, NULL), 0);
        if (sync.code != cases[i].code)
            fail_msg("case %zu: %s instead of %s", i, hprpc_error_name(sync.code), hprpc_error_name(cases[i].code));
        assert_non_null(sync.call.detail);
        hprpc_call_clear(&sync.call);
    }
    raw_server_close(&raw);
    stage_close(&stage);
}

/* ---- Sizes ---- */

static void too_big_either_way(void **state)
{
    struct stage stage;
    struct hprpc_server_options server_options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    struct tiny tiny;
    uint8_t data[2000] = { 0 };

    (void)state;
    stage_open(&stage, false);
    server_options.max_message = 1000;
    options.max_message = 60000;
    stage_serve(&stage, &server_options, &obedient, NULL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", &options, &tiny);

    /* the body has two bytes of length before the data */
    assert_int_equal(tiny_echo(&tiny, &call, data, 998, &reply), 0);
    assert_int_equal(reply.size, 998);
    assert_int_equal(tiny_echo(&tiny, &call, data, 999, &reply), HPRPC_ETOOBIG);
    assert_non_null(call.detail);
    assert_int_equal(tiny_poke(&tiny, &call, data, 999), HPRPC_ETOOBIG);
    assert_int_equal(tiny_note(&tiny, &call, data, 999), HPRPC_ETOOBIG);
    assert_int_equal(tiny_echo_start(&tiny, &call, data, 999), HPRPC_ETOOBIG);
    assert_non_null(strstr(call.detail, "1001 bytes")); /* the sentence has both numbers */
    assert_non_null(strstr(call.detail, "accepts 1000"));
    assert_int_equal(fake_count(stage_end(client), HPRPC_MESSAGE_REQUEST), 1); /* only the first call was sent */

    /* a reply that is too large: the handler gets the code, and so does the caller */
    assert_int_equal(say(&tiny, &call, "b", &reply), HPRPC_ETOOBIG);
    assert_int_equal(say(&tiny, &call, "still there", &reply), 0);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    stage_close(&stage);
}

static void a_size_beyond_counting(void **state)
{
    struct stage stage;
    struct hprpc_client *client;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_stub stub;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);
    assert_int_equal(hprpc_stub_begin(&stub, client, tiny.binding, &call, 0, (uint64_t)UINT32_MAX + 2), HPRPC_ETOOBIG);
    assert_int_equal(hprpc_stub_begin(&stub, client, tiny.binding, &call, 0, KODOSIS_SIZE_TOO_DEEP - 1), HPRPC_ETOOBIG);
    assert_int_equal(hprpc_stub_begin(&stub, client, tiny.binding, &call, 0, KODOSIS_SIZE_TOO_DEEP), HPRPC_EINVAL);
    assert_int_equal(hprpc_stub_begin(&stub, client, tiny.binding, &call, 0, UINT64_MAX), HPRPC_EINVAL);
    assert_int_equal(say(&tiny, &call, "next", NULL), 0);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    stage_close(&stage);
}

/* Arguments that write more or less than the size that was announced for them. */
static void arguments_that_do_not_fit_their_size(void **state)
{
    struct stage stage;
    struct hprpc_client *client;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_stub stub;
    struct tiny tiny;
    unsigned before;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);
    before = fake_count(stage_end(client), HPRPC_MESSAGE_REQUEST);

    assert_int_equal(hprpc_stub_begin(&stub, client, tiny.binding, &call, 0, 10), 0);
    kodosis_write_bytes(stub.writer, (struct kodosis_bytes){ (const uint8_t *)"abc", 3 });
    assert_int_equal(hprpc_stub_exchange(&stub), HPRPC_EINVAL);
    assert_non_null(call.detail);
    assert_int_equal(hprpc_stub_begin(&stub, client, tiny.binding, &call, 0, 2), 0);
    kodosis_write_bytes(stub.writer, (struct kodosis_bytes){ (const uint8_t *)"abc", 3 });
    assert_int_equal(hprpc_stub_post(&stub), HPRPC_EINVAL);
    assert_null(call.pending);
    assert_int_equal(hprpc_stub_begin_oneway(&stub, client, tiny.binding, NULL, 2, 2), 0);
    assert_int_equal(hprpc_stub_send(&stub), HPRPC_EINVAL);

    assert_int_equal(fake_count(stage_end(client), HPRPC_MESSAGE_REQUEST), before);
    assert_int_equal(say(&tiny, &call, "next", NULL), 0);
    hprpc_call_clear(&call);
    hprpc_client_free(client);
    stage_close(&stage);
}

/* ---- Asynchronous calls ---- */

static void post_and_collect(void **state)
{
    enum { COUNT = 20 };
    struct stage stage;
    struct hprpc_client *client;
    struct hprpc_call calls[COUNT];
    struct kodosis_bytes reply;
    struct tiny tiny;
    char text[24];

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);
    for (int i = 0; i < COUNT; i++) {
        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        snprintf(text, sizeof(text), "call %d", i);
        assert_int_equal(tiny_echo_start(&tiny, &calls[i], text, strlen(text)), 0);
        assert_non_null(calls[i].pending);
    }
    for (int i = COUNT - 1; i >= 0; i--) {
        snprintf(text, sizeof(text), "call %d", i);
        assert_int_equal(tiny_echo_finish(&calls[i], &reply), 0);
        assert_true(hprpc_pending_call_done(calls[i].pending));
        assert_int_equal(reply.size, strlen(text));
        assert_memory_equal(reply.data, text, reply.size);
    }
    /* a reply can be read again until its call is cleared */
    assert_int_equal(tiny_echo_finish(&calls[3], &reply), 0);
    assert_memory_equal(reply.data, "call 3", 6);
    for (int i = 0; i < COUNT; i++)
        hprpc_call_clear(&calls[i]);
    assert_int_equal(tiny_echo_finish(&calls[0], &reply), HPRPC_EINVAL);
    hprpc_call_clear(&calls[0]);
    hprpc_client_free(client);
    stage_close(&stage);
}

static void wait_and_wait_any(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct hprpc_call calls[3] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT };
    struct hprpc_pending_call *pending[5];
    struct fake_message messages[3];
    struct kodosis_bytes reply;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    raw_server_tiny(&raw, &stage, NULL, &limits, &tiny);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tiny_echo_start(&tiny, &calls[i], "x", 1), 0);
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &messages[i]));
    }
    pending[0] = NULL;
    for (int i = 0; i < 3; i++)
        pending[i + 1] = calls[i].pending;
    pending[4] = NULL;

    assert_int_equal(hprpc_pending_call_wait(pending[1], 0), HPRPC_EAGAIN);
    assert_int_equal(hprpc_pending_call_wait(pending[1], 1), HPRPC_EAGAIN);
    assert_int_equal(hprpc_pending_call_wait_any(pending, 5, 0), HPRPC_EAGAIN);
    assert_int_equal(hprpc_pending_call_wait_any(pending, 5, 2), HPRPC_EAGAIN);
    raw_reply(raw.end, messages[1].header.call, "two", 3);
    assert_int_equal(hprpc_pending_call_wait_any(pending, 5, HPRPC_NO_TIMEOUT), 2);
    assert_false(hprpc_pending_call_done(pending[1]));
    assert_true(hprpc_pending_call_done(pending[2]));
    assert_int_equal(hprpc_pending_call_wait_any(pending, 5, 0), 2);
    raw_reply(raw.end, messages[0].header.call, "one", 3);
    assert_int_equal(hprpc_pending_call_wait(pending[1], 0), 0); /* it pumps once and does not wait */
    assert_int_equal(hprpc_pending_call_wait_any(pending, 5, 0), 1);
    pending[1] = pending[2] = NULL;
    assert_int_equal(hprpc_pending_call_wait_any(pending, 5, 1), HPRPC_EAGAIN);
    raw_reply(raw.end, messages[2].header.call, "three", 5);
    assert_int_equal(hprpc_pending_call_wait_any(pending, 5, 10000), 3);
    assert_int_equal(tiny_echo_finish(&calls[1], &reply), 0);
    assert_memory_equal(reply.data, "two", 3);
    for (int i = 0; i < 3; i++) {
        hprpc_call_clear(&calls[i]);
        fake_message_clear(&messages[i]);
    }
    raw_server_close(&raw);
    stage_close(&stage);
}

/* ---- Callbacks ---- */

struct heard {
    int count;
    int code;
    struct hprpc_call call;
    char text[32];
    struct tiny *tiny; /* if not NULL, the callback makes a call with it */
};

static void on_done(void *self, struct hprpc_pending_call *pending)
{
    struct heard *heard = self;
    struct kodosis_bytes reply = { NULL, 0 };

    if (pending != heard->call.pending || !hprpc_pending_call_done(pending))
        abort();
    heard->count++;
    heard->code = tiny_echo_finish(&heard->call, &reply);
    if (heard->code == 0)
        snprintf(heard->text, sizeof(heard->text), "%.*s", (int)reply.size, (const char *)reply.data);
    hprpc_call_clear(&heard->call);
    if (heard->tiny && heard->code == 0) {
        struct hprpc_call call = HPRPC_CALL_INIT;

        /* a call inside a callback pumps */
        if (tiny_echo(heard->tiny, &call, "inner", 5, &reply) != 0 || reply.size != 5)
            abort();
        hprpc_call_clear(&call);
    }
}

static void notified_later_and_at_once(void **state)
{
    struct stage stage;
    struct hprpc_client *client;
    struct heard later = { .call = HPRPC_CALL_INIT }, at_once = { .call = HPRPC_CALL_INIT };
    struct heard nested = { .call = HPRPC_CALL_INIT }, broken = { .call = HPRPC_CALL_INIT };
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct fake_end *end;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);
    end = stage_end(client);

    fake_hold(end);
    assert_int_equal(tiny_echo_start(&tiny, &later.call, "later", 5), 0);
    hprpc_pending_call_notify(later.call.pending, on_done, &later);
    assert_int_equal(later.count, 0);
    fake_let_go(end);
    assert_int_equal(say(&tiny, &call, "pump", NULL), 0);
    assert_int_equal(later.count, 1);
    assert_int_equal(later.code, 0);
    assert_string_equal(later.text, "later");

    assert_int_equal(tiny_echo_start(&tiny, &at_once.call, "now", 3), 0);
    assert_int_equal(hprpc_pending_call_wait(at_once.call.pending, HPRPC_NO_TIMEOUT), 0);
    assert_int_equal(at_once.count, 0);
    hprpc_pending_call_notify(at_once.call.pending, on_done, &at_once);
    assert_int_equal(at_once.count, 1);
    assert_string_equal(at_once.text, "now");

    nested.tiny = &tiny;
    assert_int_equal(tiny_echo_start(&tiny, &nested.call, "outer", 5), 0);
    hprpc_pending_call_notify(nested.call.pending, on_done, &nested);
    assert_int_equal(say(&tiny, &call, "pump", NULL), 0);
    assert_int_equal(nested.count, 1);
    assert_string_equal(nested.text, "outer");

    /* hprpc_pending_call_cancel calls the callback */
    fake_hold(end);
    later.count = 0;
    assert_int_equal(tiny_echo_start(&tiny, &later.call, "never", 5), 0);
    hprpc_pending_call_notify(later.call.pending, on_done, &later);
    hprpc_pending_call_cancel(later.call.pending);
    assert_int_equal(later.count, 1);
    assert_int_equal(later.code, HPRPC_ECANCELLED);

    /* the connection ends */
    assert_int_equal(tiny_echo_start(&tiny, &broken.call, "lost", 4), 0);
    hprpc_pending_call_notify(broken.call.pending, on_done, &broken);
    hprpc_call_clear(&call);
    hprpc_client_close(client);
    assert_int_equal(broken.count, 1);
    assert_int_equal(broken.code, HPRPC_EMAYBE);
    hprpc_client_free(client);
    stage_close(&stage);
}

static void reply_outlives_the_client(void **state)
{
    struct stage stage;
    struct hprpc_client *client;
    struct hprpc_call small = HPRPC_CALL_INIT, large = HPRPC_CALL_INIT, failed = HPRPC_CALL_INIT;
    struct kodosis_bytes reply, large_reply;
    struct tiny tiny;
    uint8_t data[5000];

    (void)state;
    memset(data, 'd', sizeof(data));
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &obedient, NULL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);
    assert_int_equal(say(&tiny, &small, "small", &reply), 0);
    assert_int_equal(tiny_echo(&tiny, &large, data, sizeof(data), &large_reply), 0);
    assert_int_equal(say(&tiny, &failed, "f", NULL), HPRPC_EAPPLICATION);
    hprpc_client_free(client);
    assert_memory_equal(reply.data, "small", 5);
    assert_int_equal(large_reply.size, sizeof(data));
    assert_memory_equal(large_reply.data, data, sizeof(data));
    assert_string_equal(failed.detail, "it went wrong at the end");
    hprpc_call_clear(&large);
    assert_memory_equal(reply.data, "small", 5);
    hprpc_call_clear(&small);
    hprpc_call_clear(&failed);
    stage_close(&stage);
}

static void a_steady_state_allocates_nothing(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct tiny tiny;
    long failures;

    (void)state;
    stage_open(&stage, false);
    raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
    for (int round = 0; round < 10; round++) {
        struct sync_call sync = { .tiny = &tiny, .call = HPRPC_CALL_INIT };
        struct fake_message message;

        /* the fake allocates one piece for each message that it sends; a second piece would be the library's */
        if (round == 2)
            memory_fail(&stage.memory, 2, true);
        assert_int_equal(pthread_create(&sync.thread, NULL, call_echo, &sync), 0);
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &message));
        raw_reply(raw.end, message.header.call, "reply", 5);
        fake_message_clear(&message);
        assert_int_equal(pthread_join(sync.thread, NULL), 0);
        assert_int_equal(sync.code, 0);
        hprpc_call_clear(&sync.call);
        if (round >= 2)
            memory_fail(&stage.memory, 2, true);
    }
    failures = atomic_load(&stage.memory.failures);
    memory_fail(&stage.memory, 0, false);
    assert_int_equal(failures, 0);
    raw_server_close(&raw);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(echoes_every_size),
        fixture_test(outcomes),
        fixture_test(a_body_error_harms_only_its_call),
        fixture_test(numbers_that_nobody_has),
        fixture_test(replies_that_make_no_sense),
        fixture_test(too_big_either_way),
        fixture_test(a_size_beyond_counting),
        fixture_test(arguments_that_do_not_fit_their_size),
        fixture_test(post_and_collect),
        fixture_test(wait_and_wait_any),
        fixture_test(notified_later_and_at_once),
        fixture_test(reply_outlives_the_client),
        fixture_test(a_steady_state_allocates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
