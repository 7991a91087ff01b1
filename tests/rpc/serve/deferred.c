/* SPDX-License-Identifier: MIT */
/*
 * Answers that come later: from other threads, before and after the handler returns, after the end of the connection, and
 * twice.
 */
#include "rpc/stage.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct later {
    struct hprpc_request *request;
    const uint8_t *data; /* the handler's bytes, which live as long as the request */
    size_t size;
    int code;
    int (*act)(struct later *later);
    atomic_int acted; /* how often act_on_thread() has acted */
};

static void *act_on_thread(void *argument)
{
    struct later *later = argument;

    later->code = later->act(later);
    atomic_fetch_add(&later->acted, 1);
    return NULL;
}

static int reply_with_its_data(struct later *later)
{
    return tiny_echo_reply(later->request, later->data, later->size);
}

static int keep(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct later *later = self;

    later->request = request;
    later->data = data.data;
    later->size = data.size;
    return hprpc_request_defer(request);
}

static int keep_and_start(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    pthread_t thread;
    int r = keep(self, request, data);

    /* the thread answers before the handler returns, or after it */
    if (r == 0 && (pthread_create(&thread, NULL, act_on_thread, self) || pthread_detach(thread)))
        abort();
    return r;
}

static int keep_and_join(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    pthread_t thread;
    int r = keep(self, request, data);

    if (r == 0 && (pthread_create(&thread, NULL, act_on_thread, self) || pthread_join(thread, NULL)))
        abort();
    return r;
}

static void answered_around_the_return(void **state)
{
    static const struct tiny_handlers racing = { keep_and_start, NULL, NULL }, before = { keep_and_join, NULL, NULL };
    static const uint32_t workers[] = { 0, 2 };

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct stage stage;
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct later later = { .act = reply_with_its_data };
        struct hprpc_client *client;
        struct tiny tiny;
        uint8_t data[1000];

        stage_open(&stage, false);
        options.workers = workers[i / 2];
        stage_serve(&stage, &options, i % 2 ? &racing : &before, &later);
        stage_run(&stage);
        client = stage_connect_tiny(&stage, "", NULL, &tiny);
        for (int n = 0; n < 100; n++) {
            struct hprpc_call call = HPRPC_CALL_INIT;
            struct kodosis_bytes reply;
            size_t size = n % 2 ? 1000 : 10;

            memset(data, n, sizeof(data));
            assert_int_equal(tiny_echo(&tiny, &call, data, size, &reply), 0);
            assert_int_equal(reply.size, size);
            assert_memory_equal(reply.data, data, size);
            hprpc_call_clear(&call);
            struct patience patience = patience_begin();
            while (atomic_load(&later.acted) <= n && try_again(&patience))
                continue;
            assert_int_equal(later.code, 0);
        }
        hprpc_client_free(client);
        stage_close(&stage);
    }
}

static int keep_all(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct later *later = self;

    while (later->request)
        later++;
    return keep(later, request, data);
}

static void answered_in_any_order(void **state)
{
    static const struct tiny_handlers keeping = { keep_all, keep_all, keep_all };
    enum { COUNT = 8 };
    struct stage stage;
    struct later later[COUNT + 1] = { { NULL } };
    struct fake_end *end;
    struct fake_message message;
    uint8_t data[500];

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &keeping, later);
    end = raw_connect(&stage, NULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        memset(data, (int)i, sizeof(data));
        raw_request(end, i, TINY_ECHO, 0, data, i % 2 ? 500 : 5);
    }
    stage_turn(&stage);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t at = i * 3 % COUNT;

        assert_int_equal(later[at].size, at % 2 ? 500 : 5);
        assert_int_equal(later[at].data[later[at].size - 1], at);
        assert_int_equal(reply_with_its_data(&later[at]), 0);
        assert_true(fake_poll(end, &message));
        assert_int_equal(message.header.call, at);
        fake_message_clear(&message);
    }
    fake_leave(end);
    stage_close(&stage);
}

/* ---- More than one answer, none, and the wrong ones ---- */

