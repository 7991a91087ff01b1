/* SPDX-License-Identifier: MIT */
/* The unix transport: its table. */
#include "channel-unix/unix.h"

/* An abstract name cannot be watched for: there is no file. */
static bool name(const struct hprpc_uri *uri, char *ret_path, size_t capacity)
{
    return !hprpc__local_is_abstract(uri->rest) && hprpc__place_name(uri, HPRPC__UNIX_SUFFIX, ret_path, capacity);
}

const struct hprpc_transport hprpc_transport_unix = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "unix",
    .connect = hprpc__unix_connect,
    .listen = hprpc__unix_listen,
    .listen_fd = hprpc__unix_listen_fd,
    .connect_fd = hprpc__unix_connect_fd,
    .name = name,
};
