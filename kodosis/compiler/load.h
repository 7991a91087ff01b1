/* SPDX-License-Identifier: MIT */
/*
 * Loading: files, what they import, and what their generated files are called.
 */
#ifndef KODOSIS_COMPILER_LOAD_H
#define KODOSIS_COMPILER_LOAD_H

#include "kodosis/compiler/check/unit.h"
#include "kodosis/compiler/limits.h"
#include "kodosis/compiler/sources.h"

struct kodosis_loader {
    const struct kodosis_sources *sources;
    const char *const *import_paths;
    size_t import_path_count;
    bool flat_names;
    struct kodosis_memory *memory;
    struct kodosis_diagnostics *diagnostics;

    struct kodosis_unit **units; /* each behind what it imports */
    size_t unit_count;
    size_t unit_capacity;
    bool io_failed; /* one of the paths could not be read */

    struct kodosis_table by_identity;
    struct kodosis_table by_name;
    struct kodosis_unit *chain[KODOSIS_LIMIT_IMPORT_DEPTH + 1]; /* the files that import one another down to the last */
    size_t depth;
    size_t started;
};

/* Loads and parses the files and all that they import. */
void kodosis_load(struct kodosis_loader *loader, const char *const *paths, size_t path_count);

void kodosis_loader_clear(struct kodosis_loader *loader);

#endif
