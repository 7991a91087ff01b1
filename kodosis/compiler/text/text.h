/* SPDX-License-Identifier: MIT */
/*
 * A growable text with indentation, which emitters write into. If memory runs out the program ends, as everywhere in
 * the compiler.
 */
#ifndef KODOSIS_COMPILER_TEXT_TEXT_H
#define KODOSIS_COMPILER_TEXT_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct kodosis_text {
    char *data; /* NUL-terminated once anything was added; NULL before */
    size_t size;
    size_t capacity;
    unsigned indent; /* levels of four spaces, put in front of each line that is not empty */
};

/* clang-format off */
#define KODOSIS_TEXT_INIT { 0 }
/* clang-format on */

#if defined(__GNUC__)
#define KODOSIS_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define KODOSIS_PRINTF(text, first)
#endif

/* Appends, printf-style. Lines may begin and end anywhere; each one is indented when its first character comes. */
void kodosis_text_add(struct kodosis_text *text, const char *format, ...) KODOSIS_PRINTF(2, 3);
void kodosis_text_add_list(struct kodosis_text *text, const char *format, va_list arguments) KODOSIS_PRINTF(2, 0);

/* The same with a newline behind it. */
void kodosis_text_line(struct kodosis_text *text, const char *format, ...) KODOSIS_PRINTF(2, 3);

/* Appends bytes as they are, without indentation. */
void kodosis_text_add_bytes(struct kodosis_text *text, const void *bytes, size_t size);

/* Appends a C string literal with its quotes: everything but printable ASCII is escaped, in octal where C has no letter. */
void kodosis_text_add_quoted(struct kodosis_text *text, const char *bytes, size_t size);

static inline void kodosis_text_indent(struct kodosis_text *text)
{
    text->indent++;
}

static inline void kodosis_text_outdent(struct kodosis_text *text)
{
    text->indent--;
}

/* Gives the memory back; the text is empty and may be used again. */
void kodosis_text_clear(struct kodosis_text *text);

#endif
