/* SPDX-License-Identifier: MIT */
/* Connecting and binding without waiting: what is told, what waits, and how it ends. The test plays the server. */
#include "rpc/stage.h"

#include <poll.h>
#include "rpc/connection/message.h"

/* What the callback `changed` was told. */
struct story {
    _Atomic int count;
    enum hprpc_client_state states[4];
    int codes[4];
    char reason[200];
    void (*act)(struct story *story, enum hprpc_client_state state); /* called by note(), or NULL */
    struct hprpc_client *client;                                     /* for `act` */
    struct hprpc_call call;
    int code;
};

/* The callback `changed`. It runs on any thread, where cmocka cannot assert. */
static void note(void *self, enum hprpc_client_state state, int code, const char *reason)
{
    struct story *story = self;
    int count = atomic_load(&story->count);

    if (count == 4 || (count ? state <= story->states[count - 1] : state != HPRPC_CLIENT_CONNECTING) ||
        (state <= HPRPC_CLIENT_READY ? code || reason[0] : !code || !reason[0]))
        abort();
    story->states[count] = state;
    story->codes[count] = code;
    snprintf(story->reason, sizeof(story->reason), "%s", reason);
    atomic_store(&story->count, count + 1);
    if (story->act)
        story->act(story, state);
}

/* A service that the client asks for without waiting. */
struct question {
    struct hprpc_call call;
    struct tiny tiny;
    atomic_int told;
};

static void be_told(void *self, struct hprpc_pending_call *pending)
{
    if (!hprpc_pending_call_done(pending))
        abort();
    atomic_fetch_add(&((struct question *)self)->told, 1);
}

static int ask(struct hprpc_client *client, struct question *question, uint32_t timeout_ms)
{
    int r;

    memset(question, 0, sizeof(*question));
    question->call.timeout_ms = timeout_ms;
    r = hprpc_stub_bind_post(client, &tiny_interface, &question->call);
    if (r == 0)
        hprpc_pending_call_notify(question->call.pending, be_told, question);
    return r;
}

static int answer_of(struct question *question)
{
    return hprpc_stub_bind_collect(&question->call, &tiny_interface, &question->tiny.client, &question->tiny.binding);
}

/*
 * Waits until the callback has run. If another thread pumps, the wait for the ticket may return a moment before the
 * callback begins.
 */
static void await_told(struct question *question)
{
    struct patience patience = patience_begin();

    while (!atomic_load(&question->told) && try_again(&patience))
        continue;
    if (atomic_load(&question->told) != 1)
        abort();
}

/* Expects that the question failed with `code`, and that its callback ran once. */
static void expect_failure(struct question *question, int code, const char *part)
{
    int r = answer_of(question);

    if (r != code)
        fail_msg("%s: %s", hprpc_error_name(r), question->call.detail ? question->call.detail : "");
    await_told(question);
    assert_non_null(question->call.detail);
    if (!strstr(question->call.detail, part))
        fail_msg("\"%s\" does not say \"%s\"", question->call.detail, part);
    hprpc_call_clear(&question->call);
    assert_int_equal(atomic_load(&question->told), 1);
}

struct scene {
    struct stage stage;
    struct hprpc_listener *listener;
    struct fake_end *end; /* the server's end; NULL until fake_accept() */
    struct hprpc_client_options options;
    struct hprpc_client *client;
    struct hprpc_pending_call *driver; /* with HPRPC_PUMP_CALLER, drive() pumps by a look at this ticket */
    struct story story;
};

static void scene_open(struct scene *scene, enum hprpc_pump pump, bool virtual_time)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;

    memset(scene, 0, sizeof(*scene));
    stage_open(&scene->stage, virtual_time);
    scene->listener = fake_listen(scene->stage.name);
    assert_non_null(scene->listener);
    scene->options = options;
    scene->options.pump = pump;
    scene->options.changed = note;
    scene->options.changed_self = &scene->story;
}

static void scene_begin(struct scene *scene)
{
    struct hprpc_detail detail = { "" };

    if (hprpc_client_open(scene->stage.context, scene->stage.uri, &scene->options, &detail, &scene->client) < 0)
        fail_msg("%s", detail.text);
    scene->story.client = scene->client;
}

