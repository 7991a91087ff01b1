/* SPDX-License-Identifier: MIT */
/* Doors and registrations: who may listen, who is let in, and what other programs put there. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/channel-pipe/end.h"

static void refuses_to_listen(int code, const char *sentence)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_listener *listener = NULL;
    unsigned names = names_left(), descriptors = test_descriptors();

    assert_int_equal(try_listen(uri, &detail, &listener), code);
    if (!strstr(detail.text, sentence))
        fail_msg("expected \"%s\" in \"%s\"", sentence, detail.text);
    assert_null(listener);
    assert_int_equal(names_left(), names);
    assert_int_equal(test_descriptors(), descriptors);
}

static void nobody_listens(void **state)
{
    (void)state;
    refuses(uri, HPRPC_EREFUSED, "nobody listens");
    assert_false(mkfifo(door, 0600));
    refuses(uri, HPRPC_EREFUSED, "is stale");
    assert_false(unlink(door));
}

static void squatted_doors_are_refused(void **state)
{
    char elsewhere[64];
    int fd;

    (void)state;
    assert_false(close(open(door, O_CREAT | O_WRONLY, 0600)));
    refuses(uri, HPRPC_EADDRESS, "is not a FIFO");
    refuses_to_listen(HPRPC_EADDRESS, "is not a FIFO");
    assert_false(unlink(door));

    assert_false(mkdir(door, 0700));
    refuses(uri, HPRPC_EADDRESS, "is not a FIFO");
    refuses_to_listen(HPRPC_EADDRESS, "is not a FIFO");
    assert_false(rmdir(door));

    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", base);
    assert_false(mkfifo(elsewhere, 0600));
    fd = open(elsewhere, O_RDWR | O_NONBLOCK);
    assert_false(symlink(elsewhere, door));
    refuses(uri, HPRPC_EPERMISSION, "is a symbolic link");
    refuses_to_listen(HPRPC_EADDRESS, "is not a FIFO");
    assert_false(unlink(door) || close(fd));

    assert_false(rename(elsewhere, door));
    if (!chown(door, SOMEBODY, SOMEBODY)) {
        fd = open(door, O_RDWR | O_NONBLOCK);
        refuses(uri, HPRPC_EPERMISSION, "belongs to user 54321");
        refuses_to_listen(HPRPC_EPERMISSION, "user 54321");
        close(fd);
    }
    assert_false(unlink(door));
}

static void one_door_has_one_listener(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);

    (void)state;
    refuses_to_listen(HPRPC_EINUSE, "somebody already listens");
    listener->ops->free(listener);
    listener = listen_at(uri);
    listener->ops->free(listener);
}

static void what_the_killed_leave_is_swept(void **state)
{
    struct hprpc_listener *listener;
    int status;
    pid_t child = fork();

    (void)state;
    if (!child) {
        listen_at(uri);
        connect_to(uri); /* the server never accepts it */
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(names_left(), 4);
    refuses(uri, HPRPC_EREFUSED, "is stale");
    listener = listen_at(uri);
    assert_int_equal(names_left(), 2);
    listener->ops->free(listener);
}

static void a_client_killed_before_it_was_accepted_leaves_nothing(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);
    int status;
    pid_t child = fork();

    (void)state;
    if (!child) {
        connect_to(uri);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(names_left(), 4);
    accepts_nobody(listener);
    assert_int_equal(names_left(), 2);
    listener->ops->free(listener);
}

/* ---- Registrations ---- */

static void put(const char *bytes, size_t size)
{
    int fd = open(door, O_WRONLY | O_NONBLOCK);

    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static void junk_at_the_door_is_dropped(void **state)
{
    static const char *const junk[] = {
        "",
        "x",
        "\n",
        "\n\n\n\nhprpc 1 \n",
        "hello there, this is not a registration but longer than one",
        "\nhprpc 1 0123456789ABCDEF0123456789abcdef\n",  /* capital letters */
        "\nhprpc 2 0123456789abcdef0123456789abcdef\n",  /* another version */
        "\nhprpc 1 ../../../etc/passwd/../../../../x\n", /* another place */
        "\nhprpc 1 0123456789abcdef0123456789abcde\n",
        "\nhprpc 1 0123456789abcdef0123456789abcdef0\n",
        "\nhprpc 1 0123456789abcdef0123456789abcdef\n", /* well formed, but no client made these FIFOs */
    };
    struct hprpc_header header = test_request(3);
    struct hprpc_listener *listener = listen_at(uri);

    (void)state;
    for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
        struct hprpc_channel *client, *server;

        put(junk[i], strlen(junk[i]));
        accepts_nobody(listener);
        /* whatever came before, the next client is accepted */
        put(junk[i], strlen(junk[i]));
        client = connect_to(uri);
        assert_int_equal(test_send(client, &header, 50), 0);
        server = test_accept(listener, client);
        test_expect(server, client, &header, 50);
        client->ops->free(client);
        server->ops->free(server);
        accepts_nobody(listener);
    }
    listener->ops->free(listener);
}

