/* SPDX-License-Identifier: MIT */
/* The methods of the protocol. */
#ifndef KODOSIS_LSP_METHODS_H
#define KODOSIS_LSP_METHODS_H

#include "kodosis/lsp/server.h"

typedef void lsp_method(struct lsp_server *server, struct json_object *params, struct lsp_answer *answer);

/* ---- The server's life, and its documents ---- */

lsp_method lsp_initialize;
lsp_method lsp_shutdown;
lsp_method lsp_exit;
lsp_method lsp_did_open;
lsp_method lsp_did_change;
lsp_method lsp_did_save;
lsp_method lsp_did_close;
lsp_method lsp_did_change_files;
lsp_method lsp_did_change_folders;

/* ---- Questions about documents ---- */

lsp_method lsp_hover;
lsp_method lsp_definition;
lsp_method lsp_references;
lsp_method lsp_document_symbol;
lsp_method lsp_completion;
lsp_method lsp_formatting;
lsp_method lsp_prepare_rename;
lsp_method lsp_rename;

#endif
