/* SPDX-License-Identifier: MIT */
/* Calls on one thread: which thread serves a connection from its other side, what runs there, and when none does. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/fixture.h"
#include "support/patience.h"
#include "support/tiny.h"

#define URI "local://seat"

struct stage {
    struct hprpc_server *server;
    struct hprpc_client *client;
    struct tiny tiny;
    unsigned echoes, inner;
    pthread_t thread; /* of the last handler */
    pid_t child;
    struct hprpc_request *kept;
};

static int echo(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct stage *stage = self;

    stage->echoes++;
    stage->thread = pthread_self();
    return tiny_echo_reply(request, data.data, data.size);
}

static int keep(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct stage *stage = self;

    (void)data;
    stage->kept = request;
    return hprpc_request_defer(request);
}

static const struct tiny_handlers handlers = { .echo = echo, .poke = keep };

static void serve_with(struct stage *stage, const struct tiny_handlers *with)
{
    struct hprpc_detail detail = { "" };

    *stage = (struct stage){ .child = -1 };
    assert_int_equal(hprpc_server_new(NULL, NULL, &stage->server), 0);
    assert_int_equal(hprpc_server_add(stage->server, &tiny_interface, with, stage), 0);
    if (hprpc_server_listen(stage->server, URI, &detail))
        fail_msg("%s", detail.text);
}

static void connect_with(struct stage *stage, enum hprpc_pump pump, const char *query)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    char uri[64];

    options.pump = pump;
    snprintf(uri, sizeof(uri), "%s%s", URI, query);
    if (hprpc_client_connect(NULL, uri, &options, &detail, &stage->client) ||
        tiny_bind(stage->client, &tiny_interface, &detail, &stage->tiny))
        fail_msg("%s", detail.text);
}

static void open_stage(struct stage *stage)
{
    serve_with(stage, &handlers);
    assert_int_equal(hprpc_server_process(stage->server), 0);
    connect_with(stage, HPRPC_PUMP_CALLER, "");
}

static void close_stage(struct stage *stage)
{
    hprpc_client_free(stage->client);
    hprpc_server_free(stage->server);
}

/* Calls, and checks that the handler ran on this thread. */
static void call_here(struct stage *stage)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes data;
    unsigned before = stage->echoes;

    assert_int_equal(tiny_echo(&stage->tiny, &call, "king", 4, &data), 0);
    assert_memory_equal(data.data, "king", 4);
    assert_int_equal(stage->echoes, before + 1);
    assert_true(pthread_equal(stage->thread, pthread_self()));
    hprpc_call_clear(&call);
}

/* Calls with a deadline that is over soon, as the server is not served. */
static void call_in_vain(struct stage *stage)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    unsigned before = stage->echoes;

    call.timeout_ms = 20;
    assert_int_equal(tiny_echo(&stage->tiny, &call, "x", 1, NULL), HPRPC_EDEADLINE);
    assert_int_equal(stage->echoes, before);
    hprpc_call_clear(&call);
}

static bool is_readable(int fd)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };

    return poll(&one, 1, 0) == 1;
}

static void a_call_on_one_thread(void **state)
{
    static const char *const queries[] = { "", "?wait=block", "?wait=spin" };

    (void)state;
    for (int i = 0; i < 9; i++) {
        static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };
        struct stage stage;

        serve_with(&stage, &handlers);
        assert_int_equal(hprpc_server_process(stage.server), 0);
        connect_with(&stage, pumps[i % 3], queries[i / 3]);
        for (int round = 0; round < 200; round++) {
            call_here(&stage);
            if (round % 50 == 0)
                assert_int_equal(hprpc_server_process(stage.server), 0);
        }
        close_stage(&stage);
    }
}

/* Nothing is left to be done in the server's loop after such a call, so an application's loop sleeps on. */
static void the_loop_stays_quiet(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage);
    while (is_readable(hprpc_server_descriptor(stage.server)))
        assert_int_equal(hprpc_server_process(stage.server), 0);
    for (int i = 0; i < 10; i++)
        call_here(&stage);
    assert_false(is_readable(hprpc_server_descriptor(stage.server)));
    close_stage(&stage);
}

/* A call that is only started wakes the loop; a wait for it serves it. */
static void a_call_that_is_started(void **state)
{
    struct hprpc_call calls[200] = { HPRPC_CALL_INIT };
    struct kodosis_bytes data;
    struct stage stage;

    (void)state;
    open_stage(&stage);
    while (is_readable(hprpc_server_descriptor(stage.server)))
        assert_int_equal(hprpc_server_process(stage.server), 0);
    for (int i = 0; i < 200; i++) {
        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        assert_int_equal(tiny_echo_start(&stage.tiny, &calls[i], &i, sizeof(i)), 0);
        assert_true(i || is_readable(hprpc_server_descriptor(stage.server)));
    }
    for (int i = 199; i >= 0; i--) {
        assert_int_equal(tiny_echo_finish(&calls[i], &data), 0);
        assert_memory_equal(data.data, &i, sizeof(i));
        hprpc_call_clear(&calls[i]);
    }
    assert_int_equal(stage.echoes, 200);
    close_stage(&stage);
}

