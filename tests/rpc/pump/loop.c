/* SPDX-License-Identifier: MIT */
/*
 * A client in an application's event loop: its descriptor and its time-out must be right while other threads wait, look and
 * call.
 */
#include "rpc/stage.h"

#include <poll.h>

#include "rpc/connection/spin.h"

static bool is_readable(struct hprpc_client *client)
{
    struct pollfd poll_fd = { hprpc_client_descriptor(client), POLLIN, 0 };

    return poll(&poll_fd, 1, 0) == 1;
}

static void process_all(struct hprpc_client *client)
{
    do
        assert_int_equal(hprpc_client_process(client), 0);
    while (is_readable(client));
}

/* A client in loop mode, and a call that is not answered yet. */
struct scene {
    struct stage stage;
    struct raw_server raw;
    struct tiny tiny;
    struct hprpc_call call;
    struct fake_message request;
};

static void scene_open(struct scene *scene, const char *query)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;

    memset(scene, 0, sizeof(*scene));
    stage_open(&scene->stage, true);
    scene->stage.query = query;
    options.pump = HPRPC_PUMP_LOOP;
    raw_server_tiny(&scene->raw, &scene->stage, &options, NULL, &scene->tiny);
    assert_int_equal(tiny_echo_start(&scene->tiny, &scene->call, "x", 1), 0);
    assert_true(fake_expect(scene->raw.end, HPRPC_MESSAGE_REQUEST, &scene->request));
    process_all(scene->raw.client);
}

/* Answers the call, and checks that the descriptor becomes readable. */
static void scene_answer(struct scene *scene)
{
    assert_false(is_readable(scene->raw.client));
    raw_reply(scene->raw.end, scene->request.header.call, "", 0);
    assert_true(is_readable(scene->raw.client));
    assert_int_equal(hprpc_client_process(scene->raw.client), 0);
    assert_true(hprpc_pending_call_done(scene->call.pending));
    assert_int_equal(tiny_echo_finish(&scene->call, NULL), 0);
}

static void scene_close(struct scene *scene)
{
    hprpc_call_clear(&scene->call);
    fake_message_clear(&scene->request);
    raw_server_close(&scene->raw);
    stage_close(&scene->stage);
}

static const char *const doorbells[] = { "", "?doorbell=edge" };

struct brief {
    struct tiny *tiny;
    struct hprpc_call call;
    int code;
};

static void *start_brief(void *argument)
{
    struct brief *brief = argument;

    brief->call.timeout_ms = 5;
    brief->code = tiny_echo_start(brief->tiny, &brief->call, "y", 1);
    return NULL;
}

/* The loop sleeps until its deadline; another thread starts a call with an earlier deadline. */
static void an_earlier_deadline_wakes_the_loop(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct scene scene;
        struct brief brief;
        struct fake_message request;
        pthread_t thread;

        scene_open(&scene, doorbells[i]);
        assert_int_equal(hprpc_client_timeout(scene.raw.client), 30000);
        assert_false(is_readable(scene.raw.client));
        brief = (struct brief){ .tiny = &scene.tiny, .call = HPRPC_CALL_INIT };
        assert_int_equal(pthread_create(&thread, NULL, start_brief, &brief), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(brief.code, 0);
        assert_true(fake_expect(scene.raw.end, HPRPC_MESSAGE_REQUEST, &request));
        assert_true(is_readable(scene.raw.client));
        process_all(scene.raw.client);
        assert_int_equal(hprpc_client_timeout(scene.raw.client), 5);
        atomic_fetch_add(&scene.stage.time, 5000000u);
        assert_int_equal(hprpc_client_timeout(scene.raw.client), 0);
        process_all(scene.raw.client);
        assert_true(hprpc_pending_call_done(brief.call.pending));
        assert_int_equal(tiny_echo_finish(&brief.call, NULL), HPRPC_EDEADLINE);
        scene_answer(&scene);
        fake_message_clear(&request);
        hprpc_call_clear(&brief.call);
        scene_close(&scene);
    }
}

