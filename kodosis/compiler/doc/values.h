/* SPDX-License-Identifier: MIT */
/* Values of constants and defaults as an interface file writes them. */
#ifndef KODOSIS_COMPILER_DOC_VALUES_H
#define KODOSIS_COMPILER_DOC_VALUES_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/text.h"

/* Appends a value, with HTML's escapes. Long ones are cut. */
void doc_add_value(struct kodosis_text *html, const struct kodosis_value *value);

#endif
