/* SPDX-License-Identifier: MIT */
/* The local transport: its table. It has no sockets that could be handed in. */
#include "channel-local/local.h"

/* No file tells of a listener; but it can only be on this host, so a client that reconnects tries in quick succession. */
static bool name(const struct hprpc_uri *uri, char *ret_path, size_t capacity)
{
    (void)uri;
    (void)ret_path;
    (void)capacity;
    return false;
}

const struct hprpc_transport hprpc_transport_local = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "local",
    .connect = hprpc__local_open_channel,
    .listen = hprpc__local_open_listener,
    .name = name,
};
