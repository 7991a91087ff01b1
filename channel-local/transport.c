/* SPDX-License-Identifier: MIT */
/* The local transport: its table. It has no sockets that could be handed in, and no files that tell of its listeners. */
#include "channel-local/local.h"

const struct hprpc_transport hprpc_transport_local = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "local",
    .connect = hprpc__local_open_channel,
    .listen = hprpc__local_open_listener,
};
