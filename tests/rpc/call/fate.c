/* SPDX-License-Identifier: MIT */
/*
 * How calls end: cancelled, expired, answered late, answered without a request, or with their connection. Each completes once.
 */
#include "rpc/stage.h"

/* A call that was posted to a hand-played server, its request there, and how often it was notified. */
struct posted {
    struct hprpc_call call;
    struct fake_message request;
    atomic_int notified;
};

static void on_done(void *self, struct hprpc_pending_call *pending)
{
    struct posted *posted = self;

    if (!hprpc_pending_call_done(pending))
        abort();
    posted->notified++;
}

static void post(struct raw_server *raw, struct tiny *tiny, struct posted *posted, uint32_t timeout_ms)
{
    *posted = (struct posted){ .call = HPRPC_CALL_INIT };
    posted->call.timeout_ms = timeout_ms;
    assert_int_equal(tiny_echo_start(tiny, &posted->call, "x", 1), 0);
    hprpc_pending_call_notify(posted->call.pending, on_done, posted);
    assert_true(fake_expect(raw->end, HPRPC_MESSAGE_REQUEST, &posted->request));
}

static void finish(struct posted *posted, int code)
{
    int r = tiny_echo_finish(&posted->call, NULL);

    if (r != code)
        fail_msg("%s instead of %s", hprpc_error_name(r), hprpc_error_name(code));
    assert_true(code == 0 || (posted->call.detail && posted->call.detail[0]));
    assert_int_equal(posted->notified, 1);
    hprpc_call_clear(&posted->call);
    fake_message_clear(&posted->request);
    assert_int_equal(posted->notified, 1);
}

/* A synchronous call from another thread. */
struct sync_call {
    struct tiny *tiny;
    struct hprpc_call call;
    int code;
    pthread_t thread;
};

static void *call_echo(void *argument)
{
    struct sync_call *sync = argument;

    sync->code = tiny_echo(sync->tiny, &sync->call, "sync", 4, NULL);
    return NULL;
}

/* Pumps the client by one more call, which is answered at once. */
static void pump(struct raw_server *raw, struct tiny *tiny)
{
    struct sync_call sync = { .tiny = tiny, .call = HPRPC_CALL_INIT };
    struct fake_message request;

    assert_int_equal(pthread_create(&sync.thread, NULL, call_echo, &sync), 0);
    assert_true(fake_expect(raw->end, HPRPC_MESSAGE_REQUEST, &request));
    raw_reply(raw->end, request.header.call, "", 0);
    fake_message_clear(&request);
    assert_int_equal(pthread_join(sync.thread, NULL), 0);
    assert_int_equal(sync.code, 0);
    hprpc_call_clear(&sync.call);
}

/* ---- Deadlines, while the thread that pumps has no time ---- */

static void block(void *self, struct hprpc_pending_call *pending)
{
    atomic_int *stage = self;

    (void)pending;
    atomic_store(stage, 1);
    for (struct patience patience = patience_begin(); atomic_load(stage) != 2 && try_again(&patience);)
        continue;
}

static void due_under_a_callback_that_blocks(void **state)
{
    struct stage stage;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call blocking = HPRPC_CALL_INIT, calls[2] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT };
    struct hprpc_pending_call *pending[2];
    struct fake_message request;
    struct raw_server raw;
    struct tiny tiny;
    atomic_int blocked = 0;

    (void)state;
    stage_open(&stage, false);
    options.pump = HPRPC_PUMP_THREAD;
    raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
    assert_int_equal(tiny_echo_start(&tiny, &blocking, "x", 1), 0);
    hprpc_pending_call_notify(blocking.pending, block, &blocked);
    assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &request));
    raw_reply(raw.end, request.header.call, "", 0);
    fake_message_clear(&request);
    for (struct patience patience = patience_begin(); !atomic_load(&blocked) && try_again(&patience);)
        continue;

    for (int i = 0; i < 2; i++) {
        calls[i].timeout_ms = i ? HPRPC_NO_TIMEOUT : 20;
        assert_int_equal(tiny_echo_start(&tiny, &calls[i], "x", 1), 0);
        pending[i] = calls[i].pending;
    }
    assert_int_equal(hprpc_pending_call_wait(pending[0], 1), HPRPC_EAGAIN);
    assert_int_equal(hprpc_pending_call_wait_any(pending, 2, HPRPC_NO_TIMEOUT), 0);
    assert_int_equal(tiny_echo_finish(&calls[0], NULL), HPRPC_EDEADLINE);
    calls[0].timeout_ms = 20;
    assert_int_equal(tiny_echo_start(&tiny, &calls[0], "x", 1), 0);
    assert_int_equal(tiny_echo_finish(&calls[0], NULL), HPRPC_EDEADLINE);
    assert_int_equal(hprpc_pending_call_wait(pending[1], 1), HPRPC_EAGAIN);
    atomic_store(&blocked, 2);
    for (int i = 0; i < 2; i++)
        hprpc_call_clear(&calls[i]);
    hprpc_call_clear(&blocking);
    raw_server_close(&raw);
    stage_close(&stage);
}