static bool is_readable(const struct scene *scene)
{
    struct pollfd watched = { .fd = hprpc_client_descriptor(scene->client), .events = POLLIN };

    return poll(&watched, 1, 0) == 1;
}

/* Does what an application's loop does, until the descriptor is quiet. */
static int run_loop(struct scene *scene)
{
    int r = 0;

    for (int i = 0; i < 20 && r == 0 && is_readable(scene); i++)
        r = hprpc_client_process(scene->client);
    return r;
}

/* Lets the client do what it can; how depends on its pump. */
static void drive(struct scene *scene)
{
    if (scene->options.pump == HPRPC_PUMP_LOOP)
        assert_int_equal(run_loop(scene), 0);
    if (scene->options.pump == HPRPC_PUMP_CALLER)
        hprpc_pending_call_wait(scene->driver, 0);
}

/* Receives the client's HELLO, and answers with one. */
static void greet(struct scene *scene, const struct raw_limits *limits)
{
    struct raw_limits usual = RAW_LIMITS_INIT;
    struct fake_message message;

    scene->end = fake_accept(scene->listener);
    assert_non_null(scene->end);
    drive(scene);
    assert_true(fake_expect(scene->end, HPRPC_MESSAGE_HELLO, &message));
    fake_message_clear(&message);
    raw_hello(scene->end, limits ? limits : &usual);
    drive(scene);
}

static void answer_bind(struct scene *scene)
{
    struct fake_message message;

    assert_true(fake_expect(scene->end, HPRPC_MESSAGE_BIND, &message));
    raw_bound(scene->end, message.header.call);
    fake_message_clear(&message);
}

/* Expects that `changed` was told `count` times, at last this state with this code. */
static void expect_told(struct scene *scene, int count, enum hprpc_client_state state, int code)
{
    struct patience patience = patience_begin();

    while (atomic_load(&scene->story.count) < count && try_again(&patience))
        continue;
    assert_int_equal(atomic_load(&scene->story.count), count);
    assert_int_equal(scene->story.states[count - 1], state);
    assert_int_equal(scene->story.codes[count - 1], code);
}

static void scene_close(struct scene *scene)
{
    int told;

    hprpc_client_free(scene->client);
    told = atomic_load(&scene->story.count);
    assert_true(!told || scene->story.states[told - 1] >= HPRPC_CLIENT_BROKEN);
    fake_leave(scene->end);
    if (scene->listener)
        fake_unlisten(scene->listener);
    stage_close(&scene->stage);
}

/* ---- All goes well ---- */

