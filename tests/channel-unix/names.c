/* SPDX-License-Identifier: MIT */
/* Names: bare ones, paths and abstract ones; what is wrong with them, and what the killed leave. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel/names/place.h"
#include "tests/channel/socket/end.h"

static char folder[32], path[64], by_path[80], bare[64], abstract[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/hprpc-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/door", folder);
    snprintf(by_path, sizeof(by_path), "unix://%s", path);
    snprintf(bare, sizeof(bare), "unix://names-%d", (int)getpid());
    snprintf(abstract, sizeof(abstract), "unix://@names-%d", (int)getpid());
    return 0;
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

static bool exists(const char *name)
{
    struct stat status;

    return lstat(name, &status) == 0;
}

static void refuses(const char *uri, int code, const char *text)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail = { "" };
    int r = try_connect(uri, &detail, &channel);

    if (r != code || !strstr(detail.text, text))
        fail_msg("connecting to %s: %s, %s", uri, hprpc_error_name(r), detail.text);
    assert_null(channel);
}

static void refuses_to_listen(const char *uri, int code, const char *text)
{
    struct hprpc_listener *listener = NULL;
    struct hprpc_detail detail = { "" };
    int r = try_listen(uri, &detail, &listener);

    if (r != code || !strstr(detail.text, text))
        fail_msg("listening at %s: %s, %s", uri, hprpc_error_name(r), detail.text);
    assert_null(listener);
}

static void exchange(struct pair *pair)
{
    struct hprpc_header request = test_request(1), reply = test_reply(1);

    send_when_open(pair->client, &request, 1000);
    test_expect(pair->server, pair->client, &request, 1000);
    assert_int_equal(test_send(pair->server, &reply, 30), 0);
    test_expect(pair->client, pair->server, &reply, 30);
}

/* A socket of a stranger at the path. */
static int stranger(int type, bool listens)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    assert_false(bind(fd, (struct sockaddr *)&address, sizeof(address)));
    if (listens)
        assert_false(listen(fd, 0));
    return fd;
}

/* ---- Where they are ---- */

static void a_bare_name_is_in_the_private_directory(void **state)
{
    char file[HPRPC__PATH_MAX], address[100], lock[HPRPC__PATH_MAX + 8];
    struct pair pair = open_pair(bare);
    struct hprpc_peer peer;
    struct hprpc_uri uri;
    struct stat status;

    (void)state;
    assert_int_equal(hprpc_uri_parse(bare, NULL, &uri), 0);
    assert_int_equal(hprpc__place_find(&uri, ".sock", false, NULL, file), 0);
    assert_false(lstat(file, &status));
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0600);
    snprintf(lock, sizeof(lock), "%s.lock", file);
    assert_true(exists(lock));
    *strrchr(file, '/') = '\0';
    assert_false(lstat(file, &status));
    assert_int_equal(status.st_mode & 07777, 0700);
    file[strlen(file)] = '/';
    pair.listener->ops->address(pair.listener, address, sizeof(address));
    assert_string_equal(address, bare);

    pair.client->ops->describe(pair.client, &peer);
    assert_string_equal(peer.transport, "unix");
    snprintf(address, sizeof(address), "pid %d", (int)getpid());
    assert_string_equal(peer.address, address);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.gid, getegid());
    pair.server->ops->describe(pair.server, &peer);
    assert_string_equal(peer.address, address);
    assert_int_equal(peer.uid, geteuid());

    /* a connection outlives its listener, whose name goes */
    pair.listener->ops->free(pair.listener);
    pair.listener = NULL;
    assert_false(exists(file) || exists(lock));
    exchange(&pair);
    close_pair(&pair);
}

static void a_path_has_the_mode_that_was_asked_for(void **state)
{
    static const struct {
        const char *query;
        mode_t mode;
    } cases[] = { { "", 0600 }, { "?mode=0660", 0660 }, { "?mode=0666", 0666 }, { "?mode=0777", 0777 } };
    mode_t before = umask(022);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stat status;
        struct pair pair;
        char uri[100];

        snprintf(uri, sizeof(uri), "%s%s", by_path, cases[i].query);
        pair = open_pair(uri);
        assert_false(lstat(path, &status));
        assert_int_equal(status.st_mode & 07777, cases[i].mode);
        exchange(&pair);
        close_pair(&pair);
        assert_false(exists(path));
    }
    umask(before);
}

