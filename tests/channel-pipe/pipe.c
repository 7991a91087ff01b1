/* SPDX-License-Identifier: MIT */
/* The pipe backend by itself: names, opening, messages, how connections end, and that nothing is left behind. */
#include "tests/channel/end.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel-pipe/pipe.h"

extern const struct hprpc_transport hprpc_transport_pipe;

enum { SOMEBODY = 54321 };

static char base[40];
static char uri[64];  /* pipe://<base>/door */
static char door[48]; /* <base>/door */

static int set_up(void **state)
{
    (void)state;
    snprintf(base, sizeof(base), "/dev/shm/pipe-XXXXXX");
    if (!mkdtemp(base))
        return -1;
    snprintf(door, sizeof(door), "%.30s/door", base);
    snprintf(uri, sizeof(uri), "pipe://%s", door);
    return 0;
}

/* Number of names in the directory. */
static unsigned names_left(void)
{
    DIR *directory = opendir(base);
    struct dirent *entry;
    unsigned count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory)))
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(names_left(), 0); /* every test leaves nothing, and so did the backend */
    return rmdir(base);
}

static int try_listen(const char *text, struct hprpc_detail *detail, struct hprpc_listener **ret_listener)
{
    struct hprpc_uri parsed;

    assert_int_equal(hprpc_uri_parse(text, NULL, &parsed), 0);
    return hprpc_transport_pipe.listen(NULL, &parsed, detail, ret_listener);
}

static int try_connect(const char *text, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct hprpc_uri parsed;

    assert_int_equal(hprpc_uri_parse(text, NULL, &parsed), 0);
    return hprpc_transport_pipe.connect(NULL, &parsed, detail, ret_channel);
}

static struct hprpc_listener *listen_at(const char *text)
{
    struct hprpc_listener *listener = NULL;
    struct hprpc_detail detail;

    if (try_listen(text, &detail, &listener))
        fail_msg("%s: %s", text, detail.text);
    return listener;
}

static struct hprpc_channel *connect_to(const char *text)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail;

    if (try_connect(text, &detail, &channel))
        fail_msg("%s: %s", text, detail.text);
    return channel;
}

struct pair {
    struct hprpc_listener *listener;
    struct hprpc_channel *client, *server;
};

static struct pair open_pair(const char *text)
{
    struct pair pair = { .listener = listen_at(text) };

    pair.client = connect_to(text);
    pair.server = test_accept(pair.listener, pair.client);
    return pair;
}

static void close_pair(struct pair *pair)
{
    pair->client->ops->free(pair->client);
    pair->server->ops->free(pair->server);
    pair->listener->ops->free(pair->listener);
}

/* ---- Messages ---- */

static void exchanges_messages(void **state)
{
    static const uint32_t sizes[] = { 0, 1, 7, 100, 300, 5000, 100000, 3000000 };
    unsigned before = test_descriptors();
    const char *const uris[] = { uri, "pipe://test-of-pipes" };

    (void)state;
    for (size_t u = 0; u < 2; u++) {
        struct pair pair = open_pair(uris[u]);

        pair.client->receive_limit = pair.server->receive_limit = 1 << 22;
        for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct hprpc_header request = test_request(i), reply = test_reply(i);

            assert_int_equal(test_send(pair.client, &request, sizes[i]), 0);
            test_expect(pair.server, pair.client, &request, sizes[i]);
            assert_int_equal(test_send(pair.server, &reply, sizes[i]), 0);
            test_expect(pair.client, pair.server, &reply, sizes[i]);
        }
        close_pair(&pair);
    }
    assert_int_equal(test_descriptors(), before);
}

static void a_connection_has_no_names(void **state)
{
    struct pair pair = open_pair(uri);

    (void)state;
    assert_int_equal(names_left(), 2); /* the door and its lock */
    close_pair(&pair);
}

