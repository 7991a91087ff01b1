/* SPDX-License-Identifier: MIT */
/* Rules about names. */
#ifndef KODOSIS_COMPILER_LINT_NAMES_H
#define KODOSIS_COMPILER_LINT_NAMES_H

#include "kodosis/compiler/lint/rules.h"

extern const struct kodosis_rule kodosis_rule_type_name;
extern const struct kodosis_rule kodosis_rule_member_name;
extern const struct kodosis_rule kodosis_rule_value_name;
extern const struct kodosis_rule kodosis_rule_procedure_name;
extern const struct kodosis_rule kodosis_rule_constant_name;
extern const struct kodosis_rule kodosis_rule_namespace_name;
extern const struct kodosis_rule kodosis_rule_file_name;
extern const struct kodosis_rule kodosis_rule_repeated_name;
extern const struct kodosis_rule kodosis_rule_version_in_name;

#endif
