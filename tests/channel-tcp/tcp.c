/* SPDX-License-Identifier: MIT */
/* The TCP backend by itself: addresses, opening, messages, and how connections end. */
#include "tests/channel/end.h"

#include <stdatomic.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hprpc/channel/framed.h>
#include <hprpc/client.h>

#include "channel-tcp/tcp.h"

enum { RTO_MAX_MS = 44 };

extern const struct hprpc_transport hprpc_transport_tcp;

static struct hprpc_listener *listen_at(const char *text)
{
    struct hprpc_listener *listener = NULL;
    struct hprpc_detail detail;
    struct hprpc_uri uri;

    assert_int_equal(hprpc_uri_parse(text, NULL, &uri), 0);
    if (hprpc_transport_tcp.listen(NULL, &uri, &detail, &listener))
        fail_msg("%s: %s", text, detail.text);
    return listener;
}

static int try_connect(const char *text, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct hprpc_uri uri;

    assert_int_equal(hprpc_uri_parse(text, NULL, &uri), 0);
    return hprpc_transport_tcp.connect(NULL, &uri, detail, ret_channel);
}

static struct hprpc_channel *connect_to(struct hprpc_listener *listener)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail;
    char address[HPRPC_URI_MAX];

    listener->ops->address(listener, address, sizeof(address));
    if (try_connect(address, &detail, &channel))
        fail_msg("%s: %s", address, detail.text);
    return channel;
}

struct pair {
    struct hprpc_listener *listener;
    struct hprpc_channel *client, *server;
};

static struct pair open_pair(const char *uri)
{
    struct pair pair = { .listener = listen_at(uri) };

    pair.client = connect_to(pair.listener);
    pair.server = test_accept(pair.listener, pair.client);
    return pair;
}

static void close_pair(struct pair *pair)
{
    if (pair->client)
        pair->client->ops->free(pair->client);
    if (pair->server)
        pair->server->ops->free(pair->server);
    if (pair->listener)
        pair->listener->ops->free(pair->listener);
}

/* start_call says HPRPC_EAGAIN until the connection is open, and receive opens it. */
static void send_when_open(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size)
{
    uint64_t deadline = test_deadline();
    struct hprpc_message message;
    int r;

    while ((r = test_send(channel, header, size)) == HPRPC_EAGAIN) {
        assert_int_equal(channel->ops->receive(channel, &message), 0);
        r = test_send(channel, header, size);
        if (r != HPRPC_EAGAIN)
            break;
        test_wait(channel, NULL, deadline);
    }
    if (r)
        fail_msg("%s: %s", hprpc_error_name(r), channel->reason.text);
}

