/* SPDX-License-Identifier: MIT */
/* Calls that are posted while a client that reconnects has no connection: each kind of end, in each pump mode. */
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hprpc/stub.h>

#include "conformance/suite.h"

enum { COUNT = 12, MOST = 64 * 1024 };

/* A client that has lost its server, and what was told of its calls. */
struct lone {
    struct room room;
    struct hprpc_client *client;
    struct conform_probe_proxy proxy;
    enum hprpc_pump pump;
};

static void connect_again(struct lone *lone, struct hprpc_context *context)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };

    options.pump = lone->pump;
    options.reconnect = true;
    if (hprpc_client_connect(context, lone->room.uri, &options, &detail, &lone->client) < 0 ||
        conform_probe_bind(lone->client, &detail, &lone->proxy) < 0)
        fail_msg("%s", detail.text);
}

static void await_state(struct lone *lone, enum hprpc_client_state state)
{
    struct patience patience = patience_begin();

    while (hprpc_client_state(lone->client) != state && try_again(&patience)) {
        if (lone->pump == HPRPC_PUMP_LOOP)
            hprpc_client_process(lone->client);
    }
}

static void lone_open(struct lone *lone, int i)
{
    lone->pump = suite_pumps[i % 3];
    room_serve(&lone->room, "", NULL);
    connect_again(lone, lone->room.context);
    room_stop(&lone->room);
    await_state(lone, HPRPC_CLIENT_RECONNECTING);
}

static void lone_close(struct lone *lone)
{
    hprpc_client_free(lone->client);
    room_close(&lone->room);
}

/* Waits until the call is complete, as the pump mode has it. */
static void await(struct lone *lone, const struct hprpc_call *call)
{
    if (lone->pump == HPRPC_PUMP_LOOP)
        suite_drive(lone->client, call->pending);
    else
        assert_int_equal(hprpc_pending_call_wait(call->pending, HPRPC_NO_TIMEOUT), 0);
}

static void count_it(void *self, struct hprpc_pending_call *pending)
{
    (void)pending;
    atomic_fetch_add((atomic_uint *)self, 1);
}

/* ---- The server comes back ---- */

struct order {
    atomic_uint next, wrong;
};

struct place {
    struct order *order;
    unsigned number;
};

static void note_place(void *self, struct hprpc_pending_call *pending)
{
    struct place *place = self;

    (void)pending;
    if (atomic_fetch_add(&place->order->next, 1) != place->number)
        atomic_fetch_add(&place->order->wrong, 1);
}

/* What was posted is sent when the server is back, in its order, and before what is called later. */
static void sent_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        uint8_t *data = suite_data(MOST, 3);
        struct hprpc_call calls[COUNT], last = HPRPC_CALL_INIT;
        struct place places[COUNT];
        struct order order = { 0 };
        struct kodosis_bytes reply;
        struct lone lone;

        lone_open(&lone, i);
        for (unsigned n = 0; n < COUNT; n++) {
            calls[n] = (struct hprpc_call)HPRPC_CALL_INIT;
            places[n] = (struct place){ &order, n };
            /* sizes from nothing to the largest that is copied */
            assert_int_equal(
                conform_probe_echo_start(&lone.proxy, &calls[n], suite_bytes(data, n * (MOST - 8) / (COUNT - 1))), 0);
            hprpc_pending_call_notify(calls[n].pending, note_place, &places[n]);
        }
        assert_int_equal(hprpc_pending_call_wait(calls[0].pending, 0), HPRPC_EAGAIN);
        room_serve_again(&lone.room, NULL);
        assert_int_equal(conform_probe_poke_start(&lone.proxy, &last), 0);
        await(&lone, &last);
        assert_int_equal(conform_probe_poke_finish(&last), 0);
        for (unsigned n = 0; n < COUNT; n++) {
            await(&lone, &calls[n]);
            assert_int_equal(conform_probe_echo_finish(&calls[n], &reply), 0);
            assert_int_equal(reply.size, n * (MOST - 8) / (COUNT - 1));
            assert_true(!reply.size || memcmp(reply.data, data, reply.size) == 0);
            hprpc_call_clear(&calls[n]);
        }
        assert_int_equal(atomic_load(&order.next), COUNT);
        assert_int_equal(atomic_load(&order.wrong), 0);
        hprpc_call_clear(&last);
        lone_close(&lone);
        free(data);
    }
}

