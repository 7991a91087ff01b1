/* SPDX-License-Identifier: MIT */
/*
 * What the thread that pumps does between two steps of a call. Random tests hit these moments too seldom, so the linker's --wrap puts
 * the test between the steps.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/rebind.h"
#include "support/fixture.h"
#include "support/patience.h"
#include "tests/rpc/place.h"

int __real_hprpc__rebind_find(struct hprpc__reconnect *reconnect, struct hprpc_binding *handle,
                              struct hprpc_controller *controller, const struct hprpc_binding **ret_binding);
int __wrap_hprpc__rebind_find(struct hprpc__reconnect *reconnect, struct hprpc_binding *handle,
                              struct hprpc_controller *controller, const struct hprpc_binding **ret_binding);

/* Of the thread that calls. */
static _Thread_local struct {
    struct place *place; /* where the server comes; NULL: it does not, or it has come */
} moment;

/* After the caller has found nothing to call: its server comes, and the pump connects and binds, before the caller goes on. */
int __wrap_hprpc__rebind_find(struct hprpc__reconnect *reconnect, struct hprpc_binding *handle,
                              struct hprpc_controller *controller, const struct hprpc_binding **ret_binding)
{
    int r = __real_hprpc__rebind_find(reconnect, handle, controller, ret_binding);
    struct patience patience = patience_begin();
    struct place *place = moment.place;

    if (r != HPRPC_EAGAIN || !place)
        return r;
    moment.place = NULL;
    place_open(place, place->uri);
    while (__real_hprpc__rebind_find(reconnect, handle, controller, ret_binding) == HPRPC_EAGAIN &&
           try_again(&patience))
        continue;
    /* the turn that has brought the binding ends meanwhile; if it does not, this test sees less */
    poll(NULL, 0, 30);
    return HPRPC_EAGAIN;
}

/* ---- Who pumps, where that is not the client's own thread ---- */

struct pumper {
    struct hprpc_client *client;
    struct tiny *tiny;
    atomic_bool stops;
    pthread_t thread;
};

static void *process(void *argument)
{
    struct pumper *pumper = argument;
    struct pollfd pollfd = { .fd = hprpc_client_descriptor(pumper->client), .events = POLLIN };

    while (!atomic_load(&pumper->stops)) {
        poll(&pollfd, 1, 5);
        hprpc_client_process(pumper->client);
    }
    return NULL;
}

/* Pumps because it waits, as the caller of the test does; it comes first. */
static void *call(void *argument)
{
    struct pumper *pumper = argument;

    return (void *)(intptr_t)tiny_poke(pumper->tiny, NULL, "", 0);
}

static void pumper_start(struct pumper *pumper, enum hprpc_pump pump)
{
    atomic_init(&pumper->stops, false);
    if (pump == HPRPC_PUMP_THREAD)
        return;
    assert_int_equal(pthread_create(&pumper->thread, NULL, pump == HPRPC_PUMP_LOOP ? process : call, pumper), 0);
    /* it sleeps by then, as a rule */
    poll(NULL, 0, 10);
}

static void pumper_end(struct pumper *pumper, enum hprpc_pump pump)
{
    void *code;

    atomic_store(&pumper->stops, true);
    if (pump == HPRPC_PUMP_THREAD)
        return;
    assert_int_equal(pthread_join(pumper->thread, &code), 0);
    assert_null(code);
}

/* ---- Tests ---- */

enum form { WAITS, ONE_WAY, POSTED, FORMS };

static int begin_and_finish(struct tiny *tiny, enum form form)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    int r;

    call.timeout_ms = 5000;
    if (form == WAITS) {
        r = tiny_poke(tiny, &call, "", 0);
    } else if (form == ONE_WAY) {
        r = tiny_note(tiny, &call, "", 0);
    } else {
        r = tiny_poke_start(tiny, &call, "", 0);
        if (r == 0)
            r = tiny_poke_finish(&call);
    }
    hprpc_call_clear(&call);
    return r;
}

/* The pump binds between the look for a binding and the attempt to send: the call must not wait for what has come already. */
static void bound_just_now(enum hprpc_pump pump, enum form form)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    struct patience patience = patience_begin();
    struct hprpc_client *client;
    struct pumper pumper;
    struct place place;
    struct tiny tiny;

    place_open(&place, "tcp://127.0.0.1:0");
    options.pump = pump;
    options.reconnect = true;
    assert_int_equal(hprpc_client_connect(NULL, place.uri, &options, &detail, &client), 0);
    assert_int_equal(tiny_bind(client, &tiny_interface, &detail, &tiny), 0);
    place_close(&place);
    while (hprpc_client_state(client) != HPRPC_CLIENT_RECONNECTING && try_again(&patience)) {
        struct hprpc_call look = HPRPC_CALL_INIT;

        look.flags = HPRPC_CALL_NO_WAIT;
        tiny_poke(&tiny, &look, "", 0);
        hprpc_call_clear(&look);
    }

    pumper.client = client;
    pumper.tiny = &tiny;
    pumper_start(&pumper, pump);
    moment.place = &place;
    assert_int_equal(begin_and_finish(&tiny, form), 0);
    assert_null(moment.place);
    pumper_end(&pumper, pump);
    hprpc_client_free(client);
    place_close(&place);
}

static void a_binding_in_between(void **state)
{
    static const enum hprpc_pump pumps[] = { HPRPC_PUMP_CALLER, HPRPC_PUMP_LOOP, HPRPC_PUMP_THREAD };

    (void)state;
    for (size_t i = 0; i < sizeof(pumps) / sizeof(pumps[0]); i++)
        for (enum form form = WAITS; form < FORMS; form++)
            bound_just_now(pumps[i], form);
}

static const struct CMUnitTest tests[] = {
    fixture_test(a_binding_in_between),
};

int main(void)
{
    return cmocka_run_group_tests_name("rpc-moments", tests, NULL, NULL);
}
