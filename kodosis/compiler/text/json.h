/* SPDX-License-Identifier: MIT */
/*
 * A JSON writer: commas, indentation and escapes.
 */
#ifndef KODOSIS_COMPILER_TEXT_JSON_H
#define KODOSIS_COMPILER_TEXT_JSON_H

#include <stdint.h>

#include "kodosis/compiler/text/text.h"

struct kodosis_json {
    struct kodosis_text *text;
    bool started; /* the object or array being written has something in it */
};

/* A value in an object has a key; in an array `key` is NULL. */
void kodosis_json_open(struct kodosis_json *json, const char *key, char bracket);
void kodosis_json_close(struct kodosis_json *json, char bracket);
void kodosis_json_string(struct kodosis_json *json, const char *key, const char *string, size_t size);
void kodosis_json_text(struct kodosis_json *json, const char *key, const char *string); /* nothing for NULL */
void kodosis_json_bool(struct kodosis_json *json, const char *key, bool value);
void kodosis_json_signed(struct kodosis_json *json, const char *key, int64_t value);
void kodosis_json_unsigned(struct kodosis_json *json, const char *key, uint64_t value);
void kodosis_json_real(struct kodosis_json *json, const char *key, double value);

#endif