static void opened_in_a_loop(void **state)
{
    struct scene scene;
    struct question one, two;
    struct fake_message message;

    (void)state;
    scene_open(&scene, HPRPC_PUMP_LOOP, false);
    scene_begin(&scene);
    expect_told(&scene, 1, HPRPC_CLIENT_CONNECTING, 0);
    assert_int_equal(hprpc_client_state(scene.client), HPRPC_CLIENT_CONNECTING);
    assert_in_range(hprpc_client_timeout(scene.client), 1, 10000);
    assert_true(is_readable(&scene)); /* so that the loop looks once */
    assert_int_equal(run_loop(&scene), 0);
    assert_false(is_readable(&scene));

    /* no BIND is sent before the other side's HELLO has come */
    assert_int_equal(ask(scene.client, &one, 0), 0);
    assert_int_equal(ask(scene.client, &two, 0), 0);
    assert_int_equal(run_loop(&scene), 0);
    assert_false(hprpc_pending_call_done(one.call.pending));
    assert_int_equal(hprpc_pending_call_wait(one.call.pending, 0), HPRPC_EAGAIN);
    assert_int_equal(fake_count(stage_end(scene.client), HPRPC_MESSAGE_BIND), 0);
    greet(&scene, NULL);
    expect_told(&scene, 2, HPRPC_CLIENT_READY, 0);
    assert_int_equal(fake_count(stage_end(scene.client), HPRPC_MESSAGE_BIND), 2);
    answer_bind(&scene);
    assert_int_equal(run_loop(&scene), 0);
    assert_int_equal(atomic_load(&one.told), 1);
    assert_int_equal(atomic_load(&two.told), 0);
    answer_bind(&scene);
    assert_int_equal(run_loop(&scene), 0);
    assert_int_equal(answer_of(&one), 0);
    assert_int_equal(answer_of(&two), 0);
    assert_ptr_equal(one.tiny.client, scene.client);
    assert_non_null(two.tiny.binding);
    hprpc_call_clear(&two.call);

    /* one more BIND, now that the client is ready */
    assert_int_equal(ask(scene.client, &two, 0), 0);
    assert_true(fake_expect(scene.end, HPRPC_MESSAGE_BIND, &message));
    raw_error(scene.end, message.header.call, HPRPC_EUNIMPLEMENTED, "no such thing");
    fake_message_clear(&message);
    assert_int_equal(run_loop(&scene), 0);
    expect_failure(&two, HPRPC_EUNIMPLEMENTED, "no such thing");

    /* a bind cannot be collected as a call, nor a call as a bind */
    assert_int_equal(tiny_echo_start(&one.tiny, &two.call, "x", 1), 0);
    assert_true(fake_expect(scene.end, HPRPC_MESSAGE_REQUEST, &message));
    raw_reply(scene.end, message.header.call, "x", 1);
    fake_message_clear(&message);
    assert_int_equal(answer_of(&two), HPRPC_EPROTOCOL);
    assert_int_equal(tiny_echo_finish(&one.call, NULL), HPRPC_EPROTOCOL);
    hprpc_call_clear(&one.call);
    hprpc_call_clear(&two.call);
    assert_int_equal(answer_of(&one), HPRPC_EINVAL);
    assert_int_equal(hprpc_stub_bind_post(scene.client, &tiny_interface, NULL), HPRPC_EINVAL);
    scene_close(&scene);
    assert_int_equal(scene.story.states[2], HPRPC_CLIENT_CLOSED);
}

/* The server runs; all pumps, and all ways to wait. */
static void opened_by_those_who_wait(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct stage stage;
        struct story story = { 0 };
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_client *client;
        struct question question;
        struct tiny tiny;

        stage_open(&stage, false);
        stage_serve(&stage, NULL, &tiny_plain, NULL);
        stage_run(&stage);
        options.pump = pumps[i / 2];
        options.changed = note;
        options.changed_self = &story;
        assert_int_equal(hprpc_client_open(stage.context, stage.uri, &options, NULL, &client), 0);
        if (i % 2) {
            assert_int_equal(tiny_bind(client, &tiny_interface, NULL, &tiny), 0);
        } else {
            assert_int_equal(ask(client, &question, 0), 0);
            assert_int_equal(answer_of(&question), 0);
            await_told(&question);
            tiny = question.tiny;
            hprpc_call_clear(&question.call);
        }
        assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_READY);
        assert_int_equal(tiny_poke(&tiny, NULL, "x", 1), 0);
        hprpc_client_free(client);
        assert_int_equal(story.count, 3);
        assert_int_equal(story.states[2], HPRPC_CLIENT_CLOSED);
        stage_close(&stage);
    }
}

/* A call whose stub has a binding also waits for the connection. */
static void a_call_waits_too(void **state)
{
    struct stage stage;
    struct hprpc_client *client;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    client = stage_connect_tiny(&stage, "", NULL, &tiny);
    hprpc_client_free(client);
    assert_int_equal(hprpc_client_open(stage.context, stage.uri, NULL, NULL, &client), 0);
    tiny = stage_assume(client);
    call.flags = HPRPC_CALL_NO_WAIT;
    assert_int_equal(tiny_poke(&tiny, &call, "x", 1), HPRPC_EBUSY);
    /* the call waits, and then the server, which got no BIND, refuses it */
    assert_int_equal(tiny_poke(&tiny, NULL, "x", 1), HPRPC_EUNIMPLEMENTED);
    hprpc_client_free(tiny.client);
    stage_close(&stage);
}

/* ---- Ids ---- */