/* A callback that waits for another call. */
static void wait_for_other(void *self, struct hprpc_pending_call *pending)
{
    struct hprpc_call *other = self;

    (void)pending;
    hprpc_pending_call_wait(other->pending, HPRPC_NO_TIMEOUT);
}

static void note_that(void *self, struct hprpc_pending_call *pending)
{
    (void)pending;
    atomic_store((atomic_bool *)self, true);
}

/* Two calls expire at the same time, and the callback of the first waits: the second expires all the same. */
static void due_under_a_callback_that_waits(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_call first = HPRPC_CALL_INIT, second = HPRPC_CALL_INIT, other = HPRPC_CALL_INIT;
    struct patience patience = patience_begin();
    struct fake_message requests[3];
    struct raw_server raw;
    struct stage stage;
    struct tiny tiny;
    atomic_bool told = false;

    (void)state;
    stage_open(&stage, true);
    options.pump = HPRPC_PUMP_THREAD;
    raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
    first.timeout_ms = second.timeout_ms = 10;
    other.timeout_ms = HPRPC_NO_TIMEOUT;
    assert_int_equal(tiny_echo_start(&tiny, &first, "x", 1), 0);
    assert_int_equal(tiny_echo_start(&tiny, &second, "x", 1), 0);
    assert_int_equal(tiny_echo_start(&tiny, &other, "x", 1), 0);
    hprpc_pending_call_notify(first.pending, wait_for_other, &other);
    hprpc_pending_call_notify(second.pending, note_that, &told);
    for (int i = 0; i < 3; i++)
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &requests[i]));
    atomic_fetch_add(&stage.time, 10 * 1000000ull);
    raw_signal(raw.end, HPRPC_MESSAGE_PING, 0);
    while (!atomic_load(&told) && try_again(&patience))
        continue;
    assert_int_equal(tiny_echo_finish(&second, NULL), HPRPC_EDEADLINE);
    raw_reply(raw.end, requests[2].header.call, "", 0);
    assert_int_equal(tiny_echo_finish(&other, NULL), 0);
    assert_int_equal(tiny_echo_finish(&first, NULL), HPRPC_EDEADLINE);
    for (int i = 0; i < 3; i++)
        fake_message_clear(&requests[i]);
    hprpc_call_clear(&first);
    hprpc_call_clear(&second);
    hprpc_call_clear(&other);
    raw_server_close(&raw);
    stage_close(&stage);
}

/* Every request that is served takes a second. */
static int take_a_second(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct stage *stage = self;

    (void)request;
    (void)data;
    atomic_fetch_add(&stage->time, 1000000000u);
    return 0;
}

static void due_under_a_flood(void **state)
{
    static const struct tiny_handlers slow = { NULL, NULL, take_a_second };
    enum { NOTES = 1000 };
    struct hprpc_header note = { .type = HPRPC_MESSAGE_REQUEST, .procedure = TINY_NOTE, .flags = HPRPC_FLAG_ONEWAY };
    struct stage stage;
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct raw_server raw;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, true);
    raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
    assert_int_equal(hprpc_controller_serve(hprpc_client_controller(raw.client), &tiny_interface, &slow, &stage), 0);
    raw_bind(raw.end);
    call.timeout_ms = 10 * 1000;
    assert_int_equal(tiny_echo_start(&tiny, &call, "x", 1), 0);
    note.service = 0x8000; /* the first id of the services that one connection alone offers */
    for (int i = 0; i < NOTES; i++)
        fake_send(raw.end, &note, "\0", 1);
    assert_int_equal(tiny_echo_finish(&call, NULL), HPRPC_EDEADLINE);
    assert_in_range(stage.time / 1000000000u, 10, NOTES / 2);
    hprpc_call_clear(&call);
    raw_server_close(&raw);
    stage_close(&stage);
}

/* ---- Cancelling ---- */

