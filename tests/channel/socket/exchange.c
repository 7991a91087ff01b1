/* SPDX-License-Identifier: MIT */
/* Messages over connections by sockets, how connections end, and the limits of the machine. The argument is the transport. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hprpc/channel/framed.h>

#include "channel/names/place.h"
#include "channel/socket/socket.h"
#include "tests/channel/socket/end.h"

static const char *scheme; /* the program's argument */
static char plain[60];     /* a URI to listen at */

static bool scheme_is(const char *name)
{
    return strcmp(scheme, name) == 0;
}

/* The same URI with an option. */
static const char *with(const char *option)
{
    static char uri[100];

    snprintf(uri, sizeof(uri), "%s?%s", plain, option);
    return uri;
}

static void exchanges_messages(void **state)
{
    static const char *const of_tcp[] = { "tcp://127.0.0.1:0", "tcp://[::1]:0", "tcp://localhost:0",
                                          "tcp://0.0.0.0:0" };
    char abstract[60];
    const char *const of_unix[] = { plain, abstract };
    const char *const *uris = scheme_is("tcp") ? of_tcp : of_unix;
    static const uint32_t sizes[] = { 0, 1, 7, 100, 300, 5000, 100000, 3000000 };
    unsigned before = test_descriptors();

    (void)state;
    snprintf(abstract, sizeof(abstract), "unix://@exchange-%d", (int)getpid());
    for (size_t u = 0; u < (scheme_is("tcp") ? 4u : 2u); u++) {
        struct pair pair = open_pair(uris[u]);

        pair.client->receive_limit = pair.server->receive_limit = 1 << 22;
        for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct hprpc_header request = test_request(i), reply = test_reply(i);

            send_when_open(pair.client, &request, sizes[i]);
            test_expect(pair.server, pair.client, &request, sizes[i]);
            assert_int_equal(test_send(pair.server, &reply, sizes[i]), 0);
            test_expect(pair.client, pair.server, &reply, sizes[i]);
        }
        close_pair(&pair);
    }
    assert_int_equal(test_descriptors(), before);
}

/* Both sides send more than the kernel holds before either receives; then both receive everything. */
static void large_messages_cross(void **state)
{
    struct pair pair = open_pair(with("sndbuf=64KiB"));
    struct hprpc_header first = test_request(1), second = test_reply(2);
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    const uint32_t size = 8 << 20;

    (void)state;
    pair.client->receive_limit = pair.server->receive_limit = size;
    send_when_open(pair.client, &first, 0);
    assert_int_equal(test_send_borrowed(pair.client, &first, size, 2), 0);
    assert_int_equal(test_send(pair.server, &second, size), 0);
    assert_true(pair.client->queued && pair.server->queued);
    assert_int_equal(pair.client->ops->watch(pair.client, watches), 1);
    assert_int_equal(watches[0].events, POLLIN | POLLOUT);
    test_expect(pair.server, pair.client, &first, 0);
    test_expect(pair.server, pair.client, &first, size);
    test_expect(pair.client, pair.server, &second, size);
    assert_false(pair.client->queued || pair.server->queued);
    close_pair(&pair);
}

static void many_messages_arrive_in_order(void **state)
{
    struct pair pair = open_pair(plain);
    struct hprpc_header header = test_request(0);
    uint32_t sent = 0, received = 0;

    (void)state;
    send_when_open(pair.client, &header, 0);
    while (received < 20000) {
        while (sent < 20000) {
            header = test_request(sent);
            if (sent && test_send(pair.client, &header, sent % 700))
                break;
            sent++;
        }
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
        struct pair pair = open_pair(with("sndbuf=64KiB"));
        struct hprpc_message message;
        uint64_t deadline = test_deadline();

        /* the receiving side opens the connection: wait for that before each direction gets a thread */
        while (pair.client->ops->receive(pair.client, &message) == 0 && !((struct hprpc_framed *)pair.client)->open)
            assert_false(test_is_past(deadline));
        test_duplex(pair.client, pair.server, closing);
        close_pair(&pair);
    }
}

/* ---- Ends ---- */

static void closing_is_seen_by_both(void **state)
{
    struct pair pair = open_pair(plain);
    struct hprpc_header header = test_request(1);

    (void)state;
    send_when_open(pair.client, &header, 100);
    pair.client->ops->close(pair.client);
    pair.client->ops->close(pair.client);
    assert_int_equal(test_break(pair.client), HPRPC_ECLOSED);
    test_expect(pair.server, NULL, &header, 100);
    assert_int_equal(test_break(pair.server), HPRPC_EPEERDIED);
    assert_string_equal(pair.server->reason.text, "the other side closed the connection");
    close_pair(&pair);
}

static void closing_wakes_who_sleeps(void **state)
{
    struct pair pair = open_pair(plain);
    struct hprpc_header header = test_request(1);
    pthread_t thread;
    void *result;

    (void)state;
    send_when_open(pair.client, &header, 100);
    assert_int_equal(pthread_create(&thread, NULL, sleep_until_broken, pair.client), 0);
    pair.client->ops->close(pair.client);
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, HPRPC_ECLOSED);
    close_pair(&pair);
}

