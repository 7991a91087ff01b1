/* SPDX-License-Identifier: MIT */
/* Values as C writes them. */
#ifndef KODOSIS_COMPILER_C_LITERALS_H
#define KODOSIS_COMPILER_C_LITERALS_H

#include "kodosis/compiler/c/state.h"

/* The literal of an integer of this type; INT32_MIN or INT64_MIN for these two, which have no literal in C. */
const char *c_integer_literal(struct c_emitter *emitter, const struct kodosis_type *type, int64_t value);

/* The expression for the value of a constant; a string is a literal in quotes. */
const char *c_literal(struct c_emitter *emitter, const struct kodosis_value *value);

/* Emits the definition of a constant that is made of several values, and in front of it the elements of its lists. */
void c_emit_object(struct c_emitter *emitter, const char *name, const struct kodosis_type *type,
                   const struct kodosis_value *value);

/* KODOSIS_DEPRECATED("sentence"), with a space in front or behind; "" for no sentence. */
const char *c_deprecated_behind(struct c_emitter *emitter, const char *sentence);
const char *c_deprecated_before(struct c_emitter *emitter, const char *sentence);

enum { C_LITERAL_MAX = 4000 }; /* bytes of a string literal; compilers need not take more than 4,095 */

/* Emits a text that is too long for a literal: the constant array `name` of its bytes. */
void c_emit_long_text(struct c_emitter *emitter, const char *name, const char *text);

#endif