static void exchanges_messages(void **state)
{
    static const char *const uris[] = { "tcp://127.0.0.1:0", "tcp://[::1]:0", "tcp://localhost:0", "tcp://0.0.0.0:0" };
    static const uint32_t sizes[] = { 0, 1, 7, 100, 300, 5000, 100000, 3000000 };
    unsigned before = test_descriptors();

    (void)state;
    for (size_t u = 0; u < sizeof(uris) / sizeof(uris[0]); u++) {
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

/* ---- Addresses ---- */

static void bad_addresses_are_named(void **state)
{
    static const struct {
        const char *uri;
        int code;
        const char *text;
    } cases[] = {
        { "tcp://127.0.0.1", HPRPC_EURI, "\":port\" is missing" },
        { "tcp://127.0.0.1:", HPRPC_EURI, "the port \"\" is not a number" },
        { "tcp://127.0.0.1:http", HPRPC_EURI, "the port \"http\" is not a number" },
        { "tcp://127.0.0.1:65536", HPRPC_EURI, "the port \"65536\" is not a number" },
        { "tcp://127.0.0.1:000080", HPRPC_EURI, "the port \"000080\" is not a number" },
        { "tcp://127.0.0.1:80/x", HPRPC_EURI, "the port \"80/x\" is not a number" },
        { "tcp://127.0.0.1:0", HPRPC_EURI, "port 0" },
        { "tcp://:80", HPRPC_EURI, "the host is missing" },
        { "tcp://[]:80", HPRPC_EURI, "the host is missing" },
        { "tcp://[::1:80", HPRPC_EURI, "the bracket is not closed" },
        { "tcp://[::1]", HPRPC_EURI, "\":port\" is missing" },
        { "tcp://[::1]80", HPRPC_EURI, "\":port\" is missing" },
        { "tcp://::1:80", HPRPC_EURI, "in brackets" },
        { "tcp://h:1?ring=4MiB", HPRPC_EURI, "knows no option \"ring\"" },
        { "tcp://h:1?wait=long", HPRPC_EURI, "wait=long" },
        { "tcp://h:1?keepalive=7201", HPRPC_EURI, "keepalive=7201" },
        { "tcp://h:1?sndbuf=1", HPRPC_EURI, "sndbuf=1" },
        { "tcp://-a-:80", HPRPC_EADDRESS, "cannot resolve the host \"-a-\"" },
    };
    struct hprpc_channel *channel = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hprpc_detail detail = { "" };

        assert_int_equal(try_connect(cases[i].uri, &detail, &channel), cases[i].code);
        if (!strstr(detail.text, cases[i].text))
            fail_msg("%s: expected \"%s\" in \"%s\"", cases[i].uri, cases[i].text, detail.text);
        assert_null(channel);
    }
}

static void the_listener_tells_its_address(void **state)
{
    struct hprpc_listener *listener = listen_at("tcp://[::1]:0");
    char address[HPRPC_URI_MAX];
    unsigned port = 0;

    (void)state;
    listener->ops->address(listener, address, sizeof(address));
    assert_int_equal(sscanf(address, "tcp://[::1]:%u", &port), 1);
    assert_in_range(port, 1, 65535);
    listener->ops->address(listener, address, 9);
    assert_string_equal(address, "tcp://[:");
    listener->ops->free(listener);
}

static void one_port_has_one_listener(void **state)
{
    struct hprpc_listener *first = listen_at("tcp://127.0.0.1:0"), *second = NULL;
    char address[HPRPC_URI_MAX];
    struct hprpc_detail detail;
    struct hprpc_uri uri;

    (void)state;
    first->ops->address(first, address, sizeof(address));
    assert_int_equal(hprpc_uri_parse(address, NULL, &uri), 0);
    assert_int_equal(hprpc_transport_tcp.listen(NULL, &uri, &detail, &second), HPRPC_EINUSE);
    assert_non_null(strstr(detail.text, "somebody already listens at 127.0.0.1:"));
    assert_null(second);
    /* a restarted server gets its port back, whatever its old connections are doing */
    struct hprpc_channel *client = connect_to(first), *server = test_accept(first, client);
    server->ops->free(server);
    first->ops->free(first);
    second = listen_at(address);
    second->ops->free(second);
    client->ops->free(client);
    assert_int_equal(hprpc_uri_parse("tcp://192.0.2.1:7788", NULL, &uri), 0);
    assert_int_equal(hprpc_transport_tcp.listen(NULL, &uri, &detail, &second), HPRPC_EADDRESS);
    assert_non_null(strstr(detail.text, "cannot listen at 192.0.2.1:7788"));
}

/* A port without a listener, as good as certainly. */
static void closed_port(char *ret_uri, size_t capacity)
{
    struct hprpc_listener *listener = listen_at("tcp://127.0.0.1:0");

    listener->ops->address(listener, ret_uri, capacity);
    listener->ops->free(listener);
}

static void nobody_listens(void **state)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail = { "" };
    char uri[64], expected[128];
    unsigned before = test_descriptors();
    int r;

    (void)state;
    closed_port(uri, sizeof(uri));
    r = try_connect(uri, &detail, &channel);
    if (!r) {
        r = test_break(channel);
        detail = channel->reason;
        channel->ops->free(channel);
    }
    assert_int_equal(r, HPRPC_EREFUSED);
    snprintf(expected, sizeof(expected), "nobody listens at %s (Connection refused)", uri + strlen("tcp://"));
    assert_string_equal(detail.text, expected);
    assert_int_equal(test_descriptors(), before);
}

/* "localhost" may mean ::1 first; a listener on 127.0.0.1 alone is found all the same. */
static void every_address_is_tried(void **state)
{
    struct hprpc_listener *listener = listen_at("tcp://127.0.0.1:0");
    struct hprpc_channel *client = NULL, *server;
    struct hprpc_header header = test_request(1);
    struct hprpc_detail detail;
    char address[64], uri[96];

    (void)state;
    listener->ops->address(listener, address, sizeof(address));
    snprintf(uri, sizeof(uri), "tcp://localhost:%s", strrchr(address, ':') + 1);
    if (try_connect(uri, &detail, &client))
        fail_msg("%s", detail.text);
    server = test_accept(listener, client);
    send_when_open(client, &header, 10);
    test_expect(server, NULL, &header, 10);
    client->ops->free(client);
    server->ops->free(server);
    listener->ops->free(listener);
}

