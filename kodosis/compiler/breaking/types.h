/* SPDX-License-Identifier: MIT */
/* Types, members, parameters and enum values of two versions side by side. */
#ifndef KODOSIS_COMPILER_BREAKING_TYPES_H
#define KODOSIS_COMPILER_BREAKING_TYPES_H

#include "kodosis/compiler/breaking/graph.h"

/* Whether two types are the same up to the declared types that they are made of. The parser bounds the nesting of types. */
bool kodosis__break_alike(const struct kodosis_type *old, const struct kodosis_type *new);

/*
 * Adds the pairs of declared types in two types that are alike, with edges from the current node. Where one is a foreign pair, `what`
 * at these places is of another type now.
 */
void kodosis__break_follow(struct kodosis_breaks *breaks, const struct kodosis_type *old,
                           const struct kodosis_type *new, const char *what, const struct kodosis_position *place,
                           const struct kodosis_position *before);

/* Members of two versions of a type, or parameters of a procedure. */
struct kodosis_break_members {
    const char *what; /* "member" or "parameter" */
    const struct kodosis_member *old;
    size_t old_count;
    const struct kodosis_member *new;
    size_t new_count;
    bool extensible; /* what only one has at its end does no harm */
    bool old_stream; /* the last one is a stream */
    bool new_stream;
    const struct kodosis_position *place;  /* of what has them */
    const struct kodosis_position *before; /* the same in the old files */
};

void kodosis__break_members(struct kodosis_breaks *breaks, const struct kodosis_break_members *members);

/* The values of two enums. */
void kodosis__break_values(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                           const struct kodosis_declaration *new);

/* Compares the pair of types with this number, which becomes the current node. */
void kodosis__break_types(struct kodosis_breaks *breaks, size_t number);

/* Whether two values of one type of constants or defaults are the same. */
bool kodosis__break_same_value(const struct kodosis_value *old, const struct kodosis_value *new);

/* A notice where something is deprecated that was not. */
void kodosis__break_deprecation(struct kodosis_breaks *breaks, const char *what, const char *name,
                                const struct kodosis_position *place, const char *old, const char *new);

#endif
