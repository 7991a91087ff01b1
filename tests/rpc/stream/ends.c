/* SPDX-License-Identifier: MIT */
/*
 * How streams end: by an answer, by giving up, by time, by the death of either side, in the middle of anything. Each side gets one
 * code, threads that wait come back, and all memory is returned.
 */
#include "rpc/stream/waters.h"

#include <unistd.h>

static const char *const transports[] = { "fake://ends", "tcp://127.0.0.1:0", "unix://ends-%d", "pipe://ends-%d",
                                          "shm://ends-%d?ring=64KiB" };
static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };
enum {
    TRANSPORTS = sizeof(transports) / sizeof(transports[0]),
    PUMPS = sizeof(pumps) / sizeof(pumps[0]),
    ELEMENTS = 4, /* of each window */
};

/* One connection of the product of transports, pumps and ways of serving. */
struct scene {
    struct waters waters;
    struct hprpc_client *client;
    struct flow flow;
    struct hprpc_call call;
};

static void open_scene(struct scene *scene, const char *transport, enum hprpc_pump pump, enum serving serving,
                       uint32_t idle_ms)
{
    struct hprpc_server_options server = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_client_options client = HPRPC_CLIENT_OPTIONS_INIT;
    char uri[64];

    memset(scene, 0, sizeof(*scene));
    server.stream_elements = client.stream_elements = ELEMENTS;
    client.stream_idle_ms = idle_ms;
    client.pump = pump;
    snprintf(uri, sizeof(uri), transport, (int)getpid());
    waters_open(&scene->waters, uri, serving, &server);
    scene->client = waters_connect(&scene->waters, &client, &scene->flow);
}

/* The connection still works, unless it has ended; then everything is closed. */
static void close_scene(struct scene *scene, bool works)
{
    uint32_t number = 0;

    if (works) {
        assert_int_equal(flow_plain(&scene->flow, NULL, 1, &number), 0);
        assert_int_equal(number, 2);
    }
    hprpc_call_clear(&scene->call);
    hprpc_client_free(scene->client);
    waters_close(&scene->waters);
}

/* Runs a test over everything. */
static void everywhere(void (*test)(struct scene *scene), uint32_t idle_ms, bool works)
{
    for (int t = 0; t < TRANSPORTS; t++) {
        for (int p = 0; p < PUMPS; p++) {
            for (int s = 0; s < SERVINGS; s++) {
                struct scene scene;

                open_scene(&scene, transports[t], pumps[p], (enum serving)s, idle_ms);
                test(&scene);
                close_scene(&scene, works);
            }
        }
    }
}

/* ---- By an answer ---- */

static int send_until_it_fails(struct hprpc_call *call)
{
    int r, count = 0;

    while ((r = flow_send(call, "abc", 3)) == 0) {
        if (++count == 100000)
            fail_msg("nothing stops the elements");
    }
    return r;
}

static void a_reader_that_fails(struct scene *scene)
{
    uint64_t total = 5;

    assert_int_equal(flow_upload_start(&scene->flow, &scene->call, FAIL), 0);
    assert_int_equal(send_until_it_fails(&scene->call), HPRPC_EAPPLICATION);
    assert_string_equal(scene->call.detail, "the stream ended early");
    assert_int_equal(flow_send(&scene->call, "abc", 3), HPRPC_EAPPLICATION);
    assert_int_equal(flow_upload_finish(&scene->call, &total), HPRPC_EAPPLICATION);
    assert_string_equal(scene->call.detail, "the stream ended early");
    assert_int_equal(total, 5);
}

