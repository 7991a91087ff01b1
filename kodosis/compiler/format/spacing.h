/* SPDX-License-Identifier: MIT */
/*
 * Blanks between two items on one line.
 */
#ifndef KODOSIS_COMPILER_FORMAT_SPACING_H
#define KODOSIS_COMPILER_FORMAT_SPACING_H

#include "kodosis/compiler/format/items.h"

/*
 * Whether a blank stands between `left` and `right`. `before` is the token in front of `left`, or NULL: behind a ')',
 * "raises" is a word of the language and no name.
 */
bool kodosis__needs_blank(const struct kodosis_item *before, const struct kodosis_item *left,
                          const struct kodosis_item *right);

#endif
