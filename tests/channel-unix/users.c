/* SPDX-License-Identifier: MIT */
/* Two users: who may connect to whom, and what each is told. Only root can be two users. */
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <hprpc/hprpc.h>

#include "tests/channel/socket/end.h"

enum { SOMEBODY = 54321, ANOTHER = 54322 };

/* The system call changes the calling thread only; the credentials of a socket are those of its thread. */
static void act_as(uid_t user)
{
    assert_int_equal(syscall(SYS_setresuid, -1, user, -1), 0);
}

static struct hprpc_listener *listen_as(uid_t user, const char *uri)
{
    struct hprpc_listener *listener;

    act_as(user);
    listener = listen_at(uri);
    act_as(0);
    return listener;
}

static int connect_as(uid_t user, const char *uri, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    int r;

    act_as(user);
    r = try_connect(uri, detail, ret_channel);
    act_as(0);
    return r;
}

/* Accepts the one client that waits. */
static int accept_as(uid_t user, struct hprpc_listener *listener, struct hprpc_detail *detail,
                     struct hprpc_channel **ret_channel)
{
    int r;

    act_as(user);
    r = listener->ops->accept(listener, detail, ret_channel);
    act_as(0);
    return r;
}

/* What a user at `who` may do with a listener of `whose`, both with these options. */
struct meeting {
    uid_t whose, who;
    const char *listens, *connects;
    int code;         /* of the client: 0, it is connected */
    const char *told; /* in its sentence */
    int accepted;     /* by the listener: 1, or HPRPC_ACCEPTED_TO_REFUSE */
};

static void meet(const char *place, const struct meeting *meeting)
{
    struct hprpc_channel *client = NULL, *server = NULL;
    struct hprpc_detail detail = { "" };
    struct hprpc_listener *listener;
    struct hprpc_peer peer;
    char uri[120];
    int r;

    snprintf(uri, sizeof(uri), "%s%s", place, meeting->listens);
    listener = listen_as(meeting->whose, uri);
    snprintf(uri, sizeof(uri), "%s%s", place, meeting->connects);
    r = connect_as(meeting->who, uri, &detail, &client);
    if (r != meeting->code || (r && !strstr(detail.text, meeting->told)))
        fail_msg("user %u at %s%s of user %u: %s, %s", (unsigned)meeting->who, place, meeting->listens,
                 (unsigned)meeting->whose, hprpc_error_name(r), detail.text);
    if (r == 0) {
        client->ops->describe(client, &peer);
        assert_int_equal(peer.uid, meeting->whose);
        r = accept_as(meeting->whose, listener, &detail, &server);
        assert_int_equal(r, meeting->accepted);
        server->ops->describe(server, &peer);
        assert_int_equal(peer.uid, meeting->who);
        if (r == HPRPC_ACCEPTED_TO_REFUSE)
            assert_non_null(strstr(detail.text, "serves user"));
        server->ops->free(server);
        client->ops->free(client);
    }
    act_as(meeting->whose);
    listener->ops->free(listener);
    act_as(0);
}

/* Each user may reach each abstract name of the machine, so both sides look. */
static void abstract_names(void **state)
{
    static const struct meeting meetings[] = {
        { SOMEBODY, SOMEBODY, "", "", 0, NULL, 1 },
        { SOMEBODY, ANOTHER, "", "", HPRPC_EPERMISSION, "belongs to user 54321; \"trust=none\"", 0 },
        { SOMEBODY, ANOTHER, "?trust=none", "", HPRPC_EPERMISSION, "belongs to user 54321; \"trust=none\"", 0 },
        { SOMEBODY, ANOTHER, "", "?trust=none", 0, NULL, HPRPC_ACCEPTED_TO_REFUSE },
        { SOMEBODY, ANOTHER, "?trust=none", "?trust=none", 0, NULL, 1 },
        /* root may look into any process, and so is let in, and trusted */
        { 0, SOMEBODY, "?trust=none", "", 0, NULL, 1 },
        { 0, SOMEBODY, "", "", 0, NULL, HPRPC_ACCEPTED_TO_REFUSE },
        { SOMEBODY, 0, "", "?trust=none", 0, NULL, 1 },
        { SOMEBODY, 0, "", "", HPRPC_EPERMISSION, "belongs to user 54321", 0 },
    };
    char place[60];

    (void)state;
    if (geteuid())
        skip();
    snprintf(place, sizeof(place), "unix://@users-%d", (int)getpid());
    for (size_t i = 0; i < sizeof(meetings) / sizeof(meetings[0]); i++)
        meet(place, &meetings[i]);
}