static void options_reach_the_sockets(void **state)
{
    struct pair pair = open_pair("tcp://127.0.0.1:0?wait=spin&keepalive=30&sndbuf=64KiB&rcvbuf=64KiB");
    struct hprpc_watch watch;
    socklen_t size = sizeof(int);
    int value = 0;

    (void)state;
    assert_int_equal(pair.server->wait, HPRPC_WAIT_SPIN);
    assert_int_equal(pair.client->wait, HPRPC_WAIT_ADAPTIVE);
    assert_int_equal(pair.server->ops->watch(pair.server, &watch), 1);
    assert_int_equal(watch.events, POLLIN);
    assert_false(getsockopt(watch.fd, IPPROTO_TCP, TCP_NODELAY, &value, &size));
    assert_int_equal(value, 1);
    assert_false(getsockopt(watch.fd, SOL_SOCKET, SO_KEEPALIVE, &value, &size));
    assert_int_equal(value, 1);
    assert_false(getsockopt(watch.fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &size));
    assert_int_equal(value, 21);
    assert_false(getsockopt(watch.fd, IPPROTO_TCP, TCP_KEEPINTVL, &value, &size));
    assert_int_equal(value, 3);
    /* the system's own attempts end about then, or, before Linux 6.15, a time-out does it */
    if (!getsockopt(watch.fd, IPPROTO_TCP, RTO_MAX_MS, &value, &size)) {
        assert_int_equal(value, 2000);
        assert_false(getsockopt(watch.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size));
        assert_int_equal(value, 0);
    } else {
        assert_false(getsockopt(watch.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size));
        assert_int_equal(value, 30000);
    }
    assert_true(fcntl(watch.fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(watch.fd, F_GETFL) & O_NONBLOCK);
    close_pair(&pair);
}

/* A side that may be silent for as long as it likes. */
static void probes_can_be_turned_off(void **state)
{
    struct pair pair = open_pair("tcp://127.0.0.1:0?keepalive=0");
    struct hprpc_watch watch;
    socklen_t size = sizeof(int);
    int value = 1;

    (void)state;
    assert_int_equal(pair.server->ops->watch(pair.server, &watch), 1);
    assert_false(getsockopt(watch.fd, SOL_SOCKET, SO_KEEPALIVE, &value, &size));
    assert_int_equal(value, 0);
    assert_false(getsockopt(watch.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size));
    assert_int_equal(value, 0);
    close_pair(&pair);
}

/* Every connect of this program comes by here: the linker has it so. */
int __real_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
static bool from_there; /* the system picks the very port that is asked for */

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    int yes = 1;

    if (from_there) {
        assert_false(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)));
        assert_false(bind(fd, address, size));
    }
    return __real_connect(fd, address, size);
}

/* There is no listener, and the system connects the socket to itself. */
static void a_connection_to_itself_is_none(void **state)
{
    struct pair pair = open_pair("tcp://127.0.0.1:0");
    struct hprpc_channel *client = NULL;
    struct hprpc_detail detail = { "" };
    struct hprpc_message message;
    char address[HPRPC_URI_MAX];
    struct hprpc_uri parsed;
    uint64_t deadline = test_deadline();
    int r;

    (void)state;
    pair.listener->ops->address(pair.listener, address, sizeof(address));
    close_pair(&pair);
    assert_int_equal(hprpc_uri_parse(address, NULL, &parsed), 0);
    from_there = true;
    r = hprpc_transport_tcp.connect(NULL, &parsed, &detail, &client);
    from_there = false;
    while (r == 0 && !test_is_past(deadline))
        r = client->ops->receive(client, &message);
    assert_int_equal(r, HPRPC_EREFUSED);
    if (client)
        client->ops->free(client);
}

static void both_know_each_other(void **state)
{
    struct pair pair = open_pair("tcp://127.0.0.1:0");
    struct hprpc_header header = test_request(1);
    char address[HPRPC_URI_MAX];
    struct hprpc_peer peer;

    (void)state;
    send_when_open(pair.client, &header, 1);
    test_expect(pair.server, NULL, &header, 1);
    pair.listener->ops->address(pair.listener, address, sizeof(address));
    pair.client->ops->describe(pair.client, &peer);
    assert_string_equal(peer.address, address + strlen("tcp://"));
    assert_string_equal(peer.transport, "tcp");
    assert_true(peer.pid == -1 && peer.uid == -1 && peer.gid == -1);
    pair.server->ops->describe(pair.server, &peer);
    assert_int_equal(strncmp(peer.address, "127.0.0.1:", 10), 0);
    close_pair(&pair);
}