static void large_messages_cross(void **state)
{
    char text[96];
    struct hprpc_header first = test_request(1), second = test_reply(2);
    const uint32_t size = 8 << 20;
    struct hprpc_watch watches[HPRPC_WATCH_MAX];

    (void)state;
    /* also with pipes as small as they come, as when the quota is used up */
    for (int small = 0; small < 2; small++) {
        snprintf(text, sizeof(text), "%s%s", uri, small ? "?capacity=4096" : "");
        struct pair pair = open_pair(text);

        pair.client->receive_limit = pair.server->receive_limit = size;
        assert_int_equal(test_send_borrowed(pair.client, &first, size, 2), 0);
        assert_int_equal(test_send(pair.server, &second, size), 0);
        assert_true(pair.client->queued && pair.server->queued);
        assert_int_equal(pair.server->ops->watch(pair.server, watches), 2);
        assert_int_equal(watches[0].events, POLLIN);
        assert_int_equal(watches[1].events, POLLOUT);
        test_expect(pair.server, pair.client, &first, size);
        test_expect(pair.client, pair.server, &second, size);
        assert_int_equal(pair.server->ops->watch(pair.server, watches), 1);
        close_pair(&pair);
    }
}

static void many_messages_arrive_in_order(void **state)
{
    struct pair pair = open_pair(uri);
    struct hprpc_header header;
    uint32_t sent = 0, received = 0;

    (void)state;
    while (received < 20000) {
        for (header = test_request(sent); sent < 20000 && !test_send(pair.client, &header, sent % 700);)
            header = test_request(++sent);
        header = test_request(received);
        test_expect(pair.server, pair.client, &header, received % 700);
        received++;
    }
    close_pair(&pair);
}

static void both_ways_at_once(void **state)
{
    (void)state;
    for (int closing = 0; closing < 6; closing++) {
        struct pair pair = open_pair(uri);

        test_duplex(pair.client, pair.server, closing);
        close_pair(&pair);
    }
}

static void both_know_each_other(void **state)
{
    struct pair pair = open_pair(uri);
    struct hprpc_header header = test_reply(1);
    char address[HPRPC_URI_MAX], expected[108];
    struct hprpc_peer peer;

    (void)state;
    assert_int_equal(test_send(pair.server, &header, 1), 0);
    test_expect(pair.client, NULL, &header, 1);
    snprintf(expected, sizeof(expected), "uid %lu at %s", (unsigned long)geteuid(), door);
    for (int i = 0; i < 2; i++) {
        struct hprpc_channel *channel = i ? pair.client : pair.server;

        channel->ops->describe(channel, &peer);
        assert_string_equal(peer.transport, "pipe");
        assert_string_equal(peer.address, expected);
        assert_int_equal(peer.uid, geteuid());
        assert_int_equal(peer.gid, getegid());
        assert_int_equal(peer.pid, -1);
    }
    pair.listener->ops->address(pair.listener, address, sizeof(address));
    assert_string_equal(address, uri);
    close_pair(&pair);
}

static void options_are_checked(void **state)
{
    static const char *const options[] = { "ring=4MiB", "wait=long", "mode=9", "mode=0077", "capacity=1" };
    struct hprpc_channel *channel = NULL;
    struct hprpc_listener *listener = NULL;
    struct hprpc_detail detail;
    char text[96];

    (void)state;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        snprintf(text, sizeof(text), "%s?%s", uri, options[i]);
        assert_int_equal(try_connect(text, &detail, &channel), HPRPC_EURI);
        assert_int_equal(try_listen(text, &detail, &listener), HPRPC_EURI);
    }
    snprintf(text, sizeof(text), "%s?wait=block", uri);
    struct pair pair = open_pair(text);
    assert_int_equal(pair.client->wait, HPRPC_WAIT_BLOCK);
    assert_int_equal(pair.server->wait, HPRPC_WAIT_BLOCK);
    close_pair(&pair);
}

/* ---- Doors ---- */

static void refuses(const char *text, int code, const char *sentence)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_channel *channel = NULL;
    unsigned names = names_left(), descriptors = test_descriptors();

    assert_int_equal(try_connect(text, &detail, &channel), code);
    if (!strstr(detail.text, sentence))
        fail_msg("expected \"%s\" in \"%s\"", sentence, detail.text);
    assert_null(channel);
    assert_int_equal(names_left(), names);
    assert_int_equal(test_descriptors(), descriptors);
}

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
        connect_to(uri); /* never accepted */
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(names_left(), 4);
    refuses(uri, HPRPC_EREFUSED, "is stale");
    listener = listen_at(uri);
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

static void accepts_nobody(struct hprpc_listener *listener)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail;

    assert_int_equal(listener->ops->accept(listener, &detail, &channel), 0);
    assert_null(channel);
}

