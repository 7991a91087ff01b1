/* SPDX-License-Identifier: MIT */
/* Texts that the other side wrote, inside sentences of ours: valid, cut at a character, without control characters. */
#ifndef HPRPC_BASE_TEXT_H
#define HPRPC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies as much of `text` (`size` bytes, or up to its NUL) as fits whole characters of UTF-8 into `ret_text`, which has room
 * for `capacity` bytes and is always NUL-terminated. A byte that belongs to no character becomes '?'. With `printable`, a
 * control character does as well. Returns the bytes written without the NUL.
 */
size_t hprpc__text_copy(const char *text, size_t size, bool printable, char *ret_text, size_t capacity);

/* A text of the other side, to quote in a sentence of ours: printable, at most 150 bytes. */
struct hprpc__quote {
    char text[152];
};

struct hprpc__quote hprpc__quote(const char *text, size_t size);

#endif