/* ---- Flow ---- */

/* Both send more than the kernel holds before either receives; both then receive all. */
static void large_messages_cross(void **state)
{
    struct pair pair = open_pair("tcp://127.0.0.1:0?sndbuf=64KiB");
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
    struct pair pair = open_pair("tcp://127.0.0.1:0");
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
        struct pair pair = open_pair("tcp://127.0.0.1:0?sndbuf=64KiB");
        struct hprpc_message message;
        uint64_t deadline = test_deadline();

        /* opening is the receiving side's: it is over before the sides have threads of their own */
        while (pair.client->ops->receive(pair.client, &message) == 0 && !((struct hprpc_framed *)pair.client)->open)
            assert_false(test_is_past(deadline));
        test_duplex(pair.client, pair.server, closing);
        close_pair(&pair);
    }
}

/* ---- Ends ---- */

static void closing_is_seen_by_both(void **state)
{
    struct pair pair = open_pair("tcp://127.0.0.1:0");
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

static void *sleep_until_broken(void *argument)
{
    struct hprpc_channel *channel = argument;

    return (void *)(intptr_t)test_break(channel);
}

static void closing_wakes_who_sleeps(void **state)
{
    struct pair pair = open_pair("tcp://127.0.0.1:0");
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

/* A backlog that is full makes a connection that stays on its way. */
static void closing_ends_an_opening(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof(address);
    struct hprpc_channel *channels[8];
    struct hprpc_header header = test_request(1);
    struct hprpc_detail detail;
    pthread_t thread;
    char uri[64];
    void *result;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_false(bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 0));
    assert_false(getsockname(fd, (struct sockaddr *)&address, &size));
    snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    for (int i = 0; i < 8; i++)
        assert_int_equal(try_connect(uri, &detail, &channels[i]), 0);
    assert_int_equal(test_send(channels[7], &header, 1), HPRPC_EAGAIN);
    assert_int_equal(pthread_create(&thread, NULL, sleep_until_broken, channels[7]), 0);
    channels[7]->ops->close(channels[7]);
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, HPRPC_ECLOSED);
    for (int i = 0; i < 8; i++)
        channels[i]->ops->free(channels[i]);
    close(fd);
}

/* ---- Several addresses of one host ---- */

/* A place that leaves connections on their way: a listener whose backlog is full. */
struct silence {
    struct hprpc__tcp_address address;
    int listener, fillers[4];
};

static void silence_open(struct silence *silence)
{
    silence->address =
        (struct hprpc__tcp_address){ .v4 = { .sin_family = AF_INET }, .size = sizeof(struct sockaddr_in) };
    silence->address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    silence->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_false(bind(silence->listener, &silence->address.any, silence->address.size));
    assert_false(listen(silence->listener, 0));
    assert_false(getsockname(silence->listener, &silence->address.any, &silence->address.size));
    for (size_t i = 0; i < 4; i++) {
        silence->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(silence->fillers[i], &silence->address.any, silence->address.size);
    }
}

static void silence_close(struct silence *silence)
{
    for (size_t i = 0; i < 4; i++)
        close(silence->fillers[i]);
    close(silence->listener);
}

/* The address of "tcp://127.0.0.1:port". */
static struct hprpc__tcp_address address_of(const char *uri)
{
    struct hprpc__tcp_address address = { .v4 = { .sin_family = AF_INET }, .size = sizeof(struct sockaddr_in) };

    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.v4.sin_port = htons((uint16_t)atoi(strrchr(uri, ':') + 1));
    return address;
}

