/* SPDX-License-Identifier: MIT */
/* What holds what. */
#ifndef KODOSIS_COMPILER_CHECK_RECURSION_H
#define KODOSIS_COMPILER_CHECK_RECURSION_H

#include "kodosis/compiler/check/checker.h"

void kodosis__check_recursion(struct kodosis_checker *checker);

/* The entry of the struct, union or error that a type is made of (through arrays, lists, optionals, maps), or NULL. */
struct kodosis_entry *kodosis__innermost(struct kodosis_checker *checker, const struct kodosis_type *type);

/* The same, of what a value of the type holds within itself. */
struct kodosis_entry *kodosis__embedded(struct kodosis_checker *checker, const struct kodosis_entry *holder,
                                        const struct kodosis_type *type);

#endif