/* Calls that wait, one-way ones too, come after what was posted before them. */
static void before_calls_that_wait(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_call posted = HPRPC_CALL_INIT, waits = HPRPC_CALL_INIT;
        struct kodosis_bytes reply;
        uint64_t noted = 99;
        struct lone lone;

        lone_open(&lone, i);
        assert_int_equal(conform_probe_noted_start(&lone.proxy, &posted), 0);
        waits.timeout_ms = 20;
        assert_int_equal(conform_probe_note(&lone.proxy, &waits, 0, suite_bytes("", 0)), HPRPC_EDEADLINE);
        room_serve_again(&lone.room, NULL);
        assert_int_equal(conform_probe_note(&lone.proxy, NULL, 0, suite_bytes("", 0)), 0);
        waits.timeout_ms = 0;
        assert_int_equal(conform_probe_echo(&lone.proxy, &waits, suite_bytes("abc", 3), &reply), 0);
        assert_memory_equal(reply.data, "abc", 3);
        await(&lone, &posted);
        assert_int_equal(conform_probe_noted_finish(&posted, &noted), 0);
        assert_int_equal(noted, 0);
        hprpc_call_clear(&posted);
        hprpc_call_clear(&waits);
        lone_close(&lone);
    }
}

/* A call that waits for more credit than there is stays behind the others, and all are answered. */
static void beyond_the_credit(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_call calls[COUNT];
        struct lone lone;
        int32_t value;

        lone_open(&lone, i);
        options.max_calls = 2;
        for (int n = 0; n < COUNT; n++) {
            calls[n] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_later_start(&lone.proxy, &calls[n], n, false), 0);
        }
        room_serve_again(&lone.room, &options);
        for (int n = 0; n < COUNT; n++) {
            await(&lone, &calls[n]);
            assert_int_equal(conform_probe_later_finish(&calls[n], &value), 0);
            assert_int_equal(value, n);
            hprpc_call_clear(&calls[n]);
        }
        lone_close(&lone);
    }
}

/* ---- It does not come back in time ---- */

/* The deadline counts from `_start`; what was not sent by then is never sent. */
static void deadlines(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_call calls[] = { HPRPC_CALL_INIT, HPRPC_CALL_INIT };
        struct hprpc_pending_call *pending[2];
        atomic_uint told = 0;
        struct lone lone;
        int32_t value;

        lone_open(&lone, i);
        for (int n = 0; n < 2; n++) {
            calls[n].timeout_ms = n ? HPRPC_NO_TIMEOUT : 30;
            assert_int_equal(conform_probe_later_start(&lone.proxy, &calls[n], n, false), 0);
            hprpc_pending_call_notify(calls[n].pending, count_it, &told);
            pending[n] = calls[n].pending;
        }
        if (lone.pump == HPRPC_PUMP_LOOP)
            suite_drive(lone.client, pending[0]);
        assert_int_equal(hprpc_pending_call_wait_any(pending, 2, HPRPC_NO_TIMEOUT), 0);
        assert_int_equal(conform_probe_later_finish(&calls[0], &value), HPRPC_EDEADLINE);
        assert_non_null(strstr(calls[0].detail, "conform.Probe.Later was not sent"));
        assert_false(hprpc_pending_call_done(calls[1].pending));
        suite_await(&told, 1);
        room_serve_again(&lone.room, NULL);
        await(&lone, &calls[1]);
        assert_int_equal(conform_probe_later_finish(&calls[1], &value), 0);
        assert_int_equal(value, 1);
        suite_await(&told, 2);
        assert_int_equal(atomic_load(&lone.room.probe.kept), 1);
        hprpc_call_clear(&calls[0]);
        hprpc_call_clear(&calls[1]);
        lone_close(&lone);
        assert_int_equal(atomic_load(&told), 2);
    }
}