static void junk_at_the_door_is_dropped(void **state)
{
    static const char *const junk[] = {
        "",
        "x",
        "\n",
        "\n\n\n\nhprpc 1 \n",
        "hello there, this is not a registration but longer than one",
        "\nhprpc 1 0123456789ABCDEF0123456789abcdef\n",  /* capitals */
        "\nhprpc 2 0123456789abcdef0123456789abcdef\n",  /* another version */
        "\nhprpc 1 ../../../etc/passwd/../../../../x\n", /* another place */
        "\nhprpc 1 0123456789abcdef0123456789abcde\n",
        "\nhprpc 1 0123456789abcdef0123456789abcdef0\n",
        "\nhprpc 1 0123456789abcdef0123456789abcdef\n", /* well-formed, but no client made these FIFOs */
    };
    struct hprpc_header header = test_request(3);
    struct hprpc_listener *listener = listen_at(uri);

    (void)state;
    for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
        struct hprpc_channel *client, *server;

        put(junk[i], strlen(junk[i]));
        accepts_nobody(listener);
        /* whatever was there before, the next client gets in */
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
    accepts_nobody(listener); /* one turn looks at a part of it only */
    server = test_accept(listener, client);
    client->ops->free(client);
    server->ops->free(server);
    listener->ops->free(listener);
}

/* Names what a client would: "<door>.<32 times digit>.<end>". */
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
    /* the client is gone: its FIFOs are removed */
    end_name('1', "up", up);
    end_name('1', "down", down);
    assert_false(mkfifo(up, 0600) || mkfifo(down, 0600));
    register_by_hand('1');
    accepts_nobody(listener);
    assert_int_equal(names_left(), 2);

    /* only one of the two is there */
    assert_false(mkfifo(up, 0600));
    register_by_hand('1');
    accepts_nobody(listener);
    assert_int_equal(names_left(), 2);

    /* files and links are not FIFOs; what is not ours is not removed */
    end_name('2', "up", up);
    end_name('2', "down", down);
    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", base);
    assert_false(close(open(up, O_CREAT | O_WRONLY, 0600)));
    assert_false(mkfifo(elsewhere, 0600) || symlink(elsewhere, down));
    register_by_hand('2');
    accepts_nobody(listener);
    assert_int_equal(names_left(), 5);
    assert_false(unlink(up) || unlink(down) || unlink(elsewhere));

    /* another user's */
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

/* A client that is turned away leaves no name, nor does one that still stands at the door when its listener goes. */
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

/* A token with a slash in it would name FIFOs elsewhere: they are not opened, nor removed. */
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
    assert_int_equal(status.st_mode & 07777, 0622); /* registrations are for one reader */
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
    /* the directory does not let the server remove the client's names; the client does it when it hears from it */
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

/* The FIFOs of one connection must belong to one user, also at a door that lets every user in. */
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

/* The server's group is the client's too, but not its first one. */
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
    /* a user without that group is told whose the door is */
    become(SOMEBODY + 2, SOMEBODY + 2, SOMEBODY + 2);
    refuses(text, HPRPC_EPERMISSION, "(user 54321, group 54328, mode 0620)");
    become(0, group, group);
    assert_false(setgroups((size_t)count, before));
    listener->ops->free(listener);
    assert_false(chmod(base, 0700));
}

/* ---- Opening ---- */

/*
 * A server that cannot open the FIFOs of a client has no way to tell it: the client finds out. Here it gave its user up after
 * it had begun to listen.
 */
static void a_server_that_may_not_open_the_fifos_is_told_from_a_slow_one(void **state)
{
    struct hprpc_listener *listener;
    struct hprpc_channel *client;

    (void)state;
    if (geteuid())
        skip();
    listener = listen_at(uri);
    client = connect_to(uri);
    assert_false(seteuid(SOMEBODY));
    accepts_nobody(listener);
    assert_false(seteuid(0));
    assert_int_equal(test_break(client), HPRPC_EPERMISSION);
    assert_non_null(strstr(client->reason.text, "does not open the FIFOs of user 0"));
    client->ops->free(client);
    listener->ops->free(listener);
}