static int connect_to_port(const char *uri)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)atoi(strrchr(uri, ':') + 1));
    assert_false(connect(fd, (struct sockaddr *)&address, sizeof(address)));
    return fd;
}

static int connect_to_name(const char *text)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct hprpc_uri uri;

    assert_int_equal(hprpc_uri_parse(text, NULL, &uri), 0);
    assert_int_equal(hprpc__place_find(&uri, ".sock", false, NULL, address.sun_path), 0);
    assert_false(connect(fd, (struct sockaddr *)&address, sizeof(address)));
    return fd;
}

static int raw_connect(struct hprpc_listener *listener)
{
    char uri[HPRPC_URI_MAX];

    listener->ops->address(listener, uri, sizeof(uri));
    return scheme_is("tcp") ? connect_to_port(uri) : connect_to_name(uri);
}

/* Closes a socket so that the other side learns of a reset: by TCP at once, else because something is not read. */
static void close_with_reset(int fd, struct hprpc_channel *server)
{
    const struct linger at_once = { 1, 0 };
    struct hprpc_header header = test_reply(1);

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    if (scheme_is("unix"))
        assert_int_equal(test_send(server, &header, 10), 0);
    close(fd);
}

static void a_reset_is_told_after_what_was_whole(void **state)
{
    static const uint8_t bytes[] = { 0xb7, 0x15, 0, 0, 1, 7, 0xb7, 0x15, 0, 0, 100, 8, 'x' };
    struct hprpc_listener *listener = listen_at(plain);
    struct hprpc_header header = test_reply(7);
    int fd = raw_connect(listener);
    struct hprpc_channel *server = test_accept(listener, NULL);

    (void)state;
    assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    test_expect(server, NULL, &header, 0);
    close_with_reset(fd, server);
    assert_int_equal(test_break(server), HPRPC_EPEERDIED);
    assert_string_equal(server->reason.text, "cannot receive: Connection reset by peer");
    server->ops->free(server);

    fd = raw_connect(listener);
    server = test_accept(listener, NULL);
    assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    close(fd);
    test_expect(server, NULL, &header, 0);
    assert_int_equal(test_break(server), HPRPC_EPEERDIED);
    assert_non_null(strstr(server->reason.text, "in the middle of a message, 7 bytes into it"));
    server->ops->free(server);
    listener->ops->free(listener);
}

/* Sending on a connection that was reset raises no signal, and returns a code. */
static void sending_to_the_dead_raises_no_signal(void **state)
{
    struct hprpc_listener *listener = listen_at(plain);
    struct hprpc_header header = test_reply(7);
    int fd = raw_connect(listener), r;
    struct hprpc_channel *server = test_accept(listener, NULL);
    uint64_t deadline = test_deadline();

    (void)state;
    close_with_reset(fd, server);
    while (!(r = test_send(server, &header, 10)))
        assert_false(test_is_past(deadline));
    assert_int_equal(r, HPRPC_EPEERDIED);
    assert_int_equal(test_break(server), HPRPC_EPEERDIED);
    server->ops->free(server);
    listener->ops->free(listener);
}

/* The other side says no more, and still listens: to this side that is the end, as it is when it closes. */
static void half_a_close_is_the_end(void **state)
{
    static const uint8_t bytes[] = { 0xb7, 0x15, 0, 0, 1, 7 };
    struct hprpc_listener *listener = listen_at(plain);
    struct hprpc_header header = test_reply(7);
    int fd = raw_connect(listener);
    struct hprpc_channel *server = test_accept(listener, NULL);
    uint8_t byte;

    (void)state;
    assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    assert_false(shutdown(fd, SHUT_WR));
    test_expect(server, NULL, &header, 0);
    assert_int_equal(test_break(server), HPRPC_EPEERDIED);
    assert_string_equal(server->reason.text, "the other side closed the connection");
    server->ops->free(server);
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
    listener->ops->free(listener);
}

static void something_else_speaks(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\n\r\n";
    struct hprpc_listener *listener = listen_at(plain);
    int fd = raw_connect(listener);
    struct hprpc_channel *server = test_accept(listener, NULL);

    (void)state;
    assert_int_equal(write(fd, request, sizeof(request)), sizeof(request));
    assert_int_equal(test_break(server), HPRPC_EPROTOCOL);
    assert_string_equal(server->reason.text, "a message begins with 0x47 instead of 0xb7");
    close(fd);
    server->ops->free(server);
    listener->ops->free(listener);
}

