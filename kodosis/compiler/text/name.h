/* SPDX-License-Identifier: MIT */
/* Names in other spellings. */
#ifndef KODOSIS_COMPILER_TEXT_NAME_H
#define KODOSIS_COMPILER_TEXT_NAME_H

#include "kodosis/compiler/text/memory.h"
#include "kodosis/compiler/text/text.h"

/*
 * The name in snake case: an underscore goes in front of an upper-case letter that follows a lower-case letter or a digit,
 * or that follows an upper-case letter and precedes a lower-case one; dots become underscores; all becomes lower case.
 */
const char *kodosis_snake_case(struct kodosis_memory *memory, const char *name);

/* `a`, `separator` and `b` in one string. */
const char *kodosis_join(struct kodosis_memory *memory, const char *a, const char *separator, const char *b);

/* Appends what an output of the file `name` is called: ".kod" becomes `suffix`. */
void kodosis_add_output_name(struct kodosis_text *text, const char *name, const char *suffix);

#endif
