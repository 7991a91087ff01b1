/* SPDX-License-Identifier: MIT */
/* Ports that have no listener. */
#include "tests/channel-tcp/end.h"

void closed_port(char *ret_uri, size_t capacity)
{
    struct hprpc_listener *listener = listen_at("tcp://127.0.0.1:0");

    listener->ops->address(listener, ret_uri, capacity);
    listener->ops->free(listener);
}
