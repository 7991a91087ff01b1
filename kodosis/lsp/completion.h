/* SPDX-License-Identifier: MIT */
/* What may stand at a place of a file: words of the language, types, values, errors. */
#ifndef KODOSIS_LSP_COMPLETION_H
#define KODOSIS_LSP_COMPLETION_H

#include "kodosis/lsp/symbols.h"
#include "kodosis/lsp/value.h"

/* An array of CompletionItem for an offset of the analysis's file. */
struct json_object *lsp_complete(struct lsp_analysis *analysis, size_t offset);

#endif