static void *collect(void *argument)
{
    int32_t value;

    return (void *)(intptr_t)conform_probe_later_finish(argument, &value);
}

/* Cancelled while a thread waits, which wakes at once; and cleared. */
static void cancelled(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_call waiting = HPRPC_CALL_INIT, cleared = HPRPC_CALL_INIT, kept = HPRPC_CALL_INIT;
        atomic_uint told = 0;
        struct lone lone;
        void *result = NULL;
        pthread_t thread;
        int32_t value;

        lone_open(&lone, i);
        /* no deadline that would end the wait */
        waiting.timeout_ms = cleared.timeout_ms = kept.timeout_ms = HPRPC_NO_TIMEOUT;
        assert_int_equal(conform_probe_later_start(&lone.proxy, &waiting, 1, false), 0);
        assert_int_equal(conform_probe_later_start(&lone.proxy, &cleared, 2, false), 0);
        assert_int_equal(conform_probe_later_start(&lone.proxy, &kept, 3, false), 0);
        hprpc_pending_call_notify(waiting.pending, count_it, &told);
        hprpc_pending_call_notify(cleared.pending, count_it, &told);
        assert_int_equal(pthread_create(&thread, NULL, collect, &waiting), 0);
        hprpc_pending_call_cancel(waiting.pending);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_int_equal((intptr_t)result, HPRPC_ECANCELLED);
        hprpc_call_clear(&cleared);
        suite_await(&told, 2);
        room_serve_again(&lone.room, NULL);
        await(&lone, &kept);
        assert_int_equal(conform_probe_later_finish(&kept, &value), 0);
        assert_int_equal(value, 3);
        assert_int_equal(atomic_load(&lone.room.probe.kept), 1);
        hprpc_call_clear(&waiting);
        hprpc_call_clear(&kept);
        lone_close(&lone);
        assert_int_equal(atomic_load(&told), 2);
    }
}

/* ---- Another server ---- */

static int refuse_to_run(const void *handlers, void *self, struct hprpc_request *request, struct kodosis_reader *reader)
{
    (void)handlers;
    (void)self;
    (void)request;
    (void)reader;
    return HPRPC_EINTERNAL;
}

/* A server that has another procedure of that name, or no such service, or takes no message of that size. */
static void serve_other(struct room *room, int kind)
{
    static const struct hprpc_procedure procedures[] = { { "Echo", 1, 0, refuse_to_run, NULL } };
    static const struct hprpc_interface other = { "conform.Probe", 1, 1, procedures };
    struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };

    options.max_message = 2048;
    if (kind == 2) {
        room_serve_again(room, &options);
        return;
    }
    assert_int_equal(hprpc_server_new(room->context, NULL, &room->server), 0);
    if (kind == 0)
        assert_int_equal(hprpc_server_add(room->server, &other, procedures, NULL), 0);
    if (hprpc_server_listen(room->server, room->uri, &detail) < 0)
        fail_msg("%s", detail.text);
    room_run(room);
}

