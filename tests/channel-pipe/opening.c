/* SPDX-License-Identifier: MIT */
/* How connections are opened: full doors, sides that leave meanwhile, and the limits of the machine. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/channel-pipe/end.h"

/*
 * A server that cannot open the FIFOs of a client cannot tell it: the client finds out. This server changed its user after it
 * began to listen.
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

/* The server accepts the client and dies before it sends anything. */
static void the_server_goes_right_after_it_opened(void **state)
{
    struct pair pair = open_pair(uri);

    (void)state;
    pair.server->ops->free(pair.server);
    assert_int_equal(test_break(pair.client), HPRPC_EPEERDIED);
    pair.client->ops->free(pair.client);
    pair.listener->ops->free(pair.listener);
}

/* The server sends something and dies: the message still arrives. */
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

/* While the door is full, registering waits and sending returns HPRPC_EAGAIN; all goes on when there is room. */
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

static void pass(int number)
{
    (void)number;
}

/*
 * The application has blocked SIGPIPE. If one is pending, it stays pending; if none is, none is added. The handler is for a
 * failed assertion, which lets the pending signal through.
 */
static void a_pending_signal_stays_the_applications(void **state)
{
    struct sigaction passing = { .sa_handler = pass }, usual;
    sigset_t pipes, before, pending;

    (void)state;
    assert_false(sigaction(SIGPIPE, &passing, &usual));
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
    assert_false(sigaction(SIGPIPE, &usual, NULL));
    assert_false(pthread_sigmask(SIG_SETMASK, &before, NULL));
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
    for (rlim_t room = 0; room < 3; room++) { /* the third descriptor is needed only for a moment */
        struct hprpc_channel *client = connect_to(uri), *second = connect_to(uri), *other = NULL;
        int spare = dup(0);

        close(spare);
        low = limit;
        low.rlim_cur = (rlim_t)spare + room;
        assert_false(setrlimit(RLIMIT_NOFILE, &low));
        /* one of the clients can be refused, and the other waits */
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
    assert_true(room >= 5); /* more if this program was started with descriptors between them */
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
            if (failed) /* the client is not lost: the next accept takes it */
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

/* Dozens of clients at once, some of which leave at once. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        pipe_test(a_server_that_may_not_open_the_fifos_is_told_from_a_slow_one),
        pipe_test(the_listener_goes_before_it_answers),
        pipe_test(accepted_channels_outlive_the_listener),
        pipe_test(the_server_goes_right_after_it_opened),
        pipe_test(last_words_arrive),
        pipe_test(a_client_that_left_is_not_accepted),
        pipe_test(a_full_door_is_waited_for),
        pipe_test(a_full_door_whose_listener_dies_raises_no_signal),
        pipe_test(a_pending_signal_stays_the_applications),
        pipe_test(a_flood_beyond_the_descriptors_pauses_accepting),
        pipe_test(every_descriptor_may_fail),
        pipe_test(every_allocation_may_fail),
        pipe_test(many_clients_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
