/*
 * One file on its way through the compiler: loaded, parsed, then checked.
 */
#ifndef KODOSIS_COMPILER_UNIT_H
#define KODOSIS_COMPILER_UNIT_H

#include "kodosis/compiler/ast.h"
#include "kodosis/compiler/compile.h"
#include "kodosis/compiler/table.h"

enum kodosis_load_state { KODOSIS_LOADING, KODOSIS_LOADED };

/* A declaration being checked: the model's, writable, and its syntax. */
struct kodosis_entry {
    struct kodosis_declaration *declaration;
    const struct kodosis_ast_declaration *ast;
    struct kodosis_unit *unit;
    struct kodosis_member *members;
    struct kodosis_enumerator *enumerators;
    struct kodosis_procedure *procedures;
    struct kodosis_type *type;                                /* ENUM, STRUCT, UNION, ERROR */
    enum { KODOSIS_FRESH, KODOSIS_BUSY, KODOSIS_DONE } state; /* CONST: its value; others: their layout */
    uint32_t mark;                                            /* where a walk has met it; 0 before */
    uint32_t low;
    bool on_stack;
    bool raised;
};

struct kodosis_unit {
    struct kodosis_file *file;
    struct kodosis_ast *ast;
    const char *identity;
    enum kodosis_load_state state;
    struct kodosis_unit **imports; /* one for each import of the syntax; NULL where it could not be loaded */
    size_t import_count;
    struct kodosis_entry *entries;
    size_t entry_count;
    const struct kodosis_declaration **ordered;
    size_t ordered_count;
    bool incomplete; /* some of its names, or of its imports' names, may be missing */
    size_t visible;  /* the last unit (counted from 1) that sees it, */
    size_t used;     /* and that used it */
};

struct kodosis_loader {
    struct kodosis_compilation *compilation;
    struct kodosis_unit **units; /* each behind what it imports */
    size_t unit_count;
    struct kodosis_table by_identity;
    struct kodosis_table by_name;
    struct kodosis_unit *chain[64 + 1]; /* the files that import one another down to the one being loaded */
    size_t depth;
    size_t started;
};

/* Loads and parses the files and all that they import. */
void kodosis_load(struct kodosis_loader *loader, const char *const *paths, size_t path_count);
void kodosis_loader_clear(struct kodosis_loader *loader);

/* Checks what was loaded and makes the model; NULL after errors, these or earlier ones. */
const struct kodosis_model *kodosis_check(struct kodosis_loader *loader);

#endif
