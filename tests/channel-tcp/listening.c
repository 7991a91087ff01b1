/* SPDX-License-Identifier: MIT */
/* The addresses of a listener: both families, several addresses of a host, and shared ports. */
#include <netdb.h>

#include "tests/channel-tcp/end.h"
#include "tests/channel-tcp/names.h"

/* Connects to the listener's port at another address. Returns the code, once it is known. */
static int reach(struct hprpc_listener *listener, const char *host, struct hprpc_channel **ret_client)
{
    char address[HPRPC_URI_MAX], uri[HPRPC_URI_MAX + 64];
    struct hprpc_channel *client = NULL;
    struct hprpc_detail detail;
    int r;

    listener->ops->address(listener, address, sizeof(address));
    snprintf(uri, sizeof(uri), "tcp://%s:%s", host, strrchr(address, ':') + 1);
    r = try_connect(uri, &detail, &client);
    if (r == 0 && client->waits_for) {
        /* the loopback interface refuses at once */
        struct hprpc_message message;

        r = client->ops->receive(client, &message);
    }
    if (r < 0 && client)
        client->ops->free(client);
    *ret_client = r < 0 ? NULL : client;
    return r;
}

/*
 * Expects that a message from a client at this host reaches the listener, and that the client's address is of the same family.
 */
static void expect_reached(struct hprpc_listener *listener, const char *host)
{
    struct hprpc_header header = test_request(1);
    struct hprpc_channel *client, *server;
    const char *from = host[0] == '[' ? "[::1]:" : "127.0.0.1:";
    struct hprpc_peer peer;

    if (reach(listener, host, &client) < 0)
        fail_msg("%s is not reached", host);
    server = test_accept(listener, client);
    send_when_open(client, &header, 100);
    test_expect(server, client, &header, 100);
    server->ops->describe(server, &peer);
    assert_int_equal(strncmp(peer.address, from, strlen(from)), 0);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): fail_msg has not returned */
    client->ops->free(client);
    server->ops->free(server);
}

static void every_address_takes_both_families(void **state)
{
    struct hprpc_listener *listener = listen_at("tcp://[::]:0");
    struct hprpc_channel *client;

    (void)state;
    expect_reached(listener, "127.0.0.1");
    expect_reached(listener, "[::1]");
    listener->ops->free(listener);
    listener = listen_at("tcp://[::]:0?v6only=yes");
    expect_reached(listener, "[::1]");
    assert_int_equal(reach(listener, "127.0.0.1", &client), HPRPC_EREFUSED);
    listener->ops->free(listener);
    listener = listen_at("tcp://[::]:0?v6only=no");
    expect_reached(listener, "127.0.0.1");
    listener->ops->free(listener);
}

/* A port is shared only if all its listeners have reuseport=yes. */
static void a_port_is_shared_on_request(void **state)
{
    struct hprpc_listener *first = listen_at("tcp://127.0.0.1:0?reuseport=yes"), *second = NULL, *third = NULL;
    char address[HPRPC_URI_MAX], shared[HPRPC_URI_MAX + 32];
    struct hprpc_detail detail;

    (void)state;
    first->ops->address(first, address, sizeof(address));
    snprintf(shared, sizeof(shared), "%s?reuseport=yes", address);
    assert_int_equal(try_listen(address, &detail, &third), HPRPC_EINUSE);
    assert_non_null(strstr(detail.text, "somebody already listens at"));
    assert_null(third);
    second = listen_at(shared);
    first->ops->free(first);
    expect_reached(second, "127.0.0.1");
    second->ops->free(second);
}

/* ---- Hosts with several addresses ---- */

static void a_host_is_served_at_all_its_addresses(void **state)
{
    static const struct name names[] = {
        { .host = "both", .addresses = { "::1", "127.0.0.1", "127.0.0.2", "::1", "127.0.0.3" } },
        /* addresses for documentation, which no machine has */
        { .host = "partly", .addresses = { "2001:db8::1", "127.0.0.1", "192.0.2.1" } },
        { .host = "elsewhere", .addresses = { "2001:db8::1", "192.0.2.1" } },
        { .host = NULL },
    };
    struct hprpc_listener *listener, *other = NULL;
    struct hprpc_channel *client;
    unsigned before = test_descriptors();
    char address[HPRPC_URI_MAX];
    struct hprpc_detail detail;

    (void)state;
    names_set(names);
    listener = listen_at("tcp://both:0");
    listener->ops->address(listener, address, sizeof(address));
    assert_int_equal(strncmp(address, "tcp://both:", 11), 0);
    for (int i = 0; i < 3; i++) {
        expect_reached(listener, "[::1]");
        expect_reached(listener, "127.0.0.1");
        expect_reached(listener, "127.0.0.2");
        expect_reached(listener, "127.0.0.3");
    }
    assert_int_equal(reach(listener, "127.0.0.4", &client), HPRPC_EREFUSED);
    assert_int_equal(try_listen(address, &detail, &other), HPRPC_EINUSE);
    listener->ops->free(listener);
    listener = listen_at("tcp://partly:0");
    expect_reached(listener, "127.0.0.1");
    listener->ops->free(listener);
    assert_int_equal(try_listen("tcp://elsewhere:7788", &detail, &other), HPRPC_EADDRESS);
    assert_non_null(strstr(detail.text, "cannot listen at "));
    assert_null(other);
    assert_int_equal(test_descriptors(), before);
}

