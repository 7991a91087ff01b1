/* SPDX-License-Identifier: MIT */
/* Listeners and connections within this process, for their tests. */
#ifndef TESTS_CHANNEL_LOCAL_END_H
#define TESTS_CHANNEL_LOCAL_END_H

#include "tests/channel/end.h"

#include "channel-local/local.h"
#include "support/fixture.h"

int try_listen(struct hprpc_context *context, const char *address, struct hprpc_detail *detail,
               struct hprpc_listener **ret_listener);
int try_connect(struct hprpc_context *context, const char *address, struct hprpc_detail *detail,
                struct hprpc_channel **ret_channel);

struct pair {
    struct hprpc_listener *listener;
    struct hprpc_channel *client, *server;
};

/* Opens a connection between two contexts, which may be NULL. */
struct pair open_pair(struct hprpc_context *client, struct hprpc_context *server);
void close_pair(struct pair *pair);

/* Receives a message that is there. The caller releases it. */
struct hprpc_message take(struct hprpc_channel *channel);

/* Receives nothing, or says why not. */
int take_nothing(struct hprpc_channel *channel);

/* Whether the bell of a channel is readable. */
bool is_rung(struct hprpc_channel *channel);

#endif
