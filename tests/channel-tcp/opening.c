/* SPDX-License-Identifier: MIT */
/* How connections are opened: one address or several, some of which refuse, are silent or cannot be reached. */
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hprpc/client.h>

#include "tests/channel-tcp/end.h"

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
        hprpc_detail_set(&detail, 0, "%s", channel->reason.text);
        channel->ops->free(channel);
    }
    assert_int_equal(r, HPRPC_EREFUSED);
    snprintf(expected, sizeof(expected), "nobody listens at %s (Connection refused)", uri + strlen("tcp://"));
    assert_string_equal(detail.text, expected);
    assert_int_equal(test_descriptors(), before);
}

/* "localhost" may mean ::1 first; a client still finds a listener on 127.0.0.1 alone. */
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

/* ---- A connection to itself ---- */

/* Replaces connect() (the linker's --wrap). */
int __real_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
static bool from_there; /* the next connect gets the port that it connects to as its own */

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    int yes = 1;

    if (from_there) {
        from_there = false;
        assert_false(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)));
        assert_false(bind(fd, address, size));
    }
    return __real_connect(fd, address, size);
}

/* Without a listener, the system may connect the socket to itself: that is no connection. */
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

/* ---- No answer ---- */

/* An address that neither accepts nor refuses: a listener whose backlog is full. */
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

/* If nothing answered, the sentence does not speak of a missing HELLO. */
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

/* Connections to a listener with a full backlog stay in the middle of opening. */
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

/* Returns the address of "tcp://127.0.0.1:port". */
static struct hprpc__tcp_address address_of(const char *uri)
{
    struct hprpc__tcp_address address = { .v4 = { .sin_family = AF_INET }, .size = sizeof(struct sockaddr_in) };

    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.v4.sin_port = htons((uint16_t)atoi(strrchr(uri, ':') + 1));
    return address;
}

/* Any number of addresses that are silent, refuse or cannot be reached come before one that answers. */
static void an_address_that_fails_gives_way_to_the_next(void **state)
{
    enum { BEFORE = 5, KINDS = 3 };
    const struct hprpc__tcp_options options = { .keepalive = 60, .stagger_ms = 250 };
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
                    addresses[i].v4.sin_addr.s_addr = htonl(0xe0000001u); /* a multicast address cannot be reached */
            }
            listener->ops->address(listener, uri, sizeof(uri));
            addresses[count] = address_of(uri);
            if (hprpc__tcp_open(NULL, &options, NULL, addresses, count + 1, &detail, &client))
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

/* A refusal says most, because a host answered: it is reported in place of the other addresses' errors, in any order. */
static void a_refusal_is_told_before_other_failures(void **state)
{
    const struct hprpc__tcp_options options = { .keepalive = 60, .stagger_ms = 250 };

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
        r = hprpc__tcp_open(NULL, &options, NULL, addresses, 3, &detail, &channel);
        if (!r) {
            r = test_break(channel);
            hprpc_detail_set(&detail, 0, "%s", channel->reason.text);
            channel->ops->free(channel);
        }
        assert_int_equal(r, HPRPC_EREFUSED);
        snprintf(expected, sizeof(expected), "nobody listens at %s (Connection refused)", uri + strlen("tcp://"));
        assert_int_equal(strncmp(detail.text, expected, strlen(expected)), 0);
        /* the others follow */
        assert_int_equal(strncmp(detail.text + strlen(expected), "; 224.0.0.1:", 12), 0);
        assert_non_null(strstr(detail.text + strlen(expected) + 12, "; 224.0.0.1:"));
    }
}

static uint64_t frozen_now; /* what the context's clock says */

static uint64_t tell_frozen_time(void *self)
{
    (void)self;
    return frozen_now;
}

/*
 * An address that refuses gives way at once, also while another one is still silent. The clock stands still, so no attempt
 * begins because its time has come, but the one that refuses.
 */
static void a_refusal_does_not_wait_for_silence(void **state)
{
    const struct hprpc__tcp_options options = { .keepalive = 60, .stagger_ms = 250 };
    struct hprpc_context_options given = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_listener *listener = listen_at("tcp://127.0.0.1:0");
    struct hprpc_channel *client = NULL, *server;
    struct hprpc_header header = test_request(1);
    struct hprpc__tcp_address addresses[3];
    struct hprpc_context *context;
    struct hprpc_message message;
    struct hprpc_detail detail;
    struct silence silence;
    char uri[64];

    (void)state;
    given.now = tell_frozen_time;
    assert_int_equal(hprpc_context_new(&given, &context), 0);
    silence_open(&silence);
    addresses[0] = silence.address;
    closed_port(uri, sizeof(uri));
    addresses[1] = address_of(uri);
    listener->ops->address(listener, uri, sizeof(uri));
    addresses[2] = address_of(uri);
    frozen_now = 1000;
    assert_int_equal(hprpc__tcp_open(context, &options, NULL, addresses, 3, &detail, &client), 0);
    assert_int_equal(client->ops->receive(client, &message), 0);
    assert_non_null(client->waits_for);
    assert_null(strchr(client->waits_for, ','));
    frozen_now += 250 * UINT64_C(1000000);
    server = test_accept(listener, client);
    send_when_open(client, &header, 10);
    test_expect(server, client, &header, 10);
    client->ops->free(client);
    server->ops->free(server);
    listener->ops->free(listener);
    silence_close(&silence);
    hprpc_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(nobody_listens),
        fixture_test(every_address_is_tried),
        fixture_test(a_connection_to_itself_is_none),
        fixture_test(an_unanswered_connection_says_so),
        fixture_test(closing_ends_an_opening),
        fixture_test(an_address_that_fails_gives_way_to_the_next),
        fixture_test(a_refusal_is_told_before_other_failures),
        fixture_test(a_refusal_does_not_wait_for_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
