/* SPDX-License-Identifier: MIT */
/* Memory runs out, at every allocation of connecting, calling and serving. The next call works, and nothing leaks. */
#include "rpc/stage.h"

enum { MOST = 400 }; /* more allocations than any case makes */

static void expect_shortage(int r)
{
    /* if memory runs out on the other side, that side chooses the code */
    if (r != HPRPC_ENOMEM && r != HPRPC_EBUSY && r != HPRPC_ESYSTEM && r != HPRPC_EBODY)
        fail_msg("%s", hprpc_error_name(r));
}

static void connecting(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct stage server, stage;
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_client *client;
        struct hprpc_detail detail = { "" };
        bool failed = true;
        int r;

        stage_open(&server, false);
        stage_serve(&server, NULL, &tiny_plain, NULL);
        stage_run(&server);
        options.pump = pumps[i];
        /* the client has a context of its own: only its allocations fail */
        stage_open(&stage, false);
        for (long nth = 1; failed && nth < MOST; nth++) {
            long pieces = atomic_load(&stage.memory.pieces), failures = atomic_load(&stage.memory.failures);

            client = NULL;
            memory_fail(&stage.memory, nth, false);
            r = hprpc_client_connect(stage.context, server.uri, &options, &detail, &client);
            failed = atomic_load(&stage.memory.failures) > failures;
            memory_fail(&stage.memory, 0, false);
            if (r == 0) {
                struct tiny tiny;

                assert_int_equal(tiny_bind(client, &tiny_interface, NULL, &tiny), 0);
                assert_int_equal(tiny_poke(&tiny, NULL, "", 0), 0);
            } else {
                if (r != HPRPC_ENOMEM)
                    fail_msg("allocation %ld: %s: %s", nth, hprpc_error_name(r), detail.text);
                assert_null(client);
            }
            hprpc_client_free(client);
            assert_int_equal(atomic_load(&stage.memory.pieces), pieces);
        }
        assert_false(failed);
        stage_close(&stage);
        stage_close(&server);
    }
}

/* Opens a client, and binds without waiting. Frees the client. Returns the first failure, or 0. */
static int open_and_bind(struct stage *stage, const char *uri, const struct hprpc_client_options *options)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_client *client = NULL;
    struct tiny tiny;
    int r = hprpc_client_open(stage->context, uri, options, NULL, &client);

    if (r == 0)
        r = hprpc_stub_bind_post(client, &tiny_interface, &call);
    if (r == 0)
        r = hprpc_stub_bind_collect(&call, &tiny_interface, &tiny.client, &tiny.binding);
    hprpc_call_clear(&call);
    if (r == 0)
        r = tiny_poke(&tiny, NULL, "", 0);
    hprpc_client_free(client);
    return r;
}

static void opening(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };
    struct stage server, stage;

    (void)state;
    stage_open(&server, false);
    stage_serve(&server, NULL, &tiny_plain, NULL);
    stage_run(&server);
    stage_open(&stage, false);
    for (int i = 0; i < 6; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        long pieces = atomic_load(&stage.memory.pieces);
        bool failed = true;

        options.pump = pumps[i % 3];
        for (long nth = 1; failed && nth < MOST; nth++) {
            long failures = atomic_load(&stage.memory.failures);
            int r;

            memory_fail(&stage.memory, nth, i >= 3);
            r = open_and_bind(&stage, server.uri, &options);
            failed = atomic_load(&stage.memory.failures) > failures;
            memory_fail(&stage.memory, 0, false);
            /* if the failed allocation was only for later use, there is no error */
            if (r != 0 && r != HPRPC_ENOMEM)
                fail_msg("allocation %ld: %s", nth, hprpc_error_name(r));
            assert_true(failed || r == 0);
            assert_int_equal(atomic_load(&stage.memory.pieces), pieces);
            assert_int_equal(open_and_bind(&stage, server.uri, &options), 0);
        }
        assert_false(failed);
    }
    stage_close(&stage);
    stage_close(&server);
}

