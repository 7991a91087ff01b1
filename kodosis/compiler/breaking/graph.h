/* SPDX-License-Identifier: MIT */
/*
 * What is compared, and what was found. The nodes are pairs: of procedures that are called by one name, and of types that stand
 * at one place of what such procedures send, or have one name. An edge leads from a pair to the pairs of types in it. So
 * each pair of types is compared once, and a difference that is found there is a difference of every procedure that leads there.
 */
#ifndef KODOSIS_COMPILER_BREAKING_GRAPH_H
#define KODOSIS_COMPILER_BREAKING_GRAPH_H

#include "kodosis/compiler/breaking/breaking.h"
#include "kodosis/compiler/text/table.h"

enum { KODOSIS_BREAK_USERS = 3 };

struct kodosis_break_node {
    const struct kodosis_declaration *old_type; /* a pair of types, or */
    const struct kodosis_declaration *new_type;
    const struct kodosis_procedure *old_procedure; /* a pair of procedures */
    const struct kodosis_procedure *new_procedure;
    bool compared; /* types: their members and values were */
    bool broken;   /* procedures whose shapes do not match */
    bool foreign; /* types of two names, of which at least one is known to both models: no renaming, but another type */
    bool by_name; /* types that were compared because of their common name */
    bool met;     /* a procedure leads there, not through foreign pairs */
    bool told;    /* what is found here is reported: met, or by name, or inside of such a pair */
    bool differs; /* on the wire, here or further on */
    bool wire;    /* the difference is here */
    size_t mark;  /* the last walk that came by */
    const struct kodosis_procedure *users[KODOSIS_BREAK_USERS]; /* broken procedures that lead here: the first ones */
    size_t user_count;
};

struct kodosis_break_edge {
    size_t from;
    size_t to;
    size_t next; /* of the same node, counted from 1; 0 behind the last */
};

struct kodosis_break_finding {
    unsigned kinds;
    size_t node;      /* where it was found, counted from 1; 0: in no pair */
    size_t condition; /* a pair of types, counted from 1: if they differ, it is a break of the wire, too */
    const struct kodosis_position *place;
    const struct kodosis_position *before; /* in the old files; NULL where `place` is there, or nothing is */
    const char *message;
    struct kodosis_break_finding *next;
};

struct kodosis_breaks {
    const struct kodosis_model *old;
    const struct kodosis_model *new;
    struct kodosis_memory *memory;
    struct kodosis_table old_names; /* full names of declarations, services by their name in C */
    struct kodosis_table new_names;
    struct kodosis_table pairs; /* of types, by their numbers */
    struct kodosis_break_node *nodes;
    size_t node_count;
    size_t node_capacity;
    size_t *first_edges; /* by node: counted from 1 */
    struct kodosis_break_edge *edges;
    size_t edge_count;
    size_t edge_capacity;
    struct kodosis_break_finding *first;
    struct kodosis_break_finding **last;
    size_t current; /* the node that is being compared, counted from 1; 0: none */
};

/* Opens the graph of two models; it has no nodes. kodosis__breaks_close() frees it. */
void kodosis__breaks_open(struct kodosis_breaks *breaks, const struct kodosis_comparison *comparison,
                          struct kodosis_memory *memory);
void kodosis__breaks_close(struct kodosis_breaks *breaks);

/* Adds a pair of procedures. Returns its number, counted from 1. */
size_t kodosis__break_add_procedures(struct kodosis_breaks *breaks, const struct kodosis_procedure *old,
                                     const struct kodosis_procedure *new);

/* The pair of two declared types, added if it is new. Returns its number, counted from 1. */
size_t kodosis__break_add_types(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                                const struct kodosis_declaration *new);

/* Adds an edge from the current node. */
void kodosis__break_add_edge(struct kodosis_breaks *breaks, size_t to);

/* Notes a finding in the current node. `before` may be NULL. */
void kodosis__break_find(struct kodosis_breaks *breaks, unsigned kinds, const struct kodosis_position *place,
                         const struct kodosis_position *before, const char *format, ...) KODOSIS_PRINTF(5, 6);

/* The same with a pair of types: where these differ, it is a break of the wire, too. */
void kodosis__break_find_if(struct kodosis_breaks *breaks, size_t condition, unsigned kinds,
                            const struct kodosis_position *place, const struct kodosis_position *before,
                            const char *format, ...) KODOSIS_PRINTF(6, 7);

/* The full name by which C knows a declaration: that of a service is its alias, if it has one. */
const char *kodosis__break_name_of(struct kodosis_breaks *breaks, const struct kodosis_declaration *declaration);

#endif
