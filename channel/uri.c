/* SPDX-License-Identifier: MIT */
/* URIs: taken apart in one pass over a private copy, then their options read by type. */
#include <hprpc/channel/uri.h>

#include <stdio.h>

/* How a sentence quotes a URI: long enough to recognise it, short enough to leave room for what is wrong. */
#define QUOTED "\"%.100s\""

struct parser {
    const char *text;
    size_t at;     /* the next byte of `text` */
    size_t filled; /* bytes of storage taken */
    struct hprpc_detail *detail;
    struct hprpc_uri *uri;
};

static int complain(const struct parser *parser, size_t at, const char *what)
{
    hprpc_detail_set(parser->detail, HPRPC_EURI, "the URI " QUOTED ", byte %zu: %s", parser->text, at + 1, what);
    return HPRPC_EURI;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void put(struct parser *parser, char c)
{
    parser->uri->storage[parser->filled++] = c;
}

static int parse_scheme(struct parser *parser)
{
    const char *text = parser->text;

    parser->uri->scheme = parser->uri->storage;
    if (!is_letter(text[0]))
        return complain(parser, 0, "a scheme begins with a letter, as in \"tcp://\"");
    for (; text[parser->at] != ':'; parser->at++) {
        char c = text[parser->at];

        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.')
            return complain(parser, parser->at, "\"://\" is missing behind the scheme");
        put(parser, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    if (text[parser->at + 1] != '/' || text[parser->at + 2] != '/')
        return complain(parser, parser->at, "\"://\" is missing behind the scheme");
    put(parser, '\0');
    parser->at += 3;
    return 0;
}

/*
 * Whether a percent sign stands for itself: before the scope of an address in brackets, [fe80::1%eth0]. RFC 6874 wants it
 * escaped there, [fe80::1%25eth0], which means the same; but people and programs write it plainly.
 */
static bool is_scope(const char *here, const char *part, const char *end)
{
    return part[0] == '[' && !memchr(part, ']', (size_t)(end - part)) && strncmp(here, "%25", 3) != 0;
}

/* Decodes up to one of the bytes in `stops` or the end, and terminates what it decoded. */
static int parse_part(struct parser *parser, const char *stops, const char **ret_part)
{
    char *part = parser->uri->storage + parser->filled;

    while (parser->text[parser->at] && !strchr(stops, parser->text[parser->at])) {
        const char *here = parser->text + parser->at;
        int high, low;

        if ((unsigned char)*here <= ' ' || *here == 0x7f)
            return complain(parser, parser->at, "a blank or control character must be escaped (%20)");
        if (*here != '%' || is_scope(here, part, parser->uri->storage + parser->filled)) {
            put(parser, *here);
            parser->at++;
            continue;
        }
        high = hex_value(here[1]);
        low = high < 0 ? -1 : hex_value(here[2]);
        if (low < 0)
            return complain(parser, parser->at, "two hexadecimal digits must follow '%'");
        if (!high && !low)
            return complain(parser, parser->at, "a NUL byte (%00) has no place in a URI");
        put(parser, (char)(high * 16 + low));
        parser->at += 3;
    }
    put(parser, '\0');
    *ret_part = part;
    return 0;
}

static int parse_option(struct parser *parser)
{
    struct hprpc_uri *uri = parser->uri;
    size_t start = parser->at, i;
    const char *key, *value;
    int r;

    if (uri->option_count == HPRPC_URI_OPTIONS_MAX)
        return complain(parser, start, "there are more than 16 options");
    r = parse_part(parser, "=&", &key);
    if (r)
        return r;
    if (!key[0])
        return complain(parser, start, "an option has no name");
    if (parser->text[parser->at] != '=')
        return complain(parser, start, "an option has no value: write \"name=value\"");
    for (i = 0; i < uri->option_count; i++)
        if (!strcmp(uri->options[i].key, key))
            return complain(parser, start, "an option is given twice");
    parser->at++;
    r = parse_part(parser, "&", &value);
    if (r)
        return r;
    uri->options[uri->option_count].key = key;
    uri->options[uri->option_count].value = value;
    uri->option_count++;
    return 0;
}

static int parse(struct parser *parser)
{
    int r = parse_scheme(parser);

    if (r)
        return r;
    if (!parser->text[parser->at] || parser->text[parser->at] == '?')
        return complain(parser, parser->at, "nothing follows \"://\"");
    r = parse_part(parser, "?", &parser->uri->rest);
    while (!r && parser->text[parser->at]) {
        parser->at++; /* the '?' or '&' */
        r = parse_option(parser);
    }
    return r;
}

/* The same place in another copy of the storage. */
static const char *moved(const char *place, const struct hprpc_uri *from, const struct hprpc_uri *to)
{
    return to->storage + (place - from->storage);
}

int hprpc_uri_parse(const char *text, struct hprpc_detail *detail, struct hprpc_uri *ret_uri)
{
    struct hprpc_uri uri = { .option_count = 0 };
    struct parser parser = { .text = text, .detail = detail, .uri = &uri };
    size_t i;
    int r;

    if (!text)
        return hprpc_detail_set(detail, HPRPC_EURI, "there is no URI");
    /* each part ends in a NUL where the text has a separator, so the decoded parts fit where the text does */
    if (strnlen(text, HPRPC_URI_MAX + 1) > HPRPC_URI_MAX)
        return hprpc_detail_set(detail, HPRPC_EURI, "the URI " QUOTED "... is longer than %d bytes", text,
                                HPRPC_URI_MAX);
    r = parse(&parser);
    if (r)
        return r;

    *ret_uri = uri;
    ret_uri->scheme = moved(uri.scheme, &uri, ret_uri);
    ret_uri->rest = moved(uri.rest, &uri, ret_uri);
    for (i = 0; i < uri.option_count; i++) {
        ret_uri->options[i].key = moved(uri.options[i].key, &uri, ret_uri);
        ret_uri->options[i].value = moved(uri.options[i].value, &uri, ret_uri);
    }
    return 0;
}

const char *hprpc_uri_option(const struct hprpc_uri *uri, const char *key)
{
    size_t i;

    for (i = 0; i < uri->option_count; i++)
        if (!strcmp(uri->options[i].key, key))
            return uri->options[i].value;
    return NULL;
}

/* Reads digits and a unit. False for anything else, and for a size that 64 bits cannot hold. */
static bool parse_size(const char *text, uint64_t *ret_size)
{
    static const struct {
        const char *name;
        unsigned shift;
    } units[] = { { "", 0 }, { "B", 0 }, { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 } };
    uint64_t size = 0;
    size_t i;

    if (!is_digit(*text))
        return false;
    for (; is_digit(*text); text++) {
        uint64_t digit = (uint64_t)(*text - '0');

        if (size > (UINT64_MAX - digit) / 10)
            return false;
        size = size * 10 + digit;
    }
    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(text, units[i].name) || size > UINT64_MAX >> units[i].shift)
            continue;
        *ret_size = size << units[i].shift;
        return true;
    }
    return false;
}

int hprpc_uri_size(const struct hprpc_uri *uri, const char *key, uint64_t least, uint64_t most, uint64_t fallback,
                   struct hprpc_detail *detail, uint64_t *ret_size)
{
    const char *text = hprpc_uri_option(uri, key);
    uint64_t size;

    if (!text) {
        *ret_size = fallback;
        return 0;
    }
    if (!parse_size(text, &size))
        return hprpc_detail_set(detail, HPRPC_EURI,
                                "the option %s=%.60s is not a size: write digits, and KiB, MiB or GiB if need be", key,
                                text);
    if (size < least || size > most)
        return hprpc_detail_set(detail, HPRPC_EURI, "the option %s=%.60s is not between %llu and %llu", key, text,
                                (unsigned long long)least, (unsigned long long)most);
    *ret_size = size;
    return 0;
}

int hprpc_uri_wait(const struct hprpc_uri *uri, struct hprpc_detail *detail, enum hprpc_wait *ret_wait)
{
    const char *text = hprpc_uri_option(uri, "wait");

    if (!text || !strcmp(text, "adaptive"))
        *ret_wait = HPRPC_WAIT_ADAPTIVE;
    else if (!strcmp(text, "spin"))
        *ret_wait = HPRPC_WAIT_SPIN;
    else if (!strcmp(text, "block"))
        *ret_wait = HPRPC_WAIT_BLOCK;
    else
        return hprpc_detail_set(detail, HPRPC_EURI, "the option wait=%.60s is none of spin, adaptive and block", text);
    return 0;
}

int hprpc_uri_flag(const struct hprpc_uri *uri, const char *key, bool fallback, struct hprpc_detail *detail,
                   bool *ret_flag)
{
    const char *text = hprpc_uri_option(uri, key);

    if (!text)
        *ret_flag = fallback;
    else if (!strcmp(text, "yes"))
        *ret_flag = true;
    else if (!strcmp(text, "no"))
        *ret_flag = false;
    else
        return hprpc_detail_set(detail, HPRPC_EURI, "the option %s=%.60s is neither yes nor no", key, text);
    return 0;
}

int hprpc_uri_mode(const struct hprpc_uri *uri, mode_t fallback, struct hprpc_detail *detail, mode_t *ret_mode)
{
    const char *text = hprpc_uri_option(uri, "mode");
    mode_t mode = 0;
    size_t i;

    if (!text) {
        *ret_mode = fallback;
        return 0;
    }
    for (i = 0; i < 4 && text[i] >= '0' && text[i] <= '7'; i++)
        mode = mode * 8 + (mode_t)(text[i] - '0');
    if (!i || text[i] || mode > 0777)
        return hprpc_detail_set(detail, HPRPC_EURI, "the option mode=%.60s is not octal permission bits such as 0660",
                                text);
    if ((mode & 0600) != 0600)
        return hprpc_detail_set(detail, HPRPC_EURI,
                                "the option mode=%.60s keeps its own user out: 0600 must be among the bits", text);
    if (uri->rest[0] != '/')
        return hprpc_detail_set(detail, HPRPC_EURI,
                                "the option mode=%.60s needs an absolute path: bare names are private to a user", text);
    *ret_mode = mode;
    return 0;
}

int hprpc_uri_check_options(const struct hprpc_uri *uri, const char *const *known, struct hprpc_detail *detail)
{
    size_t i, k;

    for (i = 0; i < uri->option_count; i++) {
        for (k = 0; known[k] && strcmp(known[k], uri->options[i].key); k++)
            ;
        if (!known[k])
            return hprpc_detail_set(detail, HPRPC_EURI, "%s:// knows no option \"%.60s\"", uri->scheme,
                                    uri->options[i].key);
    }
    return 0;
}

void hprpc_uri_format(const char *scheme, const char *rest, char *ret_text, size_t capacity)
{
    size_t filled;

    if (!capacity)
        return;
    filled = (size_t)snprintf(ret_text, capacity, "%s://", scheme);
    for (; *rest; rest++) {
        unsigned char c = (unsigned char)*rest;
        bool plain = c > ' ' && c != 0x7f && c != '%' && c != '?';

        if (filled + (plain ? 1 : 3) >= capacity)
            break;
        filled += (size_t)snprintf(ret_text + filled, capacity - filled, plain ? "%c" : "%%%02X", c);
    }
}
