/* SPDX-License-Identifier: MIT */
/*
 * `kodosis lint`.
 */
#ifndef KODOSIS_COMPILER_LINT_COMMAND_H
#define KODOSIS_COMPILER_LINT_COMMAND_H

#include "kodosis/compiler/compile.h"
#include "kodosis/compiler/options.h"

/*
 * Looks at the files and folders of the options. Errors, or what is found, are in the compilation's diagnostics. Reports on the standard
 * error what cannot be read, and rules that there are not. Returns the exit status.
 */
int kodosis_lint_files(const struct kodosis_options *options, struct kodosis_compilation *compilation);

/* Appends the list of rules, or the explanation of one, as the options say. Returns the exit status. */
int kodosis_lint_tell(const struct kodosis_options *options, struct kodosis_text *text);

#endif
