/* SPDX-License-Identifier: MIT */
/*
 * Mistakes of an application, a handler or a transport of another version: each is refused with a code before anything is done.
 */
#include "rpc/stage.h"

#include <hprpc/channel/transport.h>

static void options_out_of_range(void **state)
{
    struct hprpc_server_options none = HPRPC_SERVER_OPTIONS_INIT, larger = none, loops = none, workers = none;
    struct hprpc_client_options empty = HPRPC_CLIENT_OPTIONS_INIT, later = empty, pump = empty;
    const struct hprpc_server_options *server_options[] = { &none, &larger, &loops, &workers };
    const struct hprpc_client_options *client_options[] = { &empty, &later, &pump };
    struct hprpc_server *server = NULL;
    struct hprpc_client *client = NULL;
    struct stage stage;

    (void)state;
    none.size = empty.size = 0;
    larger.size++; /* of a later version, with options that this one does not know */
    later.size++;
    loops.loops = 100000;
    workers.workers = 1000000;
    pump.pump = (enum hprpc_pump)9;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    for (size_t i = 0; i < sizeof(server_options) / sizeof(server_options[0]); i++)
        assert_int_equal(hprpc_server_new(stage.context, server_options[i], &server), HPRPC_EINVAL);
    assert_null(server);
    for (size_t i = 0; i < sizeof(client_options) / sizeof(client_options[0]); i++)
        assert_int_equal(hprpc_client_connect(stage.context, stage.uri, client_options[i], NULL, &client),
                         HPRPC_EINVAL);
    assert_null(client);
    stage_close(&stage);
}

static void services_that_are_none(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    assert_int_equal(hprpc_server_add(stage.server, NULL, &tiny_plain, NULL), HPRPC_EINVAL);
    assert_int_equal(hprpc_server_add(stage.server, &tiny_newer_interface, NULL, NULL), HPRPC_EINVAL);
    assert_int_equal(hprpc_server_add(stage.server, &tiny_interface, &tiny_plain, NULL), HPRPC_EINVAL); /* twice */
    assert_int_equal(hprpc_server_add(stage.server, &tiny_newer_interface, &tiny_plain, NULL), 0);
    stage_close(&stage);
}

/* A proxy without a binding, and a call that was not started. */
static void proxies_and_calls_that_are_empty(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes data;
    struct tiny tiny = { .binding = NULL };
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    tiny.client = stage_connect(&stage, "", NULL);
    for (int i = 0; i < 2; i++) {
        struct hprpc_call *with = i ? &call : NULL;

        assert_int_equal(tiny_echo(&tiny, with, "x", 1, NULL), HPRPC_EINVAL);
        assert_int_equal(tiny_note(&tiny, with, "x", 1), HPRPC_EINVAL);
    }
    assert_non_null(strstr(call.detail, "not bound"));
    assert_int_equal(tiny_echo_start(&tiny, &call, "x", 1), HPRPC_EINVAL);
    assert_int_equal(tiny_echo_finish(&call, NULL), HPRPC_EINVAL);
    assert_non_null(strstr(call.detail, "not started"));
    assert_int_equal(tiny_trouble_get(&call, &data), HPRPC_EINVAL);
    hprpc_call_clear(&call);
    hprpc_client_free(tiny.client);
    stage_close(&stage);
}

/* ---- Transports ---- */

static void a_transport_of_another_version(void **state)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_transport foreign = *fake_transports[0];
    const struct hprpc_transport *const table[] = { &foreign, NULL };
    struct hprpc_client *client = NULL;
    struct hprpc_context *context;
    struct hprpc_detail detail;

    (void)state;
    foreign.version++;
    options.transports = table;
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    assert_int_equal(hprpc_client_connect(context, "fake://nothing", NULL, &detail, &client), HPRPC_EINVAL);
    assert_non_null(strstr(detail.text, "\"fake\" was made for version"));
    hprpc_context_free(context);
}

/* The sentence names the transports of the context, as many as it has room for. */
static void a_transport_that_is_not_there(void **state)
{
    enum { MANY = 30 };
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_transport one = *fake_transports[0];
    const struct hprpc_transport *table[MANY + 1] = { NULL };
    struct hprpc_client *client = NULL;
    struct hprpc_context *context;
    struct hprpc_detail detail;

    (void)state;
    one.scheme = "one-of-many";
    for (size_t i = 0; i < MANY; i++)
        table[i] = &one;
    options.transports = table;
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    assert_int_equal(hprpc_client_connect(context, "none://x", NULL, &detail, &client), HPRPC_ESCHEME);
    assert_non_null(strstr(detail.text, "tcp"));
    assert_non_null(strstr(detail.text, "one-of-many"));
    hprpc_context_free(context);
    assert_int_equal(hprpc_client_connect(NULL, "none://x", NULL, &detail, &client), HPRPC_ESCHEME);
    assert_null(strstr(detail.text, "one-of-many"));
}

/* ---- Handlers ---- */

/* Announces a larger answer than it writes: the request gets no answer from it, and fails. */
static int write_too_little(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct kodosis_writer *writer;
    int r = hprpc_request_reply_begin(request, data.size + 100, &writer);

    if (r < 0)
        return r;
    kodosis_write_bytes(writer, data);
    r = hprpc_request_reply_send(request);
    atomic_store((atomic_int *)self, r);
    return r;
}

/* Fails with 5, which is not the code of an error. */
static int fail_with_success(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)data;
    atomic_store((atomic_int *)self, 0);
    return hprpc_request_fail(request, 5, "it went well");
}

static void answers_that_are_none(void **state)
{
    const struct tiny_handlers handlers = { write_too_little, fail_with_success, NULL };
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct stage stage;
    struct tiny tiny;
    atomic_int code = 1;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &handlers, &code);
    stage_run(&stage);
    stage_connect_tiny(&stage, "", NULL, &tiny);
    for (int i = 0; i < 3; i++) {
        assert_true(tiny_echo(&tiny, &call, "x", 1, NULL) < 0);
        assert_int_equal(atomic_load(&code), HPRPC_EINVAL);
        assert_int_equal(tiny_poke(&tiny, &call, "x", 1), HPRPC_EINTERNAL);
        assert_string_equal(call.detail, "it went well");
    }
    hprpc_call_clear(&call);
    hprpc_client_free(tiny.client);
    stage_close(&stage);
}

static void the_version_is_told(void **state)
{
    char text[40];

    (void)state;
    snprintf(text, sizeof(text), "%d.%d.%d", HPRPC_VERSION_MAJOR, HPRPC_VERSION_MINOR, HPRPC_VERSION_PATCH);
    assert_string_equal(hprpc_version(), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(options_out_of_range),
        fixture_test(services_that_are_none),
        fixture_test(proxies_and_calls_that_are_empty),
        fixture_test(a_transport_of_another_version),
        fixture_test(a_transport_that_is_not_there),
        fixture_test(answers_that_are_none),
        fixture_test(the_version_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
