/* SPDX-License-Identifier: MIT */
/* Listeners and connections within this process, for their tests. */
#include "tests/channel-local/end.h"

#include <poll.h>

int try_listen(struct hprpc_context *context, const char *address, struct hprpc_detail *detail,
               struct hprpc_listener **ret_listener)
{
    struct hprpc_uri uri;

    assert_int_equal(hprpc_uri_parse(address, NULL, &uri), 0);
    return hprpc_transport_local.listen(context, &uri, detail, ret_listener);
}

int try_connect(struct hprpc_context *context, const char *address, struct hprpc_detail *detail,
                struct hprpc_channel **ret_channel)
{
    struct hprpc_uri uri;

    assert_int_equal(hprpc_uri_parse(address, NULL, &uri), 0);
    return hprpc_transport_local.connect(context, &uri, detail, ret_channel);
}

struct pair open_pair(struct hprpc_context *client, struct hprpc_context *server)
{
    struct hprpc_detail detail = { "" };
    struct pair pair = { NULL, NULL, NULL };

    if (try_listen(server, "local://pair", &detail, &pair.listener) ||
        try_connect(client, "local://pair", &detail, &pair.client))
        fail_msg("%s", detail.text);
    assert_int_equal(pair.listener->ops->accept(pair.listener, &detail, &pair.server), 1);
    pair.client->receive_limit = pair.server->receive_limit = 16 << 20;
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

struct hprpc_message take(struct hprpc_channel *channel)
{
    struct hprpc_message message = { .size = 0 };

    assert_int_equal(channel->ops->receive(channel, &message), 1);
    return message;
}

int take_nothing(struct hprpc_channel *channel)
{
    struct hprpc_message message;
    int r = channel->ops->receive(channel, &message);

    assert_int_not_equal(r, 1);
    return r;
}

bool is_rung(struct hprpc_channel *channel)
{
    struct hprpc_watch watch;
    struct pollfd bell = { .events = POLLIN };

    assert_int_equal(channel->ops->watch(channel, &watch), 1);
    bell.fd = watch.fd;
    return poll(&bell, 1, 0) == 1;
}
