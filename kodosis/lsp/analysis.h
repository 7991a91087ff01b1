/* SPDX-License-Identifier: MIT */
/*
 * What the compiler knows of one file and of all that it imports: their syntax, also where they have errors, the errors, and the
 * model, if there are none.
 */
#ifndef KODOSIS_LSP_ANALYSIS_H
#define KODOSIS_LSP_ANALYSIS_H

#include "kodosis/compiler/load.h"
#include "kodosis/compiler/model.h"
#include "kodosis/lsp/documents.h"

enum { LSP_ERRORS_KEPT = 1000 };

/* What an analysis needs to know beside the file. Borrowed. */
struct lsp_world {
    struct lsp_documents *documents;
    const char *const *import_paths;
    size_t import_path_count;
};

/* A declaration, and the file that it is in. */
struct lsp_declared {
    struct kodosis_unit *unit;
    const struct kodosis_ast_declaration *syntax;
};

struct lsp_analysis {
    struct kodosis_sources sources;
    struct kodosis_memory memory;
    struct kodosis_diagnostics diagnostics;
    struct kodosis_loader loader;
    struct kodosis_unit *root; /* the file itself; NULL if it cannot be read */
    const struct kodosis_model *model;
    struct kodosis_table names; /* full names, services by their alias, to struct lsp_declared */
    struct lsp_lines *lines;    /* by file index */
};

/* Reads the file and what it imports, and looks up names; lsp_analysis_clear() frees all of it. */
void lsp_analyse(struct lsp_analysis *analysis, const struct lsp_world *world, const char *path);

/* Checks what was read: diagnostics, the parts of the model, and the model are there then. At most once. */
void lsp_analysis_check(struct lsp_analysis *analysis);

void lsp_analysis_clear(struct lsp_analysis *analysis);

/* The declaration that a dotted name means in a file; NULL if there is none. */
const struct lsp_declared *lsp_look_up(const struct lsp_analysis *analysis, const struct kodosis_unit *unit,
                                       const char *name);

/* What the checker made of a declaration; NULL before the check. Types in it are NULL where errors kept them from being found. */
const struct kodosis_declaration *lsp_checked(const struct kodosis_unit *unit,
                                              const struct kodosis_ast_declaration *syntax);

/* The lines of a file. */
const struct lsp_lines *lsp_lines_of(const struct lsp_analysis *analysis, const struct kodosis_file *file);

/* The offset of a position in its file. */
size_t lsp_offset_in(const struct lsp_analysis *analysis, const struct kodosis_position *position);

#endif
