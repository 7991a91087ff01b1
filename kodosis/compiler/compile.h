/* SPDX-License-Identifier: MIT */
/*
 * The compiler's front: from paths to a checked model. The program, the tests and the fuzzer all call it.
 */
#ifndef KODOSIS_COMPILER_COMPILE_H
#define KODOSIS_COMPILER_COMPILE_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/sources.h"
#include "kodosis/compiler/text/diagnostic.h"

struct kodosis_compilation {
    const struct kodosis_sources *sources;
    const char *const *import_paths;
    size_t import_path_count;
    bool flat_names; /* files are named by the last part of their path alone */

    struct kodosis_memory memory; /* the model and the sources */
    struct kodosis_diagnostics diagnostics;
    bool io_failed; /* a file given by the caller could not be read */
};

/* Loads, parses and checks. NULL after errors, which are in the diagnostics. The model lives until the clear. */
const struct kodosis_model *kodosis_compile(struct kodosis_compilation *compilation, const char *const *paths,
                                            size_t path_count);

void kodosis_compilation_clear(struct kodosis_compilation *compilation);

#endif
