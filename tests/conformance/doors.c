/* SPDX-License-Identifier: MIT */
/* Names and addresses: which clients and servers get in, and which do not. */
#include "conformance/suite.h"

#include <sys/stat.h>
#include <unistd.h>

static void refused(void **state)
{
    struct room room;
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail = { "" };
    char uri[256];

    (void)state;
    /* a place that had a listener a moment ago */
    room_serve(&room, "", NULL);
    strcpy(uri, room.uri);
    room_stop(&room);
    assert_int_equal(hprpc_client_connect(room.context, uri, NULL, &detail, &client), HPRPC_EREFUSED);
    assert_true(detail.text[0]);
    assert_null(client);
    room_close(&room);
}

static void malformed(void **state)
{
    static const struct {
        const char *rest;
        int code;
    } cases[] = {
        { "", HPRPC_EURI },     { "?wait=spin", HPRPC_EURI },       { "a b", HPRPC_EURI },
        { "x%zz", HPRPC_EURI }, { "x?wait=sometimes", HPRPC_EURI }, { "x?colour=red", HPRPC_EURI },
    };
    struct room room;
    struct hprpc_client *client = NULL;
    struct hprpc_server *server;
    char uri[128];

    (void)state;
    room_open(&room);
    assert_int_equal(hprpc_server_new(room.context, NULL, &server), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hprpc_detail detail = { "" };
        bool known = strcmp(transport->scheme, "fake") == 0 && strchr(cases[i].rest, '=');

        snprintf(uri, sizeof(uri), "%s://%s", transport->scheme, cases[i].rest);
        /* the fake looks for the name before it reads the options */
        if (!known || cases[i].rest[0] == '?')
            assert_int_equal(hprpc_client_connect(room.context, uri, NULL, &detail, &client), cases[i].code);
        detail.text[0] = '\0';
        assert_int_equal(hprpc_server_listen(server, uri, &detail), cases[i].code);
        assert_true(detail.text[0]);
    }
    assert_int_equal(hprpc_client_connect(room.context, "nonsense://x", NULL, NULL, &client), HPRPC_ESCHEME);
    assert_int_equal(hprpc_server_listen(server, "nonsense://x", NULL), HPRPC_ESCHEME);
    assert_null(client);
    assert_int_equal(hprpc_server_address(server, 0, uri, sizeof(uri)), HPRPC_EINVAL);
    hprpc_server_free(server);
    room_close(&room);
}

/* A client takes or refuses each option as a listener does, with the same sentence. */
static void both_ends_read_options_alike(void **state)
{
    static const char *const options[] = {
        "wait=spin", "wait=",          "mode=0600",    "mode=0660",   "mode=0066",    "mode=8",
        "mode=",     "ring=64KiB",     "ring=1",       "slots=16",    "slots=x",      "trust=none",
        "trust=all", "capacity=64KiB", "capacity=0",   "sndbuf=8K",   "sndbuf=64KiB", "rcvbuf=64KiB",
        "rcvbuf=-1", "keepalive=20",   "keepalive=no", "colour=blue",
    };
    char directory[] = "/tmp/hprpc-test-XXXXXX";
    struct room room;

    (void)state;
    if (!transport->processes)
        skip();
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chmod(directory, 0711), 0);
    room_open(&room);
    for (size_t i = 0; i < 2 * sizeof(options) / sizeof(options[0]); i++) {
        struct hprpc_detail heard = { "" }, said = { "" };
        struct hprpc_client *client = NULL;
        struct hprpc_server *server;
        char uri[256];
        int listens, connects;

        /* for a path and for a bare name; there is no listener at either */
        if (!transport->named)
            snprintf(uri, sizeof(uri), "tcp://127.0.0.1:1?%s", options[i / 2]);
        else if (i % 2)
            snprintf(uri, sizeof(uri), "%s://%s/door?%s", transport->scheme, directory, options[i / 2]);
        else
            snprintf(uri, sizeof(uri), "%s://conform-alike-%d?%s", transport->scheme, (int)getpid(), options[i / 2]);
        assert_int_equal(hprpc_server_new(room.context, NULL, &server), 0);
        connects = hprpc_client_connect(room.context, uri, NULL, &said, &client);
        listens = hprpc_server_listen(server, uri, &heard);
        assert_true(connects < 0);
        if ((connects == HPRPC_EURI) != (listens == HPRPC_EURI))
            fail_msg("%s: %s, %s", uri, heard.text, said.text);
        if (listens == HPRPC_EURI && !strstr(said.text, heard.text))
            fail_msg("%s: \"%s\", and \"%s\"", uri, heard.text, said.text);
        hprpc_server_free(server);
    }
    hprpc_context_free(room.context);
    assert_int_equal(rmdir(directory), 0);
}

