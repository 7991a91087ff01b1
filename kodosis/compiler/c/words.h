/* SPDX-License-Identifier: MIT */
/*
 * Names that C, C++, POSIX and the system's headers have already, so that generated code cannot have them.
 */
#ifndef KODOSIS_COMPILER_C_WORDS_H
#define KODOSIS_COMPILER_C_WORDS_H

#include <stdbool.h>

/*
 * A keyword, a macro that expands wherever it stands, or a function that generated code calls: no identifier can have
 * this name.
 */
bool c_is_word(const char *name);

/*
 * A type, function or variable of the system's headers, or a macro with arguments: no name at file scope can be this
 * one.
 */
bool c_is_system_name(const char *name);

/* A macro in capitals. */
bool c_is_macro(const char *name);

#endif