static void what_was_sent_before_a_failure_is_read(struct scene *scene)
{
    struct kodosis_bytes item;

    assert_int_equal(flow_chat_start(&scene->flow, &scene->call, FAIL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(flow_send(&scene->call, "abc", 3), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(flow_next(&scene->call, &item), 1);
        assert_int_equal(item.size, 3);
    }
    assert_int_equal(flow_next(&scene->call, &item), HPRPC_EAPPLICATION);
    assert_int_equal(flow_finish(&scene->call), HPRPC_EAPPLICATION);
}

static void elements_that_are_not_read(struct scene *scene)
{
    struct kodosis_bytes item;

    assert_int_equal(flow_watch_start(&scene->flow, &scene->call, 300, 400), 0);
    assert_int_equal(flow_next(&scene->call, &item), 1);
    assert_true(flow_is(item, 0, 400));
    assert_int_equal(flow_finish(&scene->call), 0);
    assert_int_equal(flow_next(&scene->call, &item), 0);
}

static void ends_by_an_answer(void **state)
{
    (void)state;
    everywhere(a_reader_that_fails, 0, true);
    everywhere(what_was_sent_before_a_failure_is_read, 0, true);
    everywhere(elements_that_are_not_read, 0, true);
}

/* ---- By giving up ---- */

static void cleared_while_elements_come(struct scene *scene)
{
    struct kodosis_bytes item;

    assert_int_equal(flow_watch_start(&scene->flow, &scene->call, 1000000, 400), 0);
    assert_int_equal(flow_next(&scene->call, &item), 1);
    hprpc_call_clear(&scene->call);
    waters_settle(&scene->waters);
}

static void cleared_while_elements_go(struct scene *scene)
{
    assert_int_equal(flow_upload_start(&scene->flow, &scene->call, FLOW), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(flow_send(&scene->call, "abc", 3), 0);
    hprpc_call_clear(&scene->call);
    waters_settle(&scene->waters);
}

struct later {
    struct hprpc_pending_call *pending;
    struct waters *waters;
    bool held; /* waits until a handler holds the call */
};

static void *cancel_later(void *argument)
{
    struct later *later = argument;

    for (struct patience patience = patience_begin();
         later->held && !atomic_load(&later->waters->held) && try_again(&patience);)
        continue;
    hprpc_pending_call_cancel(later->pending);
    return NULL;
}

/* A thread waits in `_next` or `_send`, and another one cancels. */
static void cancelled_while_reading(struct scene *scene)
{
    struct later later = { .waters = &scene->waters, .held = scene->waters.serving != ON_THE_LOOP };
    struct kodosis_bytes item;
    pthread_t thread;
    int r;

    assert_int_equal(flow_chat_start(&scene->flow, &scene->call, HOLD), 0);
    later.pending = scene->call.pending;
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &later), 0);
    r = flow_next(&scene->call, &item);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(r, HPRPC_ECANCELLED);
    assert_int_equal(flow_finish(&scene->call), HPRPC_ECANCELLED);
    waters_settle(&scene->waters);
}

static void cancelled_while_sending(struct scene *scene)
{
    struct later later = { .waters = &scene->waters, .held = true };
    pthread_t thread;
    int r;

    if (scene->waters.serving == ON_THE_LOOP) /* there a handler cannot hold */
        return;
    assert_int_equal(flow_upload_start(&scene->flow, &scene->call, HOLD), 0);
    later.pending = scene->call.pending;
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &later), 0);
    r = send_until_it_fails(&scene->call);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(r, HPRPC_ECANCELLED);
    waters_settle(&scene->waters);
}

static void ends_by_giving_up(void **state)
{
    (void)state;
    everywhere(cleared_while_elements_come, 0, true);
    everywhere(cleared_while_elements_go, 0, true);
    everywhere(cancelled_while_reading, 0, true);
    everywhere(cancelled_while_sending, 0, true);
}

/* ---- By time ---- */

static void a_deadline_of_the_whole(struct scene *scene)
{
    struct kodosis_bytes item;

    scene->call.timeout_ms = 30;
    assert_int_equal(flow_chat_start(&scene->flow, &scene->call, FLOW), 0);
    assert_int_equal(flow_next(&scene->call, &item), HPRPC_EDEADLINE);
    /* either side may be the first that sees it */
    assert_true(strstr(scene->call.detail, "test.Flow.Chat did not answer within 30 ms") ||
                strstr(scene->call.detail, "the stream ended early"));
    assert_int_equal(flow_send(&scene->call, "a", 1), HPRPC_EDEADLINE);
    assert_int_equal(flow_finish(&scene->call), HPRPC_EDEADLINE);
    scene->call.timeout_ms = 0;
    waters_settle(&scene->waters);
}

static void a_call_that_is_idle(struct scene *scene)
{
    struct kodosis_bytes item;
    int r;

    assert_int_equal(flow_chat_start(&scene->flow, &scene->call, FLOW), 0);
    assert_int_equal(flow_send(&scene->call, "a", 1), 0);
    /* on a busy machine the element may not even come back */
    while ((r = flow_next(&scene->call, &item)) == 1)
        continue;
    assert_int_equal(r, HPRPC_EDEADLINE);
    assert_non_null(strstr(scene->call.detail, "nothing has moved on the streams of test.Flow.Chat for 40 ms"));
    waters_settle(&scene->waters);
}

static void an_idle_call_that_is_finished(struct scene *scene)
{
    uint64_t total;

    if (scene->waters.serving == ON_THE_LOOP)
        return;
    assert_int_equal(flow_upload_start(&scene->flow, &scene->call, HOLD), 0);
    assert_int_equal(flow_upload_finish(&scene->call, &total), HPRPC_EDEADLINE);
    waters_settle(&scene->waters);
}

