/* SPDX-License-Identifier: MIT */
/* Values: of constants, of enums, sizes of arrays. */
#ifndef KODOSIS_COMPILER_CHECK_CONSTANT_H
#define KODOSIS_COMPILER_CHECK_CONSTANT_H

#include "kodosis/compiler/check/checker.h"

void kodosis__check_constant(struct kodosis_checker *checker, struct kodosis_entry *entry);
void kodosis__check_enum(struct kodosis_checker *checker, struct kodosis_entry *entry);

/* Evaluates `value` to a value of the type. False, with an error reported, if that cannot be. */
bool kodosis__evaluate(struct kodosis_checker *checker, struct kodosis_unit *unit,
                       const struct kodosis_ast_value *value, const struct kodosis_type *type,
                       struct kodosis_value *ret_value);

#endif