static void a_killed_client_is_noticed(void **state)
{
    struct hprpc_listener *listener = listen_at(plain);
    struct hprpc_header header = test_request(1);
    struct hprpc_channel *server;
    int status;
    pid_t child = fork();

    (void)state;
    if (!child) {
        send_when_open(connect_to(listener), &header, 100000);
        for (;;)
            pause();
    }
    server = test_accept(listener, NULL);
    server->receive_limit = 100000;
    test_expect(server, NULL, &header, 100000);
    assert_false(kill(child, SIGKILL));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(test_break(server), HPRPC_EPEERDIED);
    server->ops->free(server);
    listener->ops->free(listener);
}

/* ---- The machine's limits ---- */

static void a_flood_beyond_the_descriptors_pauses_accepting(void **state)
{
    struct hprpc_listener *listener = listen_at(plain);
    struct hprpc_channel *client = connect_to(listener), *second = connect_to(listener);
    struct hprpc_channel *channel = NULL, *other = NULL;
    struct rlimit limit, low;
    struct hprpc_detail detail = { "" };
    uint64_t deadline = test_deadline();
    int r, spare = dup(0);

    (void)state;
    assert_false(getrlimit(RLIMIT_NOFILE, &limit));
    low = limit;
    low.rlim_cur = (rlim_t)spare;
    close(spare);
    assert_false(setrlimit(RLIMIT_NOFILE, &low));
    /* one of the clients can be refused, and the others wait */
    while (!(r = listener->ops->accept(listener, &detail, &channel)))
        assert_false(test_is_past(deadline));
    assert_int_equal(r, HPRPC_ACCEPTED_TO_REFUSE);
    assert_string_equal(detail.text, "the server has no descriptor left: Too many open files");
    assert_non_null(channel);
    assert_int_equal(listener->ops->accept(listener, &detail, &other), HPRPC_ESYSTEM);
    assert_string_equal(detail.text, "cannot accept a connection: Too many open files");
    assert_null(other);
    channel->ops->free(channel);
    assert_false(setrlimit(RLIMIT_NOFILE, &limit));
    other = test_accept(listener, second);
    other->ops->free(other);
    client->ops->free(client);
    second->ops->free(second);
    listener->ops->free(listener);
}

static const struct hprpc_transport *transport(void)
{
    return scheme_is("tcp") ? &hprpc_transport_tcp : &hprpc_transport_unix;
}

static void every_allocation_may_fail(void **state)
{
    unsigned before = test_descriptors();
    bool failed = true;

    (void)state;
    for (long fail_at = 1; failed; fail_at++) {
        struct hprpc_listener *listener = NULL;
        struct hprpc_channel *client = NULL, *server = NULL;
        struct test_memory memory;
        struct hprpc_detail detail;
        char address[HPRPC_URI_MAX];
        struct hprpc_uri uri;
        int r;

        test_memory_init(&memory);
        memory.fail_at = fail_at;
        assert_int_equal(hprpc_uri_parse(plain, NULL, &uri), 0);
        r = transport()->listen(memory.context, &uri, &detail, &listener);
        failed = r;
        if (!failed) {
            listener->ops->address(listener, address, sizeof(address));
            assert_int_equal(hprpc_uri_parse(address, NULL, &uri), 0);
            r = transport()->connect(memory.context, &uri, &detail, &client);
            failed = r;
        }
        if (!failed) {
            uint64_t deadline = test_deadline();

            while (!(r = listener->ops->accept(listener, &detail, &server)))
                assert_false(test_is_past(deadline));
            failed = r != 1;
            assert_true(r == 1 || r == HPRPC_ESYSTEM);
            while (failed && r != 1) { /* the client is not lost: a later accept takes it */
                r = listener->ops->accept(listener, &detail, &server);
                assert_false(test_is_past(deadline));
            }
        }
        if (server)
            server->ops->free(server);
        if (client)
            client->ops->free(client);
        if (listener)
            listener->ops->free(listener);
        test_memory_free(&memory);
        assert_true(failed || fail_at > 4);
    }
    assert_int_equal(test_descriptors(), before);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        fixture_test(exchanges_messages),
        fixture_test(large_messages_cross),
        fixture_test(many_messages_arrive_in_order),
        fixture_test(both_ways_at_once),
        fixture_test(closing_is_seen_by_both),
        fixture_test(closing_wakes_who_sleeps),
        fixture_test(a_reset_is_told_after_what_was_whole),
        fixture_test(sending_to_the_dead_raises_no_signal),
        fixture_test(half_a_close_is_the_end),
        fixture_test(something_else_speaks),
        fixture_test(a_killed_client_is_noticed),
        fixture_test(a_flood_beyond_the_descriptors_pauses_accepting),
        fixture_test(every_allocation_may_fail),
    };

    if (argc != 2 || (strcmp(argv[1], "tcp") != 0 && strcmp(argv[1], "unix") != 0)) {
        fprintf(stderr, "usage: test-socket-exchange tcp|unix\n");
        return 2;
    }
    scheme = argv[1];
    snprintf(plain, sizeof(plain), scheme_is("tcp") ? "tcp://127.0.0.1:0" : "unix://exchange-%d", (int)getpid());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
