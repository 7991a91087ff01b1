/* SPDX-License-Identifier: MIT */
/*
 * Places in a text. The protocol counts lines and characters from 0, characters in units of UTF-16; the compiler counts both from 1,
 * in bytes. Both meet in offsets: bytes from the beginning of the text.
 */
#ifndef KODOSIS_LSP_PLACE_H
#define KODOSIS_LSP_PLACE_H

#include <stddef.h>
#include <stdint.h>

/* Where the lines of a text begin. */
struct lsp_lines {
    const char *text;
    size_t size;
    size_t *starts; /* malloc'ed; of line 0 on */
    size_t count;   /* at least 1 */
    size_t *feeds;  /* malloc'ed; the same of the compiler's lines, which end in '\n' alone */
    size_t feed_count;
};

/* A place as the protocol has it. */
struct lsp_place {
    uint32_t line;
    uint32_t character;
};

void lsp_lines_read(struct lsp_lines *lines, const char *text, size_t size);
void lsp_lines_clear(struct lsp_lines *lines);

/* The offset of a place. One behind the end of its line is that end; one behind the last line is the end of the text. */
size_t lsp_offset_of(const struct lsp_lines *lines, struct lsp_place place);

/* The place of an offset. */
struct lsp_place lsp_place_of(const struct lsp_lines *lines, size_t offset);

/* The offset of the compiler's line and column, at most the end of the text. */
size_t lsp_offset_at(const struct lsp_lines *lines, uint32_t line, uint32_t column);

#endif
