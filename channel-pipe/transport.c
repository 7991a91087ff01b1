/* SPDX-License-Identifier: MIT */
/* The pipe transport: its table. */
#include "channel-pipe/pipe.h"

const struct hprpc_transport hprpc_transport_pipe = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "pipe",
    .connect = hprpc__pipe_connect,
    .listen = hprpc__pipe_listen,
};
