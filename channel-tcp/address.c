/* SPDX-License-Identifier: MIT */
/* Places ("host:port") and the addresses behind them. */
#include "channel-tcp/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>

#include "base/errno-text.h"

/* ---- Places ---- */

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

/* ---- Addresses ---- */

static int look_up(const struct hprpc__tcp_place *place, int flags, struct addrinfo **ret_list)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICSERV | flags,
                                    .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM };
    char port[8];

    snprintf(port, sizeof(port), "%u", place->port);
    return getaddrinfo(place->host, port, &hints, ret_list);
}

static int not_resolved(const struct hprpc__tcp_place *place, int number, struct hprpc_detail *detail)
{
    if (number == EAI_MEMORY)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "no memory to resolve %.100s", place->host);
    if (number == EAI_SYSTEM)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot resolve the host \"%.100s\": %s", place->host,
                                hprpc__errno_text(errno));
    return hprpc_detail_set(detail, HPRPC_EADDRESS, "cannot resolve the host \"%.100s\": %s", place->host,
                            gai_strerror(number));
}

/* Whether an address means something on one link only, so that libc takes the link's name behind it. */
static bool is_of_a_link(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_MC_LINKLOCAL(address);
}

/* Says what is wrong with a host that has a colon, and so would be an IPv6 address. */
static int no_address(const struct hprpc__tcp_place *place, struct hprpc_detail *detail)
{
    const char *scope = strchr(place->host, '%');
    char text[INET6_ADDRSTRLEN] = "";
    struct in6_addr address;

    if (scope && scope - place->host < INET6_ADDRSTRLEN)
        memcpy(text, place->host, (size_t)(scope - place->host));
    if (inet_pton(AF_INET6, text, &address) == 1 && !is_of_a_link(&address))
        return hprpc_detail_set(detail, HPRPC_EADDRESS,
                                "[%.100s]: %s is not an address of one link: write it without \"%%%.40s\"", place->host,
                                text, scope + 1);
    if (inet_pton(AF_INET6, text, &address) == 1)
        return hprpc_detail_set(detail, HPRPC_EADDRESS, "[%.100s]: this machine has no link \"%.40s\"", place->host,
                                scope + 1);
    return hprpc_detail_set(detail, HPRPC_EADDRESS, "[%.100s] is not an IPv6 address", place->host);
}

int hprpc__tcp_numeric(const struct hprpc__tcp_place *place, struct hprpc_detail *detail,
                       struct hprpc__tcp_address *ret_address)
{
    struct hprpc__tcp_address address = { .size = 0 };
    struct addrinfo *list;
    int r = look_up(place, AI_NUMERICHOST, &list);

    if (r == EAI_NONAME)
        return strchr(place->host, ':') ? no_address(place, detail) : 0;
    if (r)
        return not_resolved(place, r, detail);
    memcpy(&address.any, list->ai_addr, list->ai_addrlen);
    address.size = list->ai_addrlen;
    freeaddrinfo(list);
    if (address.any.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&address.v6.sin6_addr) && !address.v6.sin6_scope_id)
        return hprpc_detail_set(detail, HPRPC_EADDRESS,
                                "[%.100s] means something on one link only: write [%.100s%%eth0]", place->host,
                                place->host);
    *ret_address = address;
    return 1;
}

/* The first entry that is of the family; NULL: there is none. */
static const struct addrinfo *of_family(const struct addrinfo *entry, int family)
{
    while (entry && entry->ai_family != family)
        entry = entry->ai_next;
    return entry;
}

static bool is_there(const struct hprpc__tcp_address *addresses, size_t count, const struct addrinfo *entry)
{
    for (size_t i = 0; i < count; i++) {
        if (addresses[i].size == entry->ai_addrlen && !memcmp(&addresses[i].any, entry->ai_addr, entry->ai_addrlen))
            return true;
    }
    return false;
}

/* Takes the addresses of a list, IPv6 and IPv4 in turns, beginning with what the first one is. */
static size_t take_in_turns(const struct addrinfo *list, struct hprpc__tcp_address *ret_addresses)
{
    const struct addrinfo *next[2] = { of_family(list, AF_INET6), of_family(list, AF_INET) };
    bool turn = of_family(list, AF_INET) == list;
    size_t count = 0;

    for (; count < HPRPC__TCP_ADDRESSES && (next[0] || next[1]); turn = !turn) {
        const struct addrinfo *entry = next[turn];

        if (!entry)
            continue;
        next[turn] = of_family(entry->ai_next, entry->ai_family);
        if (is_there(ret_addresses, count, entry))
            continue;
        memcpy(&ret_addresses[count].any, entry->ai_addr, entry->ai_addrlen);
        ret_addresses[count++].size = entry->ai_addrlen;
    }
    return count;
}

int hprpc__tcp_resolve(const struct hprpc__tcp_place *place, struct hprpc_detail *detail,
                       struct hprpc__tcp_address ret_addresses[HPRPC__TCP_ADDRESSES], size_t *ret_count)
{
    struct addrinfo *list;
    size_t count;
    int r = look_up(place, 0, &list);

    if (r)
        return not_resolved(place, r, detail);
    count = take_in_turns(list, ret_addresses);
    freeaddrinfo(list);
    if (!count)
        return hprpc_detail_set(detail, HPRPC_EADDRESS, "the host \"%.100s\" has no IP address", place->host);
    *ret_count = count;
    return 0;
}

/* ---- Texts ---- */

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

    if (address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) {
        inet_ntop(AF_INET, &address->v6.sin6_addr.s6_addr[12], text, sizeof(text));
        snprintf(ret_text, capacity, "%s:%u", text, ntohs(address->v6.sin6_port));
    } else if (address->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address->v6.sin6_addr, text, sizeof(text));
        format_scope(address->v6.sin6_scope_id, scope);
        snprintf(ret_text, capacity, "[%s%s]:%u", text, scope, ntohs(address->v6.sin6_port));
    } else if (address->any.sa_family != AF_INET) {
        snprintf(ret_text, capacity, "no address");
    } else {
        inet_ntop(AF_INET, &address->v4.sin_addr, text, sizeof(text));
        snprintf(ret_text, capacity, "%s:%u", text, ntohs(address->v4.sin_port));
    }
}
