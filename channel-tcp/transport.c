/* SPDX-License-Identifier: MIT */
/* The tcp transport: its table. */
#include "channel-tcp/tcp.h"

const struct hprpc_transport hprpc_transport_tcp = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "tcp",
    .connect = hprpc__tcp_connect,
    .listen = hprpc__tcp_listen,
    .listen_fd = hprpc__tcp_listen_fd,
    .connect_fd = hprpc__tcp_connect_fd,
};
