/* SPDX-License-Identifier: MIT */
/* The ticket of a call, in every pump mode: waiting for one or any of several, callbacks, cancelling. */
#include "conformance/suite.h"

static void wait_for_any(void **state)
{
    struct room room;

    (void)state;
    room_serve(&room, "", NULL);
    for (int i = 0; i < 3; i++) {
        struct hprpc_call one = HPRPC_CALL_INIT, two = HPRPC_CALL_INIT, echo = HPRPC_CALL_INIT;
        struct hprpc_pending_call *pending[4] = { NULL };
        struct conform_probe_proxy proxy;
        struct hprpc_client *client = room_connect_pumped(&room, suite_pumps[i], &proxy);
        struct kodosis_bytes reply;
        int32_t value;

        atomic_store(&room.probe.hold, true);
        assert_int_equal(conform_probe_later_start(&proxy, &one, 1, false), 0);
        assert_int_equal(conform_probe_later_start(&proxy, &two, 2, false), 0);
        assert_int_equal(conform_probe_echo_start(&proxy, &echo, suite_bytes("echo", 4)), 0);
        pending[0] = one.pending;
        pending[2] = two.pending;
        pending[3] = echo.pending;
        assert_int_equal(hprpc_pending_call_wait_any(pending, 4, HPRPC_NO_TIMEOUT), 3);
        assert_int_equal(conform_probe_echo_finish(&echo, &reply), 0);
        assert_int_equal(reply.size, 4);
        pending[3] = NULL;
        assert_int_equal(hprpc_pending_call_wait_any(pending, 4, 0), HPRPC_EAGAIN);
        assert_int_equal(hprpc_pending_call_wait_any(pending, 4, 10), HPRPC_EAGAIN);
        assert_int_equal(hprpc_pending_call_wait(one.pending, 0), HPRPC_EAGAIN);
        assert_int_equal(hprpc_pending_call_wait(one.pending, 10), HPRPC_EAGAIN);
        hprpc_pending_call_cancel(two.pending);
        assert_int_equal(hprpc_pending_call_wait_any(pending, 4, HPRPC_NO_TIMEOUT), 2);
        assert_int_equal(conform_probe_later_finish(&two, &value), HPRPC_ECANCELLED);
        atomic_store(&room.probe.hold, false);
        assert_int_equal(hprpc_pending_call_wait_any(pending, 2, HPRPC_NO_TIMEOUT), 0);
        assert_int_equal(hprpc_pending_call_wait(one.pending, 0), 0);
        assert_int_equal(conform_probe_later_finish(&one, &value), 0);
        assert_int_equal(value, 1);
        hprpc_call_clear(&one);
        hprpc_call_clear(&two);
        hprpc_call_clear(&echo);
        hprpc_client_free(client);
    }
    room_close(&room);
}

/* Counts calls that are complete when the callback runs. */
static void count_it(void *self, struct hprpc_pending_call *pending)
{
    atomic_uint *count = self;

    if (hprpc_pending_call_done(pending))
        atomic_fetch_add(count, 1);
}

static void told_once(void **state)
{
    enum { COUNT = 30 };
    struct room room;

    (void)state;
    room_serve(&room, "", NULL);
    for (int i = 0; i < 3; i++) {
        struct hprpc_call calls[COUNT];
        atomic_uint counts[COUNT] = { 0 }, again = 0;
        struct conform_probe_proxy proxy;
        struct hprpc_client *client = room_connect_pumped(&room, suite_pumps[i], &proxy);
        int32_t value;

        /* one in three is answered, one is cancelled, and one misses its deadline */
        for (int n = 0; n < COUNT; n++) {
            calls[n] = (struct hprpc_call)HPRPC_CALL_INIT;
            calls[n].timeout_ms = n % 3 == 2 ? 20 : 0;
            assert_int_equal(conform_probe_later_start(&proxy, &calls[n], n, n % 3 != 0), 0);
            hprpc_pending_call_notify(calls[n].pending, count_it, &counts[n]);
        }
        for (int n = 1; n < COUNT; n += 3)
            hprpc_pending_call_cancel(calls[n].pending);
        for (int n = 0; n < COUNT; n++) {
            if (suite_pumps[i] == HPRPC_PUMP_LOOP)
                assert_int_equal(suite_drive(client, calls[n].pending), 0);
            if (suite_pumps[i] == HPRPC_PUMP_CALLER)
                assert_int_equal(hprpc_pending_call_wait(calls[n].pending, HPRPC_NO_TIMEOUT), 0);
            suite_await(&counts[n], 1);
            assert_int_equal(conform_probe_later_finish(&calls[n], &value), n % 3 == 0   ? 0
                                                                            : n % 3 == 1 ? HPRPC_ECANCELLED
                                                                                         : HPRPC_EDEADLINE);
            assert_true(n % 3 || value == n);
            /* a callback that is registered after the end runs at once */
            hprpc_pending_call_notify(calls[n].pending, count_it, &again);
            assert_int_equal(atomic_load(&again), n + 1);
        }
        /* late answers to complete calls do not run the callback again */
        suite_await(&room.probe.cancelled, (unsigned)(i + 1) * COUNT / 3 * 2);
        for (int n = 0; n < 20; n++)
            assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        for (int n = 0; n < COUNT; n++)
            hprpc_call_clear(&calls[n]);
        hprpc_client_free(client);
        for (int n = 0; n < COUNT; n++)
            assert_int_equal(atomic_load(&counts[n]), 1);
    }
    room_close(&room);
}

struct waiting {
    struct hprpc_call call;
    int outcome;
    pthread_t thread;
};

static void *collect(void *argument)
{
    struct waiting *waiting = argument;
    int32_t value;

    waiting->outcome = conform_probe_later_finish(&waiting->call, &value);
    return NULL;
}

/* Threads sleep until their answers; another thread cancels the calls, and they wake. */
static void cancelled_by_another_thread(void **state)
{
    enum { THREADS = 3 };
    struct room room;

    (void)state;
    room_serve(&room, "", NULL);
    for (int i = 0; i < 3; i++) {
        struct waiting waiting[THREADS];
        struct conform_probe_proxy proxy;
        struct hprpc_client *client = room_connect_pumped(&room, suite_pumps[i], &proxy);

        for (int n = 0; n < THREADS; n++) {
            waiting[n] = (struct waiting){ .call = HPRPC_CALL_INIT };
            assert_int_equal(conform_probe_later_start(&proxy, &waiting[n].call, n, true), 0);
            assert_int_equal(pthread_create(&waiting[n].thread, NULL, collect, &waiting[n]), 0);
        }
        suite_await(&room.probe.kept, (unsigned)(i + 1) * THREADS);
        for (int n = THREADS - 1; n >= 0; n--) {
            hprpc_pending_call_cancel(waiting[n].call.pending);
            assert_int_equal(pthread_join(waiting[n].thread, NULL), 0);
            assert_int_equal(waiting[n].outcome, HPRPC_ECANCELLED);
            hprpc_call_clear(&waiting[n].call);
        }
        suite_await(&room.probe.cancelled, (unsigned)(i + 1) * THREADS);
        assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
        hprpc_client_free(client);
    }
    room_close(&room);
}

static const struct CMUnitTest tests[] = {
    fixture_test(wait_for_any),
    fixture_test(told_once),
    fixture_test(cancelled_by_another_thread),
};

const struct chapter tickets_chapter = { "tickets", tests, sizeof(tests) / sizeof(tests[0]) };