/* Until a thread has processed the server, no thread serves it from the other side. */
static void not_before_the_server_was_processed(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client = NULL;
    struct stage stage;

    (void)state;
    serve_with(&stage, &handlers);
    options.connect_timeout_ms = 20;
    assert_int_equal(hprpc_client_connect(NULL, URI, &options, NULL, &client), HPRPC_EDEADLINE);
    close_stage(&stage);
}

static void *process(void *argument)
{
    struct stage *stage = argument;

    hprpc_server_process(stage->server);
    return NULL;
}

/* The thread that processed the server last has its handlers, and no other. */
static void not_on_another_thread(void **state)
{
    struct stage stage;
    pthread_t thread;

    (void)state;
    open_stage(&stage);
    call_here(&stage);
    assert_int_equal(pthread_create(&thread, NULL, process, &stage), 0);
    pthread_join(thread, NULL);
    call_in_vain(&stage);
    assert_int_equal(hprpc_server_process(stage.server), 0);
    call_here(&stage);
    close_stage(&stage);
}

static void *run(void *argument)
{
    struct stage *stage = argument;

    assert_int_equal(hprpc_server_run(stage->server), 0);
    return NULL;
}

/* While hprpc_server_run has the server, all handlers run there. */
static void not_while_the_server_runs(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct stage stage;
    pthread_t thread;

    (void)state;
    open_stage(&stage);
    call_here(&stage);
    assert_int_equal(pthread_create(&thread, NULL, run, &stage), 0);
    /* the first of these may still be served here: the thread has only begun */
    for (struct patience patience = patience_begin(); pthread_equal(stage.thread, pthread_self());) {
        assert_true(is_patient(&patience));
        assert_int_equal(tiny_echo(&stage.tiny, &call, "x", 1, NULL), 0);
        hprpc_call_clear(&call);
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(tiny_echo(&stage.tiny, &call, "x", 1, NULL), 0);
        assert_true(pthread_equal(stage.thread, thread));
        hprpc_call_clear(&call);
    }
    hprpc_server_stop(stage.server);
    pthread_join(thread, NULL);
    close_stage(&stage);
}

/* A handler that defers leaves the thread to wait, until another thread answers. */
static void *answer(void *argument)
{
    struct stage *stage = argument;
    struct kodosis_writer *writer;

    assert_int_equal(hprpc_request_reply_begin(stage->kept, 0, &writer), 0);
    hprpc_request_reply_send(stage->kept);
    return NULL;
}

static void an_answer_that_comes_later(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct stage stage;
    pthread_t thread;

    (void)state;
    open_stage(&stage);
    assert_int_equal(tiny_poke_start(&stage.tiny, &call, "", 0), 0);
    call_here(&stage); /* the poke is served before it */
    assert_non_null(stage.kept);
    assert_int_equal(pthread_create(&thread, NULL, answer, &stage), 0);
    assert_int_equal(tiny_poke_finish(&call), 0);
    pthread_join(thread, NULL);
    hprpc_call_clear(&call);
    close_stage(&stage);
}

/* ---- Handlers that call ---- */

/* Calls back, and calls the same server again, which it cannot: this thread is inside. */
static int call_back(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct stage *stage = self;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct tiny back;
    int r = tiny_bind(hprpc_controller_client(hprpc_request_controller(request)), &tiny_interface, NULL, &back);

    if (r == 0)
        r = tiny_echo(&back, &call, data.data, data.size, NULL);
    hprpc_call_clear(&call);
    if (r < 0)
        return r;
    assert_int_equal(hprpc_server_process(stage->server), 0);
    return tiny_echo_reply(request, data.data, data.size);
}

static int inner_echo(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct stage *stage = self;

    stage->inner++;
    stage->thread = pthread_self();
    return tiny_echo_reply(request, data.data, data.size);
}

static void a_handler_calls_back(void **state)
{
    static const struct tiny_handlers outer = { .echo = call_back }, inner = { .echo = inner_echo };
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct stage stage;

    (void)state;
    serve_with(&stage, &outer);
    assert_int_equal(hprpc_server_process(stage.server), 0);
    connect_with(&stage, HPRPC_PUMP_CALLER, "");
    assert_int_equal(hprpc_controller_serve(hprpc_client_controller(stage.client), &tiny_interface, &inner, &stage), 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(tiny_echo(&stage.tiny, &call, "x", 1, NULL), 0);
        assert_int_equal(stage.inner, i + 1);
        assert_true(pthread_equal(stage.thread, pthread_self()));
        hprpc_call_clear(&call);
    }
    close_stage(&stage);
}

/* ---- The end ---- */