/* What the new server lacks fails with a clear error; the next one is called again. */
static void refused(void **state)
{
    static const int codes[] = { HPRPC_ESCHEMA, HPRPC_EUNIMPLEMENTED, HPRPC_ETOOBIG };

    (void)state;
    for (int i = 0; i < 9; i++) {
        uint8_t *data = suite_data(MOST / 2, 1);
        struct hprpc_call call = HPRPC_CALL_INIT;
        struct kodosis_bytes reply;
        atomic_uint told = 0;
        struct lone lone;

        lone_open(&lone, i);
        assert_int_equal(conform_probe_echo_start(&lone.proxy, &call, suite_bytes(data, MOST / 2)), 0);
        hprpc_pending_call_notify(call.pending, count_it, &told);
        serve_other(&lone.room, i / 3);
        await(&lone, &call);
        assert_int_equal(conform_probe_echo_finish(&call, &reply), codes[i / 3]);
        assert_non_null(strstr(call.detail, i / 3 < 2 ? "conform.Probe" : "size"));
        suite_await(&told, 1);
        room_stop(&lone.room);
        await_state(&lone, HPRPC_CLIENT_RECONNECTING);
        assert_int_equal(conform_probe_echo_start(&lone.proxy, &call, suite_bytes("x", 1)), 0);
        room_serve_again(&lone.room, NULL);
        await(&lone, &call);
        assert_int_equal(conform_probe_echo_finish(&call, &reply), 0);
        hprpc_call_clear(&call);
        lone_close(&lone);
        assert_int_equal(atomic_load(&told), 1);
        free(data);
    }
}

/* ---- Ends ---- */

/* Closed, or freed at once: each call ends once. */
static void closed(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct hprpc_call calls[COUNT], late = HPRPC_CALL_INIT;
        atomic_uint told = 0;
        struct lone lone;
        int32_t value;

        lone_open(&lone, i);
        for (int n = 0; n < COUNT; n++) {
            calls[n] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_later_start(&lone.proxy, &calls[n], n, false), 0);
            hprpc_pending_call_notify(calls[n].pending, count_it, &told);
        }
        if (i / 3) {
            hprpc_client_close(lone.client);
            suite_await(&told, COUNT);
            assert_int_equal(conform_probe_later_start(&lone.proxy, &late, 1, false), HPRPC_ENOTSENT);
            hprpc_call_clear(&late);
        }
        hprpc_client_free(lone.client);
        for (int n = 0; n < COUNT; n++) {
            assert_int_equal(conform_probe_later_finish(&calls[n], &value), HPRPC_ENOTSENT);
            hprpc_call_clear(&calls[n]);
        }
        assert_int_equal(atomic_load(&told), COUNT);
        room_close(&lone.room);
    }
}

/* A server that says GOODBYE to each client. */
static void turn_away(void *self, struct hprpc_controller *controller)
{
    atomic_fetch_add((atomic_uint *)self, 1);
    hprpc_controller_close(controller);
}

static void parted(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct hprpc_call call = HPRPC_CALL_INIT;
        atomic_uint came = 0, told = 0;
        struct lone lone;
        int32_t value;
        int r;

        lone_open(&lone, i);
        options.connected = turn_away;
        options.connected_self = &came;
        assert_int_equal(conform_probe_later_start(&lone.proxy, &call, 1, false), 0);
        hprpc_pending_call_notify(call.pending, count_it, &told);
        room_serve_again(&lone.room, &options);
        await(&lone, &call);
        r = conform_probe_later_finish(&call, &value);
        /* it was not sent, or was and not taken; where the end overtook the word of that, it may have been */
        assert_true(r == HPRPC_ENOTSENT || r == HPRPC_EMAYBE || r == HPRPC_EPEERDIED);
        suite_await(&told, 1);
        assert_int_equal(atomic_load(&lone.room.probe.kept), 0);
        hprpc_call_clear(&call);
        lone_close(&lone);
        assert_int_equal(atomic_load(&told), 1);
    }
}