static void the_listener_goes_before_it_answers(void **state)
{
    struct hprpc_header header = test_request(1);
    struct hprpc_listener *listener = listen_at(uri);
    struct hprpc_channel *client = connect_to(uri);
    struct hprpc_message message;

    (void)state;
    assert_int_equal(test_send(client, &header, 10), 0);
    assert_int_equal(client->ops->receive(client, &message), 0);
    listener->ops->free(listener);
    assert_int_equal(test_break(client), HPRPC_EREFUSED);
    assert_non_null(strstr(client->reason.text, "went away before it answered"));
    assert_int_equal(names_left(), 0);
    client->ops->free(client);
}

static void accepted_channels_outlive_the_listener(void **state)
{
    struct pair pair = open_pair(uri);
    struct hprpc_header header = test_request(1);
    struct hprpc_message message;

    (void)state;
    assert_int_equal(pair.client->ops->receive(pair.client, &message), 0);
    pair.listener->ops->free(pair.listener);
    assert_int_equal(pair.client->ops->receive(pair.client, &message), 0);
    assert_int_equal(test_send(pair.client, &header, 10), 0);
    test_expect(pair.server, pair.client, &header, 10);
    assert_int_equal(test_send(pair.server, &header, 20), 0);
    test_expect(pair.client, pair.server, &header, 20);
    pair.client->ops->free(pair.client);
    pair.server->ops->free(pair.server);
}

/* The server took the client in and died before it said anything. */
static void the_server_goes_right_after_it_opened(void **state)
{
    struct pair pair = open_pair(uri);

    (void)state;
    pair.server->ops->free(pair.server);
    assert_int_equal(test_break(pair.client), HPRPC_EPEERDIED);
    pair.client->ops->free(pair.client);
    pair.listener->ops->free(pair.listener);
}

/* ... and after it said something, which still arrives. */
static void last_words_arrive(void **state)
{
    struct pair pair = open_pair(uri);
    struct hprpc_header header = test_reply(4);

    (void)state;
    assert_int_equal(test_send(pair.server, &header, 100), 0);
    pair.server->ops->free(pair.server);
    pair.listener->ops->free(pair.listener);
    test_expect(pair.client, NULL, &header, 100);
    assert_int_equal(test_break(pair.client), HPRPC_EPEERDIED);
    pair.client->ops->free(pair.client);
}

static void a_client_that_left_is_not_accepted(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);
    struct hprpc_channel *client = connect_to(uri);

    (void)state;
    client->ops->free(client);
    assert_int_equal(names_left(), 2);
    accepts_nobody(listener);
    listener->ops->free(listener);
}

/* The door is full: registering waits, sending says so, and everything goes on when there is room. */
static void a_full_door_is_waited_for(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);
    struct hprpc_header header = test_request(1);
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    struct hprpc_channel *client, *server;
    struct hprpc_message message;
    int fd = open(door, O_WRONLY | O_NONBLOCK);

    (void)state;
    while (write(fd, "\n", 1) == 1)
        ;
    close(fd);
    client = connect_to(uri);
    assert_int_equal(client->ops->receive(client, &message), 0);
    assert_int_equal(test_send(client, &header, 10), HPRPC_EAGAIN);
    assert_int_equal(client->ops->watch(client, watches), 3);
    assert_int_equal(watches[1].events, POLLOUT);
    server = test_accept(listener, client);
    assert_int_equal(test_send(client, &header, 10), 0);
    test_expect(server, client, &header, 10);
    client->ops->free(client);
    server->ops->free(server);
    listener->ops->free(listener);
}

static void a_full_door_whose_listener_dies_raises_no_signal(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);
    struct hprpc_channel *client;
    int fd = open(door, O_WRONLY | O_NONBLOCK);

    (void)state;
    while (write(fd, "\n", 1) == 1)
        ;
    close(fd);
    client = connect_to(uri);
    listener->ops->free(listener);
    assert_int_equal(test_break(client), HPRPC_EREFUSED);
    assert_int_equal(names_left(), 0);
    client->ops->free(client);
}

