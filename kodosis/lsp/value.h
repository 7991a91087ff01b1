/* SPDX-License-Identifier: MIT */
/* Reading JSON values that a client sent, of which nothing is certain. Everything is borrowed. */
#ifndef KODOSIS_LSP_VALUE_H
#define KODOSIS_LSP_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "kodosis/lsp/place.h"

/* The member of an object; NULL if it is no object, or has none of that name. */
struct json_object *lsp_member(struct json_object *object, const char *name);

/* Whether an object has a member of that name, whatever it is. */
bool lsp_has(struct json_object *object, const char *name);

/* A member that is a string without NUL; NULL otherwise. */
const char *lsp_string(struct json_object *object, const char *name);

/* A member that is an integer from 0 to 2147483647, as the protocol's uinteger. */
bool lsp_number(struct json_object *object, const char *name, uint32_t *ret_number);

/* Whether the member is there and true. */
bool lsp_is_true(struct json_object *object, const char *name);

/* Whether a member is an array of strings, this one among them. */
bool lsp_has_string(struct json_object *object, const char *name, const char *wanted);

/* A member that is a place, or a range of two. */
bool lsp_take_place(struct json_object *object, const char *name, struct lsp_place *ret_place);
bool lsp_take_range(struct json_object *object, const char *name, struct lsp_place *ret_start,
                    struct lsp_place *ret_end);

/* ---- Making values: the caller owns what is returned ---- */

struct json_object *lsp_make_place(struct lsp_place place);
struct json_object *lsp_make_range(const struct lsp_lines *lines, size_t start, size_t end);

/* {"range": ..., "newText": text} */
struct json_object *lsp_make_edit(const struct lsp_lines *lines, size_t start, size_t end, const char *text,
                                  size_t size);

/* Gives `value` to the object. */
void lsp_put(struct json_object *object, const char *name, struct json_object *value);
void lsp_put_string(struct json_object *object, const char *name, const char *text);
void lsp_put_number(struct json_object *object, const char *name, uint32_t number);

#endif
