/* SPDX-License-Identifier: MIT */
/* Addresses and options: which are refused, what a listener says, and what the sockets get. */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/channel-tcp/end.h"

enum { RTO_MAX_MS = 44 };

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
        { "tcp://h:1?v6only=maybe", HPRPC_EURI, "v6only=maybe is neither yes nor no" },
        { "tcp://h:1?reuseport=1", HPRPC_EURI, "reuseport=1 is neither yes nor no" },
        { "tcp://[fe80::1]:80", HPRPC_EADDRESS, "on one link only: write [fe80::1%eth0]" },
        { "tcp://[fe80::1%nolink]:80", HPRPC_EADDRESS, "has no link \"nolink\"" },
        { "tcp://[fe80::1%25nolink]:80", HPRPC_EADDRESS, "has no link \"nolink\"" },
        { "tcp://[::1%lo]:80", HPRPC_EADDRESS, "::1 is not an address of one link: write it without \"%lo\"" },
        { "tcp://[ff02::1%nolink]:80", HPRPC_EADDRESS, "has no link \"nolink\"" },
        { "tcp://[1:2:3]:80", HPRPC_EADDRESS, "[1:2:3] is not an IPv6 address" },
        { "tcp://[g::1%lo]:80", HPRPC_EADDRESS, "is not an IPv6 address" },
        { "tcp://h:1?stagger=9", HPRPC_EURI, "stagger=9" },
        { "tcp://h:1?stagger=2001", HPRPC_EURI, "stagger=2001" },
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

/* A host of as many bytes as there is room for, and of one more. */
static void the_host_fits_its_room(void **state)
{
    (void)state;
    for (size_t length = HPRPC__TCP_HOST_MAX - 1; length <= HPRPC__TCP_HOST_MAX; length++) {
        char text[HPRPC__TCP_HOST_MAX + 8];
        struct hprpc_uri uri = { .rest = text };
        struct hprpc_detail detail = { "" };
        struct hprpc__tcp_place place;

        memset(text, 'a', length);
        strcpy(text + length, ":80");
        if (length < HPRPC__TCP_HOST_MAX) {
            assert_int_equal(hprpc__tcp_place(&uri, &detail, &place), 0);
            assert_int_equal(strlen(place.host), length);
            assert_int_equal(place.port, 80);
        } else {
            assert_int_equal(hprpc__tcp_place(&uri, &detail, &place), HPRPC_EURI);
            assert_non_null(strstr(detail.text, "too long"));
        }
    }
}

/* A link-local address is valid on one link, whose name or number is part of the address, in both spellings. */
static void scopes_are_read_and_shown(void **state)
{
    static const char *const uris[] = { "tcp://[fe80::1%lo]:7788", "tcp://[fe80::1%25lo]:7788",
                                        "tcp://[fe80::1%1]:7788" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct hprpc__tcp_address address;
        struct hprpc__tcp_place place;
        char text[HPRPC__TCP_TEXT_MAX];
        struct hprpc_detail detail;
        struct hprpc_uri uri;

        assert_int_equal(hprpc_uri_parse(uris[i], NULL, &uri), 0);
        assert_int_equal(hprpc__tcp_place(&uri, &detail, &place), 0);
        if (hprpc__tcp_numeric(&place, &detail, &address) != 1)
            fail_msg("%s", detail.text);
        hprpc__tcp_format(&address, text, sizeof(text));
        assert_string_equal(text, "[fe80::1%lo]:7788");
        hprpc_uri_format("tcp", uri.rest, text, sizeof(text));
        assert_int_equal(hprpc_uri_parse(text, NULL, &uri), 0);
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
    /* a server that starts again gets its port, whatever its old connections do */
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
    /* the system stops trying at about that time; before Linux 6.15, TCP_USER_TIMEOUT makes it stop */
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

/* With keepalive=0, a side may be silent for any time. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(bad_addresses_are_named),        fixture_test(scopes_are_read_and_shown),
        fixture_test(the_listener_tells_its_address), fixture_test(one_port_has_one_listener),
        fixture_test(options_reach_the_sockets),      fixture_test(probes_can_be_turned_off),
        fixture_test(both_know_each_other),           fixture_test(the_host_fits_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