/* The application has blocked SIGPIPE and one is pending: it stays so, and none is added where none was. */
static void a_pending_signal_stays_the_applications(void **state)
{
    sigset_t pipes, before, pending;

    (void)state;
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    assert_false(pthread_sigmask(SIG_BLOCK, &pipes, &before));
    for (int had_one = 0; had_one < 2; had_one++) {
        struct hprpc_listener *listener = listen_at(uri);
        struct hprpc_channel *client;
        int fd = open(door, O_WRONLY | O_NONBLOCK);

        while (write(fd, "\n", 1) == 1)
            ;
        close(fd);
        client = connect_to(uri);
        if (had_one)
            assert_false(pthread_kill(pthread_self(), SIGPIPE));
        listener->ops->free(listener);
        assert_int_equal(test_break(client), HPRPC_EREFUSED);
        client->ops->free(client);
        assert_false(sigpending(&pending));
        assert_int_equal(sigismember(&pending, SIGPIPE), had_one);
    }
    assert_int_equal(sigwaitinfo(&pipes, NULL), SIGPIPE);
    assert_false(pthread_sigmask(SIG_SETMASK, &before, NULL));
}

/* ---- Ends ---- */

static void closing_is_seen_by_both(void **state)
{
    struct pair pair = open_pair(uri);
    struct hprpc_header header = test_request(1);

    (void)state;
    assert_int_equal(test_send(pair.client, &header, 100), 0);
    pair.client->ops->close(pair.client);
    pair.client->ops->close(pair.client);
    assert_int_equal(test_break(pair.client), HPRPC_ECLOSED);
    test_expect(pair.server, NULL, &header, 100);
    assert_int_equal(test_break(pair.server), HPRPC_EPEERDIED);
    assert_string_equal(pair.server->reason.text, "the other side closed the connection");
    /* sending towards the one that left: no signal, and no error before the end is received */
    assert_int_equal(test_send(pair.server, &header, 1), HPRPC_EPEERDIED);
    close_pair(&pair);
}

static void *sleep_until_broken(void *argument)
{
    return (void *)(intptr_t)test_break(argument);
}

static void closing_wakes_who_sleeps(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct pair pair = open_pair(uri);
        struct hprpc_channel *channel = i == 1 ? pair.server : pair.client;
        struct hprpc_header header = test_reply(1);
        pthread_t thread;
        void *result;

        if (i == 2) { /* once it was accepted, and knows */
            assert_int_equal(test_send(pair.server, &header, 10), 0);
            test_expect(pair.client, NULL, &header, 10);
        }
        assert_int_equal(pthread_create(&thread, NULL, sleep_until_broken, channel), 0);
        channel->ops->close(channel);
        pthread_join(thread, &result);
        assert_int_equal((intptr_t)result, HPRPC_ECLOSED);
        close_pair(&pair);
    }
}

/* The close itself wakes a thread that sleeps on the same connection, whatever the other side does. */
static void closing_is_readable_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pair pair = open_pair(uri);
        struct hprpc_channel *channel = i ? pair.server : pair.client;
        struct hprpc_watch watches[HPRPC_WATCH_MAX];
        struct pollfd incoming;

        assert_in_range(channel->ops->watch(channel, watches), 1, HPRPC_WATCH_MAX);
        incoming = (struct pollfd){ .fd = watches[0].fd, .events = POLLIN };
        assert_int_equal(poll(&incoming, 1, 0), 0);
        channel->ops->close(channel);
        assert_int_equal(poll(&incoming, 1, 0), 1);
        close_pair(&pair);
    }
}

/* The one that is killed has sent a message and a half. */
static void a_killed_client_is_noticed(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);
    struct hprpc_header header = test_request(1);
    struct hprpc_channel *server;
    int ready[2], status;
    pid_t child;

    (void)state;
    assert_false(pipe(ready));
    child = fork();
    if (!child) {
        struct hprpc_channel *client = connect_to(uri);

        if (!test_send(client, &header, 100000) && !test_send(client, &header, 3000000))
            status = (int)write(ready[1], "x", 1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &status, 1), 1);
    server = test_accept(listener, NULL);
    server->receive_limit = 3000000;
    test_expect(server, NULL, &header, 100000);
    assert_false(kill(child, SIGKILL));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(test_break(server), HPRPC_EPEERDIED);
    assert_non_null(strstr(server->reason.text, "in the middle of a message"));
    assert_int_equal(names_left(), 2);
    server->ops->free(server);
    listener->ops->free(listener);
    close(ready[0]);
    close(ready[1]);
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