static void a_bind_waits_for_an_id(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct scene scene;
        struct question questions[3];
        struct raw_limits limits = RAW_LIMITS_INIT;

        scene_open(&scene, pumps[i], false);
        scene_begin(&scene);
        limits.max_calls = 1;
        for (int n = 0; n < 2; n++)
            assert_int_equal(ask(scene.client, &questions[n], 0), 0);
        scene.driver = questions[0].call.pending;
        greet(&scene, &limits);
        expect_told(&scene, 2, HPRPC_CLIENT_READY, 0);
        assert_int_equal(ask(scene.client, &questions[2], 0), 0);
        for (int n = 0; n < 3; n++) {
            struct fake_message message;

            scene.driver = questions[n].call.pending;
            drive(&scene);
            assert_true(fake_expect(scene.end, HPRPC_MESSAGE_BIND, &message));
            /* there is one id, so one BIND is sent at a time */
            assert_int_equal(fake_count(stage_end(scene.client), HPRPC_MESSAGE_BIND), n + 1);
            assert_int_equal(message.header.call, 0);
            raw_bound(scene.end, message.header.call);
            fake_message_clear(&message);
            assert_int_equal(answer_of(&questions[n]), 0);
            await_told(&questions[n]);
        }
        for (int n = 0; n < 3; n++)
            hprpc_call_clear(&questions[n].call);
        scene_close(&scene);
    }
}

/* A handler that binds a service of its caller while the only id is in use. */
static int call_and_bind_back(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct hprpc_client *caller = hprpc_controller_client(hprpc_request_controller(request));
    struct tiny tiny = stage_assume(caller);
    struct hprpc_call echo = HPRPC_CALL_INIT;
    struct question question;
    int r;

    (void)self;
    (void)data;
    r = tiny_echo_start(&tiny, &echo, "x", 1);
    if (r == 0)
        r = ask(caller, &question, 0);
    if (r == 0) {
        r = answer_of(&question);
        hprpc_call_clear(&question.call);
    }
    hprpc_call_clear(&echo);
    return r;
}

static void a_bind_waits_inside_a_handler(void **state)
{
    struct stage stage;
    struct tiny_handlers handlers = { NULL, call_and_bind_back, NULL };
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct fake_message message;
    struct fake_end *end;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &handlers, NULL);
    stage_run(&stage);
    end = fake_connect(stage.name);
    assert_non_null(end);
    limits.max_calls = 1;
    raw_hello(end, &limits);
    assert_true(fake_expect(end, HPRPC_MESSAGE_HELLO, &message));
    fake_message_clear(&message);
    raw_bind(end);
    raw_request(end, 0, TINY_POKE, 0, "", 0);
    assert_true(fake_expect(end, HPRPC_MESSAGE_REQUEST, &message));
    raw_reply(end, message.header.call, "x", 1);
    fake_message_clear(&message);
    assert_true(fake_expect(end, HPRPC_MESSAGE_BIND, &message));
    raw_bound(end, message.header.call);
    fake_message_clear(&message);
    assert_true(fake_expect(end, HPRPC_MESSAGE_REPLY, &message));
    fake_message_clear(&message);
    fake_leave(end);
    stage_close(&stage);
}

static void a_bind_may_be_too_big(void **state)
{
    static char name[301];
    const struct hprpc_interface wordy = { name, 1, 0, NULL };
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_binding *binding = NULL;
    struct hprpc_client *client;
    struct scene scene;

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    scene_open(&scene, HPRPC_PUMP_LOOP, false);
    scene_begin(&scene);
    limits.max_message = HPRPC__LEAST_MAX_MESSAGE;
    assert_int_equal(hprpc_stub_bind_post(scene.client, &wordy, &call), 0);
    greet(&scene, &limits);
    assert_int_equal(hprpc_stub_bind_collect(&call, &wordy, &client, &binding), HPRPC_ETOOBIG);
    assert_int_equal(hprpc_stub_bind_post(scene.client, &wordy, &call), 0);
    assert_int_equal(hprpc_stub_bind_collect(&call, &wordy, &client, &binding), HPRPC_ETOOBIG);
    hprpc_call_clear(&call);
    scene_close(&scene);
}

/* ---- Connecting fails ---- */

enum fate { TURNED_AWAY, PEER_LEFT, NONSENSE, TOO_EARLY, OTHER_VERSION, LISTENER_LEFT, FATES };

