/* SPDX-License-Identifier: MIT */
/* Validation of UTF-8 texts. */
#ifndef KODOSIS_RUNTIME_UTF8_H
#define KODOSIS_RUNTIME_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the bytes are well-formed UTF-8 (Unicode 15, table 3-7) without U+0000. */
bool kodosis__utf8_is_valid(const uint8_t *text, size_t size);

#endif
