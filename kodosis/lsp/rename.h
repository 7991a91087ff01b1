/* SPDX-License-Identifier: MIT */
/* Renaming: whether a new name can be, and what changes. */
#ifndef KODOSIS_LSP_RENAME_H
#define KODOSIS_LSP_RENAME_H

#include "kodosis/lsp/references.h"

/* Appends why the symbol cannot have this name at all, as a sentence; nothing if it can. */
void lsp_name_fault(struct kodosis_text *ret_fault, const struct lsp_symbol *symbol, const char *name);

/*
 * Tries the new name in all files that mention the symbol, and appends what is wrong then, as a sentence; nothing if all is as right
 * as before: no file has more errors, and each mention still means the symbol.
 */
void lsp_rename_try(struct kodosis_text *ret_fault, const struct lsp_world *world, const struct lsp_symbol *symbol,
                    const struct lsp_references *references, const struct lsp_paths *paths, const char *name);

#endif
