/* SPDX-License-Identifier: MIT */
/* Which types contain themselves, and which types hold others by value. */
#ifndef KODOSIS_COMPILER_CHECK_RECURSION_H
#define KODOSIS_COMPILER_CHECK_RECURSION_H

#include "kodosis/compiler/check/checker.h"

void kodosis__check_recursion(struct kodosis_checker *checker);

/* The entry of the struct, union or error that a type is made of (through arrays, lists, optionals, maps), or NULL. */
struct kodosis_entry *kodosis__innermost(struct kodosis_checker *checker, const struct kodosis_type *type);

/*
 * The entry that `holder` holds by value if it has a member of the type. NULL if there is none, or only a pointer to
 * it: in a list or map, and in a union or optional if the entry's type is recursive.
 */
struct kodosis_entry *kodosis__embedded(struct kodosis_checker *checker, const struct kodosis_entry *holder,
                                        const struct kodosis_type *type);

#endif
