/* SPDX-License-Identifier: MIT */
/*
 * Prints values as this platform encodes them, and what it says of bodies whose counts wrap where a size has 32 bits:
 * every platform has to print the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "paper.h"

enum { ROOM = 4096 };

static void print_bytes(const char *what, const uint8_t *bytes, size_t size)
{
    printf("%s:", what);
    for (size_t i = 0; i < size; i++)
        printf(" %02x", bytes[i]);
    puts("");
}

static size_t encode(const struct paper_shape *shape, uint8_t *ret_body)
{
    size_t size = (size_t)paper_shape_size(shape, 0);
    struct kodosis_writer writer;

    kodosis_writer_init(&writer, ret_body, size);
    paper_shape_write(&writer, shape);
    printf("%zu bytes: %s\n", size, kodosis_status_text(kodosis_writer_finish(&writer)));
    return size;
}

/* Decodes a body, says how that went, and prints what it encodes to. */
static void decode(const char *what, const uint8_t *body, size_t size, size_t limit)
{
    _Alignas(8) uint8_t again[ROOM];
    struct kodosis_reader reader;
    struct kodosis_arena arena;
    struct paper_shape shape;

    kodosis_arena_init(&arena, NULL, limit);
    kodosis_reader_init(&reader, body, size, &arena);
    paper_shape_read(&reader, &shape);
    printf("%s, decoded: %s\n", what, kodosis_status_text(kodosis_reader_finish(&reader)));
    if (reader.status == KODOSIS_OK)
        print_bytes(what, again, encode(&shape, again));
    kodosis_arena_clear(&arena);
}

static void try_a_shape(void)
{
    static const struct paper_point outline[] = { { 1.5, -2.25 }, { 3e300, 0.1 } };
    static const struct kodosis_string_int64_map_entry tags[] = { { { "far", 3 }, INT64_MIN }, { { "near", 4 }, 1 } };
    static const uint8_t raw[] = { 0, 1, 255 };
    static const paper_color color = PAPER_COLOR_BLUE;
    struct paper_shape shape = { 0 };
    _Alignas(8) uint8_t body[ROOM];
    size_t size;

    shape.name = kodosis_str("a shape");
    shape.outline.data = outline;
    shape.outline.count = 2;
    memset(shape.id, 7, sizeof(shape.id));
    shape.color = &color;
    shape.tags.data = tags;
    shape.tags.count = 2;
    shape.raw.data = raw;
    shape.raw.size = sizeof(raw);
    size = encode(&shape, body);
    print_bytes("a shape", body, size);
    decode("the shape", body, size, ROOM);
    for (size_t cut = 0; cut < size; cut++)
        decode("a part of it", body, cut, ROOM);
    decode("the shape in little memory", body, size, 32);
}

/* Counts whose product with the size of an element, 16, is 0 or little in 32 bits: after a name, before all else. */
static void try_counts(void)
{
    static const uint32_t counts[] = { 0x10000000, 0x10000001, 0x20000000, 0x7fffffff,
                                       0x80000000, 0xf0000000, 0xffffffff };

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        _Alignas(8) uint8_t body[64] = { 0 };
        struct kodosis_writer writer;

        kodosis_writer_init(&writer, body, sizeof(body));
        kodosis_write_string(&writer, kodosis_str(""));
        kodosis_write_varint(&writer, counts[i]);
        decode("a count that wraps", body, sizeof(body), SIZE_MAX);
    }
}

int main(void)
{
    try_a_shape();
    try_counts();
    return 0;
}