static void a_killed_server_is_noticed(void **state)
{
    struct hprpc_header header = test_reply(1);
    int ready[2], status;
    struct hprpc_channel *accepted, *waiting;
    struct hprpc_listener *listener;
    pid_t child;

    (void)state;
    assert_false(pipe(ready));
    child = fork();
    if (!child) {
        listener = listen_at(uri);
        if (write(ready[1], "x", 1) == 1)
            test_send(test_accept(listener, NULL), &header, 100);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &status, 1), 1);
    accepted = connect_to(uri);
    test_expect(accepted, NULL, &header, 100);
    waiting = connect_to(uri); /* one that the server never looks at */
    assert_false(kill(child, SIGKILL));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(test_break(accepted), HPRPC_EPEERDIED);
    assert_int_equal(test_break(waiting), HPRPC_EREFUSED);
    assert_int_equal(names_left(), 2); /* the dead one's door and lock, for the next listener to sweep */
    accepted->ops->free(accepted);
    waiting->ops->free(waiting);
    listener = listen_at(uri);
    listener->ops->free(listener);
    close(ready[0]);
    close(ready[1]);
}

/* Another program that may open the FIFO writes into it: the connection ends, and says why. */
static void injected_bytes_break_the_connection(void **state)
{
    struct pair pair = open_pair(uri);
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    char path[32];
    int fd;

    (void)state;
    assert_true(pair.server->ops->watch(pair.server, watches));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", watches[0].fd);
    fd = open(path, O_WRONLY | O_NONBLOCK);
    assert_int_equal(write(fd, "boo", 3), 3);
    close(fd);
    assert_int_equal(test_break(pair.server), HPRPC_EPROTOCOL);
    close_pair(&pair);
}

/* ---- The machine's limits ---- */

static void a_flood_beyond_the_descriptors_pauses_accepting(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);
    struct hprpc_channel *channel = NULL;
    struct rlimit limit, low;
    struct hprpc_detail detail = { "" };

    (void)state;
    assert_false(getrlimit(RLIMIT_NOFILE, &limit));
    for (rlim_t room = 0; room < 3; room++) { /* the third descriptor is a passing one */
        struct hprpc_channel *client = connect_to(uri), *second = connect_to(uri), *other = NULL;
        int spare = dup(0);

        close(spare);
        low = limit;
        low.rlim_cur = (rlim_t)spare + room;
        assert_false(setrlimit(RLIMIT_NOFILE, &low));
        /* one of them can be told, and the other one waits */
        assert_int_equal(listener->ops->accept(listener, &detail, &channel), HPRPC_ACCEPTED_TO_REFUSE);
        assert_string_equal(detail.text, "the server has no descriptor left: Too many open files");
        assert_int_equal(listener->ops->accept(listener, &detail, &other), HPRPC_ESYSTEM);
        assert_false(setrlimit(RLIMIT_NOFILE, &limit));
        assert_string_equal(detail.text, "cannot open the FIFOs of a client: Too many open files");
        assert_null(other);
        assert_int_equal(names_left(), 4);
        channel->ops->free(channel);
        other = test_accept(listener, second);
        assert_int_equal(names_left(), 2);
        other->ops->free(other);
        client->ops->free(client);
        second->ops->free(second);
    }
    listener->ops->free(listener);
}

static void every_descriptor_may_fail(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);
    struct hprpc_channel *client = NULL;
    struct hprpc_detail detail = { "" };
    struct rlimit limit, low;
    int spare = dup(0), r;
    rlim_t room = 0;

    (void)state;
    close(spare);
    assert_false(getrlimit(RLIMIT_NOFILE, &limit));
    do {
        low = limit;
        low.rlim_cur = (rlim_t)spare + room++;
        assert_false(setrlimit(RLIMIT_NOFILE, &low));
        r = try_connect(uri, &detail, &client);
        assert_false(setrlimit(RLIMIT_NOFILE, &limit));
        assert_int_equal(names_left(), r ? 2 : 4);
        assert_true(!r || (r == HPRPC_ESYSTEM && strstr(detail.text, "Too many open files")));
    } while (r);
    assert_true(room >= 5); /* more where descriptors that this program was given lie between */
    client->ops->free(client);
    listener->ops->free(listener);
}

