/* SPDX-License-Identifier: MIT */
/* Runs the rules over the files. */
#include "kodosis/compiler/lint/lint.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void kodosis_lint_init(struct kodosis_lint *lint, const struct kodosis_model *model,
                       struct kodosis_diagnostics *diagnostics)
{
    *lint = (struct kodosis_lint){ .model = model, .diagnostics = diagnostics };
    for (size_t i = 0; kodosis_rules[i]; i++)
        lint->on[i] = kodosis_rules[i]->on;
}

bool kodosis_lint_switch(struct kodosis_lint *lint, const char *name)
{
    bool on = *name != '-';
    bool known = false;

    name += !on;
    for (size_t i = 0; kodosis_rules[i]; i++)
        if (!strcmp(name, "all") || !strcmp(name, kodosis_rules[i]->name)) {
            lint->on[i] = on;
            known = true;
        }
    return known;
}

void kodosis__lint_report(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                          const struct kodosis_position *position, const char *format, ...)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    va_list arguments;

    if (kodosis_is_allowed(&lint->allowed, rule->name, position->line))
        return;
    va_start(arguments, format);
    kodosis_text_add_list(&text, format, arguments);
    va_end(arguments);
    kodosis_finding(lint->diagnostics, KODOSIS_SEVERITY_WARNING, position, rule->name, "%s", text.data);
    kodosis_text_clear(&text);
    lint->count++;
}

/* Whether the rule was on, so that a comment which allows it could have been of use. */
static bool was_on(const struct kodosis_lint *lint, const struct kodosis_allowance *allowance)
{
    for (size_t i = 0; kodosis_rules[i]; i++)
        if (strlen(kodosis_rules[i]->name) == allowance->size &&
            !memcmp(kodosis_rules[i]->name, allowance->name, allowance->size))
            return lint->on[i];
    return true;
}

static void tell_needless(struct kodosis_lint *lint, const struct kodosis_allowance *allowance)
{
    const char *guess = kodosis_rule_guess(allowance->name, allowance->size);

    if (kodosis_rule_find(allowance->name, allowance->size))
        kodosis__lint_report(lint, &kodosis_rule_needless_allow, &allowance->position,
                             "nothing here needs '%.*s' to be allowed", (int)allowance->size, allowance->name);
    else
        kodosis__lint_report(lint, &kodosis_rule_needless_allow, &allowance->position, "there is no rule '%.*s'%s%s%s",
                             (int)allowance->size, allowance->name, guess ? "; did you mean '" : "", guess ? guess : "",
                             guess ? "'?" : "");
}

static void look_at_allowances(struct kodosis_lint *lint)
{
    for (size_t i = 0; i < lint->allowed.count; i++) {
        const struct kodosis_allowance *each = &lint->allowed.data[i];

        if (!each->used && was_on(lint, each))
            tell_needless(lint, each);
    }
}

static void look_at_file(struct kodosis_lint *lint, const struct kodosis_file *file)
{
    kodosis_allowances_read(&lint->allowed, file);
    for (size_t i = 0; kodosis_rules[i]; i++)
        if (lint->on[i] && kodosis_rules[i]->look)
            kodosis_rules[i]->look(lint, kodosis_rules[i], file);
    for (size_t i = 0; kodosis_rules[i]; i++)
        if (lint->on[i] && kodosis_rules[i] == &kodosis_rule_needless_allow)
            look_at_allowances(lint);
    kodosis_allowances_clear(&lint->allowed);
}

size_t kodosis_lint_run(struct kodosis_lint *lint)
{
    for (size_t i = 0; i < lint->model->file_count; i++)
        if (lint->model->files[i]->requested)
            look_at_file(lint, lint->model->files[i]);
    free(lint->used);
    lint->used = NULL;
    return lint->count;
}