/* At a path the file system looks first. */
static void paths(void **state)
{
    static const struct meeting meetings[] = {
        { SOMEBODY, SOMEBODY, "", "", 0, NULL, 1 },
        { SOMEBODY, ANOTHER, "", "", HPRPC_EPERMISSION, "cannot connect to", 0 },
        { SOMEBODY, ANOTHER, "", "?mode=0666", HPRPC_EPERMISSION, "cannot connect to", 0 },
        { SOMEBODY, ANOTHER, "?mode=0666", "", HPRPC_EPERMISSION, "belongs to user 54321", 0 },
        { SOMEBODY, ANOTHER, "?mode=0666", "?mode=0666", 0, NULL, 1 },
        { SOMEBODY, ANOTHER, "?mode=0666", "?trust=none", 0, NULL, 1 },
        { SOMEBODY, ANOTHER, "?mode=0620", "?trust=none", 0, NULL, 1 },
        { 0, SOMEBODY, "?mode=0666", "", 0, NULL, 1 },
        { SOMEBODY, 0, "", "?trust=none", 0, NULL, 1 },
    };
    char folder[] = "/tmp/hprpc-test-XXXXXX", place[60];

    (void)state;
    if (geteuid())
        skip();
    assert_non_null(mkdtemp(folder));
    assert_false(chmod(folder, 0777));
    snprintf(place, sizeof(place), "unix://%s/door", folder);
    for (size_t i = 0; i < sizeof(meetings) / sizeof(meetings[0]); i++)
        meet(place, &meetings[i]);
    assert_false(rmdir(folder));
}

static void *serve(void *argument)
{
    return (void *)(intptr_t)hprpc_server_run(argument);
}

/* Through a whole server: the client that is not let in learns it in words, and one that is let in is served meanwhile. */
static void who_is_turned_away_is_told(void **state)
{
    struct hprpc_client *client = NULL, *own;
    struct hprpc_detail detail = { "" };
    struct hprpc_server *server;
    pthread_t thread;
    char uri[80];
    int r;

    (void)state;
    if (geteuid())
        skip();
    snprintf(uri, sizeof(uri), "unix://@users-%d", (int)getpid());
    assert_int_equal(hprpc_server_new(NULL, NULL, &server), 0);
    assert_int_equal(hprpc_server_listen(server, uri, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve, server), 0);
    assert_int_equal(hprpc_client_connect(NULL, uri, NULL, NULL, &own), 0);
    for (int i = 0; i < 3; i++) {
        act_as(SOMEBODY);
        r = hprpc_client_connect(NULL, uri, NULL, &detail, &client);
        act_as(0);
        assert_int_equal(r, HPRPC_EREFUSED);
        if (!strstr(detail.text, "serves user 0 and not user 54321; \"trust=none\""))
            fail_msg("%s", detail.text);
    }
    assert_int_equal(hprpc_client_state(own), HPRPC_CLIENT_READY);
    hprpc_client_free(own);
    hprpc_server_stop(server);
    pthread_join(thread, NULL);
    hprpc_server_free(server);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        fixture_test(abstract_names),
        fixture_test(paths),
        fixture_test(who_is_turned_away_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
