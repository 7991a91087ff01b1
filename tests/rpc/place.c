/* SPDX-License-Identifier: MIT */
/* A server of test.Tiny on a thread of its own. */
#include "tests/rpc/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void *serve(void *argument)
{
    return (void *)(intptr_t)hprpc_server_run(argument);
}

void place_open(struct place *place, const char *uri)
{
    struct hprpc_detail detail = { "" };

    assert_int_equal(hprpc_server_new(NULL, NULL, &place->server), 0);
    assert_int_equal(hprpc_server_add(place->server, &tiny_interface, &tiny_plain, NULL), 0);
    if (hprpc_server_listen(place->server, uri, &detail) < 0)
        fail_msg("%s", detail.text);
    assert_int_equal(hprpc_server_address(place->server, 0, place->uri, sizeof(place->uri)), 0);
    assert_int_equal(pthread_create(&place->thread, NULL, serve, place->server), 0);
}

void place_close(struct place *place)
{
    hprpc_server_stop(place->server);
    pthread_join(place->thread, NULL);
    hprpc_server_free(place->server);
}
