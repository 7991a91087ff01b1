/* SPDX-License-Identifier: MIT */
/*
 * The style of interface files: blanks, indentation and forced line breaks. Tokens and comments stay as they are, and in
 * their order; line breaks that the style does not demand are the author's.
 */
#ifndef KODOSIS_COMPILER_FORMAT_FORMAT_H
#define KODOSIS_COMPILER_FORMAT_FORMAT_H

#include "kodosis/compiler/text/diagnostic.h"

/*
 * Appends the file's text in the style. False, with the errors reported and nothing appended, if the file has errors of
 * syntax. Imports are not read, and names not looked up. A file that is in the style comes out as it went in.
 */
bool kodosis_format(const struct kodosis_file *file, struct kodosis_memory *memory,
                    struct kodosis_diagnostics *diagnostics, struct kodosis_text *ret_text);

#endif