/* Connections that wait at several addresses are all accepted, and the listener is readable while one waits. */
static void no_address_is_forgotten(void **state)
{
    static const char *const hosts[] = { "127.0.0.3", "127.0.0.1", "127.0.0.3", "127.0.0.2", "127.0.0.3", "127.0.0.1" };
    static const struct name names[] = {
        { .host = "many", .addresses = { "127.0.0.1", "127.0.0.2", "127.0.0.3" } },
        { .host = NULL },
    };
    enum { HOSTS = sizeof(hosts) / sizeof(hosts[0]) };
    struct hprpc_channel *clients[HOSTS], *servers[HOSTS];
    struct hprpc_listener *listener;
    struct hprpc_detail detail;

    (void)state;
    names_set(names);
    listener = listen_at("tcp://many:0");
    for (size_t i = 0; i < HOSTS; i++)
        assert_true(reach(listener, hosts[i], &clients[i]) >= 0);
    for (size_t i = 0; i < HOSTS; i++)
        servers[i] = test_accept(listener, NULL);
    assert_int_equal(listener->ops->accept(listener, &detail, &servers[0]), 0);
    for (size_t i = 0; i < HOSTS; i++) {
        clients[i]->ops->free(clients[i]);
        servers[i]->ops->free(servers[i]);
    }
    listener->ops->free(listener);
}

static void a_port_that_is_taken_at_one_address_is_in_use(void **state)
{
    static const struct name names[] = {
        { .host = "two", .addresses = { "127.0.0.1", "127.0.0.2" } },
        { .host = NULL },
    };
    struct hprpc_listener *taken = listen_at("tcp://127.0.0.2:0"), *listener = NULL;
    char address[HPRPC_URI_MAX], uri[HPRPC_URI_MAX];
    unsigned before = test_descriptors();
    struct hprpc_detail detail;

    (void)state;
    names_set(names);
    taken->ops->address(taken, address, sizeof(address));
    snprintf(uri, sizeof(uri), "tcp://two:%s", strrchr(address, ':') + 1);
    assert_int_equal(try_listen(uri, &detail, &listener), HPRPC_EINUSE);
    assert_non_null(strstr(detail.text, "somebody already listens at 127.0.0.2:"));
    assert_int_equal(test_descriptors(), before);
    taken->ops->free(taken);
    listener = listen_at(uri);
    listener->ops->free(listener);
}

static void names_that_cannot_be_resolved_are_told(void **state)
{
    static const struct name names[] = {
        { .host = "late", .number = EAI_AGAIN },
        { .host = "large", .number = EAI_MEMORY },
        { .host = "empty" },
        { .host = NULL },
    };
    struct hprpc_listener *listener = NULL;
    struct hprpc_detail detail;

    (void)state;
    names_set(names);
    assert_int_equal(try_listen("tcp://late:1", &detail, &listener), HPRPC_EADDRESS);
    assert_non_null(strstr(detail.text, "cannot resolve the host \"late\""));
    assert_int_equal(try_listen("tcp://unknown:1", &detail, &listener), HPRPC_EADDRESS);
    assert_int_equal(try_listen("tcp://large:1", &detail, &listener), HPRPC_ESYSTEM);
    assert_int_equal(try_listen("tcp://empty:1", &detail, &listener), HPRPC_EADDRESS);
    assert_non_null(strstr(detail.text, "has no IP address"));
    assert_null(listener);
}

/* ---- The order of several addresses ---- */

static void families_take_turns(void **state)
{
    static const struct name names[] = {
        { .host = "six", .addresses = { "::1", "::2", "::3", "127.0.0.1", "127.0.0.2", "::1" } },
        { .host = "four", .addresses = { "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.3", "::1" } },
        { .host = "same", .addresses = { "127.0.0.2", "127.0.0.1", "127.0.0.2" } },
        { .host = "many",
          .addresses = { "::1", "::2", "::3", "::4", "::5", "::6", "::7", "::8", "::9", "::a", "::b", "::c", "::d",
                         "::e", "::f", "::10", "::11", "::12", "127.0.0.1" } },
        { .host = NULL },
    };
    static const char *const expected[] = {
        "[::1] 127.0.0.1 [::2] 127.0.0.2 [::3] ",
        "127.0.0.1 [::1] 127.0.0.2 127.0.0.3 ",
        "127.0.0.2 127.0.0.1 ",
        "[::1] 127.0.0.1 [::2] [::3] [::4] [::5] [::6] [::7] [::8] [::9] [::a] [::b] [::c] [::d] [::e] [::f] ",
    };

    (void)state;
    names_set(names);
    for (size_t i = 0; names[i].host; i++) {
        struct hprpc__tcp_address addresses[HPRPC__TCP_ADDRESSES];
        struct hprpc__tcp_place place = { .port = 0 };
        char list[HPRPC__TCP_ADDRESSES * HPRPC__TCP_TEXT_MAX] = "";
        struct hprpc_detail detail;
        size_t count = 0;

        strcpy(place.host, names[i].host);
        assert_int_equal(hprpc__tcp_resolve(&place, &detail, addresses, &count), 0);
        for (size_t j = 0; j < count; j++) {
            char text[HPRPC__TCP_TEXT_MAX];

            hprpc__tcp_format(&addresses[j], text, sizeof(text));
            *strrchr(text, ':') = '\0';
            strcat(strcat(list, text), " ");
        }
        assert_string_equal(list, expected[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(every_address_takes_both_families),
        fixture_test(a_port_is_shared_on_request),
        fixture_test(a_host_is_served_at_all_its_addresses),
        fixture_test(no_address_is_forgotten),
        fixture_test(a_port_that_is_taken_at_one_address_is_in_use),
        fixture_test(names_that_cannot_be_resolved_are_told),
        fixture_test(families_take_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
