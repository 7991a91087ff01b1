/* SPDX-License-Identifier: MIT */
/* The options that all sockets have. */
#include "channel/socket/socket.h"

#include <limits.h>
#include <sys/socket.h>

enum { BUFFER_MIN = 2048, BUFFER_MAX = INT_MAX / 2 };

static int read_engine(const struct hprpc_uri *uri, struct hprpc_detail *detail, enum hprpc_engine *ret_engine)
{
    const char *text = hprpc_uri_option(uri, "engine");

    if (!text || !strcmp(text, "auto"))
        *ret_engine = HPRPC_ENGINE_AUTO;
    else if (!strcmp(text, "epoll"))
        *ret_engine = HPRPC_ENGINE_EPOLL;
    else if (!strcmp(text, "uring"))
        *ret_engine = HPRPC_ENGINE_URING;
    else
        return hprpc_detail_set(detail, HPRPC_EURI, "the option engine=%.60s is none of auto, epoll and uring", text);
    return 0;
}

int hprpc__socket_options(const struct hprpc_uri *uri, struct hprpc_detail *detail,
                          struct hprpc__socket_options *ret_options)
{
    uint64_t send_buffer, receive_buffer;
    struct hprpc__socket_options options;
    int r = hprpc_uri_wait(uri, detail, &options.wait);

    if (!r)
        r = read_engine(uri, detail, &options.engine);
    if (!r)
        r = hprpc_uri_size(uri, "sndbuf", BUFFER_MIN, BUFFER_MAX, 0, detail, &send_buffer);
    if (!r)
        r = hprpc_uri_size(uri, "rcvbuf", BUFFER_MIN, BUFFER_MAX, 0, detail, &receive_buffer);
    if (r)
        return r;
    options.send_buffer = (int)send_buffer;
    options.receive_buffer = (int)receive_buffer;
    *ret_options = options;
    return 0;
}

void hprpc__socket_set_buffers(int fd, const struct hprpc__socket_options *options)
{
    if (options->send_buffer)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &options->send_buffer, sizeof(int));
    if (options->receive_buffer)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options->receive_buffer, sizeof(int));
}
