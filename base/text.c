/* SPDX-License-Identifier: MIT */
/* Copying texts of the other side: valid UTF-8, cut at a character, printable if asked. */
#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* Whether a code point of Unicode is written in as few bytes as it needs. */
static bool is_proper(uint32_t point, size_t size)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    return point >= least[size] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

/* Returns the size of the character at the start, and its code point; 0: there is no character. */
static size_t read_character(const unsigned char *bytes, size_t size, uint32_t *ret_point)
{
    size_t length = bytes[0] < 0x80 ? 1 : bytes[0] < 0xc0 ? 0 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    uint32_t point;

    if (!length || length > size || bytes[0] > 0xf4)
        return 0;
    point = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (bytes[i] & 0x3f);
    }
    *ret_point = point;
    return is_proper(point, length) ? length : 0;
}

static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

size_t hprpc__text_copy(const char *text, size_t size, bool printable, char *ret_text, size_t capacity)
{
    size_t at = 0, written = 0;

    size = strnlen(text, size);
    while (at < size) {
        uint32_t point = 0;
        size_t length = read_character((const unsigned char *)text + at, size - at, &point);
        bool plain = length && !(printable && is_control(point));
        size_t wanted = plain ? length : 1;

        if (written + wanted >= capacity)
            break;
        if (plain)
            memcpy(ret_text + written, text + at, length);
        else
            ret_text[written] = '?';
        written += wanted;
        at += length ? length : 1;
    }
    if (capacity)
        ret_text[written] = '\0';
    return written;
}

struct hprpc__quote hprpc__quote(const char *text, size_t size)
{
    struct hprpc__quote quote;

    hprpc__text_copy(text ? text : "", text ? size : 0, true, quote.text, sizeof(quote.text));
    return quote;
}
