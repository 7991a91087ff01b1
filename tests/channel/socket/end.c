/* SPDX-License-Identifier: MIT */
/* Listeners and connections by sockets, for their tests. */
#include "tests/channel/socket/end.h"

static const struct hprpc_transport *transport_of(const struct hprpc_uri *uri)
{
    return strcmp(uri->scheme, "unix") == 0 ? &hprpc_transport_unix : &hprpc_transport_tcp;
}

int try_listen(const char *text, struct hprpc_detail *detail, struct hprpc_listener **ret_listener)
{
    struct hprpc_uri uri;

    assert_int_equal(hprpc_uri_parse(text, NULL, &uri), 0);
    return transport_of(&uri)->listen(NULL, &uri, detail, ret_listener);
}

struct hprpc_listener *listen_at(const char *text)
{
    struct hprpc_listener *listener = NULL;
    struct hprpc_detail detail;

    if (try_listen(text, &detail, &listener))
        fail_msg("%s: %s", text, detail.text);
    return listener;
}

int try_connect(const char *text, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct hprpc_uri uri;

    assert_int_equal(hprpc_uri_parse(text, NULL, &uri), 0);
    return transport_of(&uri)->connect(NULL, &uri, detail, ret_channel);
}

struct hprpc_channel *connect_to(struct hprpc_listener *listener)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail;
    char address[HPRPC_URI_MAX];

    listener->ops->address(listener, address, sizeof(address));
    if (try_connect(address, &detail, &channel))
        fail_msg("%s: %s", address, detail.text);
    return channel;
}

struct pair open_pair(const char *uri)
{
    struct pair pair = { .listener = listen_at(uri) };

    pair.client = connect_to(pair.listener);
    pair.server = test_accept(pair.listener, pair.client);
    return pair;
}

void close_pair(struct pair *pair)
{
    if (pair->client)
        pair->client->ops->free(pair->client);
    if (pair->server)
        pair->server->ops->free(pair->server);
    if (pair->listener)
        pair->listener->ops->free(pair->listener);
}

void send_when_open(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size)
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

void *sleep_until_broken(void *argument)
{
    struct hprpc_channel *channel = argument;

    return (void *)(intptr_t)test_break(channel);
}