static void a_flood_of_junk_does_not_hold_the_loop(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);
    struct hprpc_channel *client, *server;
    char junk[4096];

    (void)state;
    memset(junk, '\n', sizeof(junk));
    for (int i = 0; i < 8; i++)
        put(junk, sizeof(junk));
    client = connect_to(uri);
    accepts_nobody(listener); /* one turn reads only a part of the junk */
    server = test_accept(listener, client);
    client->ops->free(client);
    server->ops->free(server);
    listener->ops->free(listener);
}

/* Writes the name that a client would use: "<door>.<32 times digit>.<end>". */
static void end_name(char digit, const char *end, char ret_path[96])
{
    char token[HPRPC__PIPE_TOKEN + 1] = "";

    memset(token, digit, HPRPC__PIPE_TOKEN);
    snprintf(ret_path, 96, "%s.%s.%s", door, token, end);
}

static void register_by_hand(char digit)
{
    char token[HPRPC__PIPE_TOKEN + 1] = "", record[HPRPC__PIPE_RECORD];

    memset(token, digit, HPRPC__PIPE_TOKEN);
    hprpc__registration_write(token, record);
    put(record, sizeof(record));
}

static void foreign_ends_are_refused(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);
    char up[96], down[96], elsewhere[96];
    int up_fd, down_fd;

    (void)state;
    /* the client is gone: the listener removes its FIFOs */
    end_name('1', "up", up);
    end_name('1', "down", down);
    assert_false(mkfifo(up, 0600) || mkfifo(down, 0600));
    register_by_hand('1');
    accepts_nobody(listener);
    assert_int_equal(names_left(), 2);

    /* only one of the two FIFOs exists */
    assert_false(mkfifo(up, 0600));
    register_by_hand('1');
    accepts_nobody(listener);
    assert_int_equal(names_left(), 2);

    /* a file and a link are no FIFOs, and the listener does not remove them */
    end_name('2', "up", up);
    end_name('2', "down", down);
    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", base);
    assert_false(close(open(up, O_CREAT | O_WRONLY, 0600)));
    assert_false(mkfifo(elsewhere, 0600) || symlink(elsewhere, down));
    register_by_hand('2');
    accepts_nobody(listener);
    assert_int_equal(names_left(), 5);
    assert_false(unlink(up) || unlink(down) || unlink(elsewhere));

    /* FIFOs of another user */
    end_name('3', "up", up);
    end_name('3', "down", down);
    assert_false(mkfifo(up, 0600) || mkfifo(down, 0600));
    up_fd = open(up, O_RDWR | O_NONBLOCK);
    down_fd = open(down, O_RDWR | O_NONBLOCK);
    if (!chown(up, SOMEBODY, SOMEBODY) && !chown(down, SOMEBODY, SOMEBODY)) {
        register_by_hand('3');
        accepts_nobody(listener);
        assert_int_equal(names_left(), 4);
    }
    assert_false(unlink(up) || unlink(down) || close(up_fd) || close(down_fd));
    listener->ops->free(listener);
}

/* A client that is refused leaves no name. Nor does a client that waits at the door when the listener is freed. */
static void who_is_turned_away_leaves_nothing(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);
    char up[96], down[96];

    (void)state;
    end_name('5', "up", up);
    end_name('5', "down", down);
    assert_false(mkfifo(up, 0600) || mkfifo(down, 0600));
    register_by_hand('5');
    assert_int_equal(names_left(), 4);
    listener->ops->free(listener);
    assert_int_equal(names_left(), 0);
}

/* A token with a slash would name FIFOs elsewhere: the listener neither opens nor removes them. */
static void a_token_names_nothing_elsewhere(void **state)
{
    char folder[96], up[160], down[160], record[HPRPC__PIPE_RECORD], token[HPRPC__PIPE_TOKEN + 1] = "/";
    struct hprpc_listener *listener = listen_at(uri);

    (void)state;
    memset(token + 1, 'a', HPRPC__PIPE_TOKEN - 1);
    snprintf(folder, sizeof(folder), "%s.", door);
    snprintf(up, sizeof(up), "%s%s.up", folder, token);
    snprintf(down, sizeof(down), "%s%s.down", folder, token);
    assert_false(mkdir(folder, 0700) || mkfifo(up, 0600) || mkfifo(down, 0600));
    hprpc__registration_write(token, record);
    put(record, sizeof(record));
    accepts_nobody(listener);
    assert_false(unlink(up) || unlink(down) || rmdir(folder));
    listener->ops->free(listener);
}

