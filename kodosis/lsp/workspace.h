/* SPDX-License-Identifier: MIT */
/* The interface files of a project: those that are open, and those in its folders. */
#ifndef KODOSIS_LSP_WORKSPACE_H
#define KODOSIS_LSP_WORKSPACE_H

#include "kodosis/compiler/text/memory.h"
#include "kodosis/lsp/documents.h"

enum {
    LSP_FOLDERS_MAX = 64,     /* of a project */
    LSP_FILES_MAX = 4096,     /* that are looked at */
    LSP_ENTRIES_MAX = 100000, /* of folders, looked at for such files */
    LSP_FOLDER_DEPTH = 16,
};

struct lsp_paths {
    const char **items; /* malloc'ed; the strings are in the memory */
    size_t count;
    size_t capacity;
    size_t entries; /* of folders, read so far */
};

/*
 * Collects the paths of the open files, then of the files called *.kod in the folders and below. Hidden folders, `build` and
 * `node_modules` are left out, and so are folders that are symbolic links.
 */
void lsp_paths_collect(struct lsp_paths *paths, const struct lsp_documents *documents, char *const *folders,
                       size_t folder_count, struct kodosis_memory *memory);

void lsp_paths_clear(struct lsp_paths *paths);

#endif