static void a_place_is_taken_once(void **state)
{
    struct room room;
    struct hprpc_server *other;
    struct hprpc_detail detail = { "" };
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;

    (void)state;
    room_serve(&room, "", NULL);
    assert_int_equal(hprpc_server_new(room.context, NULL, &other), 0);
    assert_int_equal(hprpc_server_listen(other, room.uri, &detail), HPRPC_EINUSE);
    assert_true(detail.text[0]);
    hprpc_server_free(other);
    /* the listener goes on */
    client = room_connect(&room, "", NULL, &proxy);
    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    hprpc_client_free(client);
    room_close(&room);
}

static void a_name_comes_again(void **state)
{
    struct room room;
    char uri[256];

    (void)state;
    room_serve(&room, "", NULL);
    strcpy(uri, room.uri);
    room_stop(&room);
    for (int round = 0; round < 5; round++) {
        struct hprpc_server *server;
        struct hprpc_client *client;
        struct hprpc_detail detail = { "" };

        assert_int_equal(hprpc_server_new(room.context, NULL, &server), 0);
        if (hprpc_server_listen(server, uri, &detail) < 0)
            fail_msg("%s", detail.text);
        room.server = server;
        assert_int_equal(conform_probe_add(server, &probe_service, &room.probe), 0);
        /* a client that never gets an answer must leave no trace either */
        struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
        options.connect_timeout_ms = 5;
        assert_int_equal(hprpc_client_connect(room.context, uri, &options, NULL, &client), HPRPC_EDEADLINE);
        room_stop(&room);
    }
    room_close(&room);
}

static void an_absolute_path(void **state)
{
    struct room room;
    struct conform_probe_proxy proxy;
    struct hprpc_client *client;
    struct hprpc_detail detail = { "" };
    char directory[] = "/tmp/hprpc-test-XXXXXX";

    (void)state;
    if (!transport->named)
        skip();
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chmod(directory, 0711), 0);
    room_prepare(&room, NULL);
    snprintf(room.uri, sizeof(room.uri), "%s://%s/a%%20door", transport->scheme, directory);
    if (hprpc_server_listen(room.server, room.uri, &detail) < 0)
        fail_msg("%s", detail.text);
    room_run(&room);
    assert_int_equal(hprpc_server_address(room.server, 0, room.uri, sizeof(room.uri)), 0);
    client = room_connect(&room, "", NULL, &proxy);
    assert_int_equal(conform_probe_poke(&proxy, NULL), 0);
    hprpc_client_free(client);
    room_close(&room);
    /* the directory is empty */
    assert_int_equal(rmdir(directory), 0);
}

static const struct CMUnitTest tests[] = {
    fixture_test(refused),
    fixture_test(malformed),
    fixture_test(both_ends_read_options_alike),
    fixture_test(a_place_is_taken_once),
    fixture_test(a_name_comes_again),
    fixture_test(an_absolute_path),
};

const struct chapter doors_chapter = { "doors", tests, sizeof(tests) / sizeof(tests[0]) };