static void cancelled_before_its_reply(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct posted first, second;
    struct fake_message cancel;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
    post(&raw, &tiny, &first, 0);
    hprpc_pending_call_cancel(first.call.pending);
    hprpc_pending_call_cancel(first.call.pending);
    assert_true(hprpc_pending_call_done(first.call.pending));
    assert_true(fake_receive(raw.end, &cancel));
    assert_int_equal(cancel.header.type, HPRPC_MESSAGE_CANCEL);
    assert_int_equal(cancel.header.call, first.request.header.call);
    fake_message_clear(&cancel);

    /* no other call gets the id of `first` before its late answer has come */
    for (int i = 0; i < 40; i++) {
        post(&raw, &tiny, &second, 0);
        assert_int_not_equal(second.request.header.call, first.request.header.call);
        raw_reply(raw.end, second.request.header.call, "", 0);
        finish(&second, 0);
    }
    raw_reply(raw.end, first.request.header.call, "too late", 8);
    pump(&raw, &tiny);
    assert_int_equal(stage_statistics(raw.client).late_replies, 1);
    assert_int_equal(stage_statistics(raw.client).stray_replies, 0);
    finish(&first, HPRPC_ECANCELLED);
    assert_int_equal(fake_count(stage_end(raw.client), HPRPC_MESSAGE_CANCEL), 1);
    raw_server_close(&raw);
    stage_close(&stage);
}

static void cancelled_after_its_reply(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct posted posted;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
    post(&raw, &tiny, &posted, 0);
    raw_reply(raw.end, posted.request.header.call, "done", 4);
    pump(&raw, &tiny);
    hprpc_pending_call_cancel(posted.call.pending);
    finish(&posted, 0);
    assert_int_equal(fake_count(stage_end(raw.client), HPRPC_MESSAGE_CANCEL), 0);
    raw_server_close(&raw);
    stage_close(&stage);
}

struct canceller {
    struct hprpc_pending_call *pending;
    atomic_bool go;
    pthread_t thread;
};

static void *cancel_when_told(void *argument)
{
    struct canceller *canceller = argument;

    while (!atomic_load(&canceller->go))
        continue;
    hprpc_pending_call_cancel(canceller->pending);
    return NULL;
}

/* Reply and cancellation race: one of them wins, and the call completes once. */
static void cancelled_while_its_reply_comes(void **state)
{
    struct stage stage;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct raw_server raw;
    struct tiny tiny;
    int cancelled = 0;

    (void)state;
    stage_open(&stage, false);
    options.pump = HPRPC_PUMP_THREAD;
    raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
    for (int i = 0; i < 200; i++) {
        struct posted posted;
        struct canceller canceller = { NULL };
        int r;

        post(&raw, &tiny, &posted, 0);
        canceller.pending = posted.call.pending;
        assert_int_equal(pthread_create(&canceller.thread, NULL, cancel_when_told, &canceller), 0);
        atomic_store(&canceller.go, true);
        raw_reply(raw.end, posted.request.header.call, "x", 1);
        assert_int_equal(pthread_join(canceller.thread, NULL), 0);
        r = tiny_echo_finish(&posted.call, NULL);
        assert_true(r == 0 || r == HPRPC_ECANCELLED);
        cancelled += r != 0;
        /* the thread that completed the call runs the callback, perhaps a moment later */
        struct patience patience = patience_begin();
        while (!atomic_load(&posted.notified) && try_again(&patience))
            continue;
        hprpc_call_clear(&posted.call);
        fake_message_clear(&posted.request);
    }
    struct patience patience = patience_begin();
    while (stage_statistics(raw.client).late_replies < (uint64_t)cancelled && try_again(&patience))
        continue;
    assert_int_equal(stage_statistics(raw.client).late_replies, cancelled);
    raw_server_close(&raw);
    stage_close(&stage);
}

static void cleared_before_its_reply(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct hprpc_call calls[16], more = HPRPC_CALL_INIT;
    struct fake_message request;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    raw_server_tiny(&raw, &stage, NULL, &limits, &tiny);
    for (int i = 0; i < 16; i++) {
        calls[i] = (struct hprpc_call)HPRPC_CALL_INIT;
        assert_int_equal(tiny_echo_start(&tiny, &calls[i], "x", 1), 0);
    }
    for (int i = 0; i < 16; i++)
        hprpc_call_clear(&calls[i]);
    /* the ids and the credit come back with the answers, not earlier */
    more.flags = HPRPC_CALL_NO_WAIT;
    assert_int_equal(tiny_echo_start(&tiny, &more, "x", 1), HPRPC_EBUSY);
    for (int i = 0; i < 16; i++) {
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &request));
        raw_error(raw.end, request.header.call, HPRPC_ECANCELLED, "as you wish");
        fake_message_clear(&request);
    }
    more.flags = 0;
    assert_int_equal(tiny_echo_start(&tiny, &more, "x", 1), 0);
    /* while `more` waited for credit, at least one late reply was received */
    assert_in_range(stage_statistics(raw.client).late_replies, 1, 16);
    hprpc_call_clear(&more);
    raw_server_close(&raw);
    stage_close(&stage);
}