static void befall(struct scene *scene, enum fate fate)
{
    if (fate == LISTENER_LEFT) {
        fake_unlisten(scene->listener);
        scene->listener = NULL;
        return;
    }
    scene->end = fake_accept(scene->listener);
    assert_non_null(scene->end);
    if (fate == TURNED_AWAY)
        raw_goodbye(scene->end, "come back tomorrow");
    else if (fate == NONSENSE)
        raw_send(scene->end, HPRPC_MESSAGE_HELLO, 0, "short", 5);
    else if (fate == TOO_EARLY)
        raw_signal(scene->end, HPRPC_MESSAGE_PING, 0);
    else if (fate == OTHER_VERSION)
        fake_break(fake_peer(scene->end), HPRPC_EVERSION, "it speaks version 9");
    else
        fake_leave(scene->end);
    if (fate == PEER_LEFT)
        scene->end = NULL;
}

static void connecting_fails(void **state)
{
    static const struct {
        int code;
        const char *part;
    } outcomes[FATES] = {
        [TURNED_AWAY] = { HPRPC_EREFUSED, "come back tomorrow" }, [PEER_LEFT] = { HPRPC_EPEERDIED, "" },
        [NONSENSE] = { HPRPC_EPROTOCOL, "malformed HELLO" },      [TOO_EARLY] = { HPRPC_EPROTOCOL, "before HELLO" },
        [OTHER_VERSION] = { HPRPC_EVERSION, "version 9" },        [LISTENER_LEFT] = { HPRPC_EREFUSED, "" },
    };
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };

    (void)state;
    for (int i = 0; i < 3 * FATES; i++) {
        enum fate fate = (enum fate)(i / 3);
        int code = outcomes[fate].code;
        struct scene scene;
        struct question one, two, late;
        struct hprpc_detail detail = { "" };
        struct tiny tiny;

        scene_open(&scene, pumps[i % 3], false);
        scene_begin(&scene);
        assert_int_equal(ask(scene.client, &one, 0), 0);
        assert_int_equal(ask(scene.client, &two, 0), 0);
        befall(&scene, fate);
        if (pumps[i % 3] == HPRPC_PUMP_LOOP) {
            int r = run_loop(&scene);

            if (r != code)
                fail_msg("%d: %s", i, hprpc_error_name(r));
            assert_int_equal(hprpc_client_timeout(scene.client), -1);
        }
        expect_failure(&one, code, outcomes[fate].part);
        expect_failure(&two, code, outcomes[fate].part);
        expect_told(&scene, 2, HPRPC_CLIENT_BROKEN, code);
        assert_non_null(strstr(scene.story.reason, outcomes[fate].part));
        assert_int_equal(hprpc_client_state(scene.client), HPRPC_CLIENT_BROKEN);

        /* later calls fail with the same code */
        assert_int_equal(ask(scene.client, &late, 0), code);
        assert_non_null(late.call.detail);
        assert_null(late.call.pending);
        assert_int_equal(tiny_bind(scene.client, &tiny_interface, &detail, &tiny), code);
        assert_non_null(strstr(detail.text, outcomes[fate].part));
        assert_non_null(strstr(detail.text, "test.Tiny"));
        scene_close(&scene);
        assert_int_equal(scene.story.count, 2);
    }
}

static void connecting_has_a_deadline(void **state)
{
    struct scene scene;
    struct question question;

    (void)state;
    scene_open(&scene, HPRPC_PUMP_LOOP, true);
    scene.options.connect_timeout_ms = 500;
    scene_begin(&scene);
    assert_int_equal(ask(scene.client, &question, 0), 0);
    assert_int_equal(run_loop(&scene), 0);
    assert_int_equal(hprpc_client_timeout(scene.client), 500);
    atomic_fetch_add(&scene.stage.time, 499 * 1000000ull);
    assert_int_equal(hprpc_client_timeout(scene.client), 1);
    assert_int_equal(hprpc_client_process(scene.client), 0);
    atomic_fetch_add(&scene.stage.time, 1000000ull);
    assert_int_equal(hprpc_client_timeout(scene.client), 0);
    assert_int_equal(hprpc_client_process(scene.client), HPRPC_EDEADLINE);
    assert_int_equal(hprpc_client_timeout(scene.client), -1);
    expect_told(&scene, 2, HPRPC_CLIENT_BROKEN, HPRPC_EDEADLINE);
    expect_failure(&question, HPRPC_EDEADLINE, "HELLO");
    scene_close(&scene);
}

