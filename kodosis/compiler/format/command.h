/* SPDX-License-Identifier: MIT */
/*
 * `kodosis format`.
 */
#ifndef KODOSIS_COMPILER_FORMAT_COMMAND_H
#define KODOSIS_COMPILER_FORMAT_COMMAND_H

#include "kodosis/compiler/options.h"
#include "kodosis/compiler/text/diagnostic.h"

/*
 * Formats each file of the options, as their `format` says: prints to the standard output or writes. Goes on with the next
 * file where one has errors, which are reported, or cannot be read or written. Returns the exit status, the highest of all.
 */
int kodosis_format_files(const struct kodosis_options *options, struct kodosis_diagnostics *diagnostics);

#endif