static void making_a_server(void **state)
{
    struct stage stage;
    bool failed = true;

    (void)state;
    for (long nth = 1; failed && nth < MOST; nth++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_server *server = NULL;
        int r;

        stage_open(&stage, false);
        options.workers = 2;
        options.loops = 3;
        memory_fail(&stage.memory, nth, false);
        r = hprpc_server_new(stage.context, &options, &server);
        if (r == 0)
            r = hprpc_server_add(server, &tiny_interface, &tiny_plain, NULL);
        if (r == 0)
            r = hprpc_server_listen(server, stage.uri, NULL);
        failed = atomic_load(&stage.memory.failures) > 0;
        memory_fail(&stage.memory, 0, false);
        assert_int_equal(r, failed ? HPRPC_ENOMEM : 0);
        hprpc_server_free(server);
        stage_close(&stage);
    }
    assert_false(failed);
}

/* ---- Calls ---- */

static int serve_every_way(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    if (data.size && data.data[0] == 'a' && !hprpc_request_allocate(request, 5000))
        return hprpc_request_fail(request, HPRPC_ENOMEM, "no memory");
    if (data.size && data.data[0] == 't')
        return tiny_trouble_raise(request, data.data, data.size);
    return tiny_echo_reply(request, data.data, data.size);
}

/* Calls in every way. Returns the first failure, or 0. */
static int call_every_way(struct tiny *tiny, const uint8_t *data)
{
    static const size_t sizes[] = { 1, 250, 5000 };
    struct hprpc_call call = HPRPC_CALL_INIT, posted = HPRPC_CALL_INIT;
    struct kodosis_bytes reply;
    int first = 0, r;

    for (int i = 0; i < 3; i++) {
        r = tiny_echo(tiny, &call, data, sizes[i], &reply);
        if (r == 0)
            assert_memory_equal(reply.data, data, sizes[i]);
        first = first ? first : r;
    }
    r = tiny_echo(tiny, &call, "a", 1, &reply);
    first = first ? first : r;
    r = tiny_echo(tiny, &call, "trouble", 7, &reply);
    if (r == HPRPC_EAPPLICATION)
        r = tiny_trouble_get(&call, &reply);
    first = first ? first : r;
    r = tiny_note(tiny, &call, data, 300);
    first = first ? first : r;
    r = tiny_echo_start(tiny, &posted, data, 300);
    if (r == 0)
        r = tiny_echo_finish(&posted, &reply);
    first = first ? first : r;
    r = tiny_poke(tiny, NULL, data, 20);
    first = first ? first : r;
    hprpc_call_clear(&call);
    hprpc_call_clear(&posted);
    return first;
}

static void call_under_shortage(bool on_client, bool lend, uint32_t workers)
{
    static const struct tiny_handlers handlers = { serve_every_way, NULL, NULL };
    struct tiny_handlers all = tiny_plain;
    struct stage here, there;
    struct stage *scarce = on_client ? &here : &there;
    struct hprpc_server_options server_options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    bool failed = true;
    uint8_t data[5000];
    char uri[128];

    memset(data, 'd', sizeof(data));
    all.echo = handlers.echo;
    for (long nth = 1; failed && nth < MOST; nth++) {
        struct hprpc_client *client;
        struct tiny tiny;
        long failures;
        int r;

        stage_open(&there, false);
        stage_open(&here, false);
        server_options.workers = workers;
        server_options.max_calls = options.max_calls = 8;
        options.timeout_ms = 2000;
        stage_serve(&there, &server_options, &all, NULL);
        stage_run(&there);
        snprintf(uri, sizeof(uri), "%s?lend=%s", there.uri, lend ? "yes" : "no");
        assert_int_equal(hprpc_client_connect(here.context, uri, &options, NULL, &client), 0);
        assert_int_equal(tiny_bind(client, &tiny_interface, NULL, &tiny), 0);

        failures = atomic_load(&scarce->memory.failures);
        memory_fail(&scarce->memory, nth, false);
        r = call_every_way(&tiny, data);
        failed = atomic_load(&scarce->memory.failures) > failures;
        memory_fail(&scarce->memory, 0, false);
        if (r < 0)
            expect_shortage(r);
        else if (failed && on_client)
            fail_msg("allocation %ld failed and nobody noticed", nth);

        /* only calls of that round may fail: these work */
        for (int i = 0; i < 20; i++) {
            r = call_every_way(&tiny, data);
            if (r < 0)
                fail_msg("after allocation %ld had failed: %s", nth, hprpc_error_name(r));
        }
        hprpc_client_free(client);
        stage_close(&here);
        stage_close(&there);
    }
    assert_false(failed);
}

static void calling(void **state)
{
    (void)state;
    call_under_shortage(true, true, 0);
    call_under_shortage(true, false, 0);
}