static void forked(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct hprpc_call call = HPRPC_CALL_INIT, other = HPRPC_CALL_INIT;
        struct lone lone;
        int32_t value;
        pid_t child;
        int status;

        lone_open(&lone, i);
        assert_int_equal(conform_probe_later_start(&lone.proxy, &call, 4, false), 0);
        child = fork();
        if (child == 0) {
            bool right = conform_probe_later_finish(&call, &value) == HPRPC_EFORKED &&
                         conform_probe_later_start(&lone.proxy, &other, 5, false) == HPRPC_EFORKED;

            hprpc_pending_call_cancel(call.pending);
            hprpc_call_clear(&call);
            hprpc_client_free(lone.client);
            _exit(right ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        room_serve_again(&lone.room, NULL);
        await(&lone, &call);
        assert_int_equal(conform_probe_later_finish(&call, &value), 0);
        assert_int_equal(value, 4);
        hprpc_call_clear(&call);
        lone_close(&lone);
    }
}

/* ---- Bounds ---- */

/* Beyond 64 KiB for one, and 4 MiB for all, a call waits as any other does; and it may not where it must not. */
static void bounds(void **state)
{
    enum { LARGEST = MOST - 16, CALLS = 4 * 1024 * 1024 / MOST - 1 };

    (void)state;
    for (int i = 0; i < 3; i++) {
        uint8_t *data = suite_data(2 * MOST, 1);
        struct hprpc_call calls[CALLS], more = HPRPC_CALL_INIT;
        struct kodosis_bytes reply;
        struct lone lone;
        int count = 0;

        lone_open(&lone, i);
        more.timeout_ms = 20;
        assert_int_equal(conform_probe_echo_start(&lone.proxy, &more, suite_bytes(data, MOST)), HPRPC_EDEADLINE);
        assert_non_null(strstr(more.detail, "no connection"));
        /* a copy that is cleared makes room for another */
        for (int n = 0; n < 2 * CALLS; n++)
            assert_int_equal(conform_probe_echo_start(&lone.proxy, &more, suite_bytes(data, LARGEST)), 0);
        hprpc_call_clear(&more);
        for (; count < CALLS; count++) {
            calls[count] = (struct hprpc_call)HPRPC_CALL_INIT;
            assert_int_equal(conform_probe_echo_start(&lone.proxy, &calls[count], suite_bytes(data, LARGEST)), 0);
        }
        more.timeout_ms = 20;
        assert_int_equal(conform_probe_echo_start(&lone.proxy, &more, suite_bytes(data, LARGEST)), HPRPC_EDEADLINE);
        hprpc_call_clear(&calls[0]);
        more.timeout_ms = 0;
        assert_int_equal(conform_probe_echo_start(&lone.proxy, &more, suite_bytes("x", 1)), 0);
        calls[0].flags = HPRPC_CALL_NO_WAIT;
        assert_int_equal(conform_probe_echo_start(&lone.proxy, &calls[0], suite_bytes("x", 1)), HPRPC_EBUSY);
        room_serve_again(&lone.room, NULL);
        await(&lone, &more);
        assert_int_equal(conform_probe_echo_finish(&more, &reply), 0);
        for (int n = 0; n < count; n++)
            hprpc_call_clear(&calls[n]);
        hprpc_call_clear(&more);
        lone_close(&lone);
        free(data);
    }
}

/* ---- Memory ---- */

/* Posts and is answered while the nth allocation fails, alone or with all that follow: it says so, once, and works afterwards. */
static void post_without(struct lone *lone, struct room *here, long nth, bool for_ever)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct patience patience = patience_begin();
    atomic_uint told = 0;
    int32_t value;
    int r;

    connect_again(lone, here->context);
    room_stop(&lone->room);
    await_state(lone, HPRPC_CLIENT_RECONNECTING);
    memory_fail(&here->memory, nth, for_ever);
    r = conform_probe_later_start(&lone->proxy, &call, 6, false);
    if (r == 0)
        hprpc_pending_call_notify(call.pending, count_it, &told);
    room_serve_again(&lone->room, NULL);
    if (r == 0 && !for_ever) {
        await(lone, &call);
        r = conform_probe_later_finish(&call, &value);
        assert_true(r < 0 || value == 6);
        suite_await(&told, 1);
    } else if (r == 0) {
        /* it may wait until there is memory */
        hprpc_pending_call_wait(call.pending, 10);
        hprpc_pending_call_cancel(call.pending);
        suite_await(&told, 1);
    }
    memory_fail(&here->memory, 0, false);
    if (r != 0 && r != HPRPC_ENOMEM && r != HPRPC_EMAYBE && r != HPRPC_ENOTSENT)
        fail_msg("allocation %ld: %s", nth, hprpc_error_name(r));
    hprpc_call_clear(&call);
    while ((r = conform_probe_later(&lone->proxy, NULL, 7, false, &value)) < 0 && try_again(&patience))
        assert_true(r == HPRPC_ENOMEM || r == HPRPC_EBUSY || r == HPRPC_EMAYBE || r == HPRPC_ENOTSENT);
    assert_int_equal(value, 7);
    hprpc_client_free(lone->client);
}

