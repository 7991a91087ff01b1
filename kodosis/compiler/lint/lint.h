/* SPDX-License-Identifier: MIT */
/*
 * Looks for what the rules advise against, in a model without errors.
 */
#ifndef KODOSIS_COMPILER_LINT_LINT_H
#define KODOSIS_COMPILER_LINT_LINT_H

#include "kodosis/compiler/lint/allow.h"
#include "kodosis/compiler/lint/rules.h"
#include "kodosis/compiler/text/diagnostic.h"

struct kodosis_lint {
    const struct kodosis_model *model;
    struct kodosis_diagnostics *diagnostics;
    bool on[KODOSIS_RULES_MAX];        /* by the rule's place in kodosis_rules */
    struct kodosis_allowances allowed; /* in the file that is looked at */
    bool *used;   /* by type: whether a procedure, error or constant is made of it; NULL until it is needed */
    size_t count; /* of what was found */
};

/* Switches on the rules that are on by themselves. */
void kodosis_lint_init(struct kodosis_lint *lint, const struct kodosis_model *model,
                       struct kodosis_diagnostics *diagnostics);

/* Switches a rule on, or with a '-' in front of its name off; "all" are all. False if there is no such rule. */
bool kodosis_lint_switch(struct kodosis_lint *lint, const char *name);

/* Reports a warning for all that is found in the requested files and not allowed there. Returns how many. */
size_t kodosis_lint_run(struct kodosis_lint *lint);

/* For rules: reports a finding, unless a comment allows it. */
void kodosis__lint_report(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                          const struct kodosis_position *position, const char *format, ...) KODOSIS_PRINTF(4, 5);

#endif
