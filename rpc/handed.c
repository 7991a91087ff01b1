/* SPDX-License-Identifier: MIT */
/* Descriptors that are handed in: duplicated, and offered to one transport after the other. */
#include "rpc/handed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/errno-text.h"
#include "rpc/transports.h"

enum { LOWEST = 3 }; /* the numbers below are those of stdin, stdout and stderr */

int hprpc__handed_duplicate(int fd, struct hprpc_detail *detail)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, LOWEST);

    if (own >= 0)
        return own;
    if (errno == EBADF)
        return hprpc_detail_set(detail, HPRPC_EINVAL, "it is not open");
    return hprpc_detail_set(detail, HPRPC_ESYSTEM, "it cannot be duplicated: %s", hprpc__errno_text(errno));
}

void hprpc__handed_hide(int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Makes a URI that has the options alone. */
static int read_query(const struct hprpc_transport *transport, const char *query, struct hprpc_detail *detail,
                      struct hprpc_uri *ret_uri)
{
    char text[HPRPC_URI_MAX + 64];

    snprintf(text, sizeof(text), "%.40s://handed%s%s", transport->scheme, query && query[0] ? "?" : "",
             query ? query : "");
    return hprpc_uri_parse(text, detail, ret_uri);
}

/* Offers a descriptor to a transport, as a listener where `ret_listener` is not NULL. HPRPC_ESCHEME: it does not take it. */
static int offer(struct hprpc_context *context, const struct hprpc_transport *transport, int fd, const char *query,
                 struct hprpc_detail *detail, struct hprpc_listener **ret_listener, struct hprpc_channel **ret_channel)
{
    struct hprpc_uri uri;
    int r;

    if (transport->version != HPRPC_CHANNEL_VERSION || (ret_listener ? !transport->listen_fd : !transport->connect_fd))
        return HPRPC_ESCHEME;
    r = read_query(transport, query, detail, &uri);
    if (r == 0)
        r = hprpc__uri_refuse_reconnect(
            &uri, ret_listener ? "a listener does not connect" : "there is nothing to reconnect to", detail);
    if (r < 0)
        return r;
    return ret_listener ? transport->listen_fd(context, fd, &uri, detail, ret_listener)
                        : transport->connect_fd(context, fd, &uri, detail, ret_channel);
}

static int offer_to_all(struct hprpc_context *context, int fd, const char *query, struct hprpc_detail *detail,
                        struct hprpc_listener **ret_listener, struct hprpc_channel **ret_channel)
{
    const struct hprpc_transport *transport;
    int r = HPRPC_ESCHEME;

    for (size_t i = 0; r == HPRPC_ESCHEME && (transport = hprpc__transport_at(context, i)); i++)
        r = offer(context, transport, fd, query, detail, ret_listener, ret_channel);
    if (r == HPRPC_ESCHEME)
        hprpc_detail_set(detail, r, "it is a socket of a kind that no transport takes");
    if (r < 0)
        close(fd);
    return r;
}

int hprpc__handed_listen(struct hprpc_context *context, int fd, const char *query, struct hprpc_detail *detail,
                         struct hprpc_listener **ret_listener)
{
    return offer_to_all(context, fd, query, detail, ret_listener, NULL);
}

int hprpc__handed_connect(struct hprpc_context *context, int fd, const char *query, struct hprpc_detail *detail,
                          struct hprpc_channel **ret_channel)
{
    return offer_to_all(context, fd, query, detail, NULL, ret_channel);
}