/* Addresses that are silent, refuse or lead nowhere stand before one that answers, in any number. */
static void an_address_that_fails_gives_way_to_the_next(void **state)
{
    enum { BEFORE = 5, KINDS = 3 };
    const struct hprpc__tcp_options options = { .keepalive = 60 };
    unsigned before = test_descriptors();

    (void)state;
    for (size_t count = 0; count <= BEFORE; count++) {
        for (int kind = 0; kind < KINDS && (count || !kind); kind++) {
            struct hprpc_listener *listener = listen_at("tcp://127.0.0.1:0");
            struct hprpc__tcp_address addresses[BEFORE + 1];
            struct silence silences[BEFORE];
            struct hprpc_channel *client = NULL, *server;
            struct hprpc_header header = test_request(1);
            char uri[64], expected[64];
            struct hprpc_detail detail;
            struct hprpc_peer peer;

            for (size_t i = 0; i < count; i++) {
                silence_open(&silences[i]);
                addresses[i] = silences[i].address;
                if ((kind + (int)i) % KINDS == 1) {
                    closed_port(uri, sizeof(uri));
                    addresses[i] = address_of(uri);
                }
                if ((kind + (int)i) % KINDS == 2)
                    addresses[i].v4.sin_addr.s_addr = htonl(0xe0000001u); /* a multicast address: no way there */
            }
            listener->ops->address(listener, uri, sizeof(uri));
            addresses[count] = address_of(uri);
            if (hprpc__tcp_open(NULL, &options, addresses, count + 1, &detail, &client))
                fail_msg("%s", detail.text);
            server = test_accept(listener, client);
            send_when_open(client, &header, 10);
            test_expect(server, client, &header, 10);
            client->ops->describe(client, &peer);
            snprintf(expected, sizeof(expected), "%s", uri + strlen("tcp://"));
            assert_string_equal(peer.address, expected);
            assert_null(client->waits_for);
            client->ops->free(client);
            server->ops->free(server);
            listener->ops->free(listener);
            for (size_t i = 0; i < count; i++)
                silence_close(&silences[i]);
        }
    }
    assert_int_equal(test_descriptors(), before);
}

/*
 * A refusal tells most, since a host answered: it is reported rather than what the other addresses came to, in any
 * order.
 */
static void a_refusal_is_told_before_other_failures(void **state)
{
    const struct hprpc__tcp_options options = { .keepalive = 60 };

    (void)state;
    for (size_t at = 0; at < 3; at++) {
        struct hprpc__tcp_address addresses[3];
        struct hprpc_channel *channel = NULL;
        struct hprpc_detail detail = { "" };
        char uri[64], expected[100];
        int r;

        closed_port(uri, sizeof(uri));
        for (size_t i = 0; i < 3; i++) {
            addresses[i] = address_of(uri);
            if (i != at)
                addresses[i].v4.sin_addr.s_addr = htonl(0xe0000001u);
        }
        r = hprpc__tcp_open(NULL, &options, addresses, 3, &detail, &channel);
        if (!r) {
            r = test_break(channel);
            detail = channel->reason;
            channel->ops->free(channel);
        }
        assert_int_equal(r, HPRPC_EREFUSED);
        snprintf(expected, sizeof(expected), "nobody listens at %s (Connection refused)", uri + strlen("tcp://"));
        assert_string_equal(detail.text, expected);
    }
}

/* A connection that never was is not said to lack a HELLO. */
static void an_unanswered_connection_says_so(void **state)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_client *client = NULL;
    struct hprpc_detail detail = { "" };
    struct silence silence;
    char uri[64], expected[96];

    (void)state;
    silence_open(&silence);
    snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%u", ntohs(silence.address.v4.sin_port));
    snprintf(expected, sizeof(expected), "no answer from %s", uri + strlen("tcp://"));
    options.connect_timeout_ms = 20;
    assert_int_equal(hprpc_client_connect(NULL, uri, &options, &detail, &client), HPRPC_EDEADLINE);
    if (!strstr(detail.text, expected))
        fail_msg("expected \"%s\" in \"%s\"", expected, detail.text);
    silence_close(&silence);
}

/* A link-local address means something on one link only, which is part of it, both ways of writing it. */
static void scopes_are_read_and_shown(void **state)
{
    static const char *const uris[] = { "tcp://[fe80::1%lo]:7788", "tcp://[fe80::1%25lo]:7788",
                                        "tcp://[fe80::1%1]:7788" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct hprpc__tcp_address addresses[HPRPC__TCP_ADDRESSES];
        struct hprpc__tcp_place place;
        char text[HPRPC__TCP_TEXT_MAX];
        struct hprpc_detail detail;
        struct hprpc_uri uri;
        size_t count;

        assert_int_equal(hprpc_uri_parse(uris[i], NULL, &uri), 0);
        assert_int_equal(hprpc__tcp_place(&uri, &detail, &place), 0);
        if (hprpc__tcp_resolve(&place, false, &detail, addresses, &count))
            fail_msg("%s", detail.text);
        hprpc__tcp_format(&addresses[0], text, sizeof(text));
        assert_string_equal(text, "[fe80::1%lo]:7788");
        hprpc_uri_format("tcp", uri.rest, text, sizeof(text));
        assert_int_equal(hprpc_uri_parse(text, NULL, &uri), 0);
    }
}

