#include "kodosis/runtime/utf8.h"

#include <string.h>

/* How many of the bytes, in steps of 8, are ASCII other than NUL. */
static size_t skip_ascii(const uint8_t *text, size_t size)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t tops = 0x8080808080808080u;
    size_t done = 0;

    while (size - done >= 8) {
        uint64_t word;

        memcpy(&word, text + done, sizeof(word));
        /* with no top bit set, subtracting 1 from each byte borrows exactly at the lowest zero byte */
        if ((word | (word - ones)) & tops)
            break;
        done += 8;
    }
    return done;
}

/* The length of the well-formed character at `text`, 0 if there is none. `size` is at least 1. */
static size_t character_length(const uint8_t *text, size_t size)
{
    uint8_t lead = text[0];
    uint8_t low = 0x80; /* bounds of the second byte: they rule out overlong forms, surrogates and beyond U+10FFFF */
    uint8_t high = 0xbf;
    size_t length;
    size_t i;

    if (lead < 0x80)
        return lead ? 1 : 0;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length > size)
        return 0;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    if (text[1] < low || text[1] > high)
        return 0;
    for (i = 2; i < length; i++)
        if (text[i] < 0x80 || text[i] > 0xbf)
            return 0;
    return length;
}

bool kodosis__utf8_is_valid(const uint8_t *text, size_t size)
{
    size_t at = 0;

    while (at < size) {
        size_t length;

        at += skip_ascii(text + at, size - at);
        if (at == size)
            break;
        length = character_length(text + at, size - at);
        if (!length)
            return false;
        at += length;
    }
    return true;
}