static void other_users_are_let_in_by_mode(void **state)
{
    struct hprpc_header header = test_request(1);
    struct hprpc_listener *listener;
    struct hprpc_channel *client, *server;
    struct hprpc_peer peer;
    struct stat status;
    char text[96];

    (void)state;
    if (geteuid())
        skip();
    snprintf(text, sizeof(text), "%s?mode=0666", uri);
    assert_false(chmod(base, 01777));
    assert_false(seteuid(SOMEBODY));
    listener = listen_at(text);
    assert_false(lstat(door, &status));
    assert_int_equal(status.st_mode & 07777,
                     0622); /* others may write registrations, and only the owner may read them */
    assert_false(seteuid(0) || seteuid(SOMEBODY + 1));
    refuses(uri, HPRPC_EPERMISSION, "belongs to user 54321");
    client = connect_to(text);
    assert_false(seteuid(0) || seteuid(SOMEBODY));
    server = test_accept(listener, client);
    assert_int_equal(test_send(client, &header, 10), 0);
    test_expect(server, client, &header, 10);
    server->ops->describe(server, &peer);
    assert_int_equal(peer.uid, SOMEBODY + 1);
    client->ops->describe(client, &peer);
    assert_int_equal(peer.uid, SOMEBODY);
    assert_int_equal(test_send(server, &header, 10), 0);
    /* the directory does not let the server remove the client's names; the client does it when it has received something */
    assert_int_equal(names_left(), 4);
    assert_false(seteuid(0) || seteuid(SOMEBODY + 1));
    test_expect(client, server, &header, 10);
    client->ops->free(client);
    assert_false(seteuid(0) || seteuid(SOMEBODY));
    assert_int_equal(names_left(), 2);
    server->ops->free(server);
    listener->ops->free(listener);
    assert_false(seteuid(0));
    assert_false(chmod(base, 0700));
}

/* Both FIFOs of a connection must belong to one user, even at a door that lets every user in. */
static void two_owners_of_one_connection_are_refused(void **state)
{
    struct hprpc_listener *listener;
    char up[96], down[96], text[96];
    int up_fd, down_fd;

    (void)state;
    if (geteuid())
        skip();
    snprintf(text, sizeof(text), "%s?mode=0666", uri);
    listener = listen_at(text);
    for (int other = 0; other < 2; other++) {
        end_name('4', "up", up);
        end_name('4', "down", down);
        assert_false(mkfifo(up, 0666) || mkfifo(down, 0666));
        up_fd = open(up, O_RDWR | O_NONBLOCK);
        down_fd = open(down, O_RDWR | O_NONBLOCK);
        assert_false(chown(other ? up : down, SOMEBODY, SOMEBODY));
        register_by_hand('4');
        accepts_nobody(listener);
        unlink(up);
        unlink(down);
        assert_false(close(up_fd) || close(down_fd));
    }
    listener->ops->free(listener);
}

static void become(uid_t user, gid_t group, gid_t other)
{
    assert_false(seteuid(0) || setegid(group) || setgroups(1, &other) || seteuid(user));
}

/* The server's group is one of the client's groups, but not its first. */
static void a_common_group_is_let_in_by_mode(void **state)
{
    struct hprpc_header header = test_request(1);
    struct hprpc_listener *listener;
    struct hprpc_channel *client, *server;
    gid_t before[64], group = getegid();
    int count = getgroups(64, before);
    char text[96];

    (void)state;
    if (geteuid())
        skip();
    snprintf(text, sizeof(text), "%s?mode=0660", uri);
    assert_false(chmod(base, 01777));
    become(SOMEBODY, SOMEBODY + 7, SOMEBODY + 7);
    listener = listen_at(text);
    become(SOMEBODY + 1, SOMEBODY + 1, SOMEBODY + 7);
    client = connect_to(text);
    become(SOMEBODY, SOMEBODY + 7, SOMEBODY + 7);
    server = test_accept(listener, client);
    assert_int_equal(test_send(client, &header, 10), 0);
    test_expect(server, client, &header, 10);
    server->ops->free(server);
    /* the directory lets only the client remove its names */
    become(SOMEBODY + 1, SOMEBODY + 1, SOMEBODY + 7);
    client->ops->free(client);
    /* a user outside that group gets an error that names the owner of the door */
    become(SOMEBODY + 2, SOMEBODY + 2, SOMEBODY + 2);
    refuses(text, HPRPC_EPERMISSION, "(user 54321, group 54328, mode 0620)");
    become(0, group, group);
    assert_false(setgroups((size_t)count, before));
    listener->ops->free(listener);
    assert_false(chmod(base, 0700));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        pipe_test(nobody_listens),
        pipe_test(squatted_doors_are_refused),
        pipe_test(one_door_has_one_listener),
        pipe_test(what_the_killed_leave_is_swept),
        pipe_test(a_client_killed_before_it_was_accepted_leaves_nothing),
        pipe_test(junk_at_the_door_is_dropped),
        pipe_test(a_flood_of_junk_does_not_hold_the_loop),
        pipe_test(foreign_ends_are_refused),
        pipe_test(who_is_turned_away_leaves_nothing),
        pipe_test(a_token_names_nothing_elsewhere),
        pipe_test(other_users_are_let_in_by_mode),
        pipe_test(two_owners_of_one_connection_are_refused),
        pipe_test(a_common_group_is_let_in_by_mode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
