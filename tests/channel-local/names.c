/* SPDX-License-Identifier: MIT */
/* Names: which there are, who has them, what is in line for them, and that a child of fork has none of its parent's. */
#include <sys/wait.h>
#include <unistd.h>

#include "tests/channel-local/end.h"

static void refuses(int r, const struct hprpc_detail *detail, int code, const char *text)
{
    if (r != code || !strstr(detail->text, text))
        fail_msg("%s: %s", hprpc_error_name(r), detail->text);
}

static struct hprpc_listener *listen_at(const char *uri)
{
    struct hprpc_listener *listener = NULL;
    struct hprpc_detail detail = { "" };

    if (try_listen(NULL, uri, &detail, &listener))
        fail_msg("%s: %s", uri, detail.text);
    return listener;
}

static struct hprpc_channel *connect_to(const char *uri)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail = { "" };

    if (try_connect(NULL, uri, &detail, &channel))
        fail_msg("%s: %s", uri, detail.text);
    return channel;
}

static void names_are_any_text(void **state)
{
    static const char *const uris[] = { "local://a",   "local:///run/a", "local://@a",
                                        "local://a/b", "local://.a",     "local://a%20b%3F" };

    (void)state;
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        struct hprpc_listener *listener = listen_at(uris[i]);
        struct hprpc_channel *client = connect_to(uris[i]), *server = NULL;
        char address[100];

        listener->ops->address(listener, address, sizeof(address));
        assert_string_equal(address, uris[i]);
        assert_int_equal(listener->ops->accept(listener, NULL, &server), 1);
        client->ops->free(client);
        server->ops->free(server);
        listener->ops->free(listener);
    }
}

static void what_is_wrong_with_a_uri(void **state)
{
    static const struct {
        const char *uri;
        const char *text;
    } cases[] = {
        { "local://a?mode=0600", "mode" },
        { "local://a?trust=none", "trust" },
        { "local://a?wait=soon", "wait" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hprpc_detail heard = { "" }, said = { "" };
        struct hprpc_listener *listener;
        struct hprpc_channel *channel;

        refuses(try_listen(NULL, cases[i].uri, &heard, &listener), &heard, HPRPC_EURI, cases[i].text);
        refuses(try_connect(NULL, cases[i].uri, &said, &channel), &said, HPRPC_EURI, cases[i].text);
    }
}

/* Each side waits as its own URI says, and adaptively where it says nothing. */
static void each_side_waits_in_its_own_way(void **state)
{
    static const struct {
        const char *listens, *connects;
        enum hprpc_wait server, client;
    } cases[] = {
        { "local://waits?wait=block", "local://waits?wait=spin", HPRPC_WAIT_BLOCK, HPRPC_WAIT_SPIN },
        { "local://waits?wait=spin", "local://waits", HPRPC_WAIT_SPIN, HPRPC_WAIT_ADAPTIVE },
        { "local://waits", "local://waits?wait=block", HPRPC_WAIT_ADAPTIVE, HPRPC_WAIT_BLOCK },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hprpc_listener *listener = listen_at(cases[i].listens);
        struct hprpc_channel *client = connect_to(cases[i].connects), *server = NULL;

        assert_int_equal(listener->ops->accept(listener, NULL, &server), 1);
        assert_int_equal(client->wait, cases[i].client);
        assert_int_equal(server->wait, cases[i].server);
        client->ops->free(client);
        server->ops->free(server);
        listener->ops->free(listener);
    }
}

static void a_name_has_one_listener(void **state)
{
    struct hprpc_listener *first = listen_at("local://one"), *other = listen_at("local://other"), *second;
    struct hprpc_detail detail = { "" };
    struct hprpc_channel *channel;

    (void)state;
    refuses(try_listen(NULL, "local://one", &detail, &second), &detail, HPRPC_EINUSE, "has the name \"one\" already");
    first->ops->free(first);
    refuses(try_connect(NULL, "local://one", &detail, &channel), &detail, HPRPC_EREFUSED, "\"one\"");
    first = listen_at("local://one");
    other->ops->free(other);
    channel = connect_to("local://one");
    channel->ops->free(channel);
    first->ops->free(first);
}

static void accepts_in_order(void **state)
{
    struct hprpc_listener *listener = listen_at("local://order");
    struct hprpc_channel *clients[4], *server = NULL;
    struct hprpc_watch watch;

    (void)state;
    assert_int_equal(listener->ops->watch(listener, &watch), 1);
    for (uint32_t i = 0; i < 4; i++) {
        struct hprpc_header header = test_request(i);

        clients[i] = connect_to("local://order");
        assert_int_equal(test_send(clients[i], &header, 20), 0);
    }
    /* one that has left is not accepted */
    clients[1]->ops->free(clients[1]);
    clients[3]->ops->close(clients[3]);
    for (uint32_t i = 0; i < 4; i += 2) {
        struct hprpc_header header = test_request(i);
        struct hprpc_message message;

        assert_int_equal(listener->ops->accept(listener, NULL, &server), 1);
        server->receive_limit = 100;
        message = take(server);
        test_check(&message, &header, 20);
        server->ops->free(server);
        assert_int_equal(take_nothing(clients[i]), HPRPC_EPEERDIED);
        clients[i]->ops->free(clients[i]);
    }
    assert_int_equal(listener->ops->accept(listener, NULL, &server), 0);
    clients[3]->ops->free(clients[3]);
    listener->ops->free(listener);
}

static void a_listener_ends_with_clients_in_line(void **state)
{
    struct hprpc_listener *listener = listen_at("local://ends");
    struct hprpc_channel *client = connect_to("local://ends");

    (void)state;
    assert_int_equal(take_nothing(client), 0);
    listener->ops->free(listener);
    assert_int_equal(take_nothing(client), HPRPC_EPEERDIED);
    client->ops->free(client);
}

static void who_is_there(void **state)
{
    struct pair pair = open_pair(NULL, NULL);
    struct hprpc_peer peer;

    (void)state;
    pair.client->ops->describe(pair.client, &peer);
    assert_string_equal(peer.transport, "local");
    assert_true(strstr(peer.address, "this process"));
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.gid, getegid());
    assert_null(peer.engine);
    close_pair(&pair);
}

static int play_child(void)
{
    struct hprpc_listener *listener = NULL;
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail;

    if (try_connect(NULL, "local://parent", &detail, &channel) != HPRPC_EREFUSED)
        return 1;
    if (try_listen(NULL, "local://parent", &detail, &listener) != 0)
        return 2;
    if (try_connect(NULL, "local://parent", &detail, &channel) != 0)
        return 3;
    channel->ops->free(channel);
    listener->ops->free(listener);
    return 0;
}

static void a_child_has_names_of_its_own(void **state)
{
    struct hprpc_listener *listener = listen_at("local://parent");
    struct hprpc_channel *server = NULL, *client;
    pid_t child = fork();
    int status;

    (void)state;
    if (!child)
        _exit(play_child());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(listener->ops->accept(listener, NULL, &server), 0);
    client = connect_to("local://parent");
    assert_int_equal(listener->ops->accept(listener, NULL, &server), 1);
    client->ops->free(client);
    server->ops->free(server);
    listener->ops->free(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(names_are_any_text),
        fixture_test(what_is_wrong_with_a_uri),
        fixture_test(each_side_waits_in_its_own_way),
        fixture_test(a_name_has_one_listener),
        fixture_test(accepts_in_order),
        fixture_test(a_listener_ends_with_clients_in_line),
        fixture_test(who_is_there),
        fixture_test(a_child_has_names_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
