/* SPDX-License-Identifier: MIT */
/*
 * The two sides of a comparison: what OLD and NEW on the command line mean.
 */
#ifndef KODOSIS_COMPILER_BREAKING_SIDES_H
#define KODOSIS_COMPILER_BREAKING_SIDES_H

#include "kodosis/compiler/breaking/git.h"

/* Interface files, and where they and their imports come from. */
struct kodosis_side {
    struct kodosis_memory *memory;
    struct kodosis_git git;
    bool has_git; /* the files are of a revision */
    struct kodosis_sources sources;
    const char **paths; /* malloc'ed; the strings are in the memory */
    size_t path_count;
    const char **import_paths; /* malloc'ed, as given, then the folders themselves */
    size_t import_path_count;
};

/* Opens a side without files. kodosis_side_close() frees it. */
void kodosis_side_open(struct kodosis_side *side, const char *const *import_paths, size_t import_path_count,
                       struct kodosis_memory *memory);
void kodosis_side_close(struct kodosis_side *side);

/*
 * Adds a file, or a folder with all files called *.kod below it. False, with a line on the standard error, if it cannot be read, or a folder
 * has none.
 */
bool kodosis_side_add(struct kodosis_side *side, const char *path);

/* The same for "REVISION:path", or else for a path as it is. */
bool kodosis_side_add_any(struct kodosis_side *side, const char *path);

/* Adds what a revision has in place of a path of the working tree; what it has not is left out. */
bool kodosis_side_add_against(struct kodosis_side *side, const char *revision, const char *path);

#endif
