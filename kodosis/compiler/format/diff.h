/* SPDX-License-Identifier: MIT */
/*
 * The difference of two texts, as patch(1) reads it.
 */
#ifndef KODOSIS_COMPILER_FORMAT_DIFF_H
#define KODOSIS_COMPILER_FORMAT_DIFF_H

#include "kodosis/compiler/text/text.h"

/*
 * Appends a unified diff of one hunk, which reaches from the first line that differs to the last one with three lines around
 * it. Appends nothing if the texts are the same.
 */
void kodosis_diff(const char *path, const struct kodosis_text *old, const struct kodosis_text *new,
                  struct kodosis_text *ret_diff);

#endif