static int defer_twice_and_answer_twice(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    int *faults = self;

    (void)data;
    *faults += hprpc_request_defer(request) != 0;
    *faults += hprpc_request_defer(request) != 0;
    *faults += tiny_echo_reply(request, "first", 5) != 0;
    /* the request stays the handler's until it returns, but it is answered */
    *faults += tiny_echo_reply(request, "second", 6) != HPRPC_EINVAL;
    *faults += hprpc_request_fail(request, HPRPC_EAPPLICATION, "third") != 0;
    return HPRPC_EAPPLICATION;
}

static int defer_and_fail(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    int *faults = self;

    (void)data;
    *faults += hprpc_request_defer(request) != 0;
    return HPRPC_ESYSTEM; /* an error answers a request that was deferred */
}

static int try_to_defer_a_note(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    int *faults = self;

    (void)data;
    *faults += hprpc_request_defer(request) != HPRPC_EINVAL;
    *faults += tiny_echo_reply(request, "no", 2) != HPRPC_EINVAL;
    *faults += hprpc_request_fail(request, HPRPC_EAPPLICATION, "no") != 0;
    return 0;
}

static void exactly_one_answer(void **state)
{
    static const struct tiny_handlers handlers = { defer_twice_and_answer_twice, defer_and_fail, try_to_defer_a_note };
    struct stage stage;
    struct fake_end *end;
    struct fake_message message;
    int faults = 0;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &handlers, &faults);
    end = raw_connect(&stage, NULL);
    for (uint32_t round = 0; round < 3; round++) {
        raw_request(end, 0, TINY_ECHO, 0, "", 0);
        raw_request(end, 1, TINY_POKE, 0, "", 0);
        raw_request(end, 2, TINY_NOTE, HPRPC_FLAG_ONEWAY, "", 0);
        stage_turn(&stage);
        assert_true(fake_poll(end, &message));
        assert_int_equal(message.header.type, HPRPC_MESSAGE_REPLY);
        assert_int_equal(message.header.call, 0);
        assert_memory_equal(message.body, "\5first", 6);
        fake_message_clear(&message);
        assert_true(fake_poll(end, &message));
        assert_int_equal(message.header.type, HPRPC_MESSAGE_ERROR);
        assert_int_equal(message.header.call, 1);
        fake_message_clear(&message);
        assert_false(fake_poll(end, &message));
    }
    assert_int_equal(faults, 0);
    fake_leave(end);
    stage_close(&stage);
}

/* ---- Answers without a caller ---- */

static void answered_after_the_connection(void **state)
{
    static const struct tiny_handlers keeping = { keep_all, keep_all, keep_all };
    struct stage stage;
    struct later later[5] = { { NULL } };
    struct fake_end *end;
    uint8_t data[500] = { 1 };

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &keeping, later);
    end = raw_connect(&stage, NULL);
    for (uint32_t i = 0; i < 4; i++)
        raw_request(end, i, TINY_ECHO, 0, data, sizeof(data));
    stage_turn(&stage);
    fake_leave(end);
    stage_turn(&stage);
    for (int i = 0; i < 4; i++)
        assert_true(hprpc_request_cancelled(later[i].request));
    assert_int_equal(later[0].data[0], 1); /* the handler's bytes live as long as the request */
    assert_true(reply_with_its_data(&later[0]) < 0);
    assert_int_equal(hprpc_request_fail(later[1].request, HPRPC_EAPPLICATION, "nobody hears"), 0);
    /* also after the server */
    stage_unserve(&stage);
    assert_true(hprpc_request_cancelled(later[2].request));
    assert_int_equal(later[2].data[0], 1);
    assert_true(tiny_trouble_raise(later[2].request, "x", 1) < 0);
    assert_int_equal(hprpc_request_fail(later[3].request, HPRPC_EAPPLICATION, NULL), 0);
    stage_close(&stage);
}