static void every_allocation_may_fail(void **state)
{
    unsigned before = test_descriptors();
    struct hprpc_uri parsed;
    bool failed = true;

    (void)state;
    assert_int_equal(hprpc_uri_parse(uri, NULL, &parsed), 0);
    for (long fail_at = 1; failed; fail_at++) {
        struct hprpc_listener *listener = NULL;
        struct hprpc_channel *client = NULL, *server = NULL;
        struct test_memory memory;
        struct hprpc_detail detail;
        int r;

        test_memory_init(&memory);
        memory.fail_at = fail_at;
        failed = hprpc_transport_pipe.listen(memory.context, &parsed, &detail, &listener);
        if (!failed)
            failed = hprpc_transport_pipe.connect(memory.context, &parsed, &detail, &client);
        if (!failed) {
            r = listener->ops->accept(listener, &detail, &server);
            assert_true(r == 1 || r == HPRPC_ESYSTEM);
            failed = r != 1;
            if (failed) /* the client is not lost: the next turn takes it in */
                assert_int_equal(listener->ops->accept(listener, &detail, &server), 1);
        }
        if (server)
            server->ops->free(server);
        if (client)
            client->ops->free(client);
        if (listener)
            listener->ops->free(listener);
        test_memory_free(&memory);
        assert_int_equal(names_left(), 0);
        assert_true(failed || fail_at == 6);
    }
    assert_int_equal(test_descriptors(), before);
}

/* Dozens of clients at once, some of whom leave at once. */
static void many_clients_come_and_go(void **state)
{
    struct hprpc_listener *listener = listen_at(uri);
    struct hprpc_channel *clients[60], *servers[60];
    struct hprpc_detail detail;
    unsigned accepted = 0;
    bool seen[60] = { false };

    (void)state;
    for (uint32_t i = 0; i < 60; i++) {
        struct hprpc_header header = test_request(i);

        clients[i] = connect_to(uri);
        assert_int_equal(test_send(clients[i], &header, 40), 0);
        if (i % 5 == 4) {
            clients[i]->ops->free(clients[i]);
            clients[i] = NULL;
        }
    }
    while (listener->ops->accept(listener, &detail, &servers[accepted]) == 1)
        accepted++;
    assert_int_equal(accepted, 48);
    assert_int_equal(names_left(), 2);
    for (unsigned i = 0; i < accepted; i++) {
        struct hprpc_header header;
        struct hprpc_message message;

        assert_int_equal(test_receive(servers[i], NULL, &message), 1);
        header = test_request(message.header.call);
        test_check(&message, &header, 40);
        assert_false(seen[message.header.call]);
        seen[message.header.call] = true;
        servers[i]->ops->release(servers[i], &message);
        servers[i]->ops->free(servers[i]);
    }
    for (unsigned i = 0; i < 60; i++)
        if (clients[i])
            clients[i]->ops->free(clients[i]);
    listener->ops->free(listener);
}

/* ---- The quota of a user ---- */

static int capacity_of_another_pipe(void)
{
    int ends[2], capacity;

    assert_false(pipe2(ends, O_CLOEXEC));
    capacity = fcntl(ends[0], F_GETPIPE_SZ);
    close(ends[0]);
    close(ends[1]);
    return capacity;
}

/* In a process of a user who has no other pipes: 0 when all is right, else the line. */
static int stays_below_the_quota(void)
{
#define CHECK(condition)               \
    do {                               \
        if (!(condition))              \
            return __LINE__ % 250 + 1; \
    } while (0)
    enum { PAIRS = 40, SIZE = (1 << 20) + 100000 };
    struct hprpc_listener *listener = listen_at(uri);
    struct hprpc_channel *clients[PAIRS], *servers[PAIRS];
    struct hprpc_header request = test_request(1), reply = test_reply(1);
    int capacity = capacity_of_another_pipe();

    CHECK(capacity == 65536);
    for (int i = 0; i < PAIRS; i++) {
        clients[i] = connect_to(uri);
        servers[i] = test_accept(listener, clients[i]);
        clients[i]->receive_limit = servers[i]->receive_limit = SIZE;
    }
    CHECK(capacity_of_another_pipe() == capacity);
    /* all of them full, both ways: the first grow, and the others leave the rest to the user */
    for (int i = 0; i < PAIRS; i++) {
        CHECK(!test_send(clients[i], &request, SIZE) && !test_send(servers[i], &reply, SIZE));
        CHECK(capacity_of_another_pipe() == capacity);
    }
    for (int i = 0; i < PAIRS; i++) {
        test_expect(servers[i], clients[i], &request, SIZE);
        test_expect(clients[i], servers[i], &reply, SIZE);
    }
    for (int i = 0; i < PAIRS; i++) {
        clients[i]->ops->free(clients[i]);
        servers[i]->ops->free(servers[i]);
    }
    listener->ops->free(listener);
    CHECK(capacity_of_another_pipe() == capacity);
    return 0;
#undef CHECK
}

