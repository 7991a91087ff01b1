/* SPDX-License-Identifier: MIT */
/* The parts of the reader that are not inline: faults, long varints, texts and arrays. */
#include <kodosis/reader.h>

#include "kodosis/runtime/utf8.h"

const uint8_t kodosis_zeros[KODOSIS_RUN_MAX];

void kodosis_reader_fail(struct kodosis_reader *reader, enum kodosis_status status)
{
    if (reader->status == KODOSIS_OK) {
        reader->status = status;
        reader->fault = reader->cursor;
    }
    reader->cursor = reader->end;
}

uint32_t kodosis_read_long_varint(struct kodosis_reader *reader)
{
    const uint8_t *place = reader->cursor;
    uint32_t value = 0;
    uint32_t shift;

    for (shift = 0; shift < 35; shift += 7) { /* GCOVR_EXCL_BR_LINE: the fifth byte ends it, one way or the other */
        uint8_t byte;

        if (place == reader->end) {
            kodosis_reader_fail(reader, KODOSIS_TRUNCATED);
            return 0;
        }
        byte = *place++;
        /* the fifth byte has four bits left; a last byte of 0 would have been left out */
        if ((shift == 28 && byte > 0x0f) || (shift && !byte))
            break;
        value |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            reader->cursor = place;
            return value;
        }
    }
    kodosis_reader_fail(reader, KODOSIS_BAD_LENGTH);
    return 0;
}

void kodosis_reader_fail_memory(struct kodosis_reader *reader, size_t count, size_t size)
{
    const struct kodosis_arena *arena = reader->arena;
    bool allowed = arena && count <= SIZE_MAX / size && kodosis_arena_allows(arena, count * size);

    kodosis_reader_fail(reader, allowed ? KODOSIS_NO_MEMORY : KODOSIS_TOO_MUCH_MEMORY);
}

/* Bools side by side: a pass without branches, which the compiler turns into vector instructions. */
static bool bools_are_valid(const uint8_t *bytes, size_t count)
{
    uint8_t bits = 0;
    size_t i;

    for (i = 0; i < count; i++)
        bits |= bytes[i];
    return bits <= 1;
}

void kodosis_check_bools(struct kodosis_reader *reader, const void *first, size_t count, size_t stride)
{
    const uint8_t *bytes = (const uint8_t *)first;
    uint8_t bits = 0;
    size_t i;

    if (stride == 1) {
        if (!bools_are_valid(bytes, count))
            kodosis_reader_fail(reader, KODOSIS_BAD_BOOL);
        return;
    }
    for (i = 0; i < count; i++)
        bits |= bytes[i * stride];
    if (bits > 1)
        kodosis_reader_fail(reader, KODOSIS_BAD_BOOL);
}

/* Reads any string. */
static __attribute__((noinline)) struct kodosis_string read_string(struct kodosis_reader *reader)
{
    struct kodosis_string string = { "", 0 };
    uint32_t size = kodosis_read_varint(reader);
    const uint8_t *text;

    if (size >= kodosis_reader_remaining(reader)) {
        kodosis_reader_fail(reader, KODOSIS_TRUNCATED);
        return string;
    }
    text = reader->cursor;
    if (text[size] || !kodosis__utf8_is_valid(text, size)) {
        kodosis_reader_fail(reader, KODOSIS_BAD_TEXT);
        return string;
    }
    reader->cursor += (size_t)size + 1;
    string.data = (const char *)text;
    string.size = size;
    return string;
}

struct kodosis_string kodosis_read_string(struct kodosis_reader *reader)
{
    const uint8_t *place = reader->cursor;
    size_t remaining = (size_t)(reader->end - place), size;
    struct kodosis_string string;

    if (KODOSIS_UNLIKELY(!remaining))
        return read_string(reader);
    size = *place++; /* read once: the body may be shared with the peer */
    /* most strings are short and ASCII; all others, and faults, are looked at from the beginning */
    if (KODOSIS_UNLIKELY(size + 2 > remaining || !kodosis__is_short_ascii(place, size) || place[size]))
        return read_string(reader);
    reader->cursor = place + size + 1;
    string.data = (const char *)place;
    string.size = size;
    return string;
}

/* ---- Extensible values ---- */

const uint8_t *kodosis_read_extent(struct kodosis_reader *reader)
{
    const uint8_t *end = reader->end;
    uint32_t size = kodosis_read_uint32(reader);

    kodosis_read_padding(reader, 8);
    if (size > kodosis_reader_remaining(reader))
        kodosis_reader_fail(reader, KODOSIS_TRUNCATED);
    else
        reader->end = reader->cursor + size;
    return end;
}

/* Gives the reader back its end. After a fault nothing is left to read. */
static void widen(struct kodosis_reader *reader, const uint8_t *end)
{
    reader->end = end;
    if (reader->status != KODOSIS_OK)
        reader->cursor = end;
}

struct kodosis_bytes kodosis_read_content(struct kodosis_reader *reader)
{
    struct kodosis_bytes content = { NULL, 0 };

    if (reader->cursor != reader->end) {
        content.data = reader->cursor;
        content.size = kodosis_reader_remaining(reader);
        reader->cursor = reader->end;
    }
    return content;
}

struct kodosis_bytes kodosis_read_rest(struct kodosis_reader *reader, const uint8_t *end)
{
    struct kodosis_bytes rest;

    /* a member takes at least one byte, so padding with nothing behind it is no member */
    if (kodosis_read_more(reader) && reader->cursor == reader->end)
        kodosis_reader_fail(reader, KODOSIS_TRAILING);
    rest = kodosis_read_content(reader);
    widen(reader, end);
    return rest;
}

void kodosis_read_extent_end(struct kodosis_reader *reader, const uint8_t *end)
{
    if (reader->cursor != reader->end)
        kodosis_reader_fail(reader, KODOSIS_TRAILING);
    widen(reader, end);
}

/* ---- Bytes and strings ---- */

struct kodosis_bytes kodosis_read_bytes(struct kodosis_reader *reader)
{
    struct kodosis_bytes bytes = { NULL, 0 };
    uint32_t size = kodosis_read_varint(reader);

    bytes.data = kodosis_reader_take(reader, size);
    if (bytes.data)
        bytes.size = size;
    return bytes;
}

_Static_assert(sizeof(enum kodosis_status) == 4 &&
                   offsetof(struct kodosis_reader, unread) == offsetof(struct kodosis_reader, status) + 4,
               "kodosis_reader_finish loads both at once");

enum kodosis_status kodosis_reader_finish_slowly(struct kodosis_reader *reader)
{
    if (kodosis_reader_remaining(reader))
        kodosis_reader_fail(reader, KODOSIS_TRAILING);
    if (reader->unread)
        kodosis_reader_fail(reader, KODOSIS_BAD_DESCRIPTOR);
    return reader->status;
}

int kodosis_read_fd(struct kodosis_reader *reader)
{
    uint8_t number = kodosis_read_uint8(reader);

    if (reader->status != KODOSIS_OK)
        return -1;
    if (!reader->unread || number != reader->named) {
        kodosis_reader_fail(reader, KODOSIS_BAD_DESCRIPTOR);
        return -1;
    }
    reader->unread--;
    return reader->descriptors[reader->named++];
}