static void ends_by_time(void **state)
{
    (void)state;
    everywhere(a_deadline_of_the_whole, 0, true);
    everywhere(a_call_that_is_idle, 40, true);
    everywhere(an_idle_call_that_is_finished, 40, true);
}

/* ---- By the end of the connection ---- */

static void *close_later(void *argument)
{
    struct scene *scene = argument;

    for (struct patience patience = patience_begin();
         scene->waters.serving != ON_THE_LOOP && !atomic_load(&scene->waters.held) && try_again(&patience);)
        continue;
    hprpc_client_close(scene->client);
    return NULL;
}

static void closed_here_while_reading(struct scene *scene)
{
    struct kodosis_bytes item;
    pthread_t thread;
    int r;

    assert_int_equal(flow_chat_start(&scene->flow, &scene->call, HOLD), 0);
    assert_int_equal(pthread_create(&thread, NULL, close_later, scene), 0);
    r = flow_next(&scene->call, &item);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(r, HPRPC_EMAYBE);
    assert_int_equal(flow_finish(&scene->call), HPRPC_EMAYBE);
}

static void freed_while_elements_come(struct scene *scene)
{
    struct kodosis_bytes item;

    assert_int_equal(flow_watch_start(&scene->flow, &scene->call, 1000000, 400), 0);
    assert_int_equal(flow_next(&scene->call, &item), 1);
    hprpc_client_free(scene->client);
    scene->client = NULL;
    /* the views live until the call is cleared */
    assert_true(flow_is(item, 0, 400));
}

static int close_connection(void *self, struct hprpc_controller *controller)
{
    (void)self;
    hprpc_controller_close(controller);
    return 0;
}

static void *close_there(void *argument)
{
    struct scene *scene = argument;

    for (struct patience patience = patience_begin();
         scene->waters.serving != ON_THE_LOOP && !atomic_load(&scene->waters.held) && try_again(&patience);)
        continue;
    hprpc_server_connections(scene->waters.server, close_connection, NULL);
    return NULL;
}

static void closed_there_while_sending(struct scene *scene)
{
    pthread_t thread;
    int r;

    assert_int_equal(flow_upload_start(&scene->flow, &scene->call, HOLD), 0);
    assert_int_equal(pthread_create(&thread, NULL, close_there, scene), 0);
    r = send_until_it_fails(&scene->call);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(r == HPRPC_EMAYBE || r == HPRPC_EPEERDIED);
}

static void ends_with_the_connection(void **state)
{
    (void)state;
    everywhere(closed_here_while_reading, 0, false);
    everywhere(freed_while_elements_come, 0, false);
    everywhere(closed_there_while_sending, 0, false);
}

/* ---- Inline ---- */

static void handlers_inline_never_wait(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        struct kodosis_bytes item;
        struct scene scene;
        uint64_t total;

        open_scene(&scene, transports[t], HPRPC_PUMP_CALLER, INLINE, 0);
        /* as many elements as the window has room for */
        assert_int_equal(flow_watch_start(&scene.flow, &scene.call, ELEMENTS, 10), 0);
        for (uint32_t i = 0; i < ELEMENTS; i++) {
            assert_int_equal(flow_next(&scene.call, &item), 1);
            assert_true(flow_is(item, i, 10));
        }
        assert_int_equal(flow_next(&scene.call, &item), 0);
        assert_int_equal(flow_finish(&scene.call), 0);
        /* one more */
        assert_int_equal(flow_watch_start(&scene.flow, &scene.call, ELEMENTS + 1, 10), 0);
        assert_int_equal(flow_finish(&scene.call), HPRPC_EINTERNAL);
        assert_non_null(strstr(scene.call.detail, "it must defer, or run on a worker"));
        /* a reader that finds nothing */
        assert_int_equal(flow_upload_start(&scene.flow, &scene.call, FLOW), 0);
        assert_int_equal(flow_upload_finish(&scene.call, &total), HPRPC_EINTERNAL);
        assert_non_null(strstr(scene.call.detail, "it must defer, or run on a worker"));
        /* the answer of a handler that returned waits until the pieces of its element have gone */
        assert_int_equal(flow_watch_start(&scene.flow, &scene.call, 1, 5000000), 0);
        assert_int_equal(flow_next(&scene.call, &item), 1);
        assert_true(flow_is(item, 0, 5000000));
        assert_int_equal(flow_next(&scene.call, &item), 0);
        assert_int_equal(flow_finish(&scene.call), 0);
        close_scene(&scene, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(ends_by_an_answer),        fixture_test(ends_by_giving_up),          fixture_test(ends_by_time),
        fixture_test(ends_with_the_connection), fixture_test(handlers_inline_never_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