static void serving(void **state)
{
    (void)state;
    call_under_shortage(false, true, 0);
    call_under_shortage(false, false, 0);
    call_under_shortage(false, true, 2);
}

/* For a while every allocation fails, on both sides. */
static void nothing_at_all_for_a_while(void **state)
{
    struct stage stage;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client, *other = NULL;
    struct tiny tiny;
    uint8_t data[5000] = { 0 };

    (void)state;
    for (long nth = 1; nth < 30; nth++) {
        stage_open(&stage, false);
        options.timeout_ms = 300;
        options.connect_timeout_ms = 0;
        stage_serve(&stage, NULL, &tiny_plain, NULL);
        stage_run(&stage);
        client = stage_connect_tiny(&stage, "", &options, &tiny);
        options.connect_timeout_ms = 50;
        memory_fail(&stage.memory, nth, true);
        for (int i = 0; i < 5; i++)
            tiny_echo(&tiny, NULL, data, sizeof(data), NULL);
        hprpc_client_connect(stage.context, stage.uri, &options, NULL, &other);
        hprpc_client_free(other);
        other = NULL;
        memory_fail(&stage.memory, 0, false);
        /* afterwards a new client is served, and the old connection ends cleanly */
        hprpc_client_free(client);
        options.connect_timeout_ms = 0;
        client = stage_connect_tiny(&stage, "", &options, &tiny);
        assert_int_equal(tiny_echo(&tiny, NULL, data, sizeof(data), NULL), 0);
        hprpc_client_free(client);
        stage_close(&stage);
    }
}

/* ---- A request that was kept when memory ran out ---- */

struct keeper {
    struct stage *stage;
    bool fails; /* false: the test answers */
    _Atomic(struct hprpc_request *) kept;
};

static int keep(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct keeper *keeper = self;

    (void)data;
    assert_int_equal(hprpc_request_defer(request), 0);
    memory_fail(&keeper->stage->memory, 1, true);
    atomic_store(&keeper->kept, request);
    return keeper->fails ? HPRPC_EAPPLICATION : 0;
}

/* Neither the answer nor an error in its place can be sent: the connection ends, and the request does not leak. */
static void a_kept_request_without_an_answer(void **state)
{
    struct tiny_handlers handlers = tiny_plain;

    (void)state;
    handlers.echo = keep;
    for (int i = 0; i < 4; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct stage stage, here;
        struct keeper keeper = { .stage = &stage, .fails = i % 2 };
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct hprpc_client *client;
        struct tiny tiny;

        stage_open(&stage, false);
        stage_open(&here, false);
        options.workers = i / 2;
        stage_serve(&stage, &options, &handlers, &keeper);
        stage_run(&stage);
        assert_int_equal(hprpc_client_connect(here.context, stage.uri, NULL, NULL, &client), 0);
        assert_int_equal(tiny_bind(client, &tiny_interface, NULL, &tiny), 0);
        assert_int_equal(tiny_echo_start(&tiny, &call, "x", 1), 0);
        for (struct patience p = patience_begin(); !atomic_load(&keeper.kept) && try_again(&p);)
            continue;
        if (!keeper.fails) {
            assert_int_equal(tiny_echo_reply(keeper.kept, "x", 1), HPRPC_ENOMEM);
            assert_int_equal(hprpc_request_fail(keeper.kept, HPRPC_EAPPLICATION, "no memory"), 0);
        }
        assert_int_equal(tiny_echo_finish(&call, NULL), HPRPC_EPEERDIED);
        memory_fail(&stage.memory, 0, false);
        hprpc_call_clear(&call);
        hprpc_client_free(client);
        /* the server serves on */
        client = stage_connect_tiny(&stage, "", NULL, &tiny);
        assert_int_equal(tiny_poke(&tiny, NULL, "", 0), 0);
        hprpc_client_free(client);
        stage_close(&here);
        stage_close(&stage);
    }
}

