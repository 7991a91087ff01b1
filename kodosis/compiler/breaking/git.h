/* SPDX-License-Identifier: MIT */
/*
 * Interface files of a git revision, read by running git.
 */
#ifndef KODOSIS_COMPILER_BREAKING_GIT_H
#define KODOSIS_COMPILER_BREAKING_GIT_H

#include <stdbool.h>

#include "kodosis/compiler/sources.h"
#include "kodosis/compiler/text/memory.h"
#include "kodosis/compiler/text/table.h"
#include "kodosis/compiler/text/text.h"

struct kodosis_git {
    struct kodosis_memory *memory;
    const char *directory;        /* where git runs */
    const char *revision;         /* as the user wrote it; paths begin with it and a ':' */
    const char *tree;             /* its number */
    const char *top;              /* the working tree; empty if there is none */
    const char *prefix;           /* of `directory` below `top`, with a '/' at its end; empty at the top */
    struct kodosis_table entries; /* files and directories of the tree: "d" or "f" */
    const char **files;           /* malloc'ed: in the order of git */
    size_t file_count;
};

/*
 * Opens a revision of the repository that the directory is in. False, with a line on the standard error, if git cannot be run, or
 * knows no such revision. kodosis_git_close() frees it, also then. Blocks while git runs.
 */
bool kodosis_git_open(struct kodosis_git *git, const char *directory, const char *revision,
                      struct kodosis_memory *memory);
void kodosis_git_close(struct kodosis_git *git);

/* Sets only where a directory is: `directory`, `top` and `prefix`. False, with a line on the standard error, if it is in no repository. */
bool kodosis_git_find_prefix(struct kodosis_git *git, const char *directory, struct kodosis_memory *memory);

/* The sources of the revision, and of the file system where a path does not begin with the revision. They borrow `git`. */
struct kodosis_sources kodosis_git_sources(struct kodosis_git *git);

/*
 * "REVISION:path" for a path below the top of the working tree. It has a '/' behind the ':', so that what is relative to the
 * file's directory can be found by cutting there.
 */
const char *kodosis_git_path(struct kodosis_git *git, const char *below_top);

/* The path without "." and ".." and double '/'; NULL if it leads out of the top. */
const char *kodosis_git_normalize(struct kodosis_memory *memory, const char *path);

/* 'f', 'd', or 0 if the revision has nothing there. The path is normalized. */
char kodosis_git_kind(const struct kodosis_git *git, const char *path);

#endif