static void a_server_that_is_freed(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct stage stage;

    (void)state;
    open_stage(&stage);
    call_here(&stage);
    hprpc_server_free(stage.server);
    stage.server = NULL;
    assert_true(tiny_echo(&stage.tiny, &call, "x", 1, NULL) < 0);
    hprpc_call_clear(&call);
    close_stage(&stage);
}

static void a_server_that_stops(void **state)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct stage stage;

    (void)state;
    open_stage(&stage);
    call_here(&stage);
    hprpc_server_stop(stage.server);
    for (struct patience patience = patience_begin(); hprpc_server_process(stage.server) != HPRPC_ECLOSED;)
        assert_true(is_patient(&patience));
    assert_int_equal(tiny_echo(&stage.tiny, &call, "x", 1, NULL), HPRPC_ENOTSENT);
    hprpc_call_clear(&call);
    close_stage(&stage);
}

static jmp_buf out;

static int leave_by_longjmp(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    (void)self;
    (void)request;
    (void)data;
    longjmp(out, 1);
}

static void *run_until_longjmp(void *argument)
{
    struct stage *stage = argument;

    if (!setjmp(out))
        hprpc_server_run(stage->server);
    return NULL;
}

/* A server is freed also if the thread in its loop has left a handler, and never comes back. */
static void a_server_whose_thread_is_gone(void **state)
{
    static const struct tiny_handlers leaves = { .poke = leave_by_longjmp };
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct stage stage;
    pthread_t thread;

    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* the request that the handler left is lost */
#endif
    serve_with(&stage, &leaves);
    assert_int_equal(pthread_create(&thread, NULL, run_until_longjmp, &stage), 0);
    connect_with(&stage, HPRPC_PUMP_CALLER, "");
    assert_int_equal(tiny_poke_start(&stage.tiny, &call, "", 0), 0);
    pthread_join(thread, NULL);
    assert_int_equal(hprpc_server_run(stage.server), HPRPC_EINVAL);
    hprpc_server_free(stage.server);
    stage.server = NULL;
    assert_true(tiny_poke_finish(&call) < 0);
    hprpc_call_clear(&call);
    close_stage(&stage);
}

/* A server is freed by another thread while this one serves it: it waits until the handler has returned. */
static void *free_there(void *argument)
{
    struct stage *stage = argument;

    hprpc_server_free(stage->server);
    return NULL;
}

static pthread_t freeing;

static int free_meanwhile(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct stage *stage = self;

    assert_int_equal(pthread_create(&freeing, NULL, free_there, stage), 0);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    return tiny_echo_reply(request, data.data, data.size);
}

static void a_server_that_is_freed_meanwhile(void **state)
{
    static const struct tiny_handlers frees = { .echo = free_meanwhile };
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct kodosis_bytes data;
    struct stage stage;

    (void)state;
    serve_with(&stage, &frees);
    assert_int_equal(hprpc_server_process(stage.server), 0);
    connect_with(&stage, HPRPC_PUMP_CALLER, "");
    assert_int_equal(tiny_echo(&stage.tiny, &call, "king", 4, &data), 0);
    assert_memory_equal(data.data, "king", 4);
    hprpc_call_clear(&call);
    pthread_join(freeing, NULL);
    stage.server = NULL;
    close_stage(&stage);
}

static int fork_there(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct stage *stage = self;

    stage->child = fork();
    if (!stage->child)
        return 0;
    return tiny_echo_reply(request, data.data, data.size);
}

/* A child that comes out of a handler leaves its parent's connections alone. */
static void a_child_out_of_a_handler(void **state)
{
    static const struct tiny_handlers forks = { .echo = fork_there };
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct stage stage;
    int status, r;

    (void)state;
    serve_with(&stage, &forks);
    assert_int_equal(hprpc_server_process(stage.server), 0);
    connect_with(&stage, HPRPC_PUMP_CALLER, "");
    r = tiny_echo(&stage.tiny, &call, "x", 1, NULL);
    if (!stage.child)
        _exit(r == HPRPC_EFORKED && tiny_echo(&stage.tiny, NULL, "x", 1, NULL) == HPRPC_EFORKED &&
                      hprpc_server_process(stage.server) == HPRPC_EFORKED
                  ? 7
                  : 1);
    assert_int_equal(r, 0);
    assert_int_equal(waitpid(stage.child, &status, 0), stage.child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    hprpc_call_clear(&call);
    close_stage(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_call_on_one_thread),
        fixture_test(the_loop_stays_quiet),
        fixture_test(a_call_that_is_started),
        fixture_test(not_before_the_server_was_processed),
        fixture_test(not_on_another_thread),
        fixture_test(not_while_the_server_runs),
        fixture_test(an_answer_that_comes_later),
        fixture_test(a_handler_calls_back),
        fixture_test(a_server_that_is_freed),
        fixture_test(a_server_whose_thread_is_gone),
        fixture_test(a_server_that_is_freed_meanwhile),
        fixture_test(a_server_that_stops),
        fixture_test(a_child_out_of_a_handler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
