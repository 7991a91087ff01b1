/* SPDX-License-Identifier: MIT */
/* Validation of UTF-8 texts. */
#ifndef KODOSIS_RUNTIME_UTF8_H
#define KODOSIS_RUNTIME_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <kodosis/types.h>

#define KODOSIS__ONES 0x0101010101010101u

/* Whether eight bytes are ASCII other than NUL. */
static inline bool kodosis__is_ascii(uint64_t word)
{
    /* with no top bit set, subtracting 1 from each byte borrows exactly at the lowest zero byte */
    return !((word | (word - KODOSIS__ONES)) & KODOSIS__ONES << 7);
}

/* Loads 1 to 7 bytes into a word. Its other bytes repeat some of the text, or are 1, so kodosis__is_ascii() tells about the text. */
static inline uint64_t kodosis__load_short(const uint8_t *text, size_t size)
{
    uint32_t first, last;

    if (size < 4)
        return KODOSIS__ONES << 24 | (uint64_t)text[size - 1] << 16 | (uint64_t)text[size / 2] << 8 | text[0];
    memcpy(&first, text, sizeof(first));
    memcpy(&last, text + size - sizeof(last), sizeof(last));
    return (uint64_t)last << 32 | first;
}

/* Whether a text is ASCII other than NUL, and has 1 to 16 bytes: it is one word, or two, which may overlap. */
static inline bool kodosis__is_short_ascii(const uint8_t *text, size_t size)
{
    uint64_t first, last;

    if (size - 8 <= 8) {
        memcpy(&first, text, sizeof(first));
        memcpy(&last, text + size - sizeof(last), sizeof(last));
        return kodosis__is_ascii(first) && kodosis__is_ascii(last);
    }
    return size - 1 < 7 && kodosis__is_ascii(kodosis__load_short(text, size));
}

/* The slow half of kodosis__utf8_is_valid. */
bool kodosis__utf8_is_valid_text(const uint8_t *text, size_t size);

/* Whether the bytes are well-formed UTF-8 (Unicode 15, table 3-7) without U+0000. Most texts are short and ASCII. */
static inline bool kodosis__utf8_is_valid(const uint8_t *text, size_t size)
{
    return KODOSIS_LIKELY(kodosis__is_short_ascii(text, size)) || kodosis__utf8_is_valid_text(text, size);
}

#endif
