/* SPDX-License-Identifier: MIT */
/* A growable text with indentation. */
#include "kodosis/compiler/text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/text/memory.h"

enum { SPACES_PER_LEVEL = 4 };

/* Room for `size` more bytes and the final NUL. */
static char *make_room(struct kodosis_text *text, size_t size)
{
    size_t needed = text->size + size + 1;

    if (needed > text->capacity) {
        size_t capacity = text->capacity ? text->capacity : 1024;

        while (capacity < needed)
            capacity *= 2;
        text->data = kodosis_reallocate(text->data, capacity, 1);
        text->capacity = capacity;
    }
    return text->data + text->size;
}

void kodosis_text_add_bytes(struct kodosis_text *text, const void *bytes, size_t size)
{
    char *room = make_room(text, size);

    if (size)
        memcpy(room, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

static void add_indented(struct kodosis_text *text, const char *bytes, size_t size)
{
    while (size) {
        const char *newline = memchr(bytes, '\n', size);
        size_t line = newline ? (size_t)(newline - bytes) + 1 : size;
        bool at_start = !text->size || text->data[text->size - 1] == '\n';

        if (at_start && *bytes != '\n') {
            size_t spaces = (size_t)text->indent * SPACES_PER_LEVEL;

            memset(make_room(text, spaces), ' ', spaces);
            text->size += spaces;
        }
        kodosis_text_add_bytes(text, bytes, line);
        bytes += line;
        size -= line;
    }
}

void kodosis_text_add_list(struct kodosis_text *text, const char *format, va_list arguments)
{
    char small[512];
    char *large;
    va_list again;
    int size;

    va_copy(again, arguments);
    size = vsnprintf(small, sizeof(small), format, arguments);
    if (size >= 0 && (size_t)size < sizeof(small)) {
        add_indented(text, small, (size_t)size);
    } else if (size >= 0) {
        large = kodosis_reallocate(NULL, (size_t)size + 1, 1);
        vsnprintf(large, (size_t)size + 1, format, again);
        add_indented(text, large, (size_t)size);
        free(large);
    }
    va_end(again);
}

void kodosis_text_add(struct kodosis_text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    kodosis_text_add_list(text, format, arguments);
    va_end(arguments);
}

void kodosis_text_line(struct kodosis_text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    kodosis_text_add_list(text, format, arguments);
    va_end(arguments);
    kodosis_text_add_bytes(text, "\n", 1);
}

/* The letter behind the backslash, or 0. */
static char escape_letter(unsigned char byte)
{
    switch (byte) {
    case '\n':
        return 'n';
    case '\t':
        return 't';
    case '\r':
        return 'r';
    case '"':
    case '\\':
        return (char)byte;
    default:
        return 0;
    }
}

void kodosis_text_add_quoted(struct kodosis_text *text, const char *bytes, size_t size)
{
    add_indented(text, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        char escaped[8];
        int length = 1;

        escaped[0] = (char)byte;
        if (escape_letter(byte))
            length = snprintf(escaped, sizeof(escaped), "\\%c", escape_letter(byte));
        else if (byte < 0x20 || byte >= 0x7f || (byte == '?' && i && bytes[i - 1] == '?'))
            length = snprintf(escaped, sizeof(escaped), "\\%03o", byte); /* also no trigraphs */
        kodosis_text_add_bytes(text, escaped, (size_t)length);
    }
    kodosis_text_add_bytes(text, "\"", 1);
}

void kodosis_text_clear(struct kodosis_text *text)
{
    free(text->data);
    *text = (struct kodosis_text)KODOSIS_TEXT_INIT;
}
