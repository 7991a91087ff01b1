/* SPDX-License-Identifier: MIT */
/* Ten thousand signals a second interrupt the system calls of all threads. */
#include <signal.h>
#include <sys/time.h>

#include "conformance/suite.h"

static void ignore(int number)
{
    (void)number;
}

static void storm(bool blows)
{
    struct itimerval interval = { { 0, blows ? 100 : 0 }, { 0, blows ? 100 : 0 } };
    struct sigaction action = { .sa_handler = blows ? ignore : SIG_IGN }; /* without SA_RESTART */

    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &interval, NULL), 0);
}

static void interrupted_everywhere(void **state)
{
    static const char *const waits[] = { "", "?wait=block" };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct hprpc_server_options options = HPRPC_SERVER_OPTIONS_INIT;
        struct room room;
        struct probe own;

        storm(true);
        options.loops = 2;
        options.workers = i ? 2 : 0;
        room_serve(&room, waits[i], &options);
        room.uri[strcspn(room.uri, "?")] = '\0';
        probe_init(&own);
        for (int n = 0; n < 6; n++) {
            struct hprpc_client_options mine = HPRPC_CLIENT_OPTIONS_INIT;
            struct conform_probe_proxy proxy;
            struct hprpc_client *client;

            mine.pump = suite_pumps[n % 3];
            client = room_connect(&room, waits[n / 3], &mine, &proxy);
            assert_int_equal(conform_probe_serve(hprpc_client_controller(client), &probe_service, &own), 0);
            for (int round = 0; round < 15; round++)
                assert_true(suite_call_every_way(&proxy, round));
            hprpc_client_free(client);
        }
        probe_clear(&own);
        room_close(&room);
        storm(false);
    }
}

static const struct CMUnitTest tests[] = { fixture_test(interrupted_everywhere) };

const struct chapter signals_chapter = { "signals", tests, sizeof(tests) / sizeof(tests[0]) };
