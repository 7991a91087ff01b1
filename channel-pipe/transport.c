/* SPDX-License-Identifier: MIT */
/* The pipe transport: its table. */
#include "channel-pipe/pipe.h"

static bool name(const struct hprpc_uri *uri, char *ret_path, size_t capacity)
{
    return hprpc__place_name(uri, ".pipe", ret_path, capacity);
}

const struct hprpc_transport hprpc_transport_pipe = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "pipe",
    .connect = hprpc__pipe_connect,
    .listen = hprpc__pipe_listen,
    .name = name,
};
