/* SPDX-License-Identifier: MIT */
/* What the stages of the checker share. */
#ifndef KODOSIS_COMPILER_CHECK_CHECKER_H
#define KODOSIS_COMPILER_CHECK_CHECKER_H

#include "kodosis/compiler/check/unit.h"

struct kodosis_checker {
    struct kodosis_memory *memory; /* of the model */
    struct kodosis_diagnostics *diagnostics;
    struct kodosis_unit **units; /* each behind what it imports */
    size_t unit_count;
    size_t current;                   /* the unit being resolved, counted from 1 */
    struct kodosis_table names;       /* full names of declarations to entries; services by their alias */
    struct kodosis_table enumerators; /* "paper.Color.Red" to enumerators */
    struct kodosis_table lower;       /* generated names of types and services to entries */
    struct kodosis_table upper;       /* generated names of constants, enum values and union tags to positions */
    struct kodosis_table versions;    /* "paper.Paper version 2" to entries */
    struct kodosis_table interned;    /* types by their text */
    struct kodosis_type **types;      /* all of them, in order of first appearance */
    size_t type_count;
    size_t type_capacity;
    size_t const_depth; /* constants being evaluated */
    bool members_known; /* of the current unit: constants of structs can be evaluated */
    size_t alias_depth; /* names of types being resolved */
    size_t shape_size;  /* of all canonical texts so far */
};

/* Calls `visit` for each declaration of each file, in order. */
void kodosis__for_each_entry(struct kodosis_checker *checker,
                             void (*visit)(struct kodosis_checker *checker, struct kodosis_entry *entry));

#endif
