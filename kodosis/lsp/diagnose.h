/* SPDX-License-Identifier: MIT */
/* Errors and warnings of a file, as the protocol has them. */
#ifndef KODOSIS_LSP_DIAGNOSE_H
#define KODOSIS_LSP_DIAGNOSE_H

#include "kodosis/lsp/analysis.h"
#include "kodosis/lsp/value.h"

/*
 * An array of Diagnostic: the errors of the analysis's own file, each once, and at the import of a file with errors how many it has. The
 * analysis is checked.
 */
struct json_object *lsp_diagnose(const struct lsp_analysis *analysis, const struct lsp_documents *documents);

/* The URI of a file: as the client spells it, if it is open. malloc'ed; NULL for the file that the compiler has in itself. */
char *lsp_uri_of_identity(const struct lsp_documents *documents, const char *identity);

#endif
