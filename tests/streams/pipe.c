/* The pipe backend by itself: names, opening, messages, how connections end, and that nothing is left behind. */
#include "streams/end.h"

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

extern const struct hprpc_transport hprpc_transport_pipe;

static struct hprpc_listener *listen_at(const char *text)
{
    struct hprpc_listener *listener = NULL;
    struct hprpc_detail detail;
    struct hprpc_uri uri;

    assert_int_equal(hprpc_uri_parse(text, NULL, &uri), 0);
    if (hprpc_transport_pipe.listen(NULL, &uri, &detail, &listener))
        fail_msg("%s: %s", text, detail.text);
    return listener;
}

static int try_connect(const char *text, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct hprpc_uri uri;

    assert_int_equal(hprpc_uri_parse(text, NULL, &uri), 0);
    return hprpc_transport_pipe.connect(NULL, &uri, detail, ret_channel);
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
        test_wait(channel, NULL, deadline);
    }
    if (r)
        fail_msg("%s: %s", hprpc_error_name(r), channel->reason.text);
}

static void exchanges_messages(void **state)
{
    static const char *const uris[] = { "pipe:///tmp/pipe-smoke", "pipe://smoke" };
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchanges_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
