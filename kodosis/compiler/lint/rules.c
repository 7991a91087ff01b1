/* SPDX-License-Identifier: MIT */
/* The table of rules. */
#include "kodosis/compiler/lint/rules.h"

#include <string.h>

#include "kodosis/compiler/lint/design.h"
#include "kodosis/compiler/lint/names.h"
#include "kodosis/compiler/text/guess.h"

const struct kodosis_rule kodosis_rule_needless_allow = {
    .name = "needless-allow",
    .on = true,
    .wants = "a comment that allows something allows what is there",
    .reason =
        "A comment that is left behind would hide the next mistake of its kind; one with a misspelt name does nothing.",
};

const struct kodosis_rule *const kodosis_rules[] = {
    &kodosis_rule_type_name,
    &kodosis_rule_member_name,
    &kodosis_rule_value_name,
    &kodosis_rule_procedure_name,
    &kodosis_rule_constant_name,
    &kodosis_rule_namespace_name,
    &kodosis_rule_file_name,
    &kodosis_rule_repeated_name,
    &kodosis_rule_version_in_name,
    &kodosis_rule_padded_struct,
    &kodosis_rule_empty_struct,
    &kodosis_rule_large_value,
    &kodosis_rule_list_of_bytes,
    &kodosis_rule_optional_list,
    &kodosis_rule_looks_like_flags,
    &kodosis_rule_enum_without_zero,
    &kodosis_rule_many_parameters,
    &kodosis_rule_bools_in_a_row,
    &kodosis_rule_getter_not_idempotent,
    &kodosis_rule_closed_parameters,
    &kodosis_rule_unused_type,
    &kodosis_rule_deprecated_use,
    &kodosis_rule_undocumented,
    &kodosis_rule_needless_allow,
    NULL,
};

_Static_assert(sizeof(kodosis_rules) / sizeof(*kodosis_rules) <= KODOSIS_RULES_MAX, "room for a switch for each rule");

const struct kodosis_rule *kodosis_rule_find(const char *name, size_t size)
{
    for (size_t i = 0; kodosis_rules[i]; i++)
        if (strlen(kodosis_rules[i]->name) == size && !memcmp(kodosis_rules[i]->name, name, size))
            return kodosis_rules[i];
    return NULL;
}

const char *kodosis_rule_guess(const char *name, size_t size)
{
    struct kodosis_guess guess = kodosis_guess_begin(name, size);

    for (size_t i = 0; kodosis_rules[i]; i++)
        kodosis_guess_consider(&guess, kodosis_rules[i]->name);
    return guess.best;
}

void kodosis_rules_list(struct kodosis_text *text)
{
    for (size_t i = 0; kodosis_rules[i]; i++)
        kodosis_text_line(text, "%-22s %s%s", kodosis_rules[i]->name, kodosis_rules[i]->on ? "" : "(off) ",
                          kodosis_rules[i]->wants);
}

void kodosis_rule_explain(const struct kodosis_rule *rule, struct kodosis_text *text)
{
    kodosis_text_line(text, "%s: %s.\n\n%s\n", rule->name, rule->wants, rule->reason);
    if (!rule->on)
        kodosis_text_line(text, "It is off unless it is switched on: --rule %s.\n", rule->name);
    kodosis_text_line(text,
                      "To allow it, write behind a line, or in front of a declaration, a member or the namespace:\n"
                      "// lint: allow(%s): why",
                      rule->name);
}
