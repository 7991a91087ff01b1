/* SPDX-License-Identifier: MIT */
/* Types: from syntax to the one type that it means. */
#ifndef KODOSIS_COMPILER_CHECK_RESOLVE_H
#define KODOSIS_COMPILER_CHECK_RESOLVE_H

#include "kodosis/compiler/check/checker.h"

/* The type that the syntax means; int8, with an error reported, if it means none. */
const struct kodosis_type *kodosis__resolve(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                            const struct kodosis_ast_type *ast);
void kodosis__resolve_members(struct kodosis_checker *checker, struct kodosis_unit *unit,
                              const struct kodosis_ast_member *syntax, struct kodosis_member *members);

/* The type that an alias names; kodosis__no_type, with an error reported, if it names none. */
const struct kodosis_type *kodosis__check_alias(struct kodosis_checker *checker, struct kodosis_entry *entry);

#endif
