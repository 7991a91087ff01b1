/* SPDX-License-Identifier: MIT */
/* Places ("host:port") and the addresses behind them. */
#include "channel-tcp/tcp.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>

/* Reads a decimal port of one to five digits, with nothing after it. */
static bool parse_port(const char *text, uint16_t *ret_port)
{
    unsigned long port = 0;
    size_t i;

    for (i = 0; i < 5 && text[i] >= '0' && text[i] <= '9'; i++)
        port = port * 10 + (unsigned long)(text[i] - '0');
    if (!i || text[i] || port > UINT16_MAX)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

int hprpc__tcp_place(const struct hprpc_uri *uri, struct hprpc_detail *detail, struct hprpc__tcp_place *ret_place)
{
    const char *host = uri->rest, *colon, *end;
    uint16_t port;

    if (host[0] == '[') {
        end = strchr(++host, ']');
        if (!end)
            return hprpc_detail_set(detail, HPRPC_EURI, "tcp://%.100s: the bracket is not closed", uri->rest);
        colon = end + 1;
    } else {
        colon = strchr(host, ':');
        end = colon;
        if (colon && strchr(colon + 1, ':'))
            return hprpc_detail_set(detail, HPRPC_EURI, "tcp://%.100s: an IPv6 address is written in brackets",
                                    uri->rest);
    }
    if (!colon || *colon != ':')
        return hprpc_detail_set(detail, HPRPC_EURI, "tcp://%.100s: \":port\" is missing behind the host", uri->rest);
    if (end == host)
        return hprpc_detail_set(detail, HPRPC_EURI, "tcp://%.100s: the host is missing", uri->rest);
    if (end - host >= HPRPC__TCP_HOST_MAX)
        return hprpc_detail_set(detail, HPRPC_EURI, "tcp://%.100s...: the host is too long", uri->rest);
    if (!parse_port(colon + 1, &port))
        return hprpc_detail_set(detail, HPRPC_EURI, "tcp://%.100s: the port \"%.60s\" is not a number from 0 to 65535",
                                uri->rest, colon + 1);
    memcpy(ret_place->host, host, (size_t)(end - host));
    ret_place->host[end - host] = '\0';
    ret_place->port = port;
    return 0;
}

int hprpc__tcp_resolve(const struct hprpc__tcp_place *place, bool listening, struct hprpc_detail *detail,
                       struct hprpc__tcp_address *ret_addresses, size_t *ret_count)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICSERV | (listening ? AI_PASSIVE : 0),
                                    .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *list, *entry;
    size_t count = 0;
    char port[8];
    int r;

    snprintf(port, sizeof(port), "%u", place->port);
    r = getaddrinfo(place->host, port, &hints, &list);
    if (r == EAI_MEMORY)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory to resolve %s", place->host);
    if (r)
        return hprpc_detail_set(detail, HPRPC_EADDRESS, "cannot resolve the host \"%.100s\": %s", place->host,
                                gai_strerror(r));
    for (entry = list; entry && count < HPRPC__TCP_ADDRESSES; entry = entry->ai_next) {
        if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6)
            continue;
        memcpy(&ret_addresses[count].any, entry->ai_addr, entry->ai_addrlen);
        ret_addresses[count++].size = entry->ai_addrlen;
    }
    freeaddrinfo(list);
    if (!count)
        return hprpc_detail_set(detail, HPRPC_EADDRESS, "the host \"%.100s\" has no IP address", place->host);
    *ret_count = count;
    return 0;
}

/* Writes the scope: "%eth0", or "%3" of a link that is gone, or nothing where there is no scope. */
static void format_scope(uint32_t scope, char ret_text[IF_NAMESIZE + 1])
{
    char name[IF_NAMESIZE];

    ret_text[0] = '\0';
    if (scope && if_indextoname(scope, name))
        snprintf(ret_text, IF_NAMESIZE + 1, "%%%.15s", name);
    else if (scope)
        snprintf(ret_text, IF_NAMESIZE + 1, "%%%u", (unsigned)scope);
}

void hprpc__tcp_format(const struct hprpc__tcp_address *address, char *ret_text, size_t capacity)
{
    char text[INET6_ADDRSTRLEN] = "?", scope[IF_NAMESIZE + 1];

    if (address->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address->v6.sin6_addr, text, sizeof(text));
        format_scope(address->v6.sin6_scope_id, scope);
        snprintf(ret_text, capacity, "[%s%s]:%u", text, scope, ntohs(address->v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address->v4.sin_addr, text, sizeof(text));
        snprintf(ret_text, capacity, "%s:%u", text, ntohs(address->v4.sin_port));
    }
}