static void an_abstract_name_leaves_no_file(void **state)
{
    struct pair pair = open_pair(abstract);
    char address[100];

    (void)state;
    pair.listener->ops->address(pair.listener, address, sizeof(address));
    assert_string_equal(address, abstract);
    exchange(&pair);
    refuses_to_listen(abstract, HPRPC_EINUSE, "somebody already listens at @names-");
    close_pair(&pair);
    refuses(abstract, HPRPC_EREFUSED, "nobody listens at @names-");
    pair = open_pair(abstract);
    exchange(&pair);
    close_pair(&pair);
}

/* Neither is a beginning of the other, as one with a NUL at its end would be. */
static void abstract_names_end_where_they_end(void **state)
{
    char longer[70];
    struct hprpc_listener *listener = listen_at(abstract), *other;

    (void)state;
    snprintf(longer, sizeof(longer), "%s-b", abstract);
    refuses(longer, HPRPC_EREFUSED, "nobody listens");
    other = listen_at(longer);
    other->ops->free(other);
    listener->ops->free(listener);
}

/* ---- What is wrong with them ---- */

static void what_is_too_long_is_told_with_the_limit(void **state)
{
    char uri[200];
    struct pair pair;

    (void)state;
    snprintf(uri, sizeof(uri), "unix:///tmp/%0*d", 94, 0);
    refuses(uri, HPRPC_EREFUSED, "nobody listens");
    snprintf(uri, sizeof(uri), "unix:///tmp/%0*d", 95, 0);
    refuses(uri, HPRPC_EURI, "the path has 100 bytes where 99 is the limit");
    refuses_to_listen(uri, HPRPC_EURI, "the path has 100 bytes where 99 is the limit");
    snprintf(uri, sizeof(uri), "unix://%0*d", 95, 0);
    refuses(uri, HPRPC_EURI, "where 99 is the limit");
    refuses_to_listen(uri, HPRPC_EURI, "where 99 is the limit");

    snprintf(uri, sizeof(uri), "unix://@%0*d", 107, (int)getpid());
    pair = open_pair(uri);
    exchange(&pair);
    close_pair(&pair);
    snprintf(uri, sizeof(uri), "unix://@%0*d", 108, (int)getpid());
    refuses(uri, HPRPC_EURI, "has 108 bytes where 107 is the limit");
    refuses_to_listen(uri, HPRPC_EURI, "has 108 bytes where 107 is the limit");
}