static void a_kept_controller_outlives_its_server(void **state)
{
    static const struct tiny_handlers keeping = { keep_all, keep_all, keep_all };
    struct stage stage;
    struct later later[3] = { { NULL } };
    struct hprpc_controller *controller;
    struct hprpc_statistics statistics;
    struct hprpc_peer peer;
    struct fake_end *end;
    struct tiny tiny;
    struct hprpc_call call = HPRPC_CALL_INIT;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &keeping, later);
    end = raw_connect(&stage, NULL);
    raw_request(end, 0, TINY_ECHO, 0, "", 0);
    stage_turn(&stage);
    controller = hprpc_controller_keep(hprpc_request_controller(later[0].request));
    assert_int_equal(hprpc_request_fail(later[0].request, HPRPC_EAPPLICATION, NULL), 0);
    stage_unserve(&stage);
    tiny = stage_assume(hprpc_controller_client(controller));
    assert_int_equal(tiny_echo(&tiny, &call, "x", 1, NULL), HPRPC_ENOTSENT);
    assert_int_equal(tiny_note(&tiny, NULL, "x", 1), HPRPC_ENOTSENT);
    assert_int_equal(tiny_bind(tiny.client, &tiny_interface, NULL, &tiny), HPRPC_ENOTSENT);
    hprpc_controller_close(controller);
    hprpc_controller_peer(controller, &peer);
    assert_string_equal(peer.transport, "fake");
    hprpc_controller_statistics(controller, &statistics);
    assert_int_equal(statistics.calls_received, 1);
    hprpc_call_clear(&call);
    hprpc_controller_drop(controller);
    hprpc_controller_drop(NULL);
    fake_leave(end);
    stage_close(&stage);
}

static int answer_as_child(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    int status, pid = fork();

    (void)self;
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(tiny_echo_reply(request, "child", 5) != HPRPC_EFORKED || hprpc_request_fail(request, HPRPC_EBUSY, "x"));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return tiny_echo_reply(request, data.data, data.size);
}

/* A child of fork cannot answer for its parent. */
static void a_child_has_no_answer(void **state)
{
    static const struct tiny_handlers forking = { .echo = answer_as_child };
    struct fake_end *end;
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &forking, NULL);
    end = raw_connect(&stage, NULL);
    raw_request(end, 0, TINY_ECHO, 0, "x", 1);
    stage_turn(&stage);
    assert_int_equal(fake_count(fake_peer(end), HPRPC_MESSAGE_REPLY), 1);
    fake_leave(end);
    stage_close(&stage);
}

/* A thread inside a call. A signal stops it there until `goes_on`. */
static struct {
    struct tiny tiny;
    int code;
    atomic_int tid;
    atomic_bool stopped, goes_on;
    pthread_t thread;
} caller;

static void stand_still(int number)
{
    (void)number;
    atomic_store(&caller.stopped, true);
    while (!atomic_load(&caller.goes_on))
        continue;
}

static void *call_from_a_thread(void *argument)
{
    (void)argument;
    atomic_store(&caller.tid, gettid());
    caller.code = tiny_echo(&caller.tiny, NULL, "x", 1, NULL);
    return NULL;
}

static bool sleeps(int tid)
{
    char path[64], mark = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &mark), 1);
    fclose(file);
    return mark == 'S';
}

