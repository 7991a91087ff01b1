/* SPDX-License-Identifier: MIT */
/* Messages over connections, how connections end, and the capacity of FIFOs. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/channel-pipe/end.h"

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
    /* also with the smallest pipes, as when the user's quota is used up */
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
    /* sending to a side that left raises no signal, and returns the code of the end */
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

        if (i == 2) { /* once the client was accepted and has noticed it */
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

/* Closing wakes a thread that sleeps on the same connection, whatever the other side does. */
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

/* The client is killed after a message and a half. */
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
    waiting = connect_to(uri); /* the server never looks at this client */
    assert_false(kill(child, SIGKILL));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(test_break(accepted), HPRPC_EPEERDIED);
    assert_int_equal(test_break(waiting), HPRPC_EREFUSED);
    assert_int_equal(names_left(), 2); /* the dead server's door and lock, which the next listener removes */
    accepted->ops->free(accepted);
    waiting->ops->free(waiting);
    listener = listen_at(uri);
    listener->ops->free(listener);
    close(ready[0]);
    close(ready[1]);
}

/* Another program that may open the FIFO writes into it: the connection ends with a reason. */
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

/* Runs in a process of a user who has no other pipes. Returns 0 if all is right, else the line. */
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
    /* all connections are full in both directions: the first ones grow, the others do not, so that the user keeps some pipes */
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
    uid_t user = 100000 + (uid_t)getpid(); /* no other process of this test has this user */
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

/* The FIFO to the other side grows when it is full, and shrinks when the connection is idle. */
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
    const struct CMUnitTest tests[] = {
        pipe_test(exchanges_messages),
        pipe_test(a_connection_has_no_names),
        pipe_test(large_messages_cross),
        pipe_test(many_messages_arrive_in_order),
        pipe_test(both_ways_at_once),
        pipe_test(both_know_each_other),
        pipe_test(options_are_checked),
        pipe_test(closing_is_seen_by_both),
        pipe_test(closing_wakes_who_sleeps),
        pipe_test(closing_is_readable_at_once),
        pipe_test(a_killed_client_is_noticed),
        pipe_test(a_killed_server_is_noticed),
        pipe_test(injected_bytes_break_the_connection),
        pipe_test(pipes_of_one_user_leave_room_for_his_others),
        pipe_test(a_fifo_grows_and_rests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