/* ---- Deadlines ---- */

static void deadlines_in_virtual_time(void **state)
{
    struct stage stage;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct raw_server raw;
    struct posted early, usual, never;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, true);
    options.pump = HPRPC_PUMP_LOOP;
    options.timeout_ms = 1000;
    raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
    assert_int_equal(hprpc_client_process(raw.client), 0);
    assert_int_equal(hprpc_client_timeout(raw.client), -1);
    post(&raw, &tiny, &usual, 0);
    post(&raw, &tiny, &never, HPRPC_NO_TIMEOUT);
    post(&raw, &tiny, &early, 200);

    /* only a deadline that differs from the default is on the wire */
    assert_int_equal(usual.request.header.flags, 0);
    assert_int_equal(never.request.header.flags, HPRPC_FLAG_TIMEOUT);
    assert_int_equal(never.request.header.timeout_ms, HPRPC_NO_TIMEOUT);
    assert_int_equal(early.request.header.flags, HPRPC_FLAG_TIMEOUT);
    assert_int_equal(early.request.header.timeout_ms, 200);

    assert_int_equal(hprpc_client_timeout(raw.client), 200);
    atomic_fetch_add(&stage.time, 199 * 1000000ull);
    assert_int_equal(hprpc_client_process(raw.client), 0);
    assert_int_equal(early.notified, 0);
    assert_int_equal(hprpc_client_timeout(raw.client), 1);
    atomic_fetch_add(&stage.time, 1000000ull);
    assert_int_equal(hprpc_client_timeout(raw.client), 0);
    assert_int_equal(hprpc_client_process(raw.client), 0);
    assert_int_equal(early.notified, 1);
    assert_int_equal(usual.notified, 0);
    assert_int_equal(hprpc_client_timeout(raw.client), 800);
    /* time goes on by a day */
    atomic_fetch_add(&stage.time, 86400ull * 1000000000);
    assert_int_equal(hprpc_client_process(raw.client), 0);
    assert_int_equal(usual.notified, 1);
    assert_int_equal(never.notified, 0);
    assert_int_equal(hprpc_client_timeout(raw.client), -1);
    assert_int_equal(fake_count(stage_end(raw.client), HPRPC_MESSAGE_CANCEL), 2);

    raw_reply(raw.end, early.request.header.call, "", 0);
    raw_reply(raw.end, usual.request.header.call, "", 0);
    raw_reply(raw.end, never.request.header.call, "", 0);
    assert_int_equal(hprpc_client_process(raw.client), 0);
    assert_int_equal(stage_statistics(raw.client).late_replies, 2);
    finish(&early, HPRPC_EDEADLINE);
    finish(&usual, HPRPC_EDEADLINE);
    finish(&never, 0);
    raw_server_close(&raw);
    stage_close(&stage);
}

/* A handler that keeps its controller, so that the test can call the client between two turns of the server. */
static int meet(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct hprpc_controller **controller = self;

    *controller = hprpc_controller_keep(hprpc_request_controller(request));
    return tiny_echo_reply(request, data.data, data.size);
}

static void a_deadline_between_two_turns(void **state)
{
    static const struct tiny_handlers meeting = { meet, NULL, NULL };
    struct hprpc_controller *controller = NULL;
    struct tiny back;
    struct posted posted = { .call = HPRPC_CALL_INIT };
    struct fake_end *end;
    struct stage stage;

    (void)state;
    stage_open(&stage, true);
    stage_serve(&stage, NULL, &meeting, &controller);
    end = raw_connect(&stage, NULL);
    raw_request(end, 0, TINY_ECHO, 0, "x", 1);
    stage_turn(&stage);
    assert_non_null(controller);
    back = stage_assume(hprpc_controller_client(controller));
    posted.call.timeout_ms = 20;
    assert_int_equal(tiny_echo_start(&back, &posted.call, "y", 1), 0);
    hprpc_pending_call_notify(posted.call.pending, on_done, &posted);
    assert_in_range(hprpc_server_timeout(stage.server), 1, 20);
    atomic_fetch_add(&stage.time, 20 * 1000000ull);
    assert_int_equal(hprpc_server_timeout(stage.server), 0);
    assert_int_equal(hprpc_server_process(stage.server), 0);
    finish(&posted, HPRPC_EDEADLINE);
    hprpc_controller_drop(controller);
    fake_leave(end);
    stage_close(&stage);
}