/* Memory that is refused for good ends a call with HPRPC_ENOMEM: there is no deadline, and the other side did nothing wrong. */
static void for_good(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };
    static const size_t sizes[] = { 10, 5000, 300000 };
    uint8_t *data = calloc(1, 300000);

    (void)state;
    assert_non_null(data);
    for (int i = 0; i < 18; i++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_server_options serving = HPRPC_SERVER_OPTIONS_INIT;
        bool ours = i % 2;
        struct stage server, stage;
        size_t size = sizes[i / 6];
        bool failed = true;

        options.pump = pumps[i / 2 % 3];
        serving.workers = (uint32_t)(i / 2 % 3);
        stage_open(&server, false);
        stage_serve(&server, &serving, &tiny_plain, NULL);
        stage_run(&server);
        stage_open(&stage, false);
        snprintf(stage.uri, sizeof(stage.uri), "%s", server.uri);
        for (long nth = 1; failed && nth < MOST; nth++) {
            struct memory *memory = ours ? &stage.memory : &server.memory;
            struct hprpc_call call = HPRPC_CALL_INIT;
            struct hprpc_client *client;
            struct tiny tiny;
            long failures;
            int r;

            client = stage_connect_tiny(&stage, "", &options, &tiny);
            call.timeout_ms = 5000; /* more than any right end takes */
            failures = atomic_load(&memory->failures);
            memory_fail(memory, nth, true);
            r = tiny_echo(&tiny, &call, data, size, NULL);
            failed = atomic_load(&memory->failures) > failures;
            memory_fail(memory, 0, false);
            /* the other side may lack the memory for an ERROR; then it can only close the connection */
            if (r != 0 && r != HPRPC_ENOMEM && (ours || (r != HPRPC_EMAYBE && r != HPRPC_EPEERDIED)))
                fail_msg("%s, pump %d, %zu bytes, allocation %ld: %s: %s", ours ? "ours" : "theirs", options.pump, size,
                         nth, hprpc_error_name(r), call.detail);
            hprpc_call_clear(&call);
            hprpc_client_free(client);
        }
        assert_false(failed);
        stage_close(&stage);
        stage_close(&server);
    }
    free(data);
}

/* ---- The end ---- */

enum ending { FAILS, SAYS_GOODBYE, TALKS_NONSENSE, IS_CLOSED, ENDINGS };

static void end_it(struct raw_server *raw, enum ending ending)
{
    switch (ending) {
    case FAILS:
        fake_break(stage_end(raw->client), HPRPC_EPEERDIED, "the cable was cut");
        break;
    case SAYS_GOODBYE:
        raw_goodbye(raw->end, "it is late");
        break;
    case TALKS_NONSENSE:
        fake_send(raw->end, &(struct hprpc_header){ .type = 99 }, "", 0);
        break;
    default:
        hprpc_client_close(raw->client);
        break;
    }
}

/* A connection that ends without memory keeps its code, and has a sentence, though perhaps a general one. */
static void breaking(void **state)
{
    static const int codes[ENDINGS] = { HPRPC_EPEERDIED, HPRPC_EMAYBE, HPRPC_EPROTOCOL, HPRPC_EMAYBE };

    (void)state;
    for (int i = 0; i < 3 * ENDINGS; i++) {
        struct hprpc_call posted = HPRPC_CALL_INIT, late = HPRPC_CALL_INIT;
        struct raw_limits limits = RAW_LIMITS_INIT;
        struct stage stage;
        struct raw_server raw;
        struct tiny tiny;

        stage_open(&stage, false);
        raw_server_tiny(&raw, &stage, NULL, &limits, &tiny);
        assert_int_equal(tiny_echo_start(&tiny, &posted, "", 0), 0);
        /* memory fails at the first allocation, or at the second, or not at all */
        if (i / ENDINGS < 2)
            memory_fail(&stage.memory, 1 + i / ENDINGS, true);
        end_it(&raw, (enum ending)(i % ENDINGS));
        assert_int_equal(tiny_echo_finish(&posted, NULL), codes[i % ENDINGS]);
        assert_true(posted.detail && posted.detail[0]);
        assert_int_equal(tiny_poke(&tiny, &late, "", 0), HPRPC_ENOTSENT);
        assert_true(late.detail && late.detail[0]);
        memory_fail(&stage.memory, 0, false);
        hprpc_call_clear(&posted);
        hprpc_call_clear(&late);
        raw_server_close(&raw);
        stage_close(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(for_good),
        fixture_test(connecting),
        fixture_test(opening),
        fixture_test(making_a_server),
        fixture_test(calling),
        fixture_test(serving),
        fixture_test(nothing_at_all_for_a_while),
        fixture_test(a_kept_request_without_an_answer),
        fixture_test(breaking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
