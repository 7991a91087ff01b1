/* SPDX-License-Identifier: MIT */
/* Rules about what types and procedures are made of. */
#ifndef KODOSIS_COMPILER_LINT_DESIGN_H
#define KODOSIS_COMPILER_LINT_DESIGN_H

#include "kodosis/compiler/lint/rules.h"

/* Types (types.c) */
extern const struct kodosis_rule kodosis_rule_padded_struct;
extern const struct kodosis_rule kodosis_rule_empty_struct;
extern const struct kodosis_rule kodosis_rule_large_value;
extern const struct kodosis_rule kodosis_rule_list_of_bytes;
extern const struct kodosis_rule kodosis_rule_optional_list;
extern const struct kodosis_rule kodosis_rule_looks_like_flags;
extern const struct kodosis_rule kodosis_rule_enum_without_zero;

/* Procedures (procedures.c) */
extern const struct kodosis_rule kodosis_rule_many_parameters;
extern const struct kodosis_rule kodosis_rule_bools_in_a_row;
extern const struct kodosis_rule kodosis_rule_getter_not_idempotent;
extern const struct kodosis_rule kodosis_rule_closed_parameters;

/* Use and comments (use.c) */
extern const struct kodosis_rule kodosis_rule_unused_type;
extern const struct kodosis_rule kodosis_rule_deprecated_use;
extern const struct kodosis_rule kodosis_rule_undocumented;

#endif
