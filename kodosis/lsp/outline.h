/* SPDX-License-Identifier: MIT */
/* The symbols of a file as a tree, or as a list for clients that know no trees. */
#ifndef KODOSIS_LSP_OUTLINE_H
#define KODOSIS_LSP_OUTLINE_H

#include "kodosis/lsp/symbols.h"
#include "kodosis/lsp/value.h"

/* An array of DocumentSymbol. */
struct json_object *lsp_outline(const struct lsp_analysis *analysis);

/* An array of SymbolInformation, all of the file with this URI. */
struct json_object *lsp_flat_outline(const struct lsp_analysis *analysis, const char *uri);

#endif