static void a_bind_has_its_own_deadline(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_THREAD };
    struct scene scene;
    struct question hasty, patient;

    (void)state;
    scene_open(&scene, HPRPC_PUMP_LOOP, true);
    scene_begin(&scene);
    assert_int_equal(ask(scene.client, &patient, 0), 0);
    assert_int_equal(ask(scene.client, &hasty, 200), 0);
    assert_int_equal(run_loop(&scene), 0);
    assert_int_equal(hprpc_client_timeout(scene.client), 200);
    atomic_fetch_add(&scene.stage.time, 200 * 1000000ull);
    assert_int_equal(hprpc_client_process(scene.client), 0);
    expect_failure(&hasty, HPRPC_EDEADLINE, "");
    assert_int_equal(hprpc_client_state(scene.client), HPRPC_CLIENT_CONNECTING);
    assert_int_equal(hprpc_client_timeout(scene.client), 9800);
    /* the expired BIND is not sent, so it needs no CANCEL */
    greet(&scene, NULL);
    assert_int_equal(fake_count(stage_end(scene.client), HPRPC_MESSAGE_BIND), 1);
    assert_int_equal(fake_count(stage_end(scene.client), HPRPC_MESSAGE_CANCEL), 0);
    answer_bind(&scene);
    assert_int_equal(answer_of(&patient), 0);
    hprpc_call_clear(&patient.call);
    scene_close(&scene);

    /* the same in real time, without an application's loop */
    for (int i = 0; i < 2; i++) {
        struct tiny tiny;

        scene_open(&scene, pumps[i], false);
        scene.options.timeout_ms = 20;
        scene_begin(&scene);
        assert_int_equal(ask(scene.client, &hasty, 0), 0);
        expect_failure(&hasty, HPRPC_EDEADLINE, "");
        assert_int_equal(tiny_bind(scene.client, &tiny_interface, NULL, &tiny), HPRPC_EDEADLINE);
        assert_int_equal(hprpc_client_state(scene.client), HPRPC_CLIENT_CONNECTING);
        scene_close(&scene);
    }
}

/* ---- Given up ---- */

static void cancelled_while_connecting(void **state)
{
    struct scene scene;
    struct question cancelled, cleared, kept;

    (void)state;
    scene_open(&scene, HPRPC_PUMP_LOOP, false);
    scene_begin(&scene);
    assert_int_equal(ask(scene.client, &cancelled, 0), 0);
    assert_int_equal(ask(scene.client, &kept, 0), 0);
    assert_int_equal(ask(scene.client, &cleared, 0), 0);
    hprpc_pending_call_cancel(cancelled.call.pending);
    hprpc_pending_call_cancel(cancelled.call.pending);
    expect_failure(&cancelled, HPRPC_ECANCELLED, "");
    hprpc_call_clear(&cleared.call);
    assert_int_equal(atomic_load(&cleared.told), 1);
    greet(&scene, NULL);
    assert_int_equal(fake_count(stage_end(scene.client), HPRPC_MESSAGE_BIND), 1);
    assert_int_equal(fake_count(stage_end(scene.client), HPRPC_MESSAGE_CANCEL), 0);
    answer_bind(&scene);
    assert_int_equal(answer_of(&kept), 0);
    hprpc_call_clear(&kept.call);
    scene_close(&scene);
}

static void closed_or_freed_while_connecting(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };

    (void)state;
    for (int i = 0; i < 12; i++) {
        struct scene scene;
        struct question one, two, late;

        scene_open(&scene, pumps[i % 3], false);
        scene_begin(&scene);
        assert_int_equal(ask(scene.client, &one, 0), 0);
        assert_int_equal(ask(scene.client, &two, 0), 0);
        if (i / 3 % 2)
            hprpc_pending_call_wait(one.call.pending, 0);
        if (i < 6) {
            hprpc_client_close(scene.client);
            expect_failure(&one, HPRPC_ENOTSENT, "this side");
            expect_told(&scene, 2, HPRPC_CLIENT_CLOSED, HPRPC_ECLOSED);
            assert_int_equal(hprpc_client_state(scene.client), HPRPC_CLIENT_CLOSED);
            assert_int_equal(ask(scene.client, &late, 0), HPRPC_ENOTSENT);
            if (pumps[i % 3] == HPRPC_PUMP_LOOP)
                assert_true(run_loop(&scene) < 0);
        }
        hprpc_client_free(scene.client);
        scene.client = NULL;
        expect_told(&scene, 2, HPRPC_CLIENT_CLOSED, HPRPC_ECLOSED);
        /* the tickets outlive the client */
        if (i >= 6)
            expect_failure(&one, HPRPC_ENOTSENT, "this side");
        expect_failure(&two, HPRPC_ENOTSENT, "this side");
        fake_unlisten(scene.listener);
        stage_close(&scene.stage);
    }
}

