/* SPDX-License-Identifier: MIT */
/* The table of built-in transports, how a URI finds its transport, and the option of URIs that is the client's. */
#include "rpc/transports.h"

#include <stdio.h>

#include "base/context.h"

extern const struct hprpc_transport hprpc_transport_local;
extern const struct hprpc_transport hprpc_transport_pipe;
extern const struct hprpc_transport hprpc_transport_shm;
extern const struct hprpc_transport hprpc_transport_tcp;
extern const struct hprpc_transport hprpc_transport_unix;

/* the only place that names the backends */
static const struct hprpc_transport *const built_in[] = {
    &hprpc_transport_tcp, &hprpc_transport_unix,  &hprpc_transport_pipe,
    &hprpc_transport_shm, &hprpc_transport_local, NULL,
};

static const struct hprpc_transport *find(const struct hprpc_transport *const *table, const char *scheme)
{
    if (!table)
        return NULL;
    while (*table && strcmp((*table)->scheme, scheme) != 0)
        table++;
    return *table;
}

static int unknown_scheme(const struct hprpc_context *context, const char *scheme, struct hprpc_detail *detail)
{
    const struct hprpc_transport *const *tables[] = { built_in, context->transports };
    char known[128] = "";
    size_t length = 0;

    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; tables[i] && tables[i][j] && length < sizeof(known); j++)
            length += (size_t)snprintf(known + length, sizeof(known) - length, "%s%s", length ? ", " : "",
                                       tables[i][j]->scheme);
    }
    return hprpc_detail_set(detail, HPRPC_ESCHEME, "no transport is called \"%.40s\"; there are %s", scheme, known);
}

const struct hprpc_transport *hprpc__transport_at(struct hprpc_context *context, size_t index)
{
    const struct hprpc_transport *const *own = hprpc__context(context)->transports;

    for (; own && *own; own++, index--) {
        if (!index)
            return *own;
    }
    return index < sizeof(built_in) / sizeof(built_in[0]) ? built_in[index] : NULL;
}

int hprpc__transport_find(struct hprpc_context *context, const char *text, struct hprpc_detail *detail,
                          struct hprpc_uri *ret_uri, const struct hprpc_transport **ret_transport)
{
    const struct hprpc_transport *transport;
    int r;

    r = hprpc_uri_parse(text, detail, ret_uri);
    if (r < 0)
        return r;

    context = hprpc__context(context);
    transport = find(context->transports, ret_uri->scheme);
    if (!transport)
        transport = find(built_in, ret_uri->scheme);
    if (!transport)
        return unknown_scheme(context, ret_uri->scheme, detail);
    if (transport->version != HPRPC_CHANNEL_VERSION)
        return hprpc_detail_set(detail, HPRPC_EINVAL,
                                "the transport \"%s\" was made for version %u of channel.h, not %u", transport->scheme,
                                transport->version, (unsigned)HPRPC_CHANNEL_VERSION);
    *ret_transport = transport;
    return 0;
}

/* Where an option is; the number of options where it is not given. */
static size_t find_option(const struct hprpc_uri *uri, const char *key)
{
    size_t at = 0;

    while (at < uri->option_count && strcmp(uri->options[at].key, key) != 0)
        at++;
    return at;
}

int hprpc__uri_take_reconnect(struct hprpc_uri *uri, bool *ret_reconnect, struct hprpc_detail *detail)
{
    size_t at = find_option(uri, "reconnect");
    const char *value;

    if (at == uri->option_count)
        return 0;
    value = uri->options[at].value;
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return hprpc_detail_set(detail, HPRPC_EURI, "the option reconnect=%.60s is neither yes nor no", value);
    *ret_reconnect = value[0] == 'y';
    uri->option_count--;
    memmove(&uri->options[at], &uri->options[at + 1], (uri->option_count - at) * sizeof(uri->options[0]));
    return 0;
}

int hprpc__uri_refuse_reconnect(const struct hprpc_uri *uri, const char *why, struct hprpc_detail *detail)
{
    const char *value = hprpc_uri_option(uri, "reconnect");

    return value
               ? hprpc_detail_set(detail, HPRPC_EURI, "the option reconnect=%.60s makes no sense here: %s", value, why)
               : 0;
}
