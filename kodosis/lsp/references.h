/* SPDX-License-Identifier: MIT */
/* Where a symbol is named, in all files of a project. */
#ifndef KODOSIS_LSP_REFERENCES_H
#define KODOSIS_LSP_REFERENCES_H

#include "kodosis/lsp/symbols.h"
#include "kodosis/lsp/workspace.h"

/* A place where the symbol is named: bytes of the file's text. */
struct lsp_mention {
    size_t start;
    size_t size;
    bool declares;
};

/* The mentions in one file, in their order. */
struct lsp_mentions {
    const char *path;
    const char *identity;
    const char *text; /* of the file, NUL-terminated */
    size_t text_size;
    struct lsp_mention *items; /* malloc'ed */
    size_t count;
    size_t capacity;
};

struct lsp_references {
    struct kodosis_memory memory;
    struct lsp_mentions *files; /* malloc'ed; those with a mention */
    size_t count;
};

/* Looks for a symbol of an analysis in the paths; lsp_references_clear() frees what was found. */
void lsp_references_find(struct lsp_references *references, const struct lsp_world *world,
                         const struct lsp_symbol *symbol, const struct lsp_paths *paths);

void lsp_references_clear(struct lsp_references *references);

#endif