/* A thread that waits for an answer on a kept controller may be the last user of it, when the server is freed. */
static void a_waiting_call_outlives_its_server(void **state)
{
    static const struct tiny_handlers keeping = { keep_all, keep_all, keep_all };
    struct sigaction standing = { .sa_handler = stand_still, .sa_flags = SA_RESTART }, former;
    struct stage stage;
    struct later later[3] = { { NULL } };
    struct hprpc_controller *controller;
    struct fake_message request;
    struct fake_end *end;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &keeping, later);
    end = raw_connect(&stage, NULL);
    raw_request(end, 0, TINY_ECHO, 0, "", 0);
    stage_turn(&stage);
    controller = hprpc_controller_keep(hprpc_request_controller(later[0].request));
    assert_int_equal(hprpc_request_fail(later[0].request, HPRPC_EAPPLICATION, NULL), 0);
    caller.tiny = stage_assume(hprpc_controller_client(controller));
    assert_int_equal(sigaction(SIGUSR1, &standing, &former), 0);
    assert_int_equal(pthread_create(&caller.thread, NULL, call_from_a_thread, NULL), 0);
    assert_true(fake_expect(end, HPRPC_MESSAGE_REQUEST, &request));
    fake_message_clear(&request);
    for (struct patience patience = patience_begin(); !sleeps(atomic_load(&caller.tid)) && try_again(&patience);)
        continue;
    assert_int_equal(pthread_kill(caller.thread, SIGUSR1), 0);
    for (struct patience patience = patience_begin(); !atomic_load(&caller.stopped) && try_again(&patience);)
        continue;
    stage_unserve(&stage);
    atomic_store(&caller.goes_on, true);
    assert_int_equal(pthread_join(caller.thread, NULL), 0);
    assert_int_equal(caller.code, HPRPC_EMAYBE);
    assert_int_equal(sigaction(SIGUSR1, &former, NULL), 0);
    hprpc_controller_drop(controller);
    fake_leave(end);
    stage_close(&stage);
}

/* ---- Answers when there is no room ---- */

static void answers_queue_where_nobody_reads(void **state)
{
    struct stage stage;
    struct fake_end *end;
    struct fake_message message;
    uint8_t data[2000] = { 7 };

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    end = raw_connect(&stage, NULL);
    fake_stall(fake_peer(end)); /* the server cannot send */
    for (uint32_t i = 0; i < 16; i++)
        raw_request(end, i, TINY_ECHO, 0, data, sizeof(data));
    stage_turn(&stage);
    assert_false(fake_poll(end, &message));
    fake_unstall(fake_peer(end));
    stage_turn(&stage);
    for (uint32_t i = 0; i < 16; i++) {
        assert_true(fake_poll(end, &message));
        assert_int_equal(message.header.call, i);
        assert_int_equal(message.header.type, HPRPC_MESSAGE_REPLY);
        fake_message_clear(&message);
    }
    fake_leave(end);
    stage_close(&stage);
}

/* max_kept_calls limits the whole server, over all its connections. */
static void a_server_keeps_only_so_many(void **state)
{
    static const struct tiny_handlers keeping = { keep_all, keep_all, keep_all };
    struct stage stage;
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct later later[16] = { { NULL } };
    struct fake_end *one, *two;
    struct fake_message message;
    char text[256];

    (void)state;
    stage_open(&stage, false);
    options.max_kept_calls = 3;
    stage_serve(&stage, &options, &keeping, later);
    one = raw_connect(&stage, NULL);
    two = raw_connect(&stage, NULL);
    raw_request(one, 0, TINY_ECHO, 0, "", 0);
    raw_request(one, 1, TINY_ECHO, 0, "", 0);
    stage_turn(&stage);
    raw_request(two, 0, TINY_ECHO, 0, "", 0);
    raw_request(two, 1, TINY_ECHO, 0, "", 0);
    stage_turn(&stage);
    assert_true(fake_poll(two, &message));
    assert_int_equal(message.header.type, HPRPC_MESSAGE_ERROR);
    assert_int_equal(message.header.call, 1);
    assert_int_equal(raw_read_error(&message, text), HPRPC_EBUSY);
    fake_message_clear(&message);
    assert_false(fake_poll(one, &message));
    for (int i = 0; i < 3; i++)
        assert_int_equal(reply_with_its_data(&later[i]), 0);
    /* there is room again */
    memset(later, 0, sizeof(later));
    raw_request(two, 1, TINY_ECHO, 0, "", 0);
    stage_turn(&stage);
    assert_non_null(later[0].request);
    assert_int_equal(reply_with_its_data(&later[0]), 0);
    fake_leave(one);
    fake_leave(two);
    stage_close(&stage);
}

/*
 * A cancelled request frees its id at once. Its later answer reaches no caller, not even the one of a second request with that
 * id.
 */
