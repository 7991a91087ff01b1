/* SPDX-License-Identifier: MIT */
/*
 * The rules of `kodosis lint`: what the language allows, and experience advises against.
 */
#ifndef KODOSIS_COMPILER_LINT_RULES_H
#define KODOSIS_COMPILER_LINT_RULES_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/text.h"

struct kodosis_lint;

struct kodosis_rule {
    const char *name; /* as in `// lint: allow(name)` */
    bool on;          /* unless it is switched off, or on */
    const char *wants;
    const char *reason;

    /* Reports what it finds in one file; NULL where lint itself looks. */
    void (*look)(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file);
};

enum { KODOSIS_RULES_MAX = 64 };

/* All rules, in the order in which they are listed; NULL behind the last. */
extern const struct kodosis_rule *const kodosis_rules[];

/* Comments that allow what is not there. */
extern const struct kodosis_rule kodosis_rule_needless_allow;

/* The rule with this name; NULL if there is none. */
const struct kodosis_rule *kodosis_rule_find(const char *name, size_t size);

/* Which one was meant by an unknown name; NULL if none comes close. */
const char *kodosis_rule_guess(const char *name, size_t size);

/* Appends a line for each rule. */
void kodosis_rules_list(struct kodosis_text *text);

/* Appends what a rule wants, why, and how it is switched off. */
void kodosis_rule_explain(const struct kodosis_rule *rule, struct kodosis_text *text);

#endif