static void pipes_of_one_user_leave_room_for_his_others(void **state)
{
    uid_t user = 100000 + (uid_t)getpid(); /* a user that no other process of this test has */
    int status;
    pid_t child;

    (void)state;
    if (geteuid())
        skip();
    assert_false(chown(base, user, user));
    child = fork();
    if (!child)
        _exit(setgid(user) || setuid(user) ? 255 : stays_below_the_quota());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_false(chown(base, 0, 0));
}

/* The outgoing FIFO of a connection grows when it is full, and goes back when the connection idles. */
static void a_fifo_grows_and_rests(void **state)
{
    struct pair pair = open_pair(uri);
    struct hprpc_header request = test_request(1);
    struct hprpc_message message;
    struct hprpc_watch watches[HPRPC_WATCH_MAX];

    (void)state;
    for (int round = 0; round < 3; round++) {
        pair.server->receive_limit = 4 << 20;
        assert_int_equal(pair.server->ops->watch(pair.server, watches), 1);
        assert_int_equal(fcntl(watches[0].fd, F_GETPIPE_SZ), 4096);
        assert_int_equal(test_send(pair.client, &request, 3 << 20), 0);
        assert_true(fcntl(watches[0].fd, F_GETPIPE_SZ) > 4096);
        test_expect(pair.server, pair.client, &request, 3 << 20);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pair.client->ops->receive(pair.client, &message), 0);
            assert_false(pair.client->ops->arm(pair.client));
        }
    }
    close_pair(&pair);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(exchanges_messages),
        TEST(a_connection_has_no_names),
        TEST(large_messages_cross),
        TEST(many_messages_arrive_in_order),
        TEST(both_ways_at_once),
        TEST(both_know_each_other),
        TEST(options_are_checked),
        TEST(nobody_listens),
        TEST(squatted_doors_are_refused),
        TEST(one_door_has_one_listener),
        TEST(what_the_killed_leave_is_swept),
        TEST(junk_at_the_door_is_dropped),
        TEST(a_flood_of_junk_does_not_hold_the_loop),
        TEST(foreign_ends_are_refused),
        TEST(other_users_are_let_in_by_mode),
        TEST(two_owners_of_one_connection_are_refused),
        TEST(who_is_turned_away_leaves_nothing),
        TEST(a_token_names_nothing_elsewhere),
        TEST(a_common_group_is_let_in_by_mode),
        TEST(a_server_that_may_not_open_the_fifos_is_told_from_a_slow_one),
        TEST(the_listener_goes_before_it_answers),
        TEST(accepted_channels_outlive_the_listener),
        TEST(the_server_goes_right_after_it_opened),
        TEST(last_words_arrive),
        TEST(a_client_that_left_is_not_accepted),
        TEST(a_full_door_is_waited_for),
        TEST(a_full_door_whose_listener_dies_raises_no_signal),
        TEST(a_pending_signal_stays_the_applications),
        TEST(closing_is_seen_by_both),
        TEST(closing_wakes_who_sleeps),
        TEST(a_killed_client_is_noticed),
        TEST(a_client_killed_before_it_was_accepted_leaves_nothing),
        TEST(a_killed_server_is_noticed),
        TEST(injected_bytes_break_the_connection),
        TEST(a_flood_beyond_the_descriptors_pauses_accepting),
        TEST(every_descriptor_may_fail),
        TEST(every_allocation_may_fail),
        TEST(many_clients_come_and_go),
        TEST(pipes_of_one_user_leave_room_for_his_others),
        TEST(a_fifo_grows_and_rests),
        TEST(closing_is_readable_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