static void a_deadline_passes_while_one_sleeps(void **state)
{
    static const char *const waits[] = { "?wait=block", "?wait=adaptive", "?wait=spin" };

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct stage stage;
        struct raw_server raw;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct tiny tiny;

        stage_open(&stage, false);
        stage.query = waits[i];
        raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
        call.timeout_ms = 10;
        assert_int_equal(tiny_echo(&tiny, &call, "x", 1, NULL), HPRPC_EDEADLINE);
        assert_int_equal(fake_count(stage_end(raw.client), HPRPC_MESSAGE_CANCEL), 1);
        assert_int_equal(tiny_poke_start(&tiny, &call, "x", 1), 0);
        assert_int_equal(tiny_poke_finish(&call), HPRPC_EDEADLINE);
        assert_int_equal(fake_count(stage_end(raw.client), HPRPC_MESSAGE_CANCEL), 2);
        hprpc_call_clear(&call);
        raw_server_close(&raw);
        stage_close(&stage);
    }
}

/* ---- The server's side of deadlines and cancellation ---- */

struct watched {
    struct hprpc_request *request;
    bool cancelled_at_once;
    uint32_t remaining;
};

static int keep(void *self, struct hprpc_request *request, struct kodosis_bytes data)
{
    struct watched *watched = self;

    (void)data;
    watched->request = request;
    watched->cancelled_at_once = hprpc_request_cancelled(request);
    watched->remaining = hprpc_request_remaining(request);
    return hprpc_request_defer(request);
}

static void the_handler_sees_deadline_and_cancellation(void **state)
{
    static const struct tiny_handlers keeping = { keep, keep, keep };
    struct stage stage;
    struct watched watched = { NULL };
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct hprpc_header header = { .type = HPRPC_MESSAGE_REQUEST, .procedure = TINY_POKE };
    struct fake_end *end;

    (void)state;
    stage_open(&stage, true);
    stage_serve(&stage, NULL, &keeping, &watched);
    limits.timeout_ms = 700;
    end = raw_connect(&stage, &limits);

    raw_request(end, 0, TINY_POKE, 0, "", 0);
    stage_turn(&stage);
    assert_false(watched.cancelled_at_once);
    assert_int_equal(watched.remaining, 700);
    atomic_fetch_add(&stage.time, 300 * 1000000ull);
    assert_int_equal(hprpc_request_remaining(watched.request), 400);
    assert_false(hprpc_request_cancelled(watched.request));
    atomic_fetch_add(&stage.time, 400 * 1000000ull);
    assert_int_equal(hprpc_request_remaining(watched.request), 0);
    assert_true(hprpc_request_cancelled(watched.request));
    assert_int_equal(hprpc_request_fail(watched.request, HPRPC_EDEADLINE, NULL), 0);

    header.flags = HPRPC_FLAG_TIMEOUT;
    header.timeout_ms = HPRPC_NO_TIMEOUT;
    fake_send(end, &header, "", 1);
    stage_turn(&stage);
    assert_int_equal(watched.remaining, HPRPC_NO_TIMEOUT);
    raw_signal(end, HPRPC_MESSAGE_CANCEL, 3); /* no request has these ids */
    raw_signal(end, HPRPC_MESSAGE_CANCEL, 100000);
    raw_signal(end, HPRPC_MESSAGE_CANCEL, UINT32_MAX);
    stage_turn(&stage);
    assert_false(hprpc_request_cancelled(watched.request));
    raw_signal(end, HPRPC_MESSAGE_CANCEL, 0);
    stage_turn(&stage);
    assert_true(hprpc_request_cancelled(watched.request));
    assert_int_equal(hprpc_request_fail(watched.request, HPRPC_ECANCELLED, NULL), 0);

    /* a CANCEL that comes after the answer */
    header.timeout_ms = 5;
    fake_send(end, &header, "", 1);
    stage_turn(&stage);
    assert_int_equal(watched.remaining, 5);
    assert_int_equal(hprpc_request_fail(watched.request, HPRPC_EAPPLICATION, "quick"), 0);
    raw_signal(end, HPRPC_MESSAGE_CANCEL, 0);
    stage_turn(&stage);

    /* the connection ends: the request counts as cancelled */
    fake_send(end, &header, "", 1);
    stage_turn(&stage);
    assert_false(hprpc_request_cancelled(watched.request));
    fake_leave(end);
    stage_turn(&stage);
    assert_true(hprpc_request_cancelled(watched.request));
    assert_int_equal(hprpc_request_fail(watched.request, HPRPC_EAPPLICATION, NULL), 0);
    stage_close(&stage);
}

