/* SPDX-License-Identifier: MIT */
/* Clients that wait for a listener whose name no file tells of: on this host attempts follow each other within about a second. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/fixture.h"
#include "support/patience.h"
#include "support/tiny.h"

enum { ABSENT_MS = 60000, STEP_MS = 100, LONGEST_MS = 1200 }; /* a second and a fifth */

static uint64_t now_ms;

static uint64_t tell_time(void *self)
{
    (void)self;
    return now_ms * 1000000;
}

/* The same bits each time. */
static uint64_t choose(void *self)
{
    return atomic_fetch_add((atomic_ullong *)self, 0x9e3779b97f4a7c15);
}

static void seen_within_a_second(const char *uri)
{
    struct hprpc_context_options own = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct patience patience = patience_begin();
    struct hprpc_context *context = NULL;
    struct hprpc_server *server = NULL;
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail = { "" };
    atomic_ullong bits = 1;

    now_ms = 1000;
    own.now = tell_time;
    own.random = choose;
    own.random_self = &bits;
    assert_int_equal(hprpc_context_new(&own, &context), 0);
    options.reconnect = true;
    options.connect_timeout_ms = HPRPC_NO_TIMEOUT;
    if (hprpc_client_open(context, uri, &options, &detail, &client) < 0)
        fail_msg("%s", detail.text);
    for (unsigned ms = 0; ms < ABSENT_MS; ms += STEP_MS) {
        now_ms += STEP_MS;
        assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_CONNECTING);
    }
    assert_int_equal(hprpc_server_new(NULL, NULL, &server), 0);
    if (hprpc_server_listen(server, uri, &detail) < 0)
        fail_msg("%s", detail.text);
    now_ms += LONGEST_MS;
    while (hprpc_client_state(client) != HPRPC_CLIENT_READY && try_again(&patience))
        hprpc_server_process(server);
    assert_int_equal(hprpc_client_state(client), HPRPC_CLIENT_READY);
    hprpc_client_free(client);
    hprpc_server_free(server);
    hprpc_context_free(context);
}

static void in_this_process(void **state)
{
    (void)state;
    seen_within_a_second("local://return");
}

static void on_this_host(void **state)
{
    char uri[64];

    (void)state;
    snprintf(uri, sizeof(uri), "unix://@hprpc-return-%d", (int)getpid());
    seen_within_a_second(uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = { fixture_test(in_this_process), fixture_test(on_this_host) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