static int raw_connect(struct hprpc_listener *listener)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    char uri[HPRPC_URI_MAX];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    listener->ops->address(listener, uri, sizeof(uri));
    address.sin_port = htons((uint16_t)atoi(strrchr(uri, ':') + 1));
    assert_false(connect(fd, (struct sockaddr *)&address, sizeof(address)));
    return fd;
}

static void a_reset_is_told_after_what_was_whole(void **state)
{
    static const uint8_t bytes[] = { 0xb7, 0x15, 0, 0, 1, 7, 0xb7, 0x15, 0, 0, 100, 8, 'x' };
    const struct linger at_once = { 1, 0 };
    struct hprpc_listener *listener = listen_at("tcp://127.0.0.1:0");
    struct hprpc_header header = test_reply(7);
    int fd = raw_connect(listener);
    struct hprpc_channel *server = test_accept(listener, NULL);

    (void)state;
    assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    test_expect(server, NULL, &header, 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
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

/* A send into a connection that was reset: no signal, a code. */
static void sending_to_the_dead_raises_no_signal(void **state)
{
    const struct linger at_once = { 1, 0 };
    struct hprpc_listener *listener = listen_at("tcp://127.0.0.1:0");
    struct hprpc_header header = test_reply(7);
    int fd = raw_connect(listener), r;
    struct hprpc_channel *server = test_accept(listener, NULL);
    uint64_t deadline = test_deadline();

    (void)state;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
    while (!(r = test_send(server, &header, 10)))
        assert_false(test_is_past(deadline));
    assert_int_equal(r, HPRPC_EPEERDIED);
    assert_int_equal(test_break(server), HPRPC_EPEERDIED);
    server->ops->free(server);
    listener->ops->free(listener);
}

static void something_else_speaks(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\n\r\n";
    struct hprpc_listener *listener = listen_at("tcp://127.0.0.1:0");
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
    struct hprpc_listener *listener = listen_at("tcp://127.0.0.1:0");
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
    struct hprpc_listener *listener = listen_at("tcp://127.0.0.1:0");
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
    /* one of them can be told, and the others wait */
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
        assert_int_equal(hprpc_uri_parse("tcp://127.0.0.1:0", NULL, &uri), 0);
        r = hprpc_transport_tcp.listen(memory.context, &uri, &detail, &listener);
        failed = r;
        if (!failed) {
            listener->ops->address(listener, address, sizeof(address));
            assert_int_equal(hprpc_uri_parse(address, NULL, &uri), 0);
            r = hprpc_transport_tcp.connect(memory.context, &uri, &detail, &client);
            failed = r;
        }
        if (!failed) {
            uint64_t deadline = test_deadline();

            while (!(r = listener->ops->accept(listener, &detail, &server)))
                assert_false(test_is_past(deadline));
            failed = r != 1;
            assert_true(r == 1 || r == HPRPC_ESYSTEM);
            while (failed && r != 1) { /* the client is not lost: a later turn takes it in */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchanges_messages),
        cmocka_unit_test(bad_addresses_are_named),
        cmocka_unit_test(the_listener_tells_its_address),
        cmocka_unit_test(one_port_has_one_listener),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(every_address_is_tried),
        cmocka_unit_test(options_reach_the_sockets),
        cmocka_unit_test(an_address_that_fails_gives_way_to_the_next),
        cmocka_unit_test(a_refusal_is_told_before_other_failures),
        cmocka_unit_test(an_unanswered_connection_says_so),
        cmocka_unit_test(scopes_are_read_and_shown),
        cmocka_unit_test(both_know_each_other),
        cmocka_unit_test(large_messages_cross),
        cmocka_unit_test(many_messages_arrive_in_order),
        cmocka_unit_test(both_ways_at_once),
        cmocka_unit_test(closing_is_seen_by_both),
        cmocka_unit_test(closing_wakes_who_sleeps),
        cmocka_unit_test(closing_ends_an_opening),
        cmocka_unit_test(a_reset_is_told_after_what_was_whole),
        cmocka_unit_test(sending_to_the_dead_raises_no_signal),
        cmocka_unit_test(something_else_speaks),
        cmocka_unit_test(a_killed_client_is_noticed),
        cmocka_unit_test(a_flood_beyond_the_descriptors_pauses_accepting),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(probes_can_be_turned_off),
        cmocka_unit_test(a_connection_to_itself_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
