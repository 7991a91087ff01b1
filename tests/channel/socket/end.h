/* SPDX-License-Identifier: MIT */
/* Listeners and connections by sockets, TCP and Unix-domain ones, for their tests. */
#ifndef TESTS_CHANNEL_SOCKET_END_H
#define TESTS_CHANNEL_SOCKET_END_H

#include "tests/channel/end.h"

#include "support/fixture.h"

extern const struct hprpc_transport hprpc_transport_tcp, hprpc_transport_unix;

/* Listens and connects by the transport that the URI names. */
struct hprpc_listener *listen_at(const char *text);
int try_listen(const char *text, struct hprpc_detail *detail, struct hprpc_listener **ret_listener);
int try_connect(const char *text, struct hprpc_detail *detail, struct hprpc_channel **ret_channel);
struct hprpc_channel *connect_to(struct hprpc_listener *listener);

struct pair {
    struct hprpc_listener *listener;
    struct hprpc_channel *client, *server;
};

struct pair open_pair(const char *uri);
void close_pair(struct pair *pair);

/* Sends when the connection is open: start_call returns HPRPC_EAGAIN before that, and receive opens it. */
void send_when_open(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size);

/* The function of a thread: receives until the channel is broken, and returns the code. */
void *sleep_until_broken(void *argument);

#endif