static void a_cancelled_request_is_answered_at_once(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct tiny_handlers handlers = { keep, tiny_plain.poke, tiny_plain.note };
        struct hprpc_request *requests[2];
        struct fake_message message;
        struct fake_end *end;
        struct later later;
        struct stage stage;
        char text[256];

        stage_open(&stage, false);
        stage_serve(&stage, NULL, &handlers, &later);
        end = raw_connect(&stage, NULL);
        raw_request(end, 5, TINY_ECHO, 0, "1", 1);
        stage_turn(&stage);
        requests[0] = later.request;
        raw_signal(end, HPRPC_MESSAGE_CANCEL, 5);
        raw_signal(end, HPRPC_MESSAGE_CANCEL, 5);
        stage_turn(&stage);
        assert_true(fake_poll(end, &message));
        assert_int_equal(message.header.type, HPRPC_MESSAGE_ERROR);
        assert_int_equal(message.header.call, 5);
        assert_int_equal(raw_read_error(&message, text), HPRPC_ECANCELLED);
        fake_message_clear(&message);
        assert_true(hprpc_request_cancelled(requests[0]));
        raw_request(end, 5, TINY_ECHO, 0, "2", 1);
        stage_turn(&stage);
        requests[1] = later.request;
        assert_ptr_not_equal(requests[0], requests[1]);
        for (int i = 0; i < 2; i++) {
            int which = first ^ i;

            assert_int_equal(tiny_echo_reply(requests[which], "x", 1), which ? 0 : HPRPC_ECLOSED);
        }
        assert_true(fake_poll(end, &message));
        assert_int_equal(message.header.type, HPRPC_MESSAGE_REPLY);
        assert_int_equal(message.header.call, 5);
        fake_message_clear(&message);
        assert_false(fake_poll(end, &message));
        fake_leave(end);
        stage_close(&stage);
    }
}

/* A server that stops waits for the requests that it keeps, and refuses new ones. */
static void an_orderly_stop(void **state)
{
    static const struct tiny_handlers keeping = { keep_all, keep_all, keep_all };
    struct stage stage;
    struct later later[8] = { { NULL } };
    struct fake_end *end;
    struct fake_message message;
    struct patience patience = patience_begin();
    char text[256];

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &keeping, later);
    end = raw_connect(&stage, NULL);
    raw_request(end, 0, TINY_ECHO, 0, "kept", 4);
    stage_turn(&stage);
    assert_non_null(later[0].request);
    stage_run(&stage);
    hprpc_server_stop(stage.server);
    /* the listener is closed when fake_connect() fails */
    for (struct fake_end *stranger; (stranger = fake_connect(stage.name)) && try_again(&patience);)
        fake_leave(stranger);
    raw_request(end, 1, TINY_ECHO, 0, "new", 3);
    assert_true(fake_receive(end, &message));
    assert_int_equal(message.header.call, 1);
    assert_int_equal(raw_read_error(&message, text), HPRPC_EBUSY);
    assert_non_null(strstr(text, "stopping"));
    fake_message_clear(&message);
    assert_int_equal(reply_with_its_data(&later[0]), 0);
    assert_true(fake_receive(end, &message));
    assert_int_equal(message.header.call, 0);
    assert_int_equal(message.header.type, HPRPC_MESSAGE_REPLY);
    fake_message_clear(&message);
    assert_true(fake_receive(end, &message));
    assert_int_equal(message.header.type, HPRPC_MESSAGE_GOODBYE);
    fake_message_clear(&message);
    assert_true(fake_await_end(end));
    fake_leave(end);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(answered_around_the_return),
        fixture_test(answered_in_any_order),
        fixture_test(exactly_one_answer),
        fixture_test(answered_after_the_connection),
        fixture_test(a_kept_controller_outlives_its_server),
        fixture_test(a_waiting_call_outlives_its_server),
        fixture_test(a_child_has_no_answer),
        fixture_test(answers_queue_where_nobody_reads),
        fixture_test(a_server_keeps_only_so_many),
        fixture_test(an_orderly_stop),
        fixture_test(a_cancelled_request_is_answered_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
