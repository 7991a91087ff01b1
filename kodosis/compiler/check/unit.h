/* SPDX-License-Identifier: MIT */
/*
 * One file on its way through the compiler: loaded, parsed, then checked.
 */
#ifndef KODOSIS_COMPILER_CHECK_UNIT_H
#define KODOSIS_COMPILER_CHECK_UNIT_H

#include "kodosis/compiler/syntax/ast.h"
#include "kodosis/compiler/text/table.h"

/* A declaration that is being checked: the writable parts of the model's declaration, and its syntax. */
struct kodosis_entry {
    struct kodosis_declaration *declaration;
    const struct kodosis_ast_declaration *ast;
    struct kodosis_unit *unit;
    struct kodosis_member *members;
    struct kodosis_enumerator *enumerators;
    struct kodosis_procedure *procedures;
    struct kodosis_type *type; /* ENUM, STRUCT, UNION, ERROR; of an ALIAS, what it names */
    enum {
        KODOSIS_FRESH,
        KODOSIS_BUSY,
        KODOSIS_DONE
    } state;       /* CONST, ALIAS: its value or type; others: their layout */
    uint32_t mark; /* 0, or its number in a walk, or how deep it goes */
    uint32_t low;
    bool on_stack;
    bool raised;
};

struct kodosis_unit {
    struct kodosis_file *file;
    struct kodosis_ast *ast;
    const char *identity;
    bool loaded;                   /* the file and all that it imports are loaded */
    struct kodosis_unit **imports; /* one for each import of the syntax; NULL where it could not be loaded */
    size_t import_count;
    struct kodosis_entry *entries;
    size_t entry_count;
    const struct kodosis_declaration **ordered;
    size_t ordered_count;
    bool incomplete; /* some of its names, or of its imports' names, may be missing */
    size_t visible;  /* the last unit (counted from 1) that sees this one */
    size_t used;     /* the last unit (counted from 1) that used a name of this one */
};

#endif
