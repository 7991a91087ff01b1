/* SPDX-License-Identifier: MIT */
/* Decoding and encoding of UTF-8. */
#ifndef KODOSIS_COMPILER_TEXT_UTF8_H
#define KODOSIS_COMPILER_TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads one code point. Returns its length in bytes, or 0 if there is none: a truncated, overlong or out of range sequence,
 * or a surrogate.
 */
size_t kodosis_utf8_decode(const char *text, size_t size, uint32_t *ret_code);

/* Writes one code point (below 0x110000, no surrogate); returns its length, at most 4. */
size_t kodosis_utf8_encode(uint32_t code, char *text);

#endif
