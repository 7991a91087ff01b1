/* SPDX-License-Identifier: MIT */
/* What an editor shows of a symbol: how it is declared, its doc comment, and what it is on the wire. */
#ifndef KODOSIS_LSP_HOVER_H
#define KODOSIS_LSP_HOVER_H

#include "kodosis/lsp/symbols.h"

/* Appends it as Markdown, or as plain text. The analysis is checked. */
void lsp_describe(struct kodosis_text *text, const struct lsp_analysis *analysis, const struct lsp_symbol *symbol,
                  bool markdown);

#endif
