/* SPDX-License-Identifier: MIT */
/* Validation of UTF-8, eight bytes at a time where they are ASCII. */
#include "kodosis/runtime/utf8.h"

/*
 * Counts bytes at the beginning that are ASCII other than NUL, in steps of 8; the last step counts all of its bytes or
 * none.
 */
static size_t skip_ascii(const uint8_t *text, size_t size)
{
    size_t done = 0;
    uint64_t word;

    for (; size - done >= 8; done += 8) {
        memcpy(&word, text + done, sizeof(word));
        if (!kodosis__is_ascii(word))
            return done;
    }
    return done == size || kodosis__is_ascii(kodosis__load_short(text + done, size - done)) ? size : done;
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

/* Checks a text that has a NUL or a byte that is not ASCII among its first eight bytes. */
static __attribute__((noinline)) bool is_valid(const uint8_t *text, size_t size)
{
    size_t at = 0;

    while (at < size) {
        size_t length = character_length(text + at, size - at);

        if (!length)
            return false;
        at += length;
        at += skip_ascii(text + at, size - at);
    }
    return true;
}

bool kodosis__utf8_is_valid_text(const uint8_t *text, size_t size)
{
    size_t ascii = skip_ascii(text, size);

    return ascii == size || is_valid(text + ascii, size - ascii);
}