/* ---- From within callbacks ---- */

static void ask_when_told(struct story *story, enum hprpc_client_state state)
{
    if (state != HPRPC_CLIENT_CONNECTING)
        story->code = hprpc_stub_bind_post(story->client, &tiny_interface, &story->call);
}

static void close_when_told(struct story *story, enum hprpc_client_state state)
{
    if (state == HPRPC_CLIENT_READY)
        hprpc_client_close(story->client);
}

static void from_within_changed(void **state)
{
    struct scene scene;
    struct question question;

    (void)state;
    scene_open(&scene, HPRPC_PUMP_LOOP, false);
    scene.story.act = ask_when_told;
    scene_begin(&scene);
    greet(&scene, NULL);
    assert_int_equal(scene.story.code, 0);
    answer_bind(&scene);
    assert_int_equal(run_loop(&scene), 0);
    assert_true(hprpc_pending_call_done(scene.story.call.pending));
    hprpc_call_clear(&scene.story.call);
    fake_leave(scene.end);
    scene.end = NULL;
    assert_int_equal(run_loop(&scene), HPRPC_EPEERDIED);
    assert_int_equal(scene.story.code, HPRPC_ENOTSENT);
    scene_close(&scene);

    scene_open(&scene, HPRPC_PUMP_LOOP, false);
    scene.story.act = close_when_told;
    scene_begin(&scene);
    assert_int_equal(ask(scene.client, &question, 0), 0);
    scene.end = fake_accept(scene.listener);
    raw_hello(scene.end, &(struct raw_limits)RAW_LIMITS_INIT);
    assert_true(run_loop(&scene) < 0);
    expect_told(&scene, 3, HPRPC_CLIENT_CLOSED, HPRPC_EMAYBE);
    expect_failure(&question, HPRPC_ENOTSENT, "this side");
    scene_close(&scene);
}

/* ---- What hprpc_client_connect tells ---- */

static void connect_tells_its_end(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;

    (void)state;
    stage_open(&stage, false);
    for (int i = 0; i < 3 * 3; i++) {
        struct story story = { 0 };

        options.pump = (enum hprpc_pump)(i % 3);
        options.changed = note;
        options.changed_self = &story;
        options.connect_timeout_ms = i / 3 == 2 ? 10 : 0;
        raw_server_open(&raw, &stage, &options);
        /* in the second third, the client finds both messages at once, or one after the other */
        if (i / 3 == 1)
            raw_hello(raw.end, &limits);
        if (i / 3 <= 1)
            raw_goodbye(raw.end, "not you");
        raw_server_connected(&raw);
        if (i / 3 != 1) {
            assert_int_equal(raw.code, i / 3 ? HPRPC_EDEADLINE : HPRPC_EREFUSED);
            assert_null(raw.client);
            assert_int_equal(story.count, 2);
        } else if (raw.code < 0) {
            assert_int_equal(raw.code, HPRPC_EREFUSED);
            assert_null(raw.client);
            assert_int_equal(story.count, 3);
            assert_int_equal(story.states[1], HPRPC_CLIENT_READY);
        }
        raw_server_close(&raw);
        assert_true(story.states[story.count - 1] >= HPRPC_CLIENT_BROKEN);
        assert_int_equal(story.count, i / 3 == 1 ? 3 : 2);
    }
    stage_close(&stage);
}