/* ---- Answers that no call waits for ---- */

static void stray_answers_are_counted_and_dropped(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct posted posted;
    struct tiny tiny;
    uint32_t id;

    (void)state;
    stage_open(&stage, false);
    raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
    post(&raw, &tiny, &posted, 0);
    id = posted.request.header.call;
    raw_reply(raw.end, 11, "never asked", 11); /* an id below max_calls that no call had yet */
    raw_reply(raw.end, UINT32_MAX, "never asked", 11);
    raw_error(raw.end, 12, HPRPC_EAPPLICATION, "never asked");
    raw_bound(raw.end, 13);
    raw_reply(raw.end, id, "right", 5);
    raw_reply(raw.end, id, "twice", 5);
    raw_signal(raw.end, HPRPC_MESSAGE_PONG, 0);
    pump(&raw, &tiny);
    assert_int_equal(stage_statistics(raw.client).stray_replies, 5);
    assert_int_equal(stage_statistics(raw.client).late_replies, 0);
    finish(&posted, 0);
    raw_server_close(&raw);
    stage_close(&stage);
}

/* ---- The connection ends ---- */

enum ending { DIES, BREAKS, SAYS_GOODBYE, TALKS_NONSENSE, IS_CLOSED, IS_FREED };

static int code_after(enum ending ending)
{
    switch (ending) {
    case DIES:
    case BREAKS:
        return HPRPC_EPEERDIED;
    case TALKS_NONSENSE:
        return HPRPC_EPROTOCOL;
    default:
        return HPRPC_EMAYBE;
    }
}

static void end_it(struct raw_server *raw, enum ending ending)
{
    switch (ending) {
    case DIES:
        fake_leave(raw->end);
        raw->end = NULL;
        break;
    case BREAKS:
        fake_break(stage_end(raw->client), HPRPC_EPEERDIED, "the cable was cut");
        break;
    case SAYS_GOODBYE:
        raw_goodbye(raw->end, "it is late");
        break;
    case TALKS_NONSENSE:
        fake_send(raw->end, &(struct hprpc_header){ .type = 99 }, "", 0);
        break;
    case IS_CLOSED:
        hprpc_client_close(raw->client);
        break;
    case IS_FREED:
        break;
    }
}

static const char *word_of(enum ending ending)
{
    static const char *const words[] = { "went away", "cable", "it is late", "type 99", "this side", "this side" };

    return words[ending];
}

static void every_pending_call_completes(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };

    (void)state;
    for (int i = 0; i < 3 * (IS_FREED + 1); i++) {
        enum ending ending = (enum ending)(i / 3);
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct stage stage;
        struct raw_server raw;
        struct posted posted[3];
        struct hprpc_call answered = HPRPC_CALL_INIT;
        struct kodosis_bytes reply;
        struct fake_message request;
        struct tiny tiny;

        stage_open(&stage, false);
        options.pump = pumps[i % 3];
        raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
        assert_int_equal(tiny_echo_start(&tiny, &answered, "x", 1), 0);
        assert_true(fake_expect(raw.end, HPRPC_MESSAGE_REQUEST, &request));
        for (int n = 0; n < 3; n++)
            post(&raw, &tiny, &posted[n], n == 2 ? HPRPC_NO_TIMEOUT : 0);
        raw_reply(raw.end, request.header.call, "in time", 7); /* a reply that came before the end counts */
        assert_int_equal(hprpc_pending_call_wait(answered.pending, HPRPC_NO_TIMEOUT), 0);
        end_it(&raw, ending);
        if (ending == IS_FREED) {
            hprpc_client_free(raw.client);
            raw.client = NULL;
        }
        for (int n = 0; n < 3; n++) {
            if (ending != IS_FREED)
                assert_int_equal(hprpc_pending_call_wait(posted[n].call.pending, HPRPC_NO_TIMEOUT), 0);
            assert_true(hprpc_pending_call_done(posted[n].call.pending));
            struct patience patience = patience_begin();
            while (!atomic_load(&posted[n].notified) && try_again(&patience))
                continue;
            assert_int_equal(tiny_echo_finish(&posted[n].call, NULL), code_after(ending));
            if (!strstr(posted[n].call.detail, word_of(ending)))
                fail_msg("ending %d: \"%s\"", ending, posted[n].call.detail);
            finish(&posted[n], code_after(ending));
        }
        assert_int_equal(tiny_echo_finish(&answered, &reply), 0);
        assert_memory_equal(reply.data, "in time", 7);
        if (raw.client) {
            assert_int_equal(tiny_echo(&tiny, &call, "x", 1, NULL), HPRPC_ENOTSENT);
            assert_non_null(call.detail);
            assert_int_equal(tiny_note(&tiny, &call, "x", 1), HPRPC_ENOTSENT);
            assert_int_equal(tiny_echo_start(&tiny, &call, "x", 1), HPRPC_ENOTSENT);
            assert_int_equal(hprpc_client_state(raw.client),
                             ending == IS_CLOSED ? HPRPC_CLIENT_CLOSED : HPRPC_CLIENT_BROKEN);
            hprpc_call_clear(&call);
        }
        hprpc_call_clear(&answered);
        fake_message_clear(&request);
        raw_server_close(&raw);
        stage_close(&stage);
    }
}