/* A thread that polls a ticket pumps once; afterwards the descriptor still becomes readable. */
static void a_look_leaves_the_descriptor_able(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct scene scene;

        scene_open(&scene, doorbells[i % 2]);
        if (i / 2)
            assert_int_equal(hprpc_pending_call_wait_any(&scene.call.pending, 1, 0), HPRPC_EAGAIN);
        else
            assert_int_equal(hprpc_pending_call_wait(scene.call.pending, 0), HPRPC_EAGAIN);
        process_all(scene.raw.client);
        scene_answer(&scene);
        scene_close(&scene);
    }
}

struct nested {
    struct scene *scene;
    int code;
};

/* A callback that waits for another call, and so pumps inside hprpc_client_process. */
static void wait_inside(void *self, struct hprpc_pending_call *pending)
{
    struct nested *nested = self;
    struct hprpc_call call = HPRPC_CALL_INIT;

    (void)pending;
    raw_reply(nested->scene->raw.end, 0, "", 0);
    nested->code = tiny_echo(&nested->scene->tiny, &call, "", 0, NULL);
    hprpc_call_clear(&call);
}

static void a_nested_wait_leaves_the_descriptor_able(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct scene scene;
        struct nested nested = { &scene, 1 };

        scene_open(&scene, doorbells[i]);
        hprpc_pending_call_notify(scene.call.pending, wait_inside, &nested);
        assert_int_equal(scene.request.header.call, 0);
        scene_answer(&scene);
        assert_int_equal(nested.code, 0);
        hprpc_call_clear(&scene.call);
        fake_message_clear(&scene.request);
        /* the id is free again, and the next answer makes the descriptor readable */
        assert_true(fake_expect(scene.raw.end, HPRPC_MESSAGE_REQUEST, &scene.request));
        fake_message_clear(&scene.request);
        process_all(scene.raw.client);
        assert_int_equal(tiny_echo_start(&scene.tiny, &scene.call, "z", 1), 0);
        assert_true(fake_expect(scene.raw.end, HPRPC_MESSAGE_REQUEST, &scene.request));
        process_all(scene.raw.client);
        scene_answer(&scene);
        scene_close(&scene);
    }
}

/*
 * A channel without a descriptor is looked at every millisecond: the time-out says so, and the client's descriptor stays quiet.
 */
static void without_a_doorbell_the_timeout_tells(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, "?doorbell=none");
    for (int i = 0; i < 5; i++) {
        assert_false(is_readable(scene.raw.client));
        assert_int_equal(hprpc_client_timeout(scene.raw.client), 1);
        atomic_fetch_add(&scene.stage.time, 1000000u);
        assert_int_equal(hprpc_client_timeout(scene.raw.client), 0);
        assert_int_equal(hprpc_client_process(scene.raw.client), 0);
    }
    raw_reply(scene.raw.end, scene.request.header.call, "", 0);
    assert_false(is_readable(scene.raw.client));
    atomic_fetch_add(&scene.stage.time, 1000000u);
    assert_int_equal(hprpc_client_timeout(scene.raw.client), 0);
    assert_int_equal(hprpc_client_process(scene.raw.client), 0);
    assert_int_equal(tiny_echo_finish(&scene.call, NULL), 0);
    scene_close(&scene);
}

/* A message that finds no memory does not keep the application's loop busy either. */
static void without_memory_the_timeout_tells(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct scene scene;

        scene_open(&scene, doorbells[i]);
        fake_starve(fake_peer(scene.raw.end), true);
        raw_reply(scene.raw.end, scene.request.header.call, "", 0);
        process_all(scene.raw.client);
        assert_int_equal(hprpc_client_timeout(scene.raw.client), 1);
        assert_false(hprpc_pending_call_done(scene.call.pending));
        fake_starve(fake_peer(scene.raw.end), false);
        atomic_fetch_add(&scene.stage.time, 1000000u);
        assert_int_equal(hprpc_client_timeout(scene.raw.client), 0);
        process_all(scene.raw.client);
        assert_int_equal(tiny_echo_finish(&scene.call, NULL), 0);
        assert_true(hprpc_client_timeout(scene.raw.client) > 1);
        scene_close(&scene);
    }
}