/* hprpc_client_open that fails at once does not call `changed`, because there is no client. */
static void what_fails_at_once(void **state)
{
    struct scene scene;
    struct hprpc_client *client = (void *)1;
    struct hprpc_detail detail;
    pthread_attr_t usual, huge;

    (void)state;
    scene_open(&scene, HPRPC_PUMP_THREAD, false);
    assert_int_equal(hprpc_client_open(scene.stage.context, "fake://nobody", &scene.options, &detail, &client),
                     HPRPC_EREFUSED);
    assert_non_null(strstr(detail.text, "nobody"));
    assert_int_equal(hprpc_client_open(scene.stage.context, "faker://x", &scene.options, &detail, &client),
                     HPRPC_ESCHEME);
    scene.options.max_calls = 65537;
    assert_int_equal(hprpc_client_open(scene.stage.context, scene.stage.uri, &scene.options, &detail, &client),
                     HPRPC_EINVAL);
    scene.options.max_calls = 0;

    /* a thread that cannot start, because its stack is too large */
    assert_int_equal(pthread_getattr_default_np(&usual), 0);
    assert_int_equal(pthread_attr_init(&huge), 0);
    assert_int_equal(pthread_attr_setstacksize(&huge, (size_t)1 << (sizeof(size_t) > 4 ? 46 : 31)), 0);
    if (pthread_setattr_default_np(&huge) == 0) {
        assert_int_equal(hprpc_client_open(scene.stage.context, scene.stage.uri, &scene.options, &detail, &client),
                         HPRPC_ESYSTEM);
        assert_non_null(strstr(detail.text, "thread"));
        assert_int_equal(hprpc_client_connect(scene.stage.context, scene.stage.uri, &scene.options, NULL, &client),
                         HPRPC_ESYSTEM);
        assert_int_equal(pthread_setattr_default_np(&usual), 0);
    }
    pthread_attr_destroy(&huge);
    pthread_attr_destroy(&usual);
    assert_ptr_equal(client, (void *)1);
    assert_int_equal(scene.story.count, 0);
    scene_close(&scene);
}

/* ---- Many at once ---- */

enum { CROWD = 4, ROUNDS = 40 };

static void *bind_and_poke(void *argument)
{
    struct hprpc_client *client = argument;
    struct question question;
    struct tiny tiny;

    for (int i = 0; i < 2; i++) {
        if (ask(client, &question, 0) == 0) {
            if (answer_of(&question) == 0)
                tiny_poke(&question.tiny, NULL, "x", 1);
            await_told(&question);
        }
        hprpc_call_clear(&question.call);
        if (tiny_bind(client, &tiny_interface, NULL, &tiny) == 0)
            tiny_poke(&tiny, NULL, "x", 1);
    }
    return NULL;
}

/* Several threads drive one opening while another thread closes the client: all of them return. */
static void opened_by_a_crowd(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };
    struct stage stage;

    (void)state;
    stage_open(&stage, false);
    stage_serve(&stage, NULL, &tiny_plain, NULL);
    stage_run(&stage);
    for (int round = 0; round < ROUNDS; round++) {
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct story story = { 0 };
        struct hprpc_client *client;
        pthread_t threads[CROWD];

        options.pump = pumps[round % 3];
        options.changed = note;
        options.changed_self = &story;
        assert_int_equal(hprpc_client_open(stage.context, stage.uri, &options, NULL, &client), 0);
        for (int i = 0; i < CROWD; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, bind_and_poke, client), 0);
        if (round % 2)
            hprpc_client_close(client);
        for (int i = 0; i < CROWD; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        if (round % 2 == 0)
            assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_READY);
        hprpc_client_free(client);
        assert_int_equal(story.states[story.count - 1], HPRPC_CLIENT_CLOSED);
    }
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(opened_in_a_loop),
        fixture_test(opened_by_those_who_wait),
        fixture_test(a_call_waits_too),
        fixture_test(a_bind_waits_for_an_id),
        fixture_test(a_bind_waits_inside_a_handler),
        fixture_test(a_bind_may_be_too_big),
        fixture_test(connecting_fails),
        fixture_test(connecting_has_a_deadline),
        fixture_test(a_bind_has_its_own_deadline),
        fixture_test(cancelled_while_connecting),
        fixture_test(closed_or_freed_while_connecting),
        fixture_test(from_within_changed),
        fixture_test(connect_tells_its_end),
        fixture_test(what_fails_at_once),
        fixture_test(opened_by_a_crowd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