/* GOODBYE says how many requests the other side took: the requests after those did not run. */
static void what_came_behind_the_last_taken_did_not_run(void **state)
{
    (void)state;
    for (uint64_t taken = 0; taken <= 3; taken++) {
        struct hprpc_call calls[3] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT, HPRPC_CALL_INIT };
        struct raw_server raw;
        struct stage stage;
        struct tiny tiny;

        stage_open(&stage, false);
        raw_server_tiny(&raw, &stage, NULL, NULL, &tiny);
        for (int i = 0; i < 3; i++)
            assert_int_equal(tiny_echo_start(&tiny, &calls[i], "x", 1), 0);
        raw_goodbye_after(raw.end, "enough", taken);
        for (uint64_t i = 0; i < 3; i++) {
            assert_int_equal(tiny_echo_finish(&calls[i], NULL), i < taken ? HPRPC_EMAYBE : HPRPC_ENOTSENT);
            hprpc_call_clear(&calls[i]);
        }
        raw_server_close(&raw);
        stage_close(&stage);
    }
}

/* A call that waits for credit when the connection ends was not sent. */
static void what_waits_for_room_was_not_sent(void **state)
{
    struct stage stage;
    struct raw_server raw;
    struct raw_limits limits = RAW_LIMITS_INIT;
    struct sync_call sync = { .call = HPRPC_CALL_INIT };
    struct posted posted;
    struct patience patience = patience_begin();
    struct tiny tiny;
    uint64_t looks;

    (void)state;
    stage_open(&stage, false);
    limits.max_calls = 1;
    raw_server_tiny(&raw, &stage, NULL, &limits, &tiny);
    post(&raw, &tiny, &posted, 0);
    sync.tiny = &tiny;
    looks = fake_looks(stage_end(raw.client));
    assert_int_equal(pthread_create(&sync.thread, NULL, call_echo, &sync), 0);
    /* call_echo() finds no credit before it looks at the channel for the first time */
    while (fake_looks(stage_end(raw.client)) == looks && try_again(&patience))
        continue;
    fake_leave(raw.end);
    raw.end = NULL;
    assert_int_equal(pthread_join(sync.thread, NULL), 0);
    assert_int_equal(sync.code, HPRPC_ENOTSENT);
    hprpc_call_clear(&sync.call);
    finish(&posted, HPRPC_EPEERDIED);
    raw_server_close(&raw);
    stage_close(&stage);
}

/* ---- The state callback and keepalive ---- */

struct states {
    int count;
    enum hprpc_client_state seen[8];
    int codes[8];
};

static void note_state(void *self, enum hprpc_client_state state, int code, const char *reason)
{
    struct states *states = self;

    if (!reason || (state <= HPRPC_CLIENT_READY) != !reason[0])
        abort();
    states->seen[states->count] = state;
    states->codes[states->count++] = code;
}

static void the_state_is_told(void **state)
{
    struct stage stage;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct states states = { 0 };
    struct raw_server raw;
    struct tiny tiny;

    (void)state;
    stage_open(&stage, false);
    options.changed = note_state;
    options.changed_self = &states;
    raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
    assert_int_equal(states.count, 2);
    assert_int_equal(states.seen[0], HPRPC_CLIENT_CONNECTING);
    assert_int_equal(states.seen[1], HPRPC_CLIENT_READY);
    fake_leave(raw.end);
    raw.end = NULL;
    assert_true(tiny_echo(&tiny, NULL, "x", 1, NULL) < 0);
    assert_int_equal(states.count, 3);
    assert_int_equal(states.seen[2], HPRPC_CLIENT_BROKEN);
    assert_int_equal(states.codes[2], HPRPC_EPEERDIED);
    raw_server_close(&raw);
    assert_int_equal(states.count, 3);

    states.count = 0;
    raw_server_tiny(&raw, &stage, &options, NULL, &tiny);
    hprpc_client_close(raw.client);
    assert_int_equal(states.count, 3);
    assert_int_equal(states.seen[2], HPRPC_CLIENT_CLOSED);
    raw_server_close(&raw);
    stage_close(&stage);
}