static void bad_uris_are_told(void **state)
{
    static const struct {
        const char *uri, *text;
    } cases[] = {
        { "unix://@", "the abstract name behind \"@\" is empty" },
        { "unix://@a?mode=0666", "an abstract name has no permissions" },
        { "unix://a?mode=0666", "needs an absolute path" },
        { "unix:///tmp/a?mode=0066", "keeps its own user out" },
        { "unix:///tmp/a?mode=888", "is not octal" },
        { "unix://a/b", "contains a slash" },
        { "unix://.a", "begins with a dot" },
        { "unix:///tmp/", "ends with a slash" },
        { "unix://a?trust=all", "the only value is \"none\"" },
        { "unix://a?wait=long", "wait=long" },
        { "unix://a?engine=steam", "engine=steam" },
        { "unix://a?sndbuf=1", "sndbuf=1" },
        { "unix://a?rcvbuf=64KiB", "knows no option \"rcvbuf\"" },
        { "unix://a?keepalive=1", "knows no option \"keepalive\"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        refuses(cases[i].uri, HPRPC_EURI, cases[i].text);
        refuses_to_listen(cases[i].uri, HPRPC_EURI, cases[i].text);
    }
}

static void other_files_are_left_alone(void **state)
{
    struct hprpc_listener *listener;
    int fd;

    (void)state;
    refuses(by_path, HPRPC_EREFUSED, "nobody listens");
    assert_false(close(open(path, O_CREAT | O_WRONLY, 0600)));
    refuses(by_path, HPRPC_EREFUSED, "nobody listens");
    refuses_to_listen(by_path, HPRPC_EADDRESS, "is not a socket");
    assert_false(unlink(path));
    assert_false(mkdir(path, 0700));
    refuses_to_listen(by_path, HPRPC_EADDRESS, "is not a socket");
    assert_false(rmdir(path));
    assert_false(symlink("/dev/null", path));
    refuses_to_listen(by_path, HPRPC_EADDRESS, "is not a socket");
    assert_false(unlink(path));

    /* sockets of other programs: one of another kind, one that does not listen, and one that does */
    fd = stranger(SOCK_SEQPACKET, true);
    refuses(by_path, HPRPC_EADDRESS, "is a socket of another kind");
    refuses_to_listen(by_path, HPRPC_EINUSE, "somebody already listens");
    assert_false(close(fd) || unlink(path));
    fd = stranger(SOCK_STREAM, false);
    refuses(by_path, HPRPC_EREFUSED, "nobody listens");
    refuses_to_listen(by_path, HPRPC_EINUSE, "somebody already listens");
    assert_false(close(fd) || unlink(path));
    fd = stranger(SOCK_STREAM, true);
    refuses_to_listen(by_path, HPRPC_EINUSE, "somebody already listens");
    assert_true(exists(path));
    close(fd);
    /* it is gone, and has left its name */
    listener = listen_at(by_path);
    listener->ops->free(listener);
    assert_false(exists(path));
}

static void a_full_queue_is_told(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = stranger(SOCK_STREAM, true), waiting[8], count = 0;

    (void)state;
    strcpy(address.sun_path, path);
    do {
        assert_true(count < 8);
        waiting[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    } while (!connect(waiting[count++], (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(errno, EAGAIN);
    refuses(by_path, HPRPC_EREFUSED, "too many wait for a connection");
    while (count)
        close(waiting[--count]);
    close(fd);
}

/* ---- Two listeners, and the dead ---- */

static void a_name_has_one_listener(void **state)
{
    const char *const uris[] = { bare, by_path, abstract };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct hprpc_listener *listener = listen_at(uris[i]);

        refuses_to_listen(uris[i], HPRPC_EINUSE, "somebody already listens");
        listener->ops->free(listener);
        listener = listen_at(uris[i]);
        listener->ops->free(listener);
    }
}

static void what_the_killed_leave_is_swept(void **state)
{
    const char *const uris[] = { bare, by_path, abstract };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct hprpc_channel *client, *second = NULL;
        struct pair pair;
        char byte;
        int ready[2], status;
        pid_t child;

        assert_int_equal(pipe(ready), 0);
        child = fork();
        if (!child) {
            listen_at(uris[i]);
            if (write(ready[1], "r", 1) != 1)
                _exit(1);
            for (;;)
                pause();
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        close(ready[1]);
        assert_int_equal(try_connect(uris[i], NULL, &client), 0);
        refuses_to_listen(uris[i], HPRPC_EINUSE, "somebody already listens");
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        /* a client that was not accepted yet learns of the end */
        assert_int_equal(test_break(client), HPRPC_EPEERDIED);
        client->ops->free(client);
        assert_int_equal(exists(path), i == 1);
        assert_int_equal(try_connect(uris[i], NULL, &second), HPRPC_EREFUSED);
        pair = open_pair(uris[i]);
        exchange(&pair);
        close_pair(&pair);
        assert_false(exists(path));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        TEST(a_bare_name_is_in_the_private_directory),
        TEST(a_path_has_the_mode_that_was_asked_for),
        TEST(an_abstract_name_leaves_no_file),
        TEST(abstract_names_end_where_they_end),
        TEST(what_is_too_long_is_told_with_the_limit),
        TEST(bad_uris_are_told),
        TEST(other_files_are_left_alone),
        TEST(a_full_queue_is_told),
        TEST(a_name_has_one_listener),
        TEST(what_the_killed_leave_is_swept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