static void without_memory(void **state)
{
    enum { ALLOCATIONS = 6 };
    struct lone lone;
    struct room here;

    (void)state;
    room_open(&here);
    room_serve(&lone.room, "", NULL);
    for (long n = 0; n < 2 * ALLOCATIONS; n++) {
        lone.pump = suite_pumps[n % 3];
        post_without(&lone, &here, n / 2 + 1, n % 2);
    }
    room_close(&lone.room);
    room_close(&here);
}

/* ---- Many threads, and a server that comes and goes ---- */

struct poster {
    struct lone *lone;
    atomic_bool *stops;
    unsigned answered;
    int wrong; /* a code that no call may have */
};

static void *post_on(void *argument)
{
    enum { AT_ONCE = 5 };
    struct poster *poster = argument;

    while (!atomic_load(poster->stops) && !poster->wrong) {
        struct hprpc_call calls[AT_ONCE];
        int32_t value;

        for (int n = 0; n < AT_ONCE; n++) {
            int r;

            calls[n] = (struct hprpc_call)HPRPC_CALL_INIT;
            r = conform_probe_later_start(&poster->lone->proxy, &calls[n], n, false);
            if (r < 0 && r != HPRPC_ENOTSENT)
                poster->wrong = r;
        }
        for (int n = AT_ONCE - 1; n >= 0; n--) {
            int r = calls[n].pending ? conform_probe_later_finish(&calls[n], &value) : HPRPC_ENOTSENT;

            if (r == 0 && value == n)
                poster->answered++;
            else if (r != HPRPC_EMAYBE && r != HPRPC_EPEERDIED && r != HPRPC_ENOTSENT && r != HPRPC_EBUSY)
                poster->wrong = r ? r : 1;
            hprpc_call_clear(&calls[n]);
        }
    }
    return NULL;
}

static void many_threads(void **state)
{
    enum { THREADS = 3, RESTARTS = 2 };

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct poster posters[THREADS];
        pthread_t threads[THREADS];
        atomic_bool stops = false;
        struct lone lone;

        lone_open(&lone, i);
        for (int n = 0; n < THREADS; n++) {
            posters[n] = (struct poster){ .lone = &lone, .stops = &stops };
            assert_int_equal(pthread_create(&threads[n], NULL, post_on, &posters[n]), 0);
        }
        for (int n = 0; n < RESTARTS; n++) {
            room_serve_again(&lone.room, NULL);
            suite_await(&lone.room.probe.kept, 20 * (unsigned)(n + 1));
            room_stop(&lone.room);
        }
        room_serve_again(&lone.room, NULL);
        suite_await(&lone.room.probe.kept, 20 * (RESTARTS + 1));
        atomic_store(&stops, true);
        for (int n = 0; n < THREADS; n++) {
            assert_int_equal(pthread_join(threads[n], NULL), 0);
            assert_int_equal(posters[n].wrong, 0);
            assert_true(posters[n].answered);
        }
        lone_close(&lone);
    }
}

static const struct CMUnitTest tests[] = {
    fixture_test(sent_in_order),
    fixture_test(before_calls_that_wait),
    fixture_test(beyond_the_credit),
    fixture_test(deadlines),
    fixture_test(cancelled),
    fixture_test(refused),
    fixture_test(closed),
    fixture_test(parted),
    fixture_test(forked),
    fixture_test(bounds),
    fixture_test(without_memory),
    fixture_test(many_threads),
};

const struct chapter posted_chapter = { "posted", tests, sizeof(tests) / sizeof(tests[0]) };