static void *wait_for_call(void *argument)
{
    struct scene *scene = argument;

    return (void *)(intptr_t)tiny_echo_finish(&scene->call, NULL);
}

/* While another thread waits and pumps, the rings are for that thread: the descriptor does not stay readable. */
static void a_loop_is_quiet_while_another_thread_pumps(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct fake_message pong;
        struct scene scene;
        pthread_t thread;
        void *code;

        scene_open(&scene, doorbells[i]);
        assert_int_equal(pthread_create(&thread, NULL, wait_for_call, &scene), 0);
        for (int n = 0; n < 20; n++) {
            struct patience patience = patience_begin();

            raw_signal(scene.raw.end, HPRPC_MESSAGE_PING, 0);
            do {
                /* time must pass, or the other thread would spin for ever and not arm the doorbell */
                atomic_fetch_add(&scene.stage.time, HPRPC__SPIN_NANOSECONDS);
                assert_int_equal(hprpc_client_process(scene.raw.client), 0);
            } while (is_readable(scene.raw.client) && try_again(&patience));
            assert_true(fake_expect(scene.raw.end, HPRPC_MESSAGE_PONG, &pong));
            fake_message_clear(&pong);
        }
        raw_reply(scene.raw.end, scene.request.header.call, "", 0);
        assert_int_equal(pthread_join(thread, &code), 0);
        assert_int_equal((intptr_t)code, 0);
        process_all(scene.raw.client);
        scene_close(&scene);
    }
}

static void *call_once(void *argument)
{
    return (void *)(intptr_t)tiny_echo((struct tiny *)argument, NULL, "y", 1, NULL);
}

/* Another thread has waited and pumped: afterwards the descriptor, or the time-out, tells again. */
static void who_waited_leaves_the_descriptor_able(void **state)
{
    static const char *const all[] = { "", "?doorbell=edge", "?wait=block", "?doorbell=edge&wait=block" };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct fake_message request;
        struct scene scene;
        pthread_t thread;
        void *code;

        scene_open(&scene, all[i]);
        assert_int_equal(pthread_create(&thread, NULL, call_once, &scene.tiny), 0);
        assert_true(fake_expect(scene.raw.end, HPRPC_MESSAGE_REQUEST, &request));
        raw_reply(scene.raw.end, request.header.call, "", 0);
        fake_message_clear(&request);
        assert_int_equal(pthread_join(thread, &code), 0);
        assert_int_equal((intptr_t)code, 0);
        raw_reply(scene.raw.end, scene.request.header.call, "", 0);
        assert_true(is_readable(scene.raw.client));
        process_all(scene.raw.client);
        assert_int_equal(tiny_echo_finish(&scene.call, NULL), 0);
        scene_close(&scene);
    }
}

static int process_again(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct stage *stage = self;

    assert_int_equal(hprpc_server_process(stage->server), 0);
    return tiny_echo_reply(request, data.data, data.size);
}

/* A handler runs the application's loop while its connection ends. */
static void a_handler_processes_again(void **state)
{
    static const struct tiny_handlers again = { .echo = process_again };
    struct fake_end *end;
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &again, &stage);
    end = raw_connect(&stage, NULL);
    raw_request(end, 0, TINY_ECHO, 0, "x", 1);
    raw_goodbye(end, "");
    stage_turn(&stage);
    fake_leave(end);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(an_earlier_deadline_wakes_the_loop),         fixture_test(a_look_leaves_the_descriptor_able),
        fixture_test(a_nested_wait_leaves_the_descriptor_able),   fixture_test(a_handler_processes_again),
        fixture_test(without_a_doorbell_the_timeout_tells),       fixture_test(without_memory_the_timeout_tells),
        fixture_test(a_loop_is_quiet_while_another_thread_pumps), fixture_test(who_waited_leaves_the_descriptor_able),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
