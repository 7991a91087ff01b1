/* SPDX-License-Identifier: MIT */
/*
 * What the names of a file stand for: each declaration, member, value, procedure and parameter, and every place where one is named. All of
 * it is found in the syntax, so it is there also in files with errors.
 */
#ifndef KODOSIS_LSP_SYMBOLS_H
#define KODOSIS_LSP_SYMBOLS_H

#include "kodosis/lsp/analysis.h"

enum lsp_symbol_kind {
    LSP_DECLARATION,
    LSP_SERVICE_ALIAS, /* the name behind `as` */
    LSP_MEMBER,
    LSP_ENUMERATOR,
    LSP_PROCEDURE,
    LSP_PARAMETER,
    LSP_IMPORT, /* a file: `unit` */
};

struct lsp_symbol {
    enum lsp_symbol_kind kind;
    struct kodosis_unit *unit; /* where it is declared; of an IMPORT the imported file */
    const struct kodosis_ast_declaration *declaration;
    const struct kodosis_ast_member *member; /* MEMBER, PARAMETER */
    const struct kodosis_ast_enumerator *enumerator;
    const struct kodosis_ast_procedure *procedure; /* PROCEDURE, PARAMETER */
    const char *name;
    struct kodosis_position position; /* of its name where it is declared */
};

/* A place where a symbol is named; of a dotted name, the part that names it. */
struct lsp_occurrence {
    struct lsp_symbol symbol;
    struct kodosis_position position;
    bool declares; /* the name where it is declared */
};

typedef void lsp_visit(void *context, const struct lsp_occurrence *occurrence);

/* Visits all occurrences in one file of the analysis. Names that stand for nothing are left out. */
void lsp_each_occurrence(struct lsp_analysis *analysis, struct kodosis_unit *unit, lsp_visit *visit, void *context);

/* The occurrence in a file that an offset is in, or directly behind. False if there is none. */
bool lsp_occurrence_at(struct lsp_analysis *analysis, struct kodosis_unit *unit, size_t offset,
                       struct lsp_occurrence *ret_occurrence);

/* Whether both are the same thing, also if they come from two analyses. */
bool lsp_same_symbol(const struct lsp_symbol *left, const struct lsp_symbol *right);

/*
 * The enum that a type is, by itself or by another name; NULL if it is none. `unit` is where the type stands, `type` is
 * what is written there.
 */
const struct lsp_declared *lsp_enum_of(const struct lsp_analysis *analysis, const struct kodosis_unit *unit,
                                       const struct kodosis_ast_type *type);

#endif