static void silence_is_pinged_and_then_broken(void **state)
{
    struct stage stage;
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct raw_limits attentive = RAW_LIMITS_INIT, caller = RAW_LIMITS_INIT;
    struct fake_end *silent, *answering, *unpinged;
    struct fake_message message;

    (void)state;
    stage_open(&stage, true);
    options.keepalive_ms = 100;
    stage_serve(&stage, &options, &tiny_plain, NULL);
    caller.pumped = false;
    silent = raw_connect(&stage, &attentive);
    answering = raw_connect(&stage, &attentive);
    unpinged = raw_connect(&stage, &caller);
    for (int i = 0; i < 12; i++) {
        atomic_fetch_add(&stage.time, 100 * 1000000ull);
        stage_turn(&stage);
        while (fake_poll(answering, &message)) {
            assert_int_equal(message.header.type, HPRPC_MESSAGE_PING);
            raw_signal(answering, HPRPC_MESSAGE_PONG, message.header.call);
            fake_message_clear(&message);
        }
        stage_turn(&stage);
    }
    /* HELLO came in the first interval, the next two end with a PING, and the connection ends after the third silent one */
    assert_int_equal(fake_count(fake_peer(silent), HPRPC_MESSAGE_PING), 2);
    assert_true(fake_await_end(silent));
    assert_true(fake_count(fake_peer(answering), HPRPC_MESSAGE_PING) >= 3);
    assert_int_equal(fake_count(fake_peer(unpinged), HPRPC_MESSAGE_PING), 0);
    raw_signal(answering, HPRPC_MESSAGE_PING, 1);
    raw_signal(unpinged, HPRPC_MESSAGE_PING, 2);
    stage_turn(&stage);
    assert_true(fake_expect(answering, HPRPC_MESSAGE_PONG, &message));
    fake_message_clear(&message);
    assert_true(fake_expect(unpinged, HPRPC_MESSAGE_PONG, &message));
    fake_message_clear(&message);
    fake_leave(silent);
    fake_leave(answering);
    fake_leave(unpinged);
    stage_close(&stage);
}

/* Intervals of silence that ended do not add up: a side that is slow to answer, again and again, lives. */
static void a_sign_of_life_ends_a_silence(void **state)
{
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct raw_limits attentive = RAW_LIMITS_INIT;
    struct fake_end *slow;
    struct stage stage;

    (void)state;
    stage_open(&stage, true);
    options.keepalive_ms = 100;
    stage_serve(&stage, &options, &tiny_plain, NULL);
    slow = raw_connect(&stage, &attentive);
    for (int i = 0; i < 12; i++) {
        atomic_fetch_add(&stage.time, 100 * 1000000ull);
        stage_turn(&stage);
        if (i % 3 == 2) {
            raw_signal(slow, HPRPC_MESSAGE_PONG, 0);
            stage_turn(&stage);
        }
    }
    /* after HELLO, and after each PONG, an interval is not silent; those that are end with a PING */
    assert_int_equal(fake_count(fake_peer(slow), HPRPC_MESSAGE_PING), 8);
    assert_int_equal(fake_count(fake_peer(slow), HPRPC_MESSAGE_GOODBYE), 0);
    fake_leave(slow);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(due_under_a_callback_that_blocks),
        fixture_test(due_under_a_callback_that_waits),
        fixture_test(due_under_a_flood),
        fixture_test(cancelled_before_its_reply),
        fixture_test(cancelled_after_its_reply),
        fixture_test(cancelled_while_its_reply_comes),
        fixture_test(cleared_before_its_reply),
        fixture_test(deadlines_in_virtual_time),
        fixture_test(a_deadline_between_two_turns),
        fixture_test(a_deadline_passes_while_one_sleeps),
        fixture_test(the_handler_sees_deadline_and_cancellation),
        fixture_test(stray_answers_are_counted_and_dropped),
        fixture_test(every_pending_call_completes),
        fixture_test(what_came_behind_the_last_taken_did_not_run),
        fixture_test(what_waits_for_room_was_not_sent),
        fixture_test(the_state_is_told),
        fixture_test(silence_is_pinged_and_then_broken),
        fixture_test(a_sign_of_life_ends_a_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
