/* SPDX-License-Identifier: MIT */
/*
 * `kodosis breaking`.
 */
#ifndef KODOSIS_COMPILER_BREAKING_COMMAND_H
#define KODOSIS_COMPILER_BREAKING_COMMAND_H

#include "kodosis/compiler/compile.h"
#include "kodosis/compiler/options.h"

/* What the reported places refer to. */
struct kodosis_breaking_run {
    struct kodosis_compilation old;
    struct kodosis_compilation new;
};

/*
 * Compares what the options name. Errors of both sides, or else what is broken, are in the diagnostics, whose places refer to the
 * run; it is cleared behind them. Reports on the standard error what cannot be read. Returns the exit status.
 */
int kodosis_breaking_files(const struct kodosis_options *options, struct kodosis_breaking_run *run,
                           struct kodosis_diagnostics *diagnostics);
void kodosis_breaking_clear(struct kodosis_breaking_run *run);

#endif
