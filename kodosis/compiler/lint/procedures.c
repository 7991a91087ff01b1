/* SPDX-License-Identifier: MIT */
/* Rules about procedures. */
#include <ctype.h>
#include <string.h>

#include "kodosis/compiler/lint/design.h"
#include "kodosis/compiler/lint/lint.h"

enum { PARAMETERS = 6 };

typedef void visit_procedure(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                             const struct kodosis_procedure *procedure);

static void for_each_procedure(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                               const struct kodosis_file *file, visit_procedure *visit)
{
    for (size_t i = 0; i < file->declaration_count; i++)
        for (size_t k = 0; k < file->declarations[i]->procedure_count; k++)
            visit(lint, rule, &file->declarations[i]->procedures[k]);
}

static void count_parameters(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                             const struct kodosis_procedure *procedure)
{
    if (procedure->parameter_count > PARAMETERS)
        kodosis__lint_report(lint, rule, &procedure->position,
                             "'%s' has %zu parameters; an extensible struct could hold them", procedure->name,
                             procedure->parameter_count);
}

static void look_at_counts(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for_each_procedure(lint, rule, file, count_parameters);
}

const struct kodosis_rule kodosis_rule_many_parameters = {
    .name = "many-parameters",
    .on = true,
    .wants = "a procedure has at most six parameters",
    .reason =
        "More of them are confused in calls, where they have no names, and there will be a seventh: parameters cannot "
        "be added without breaking callers, members of an extensible struct can.",
    .look = look_at_counts,
};

static void look_for_bools(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                           const struct kodosis_procedure *procedure)
{
    for (size_t i = 1; i < procedure->parameter_count; i++)
        if (procedure->parameters[i].type->kind == KODOSIS_TYPE_BOOL &&
            procedure->parameters[i - 1].type->kind == KODOSIS_TYPE_BOOL)
            kodosis__lint_report(lint, rule, &procedure->parameters[i].position,
                                 "'%s' and '%s' are bools side by side; a flags enum has names for them",
                                 procedure->parameters[i - 1].name, procedure->parameters[i].name);
}

static void look_at_bools(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for_each_procedure(lint, rule, file, look_for_bools);
}

const struct kodosis_rule kodosis_rule_bools_in_a_row = {
    .name = "bools-in-a-row",
    .on = true,
    .wants = "no two bools side by side among parameters",
    .reason =
        "`open(&shop, NULL, true, false)` does not say what is true, and no compiler sees when the two are confused.",
    .look = look_at_bools,
};

/* Whether the name begins with a word that promises to change nothing. */
static bool promises_to_look(const char *name)
{
    static const char *const words[] = { "Get", "Find", "List", "Lookup", "Describe", "Count", "Search", "Is", "Has" };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        size_t size = strlen(words[i]);

        if (!strncmp(name, words[i], size) && (!name[size] || isupper((unsigned char)name[size])))
            return true;
    }
    return false;
}

static void look_for_getter(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                            const struct kodosis_procedure *procedure)
{
    if (!procedure->idempotent && procedure->result && !procedure->streams_in && promises_to_look(procedure->name))
        kodosis__lint_report(lint, rule, &procedure->position,
                             "'%s' sounds as if it changed nothing; it is not idempotent, though", procedure->name);
}

static void look_at_getters(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for_each_procedure(lint, rule, file, look_for_getter);
}

const struct kodosis_rule kodosis_rule_getter_not_idempotent = {
    .name = "getter-not-idempotent",
    .on = true,
    .wants = "procedures called Get..., Find..., List... and the like are idempotent",
    .reason = "Only an idempotent procedure may be sent again when a connection breaks in the middle of a call. It is "
              "easily forgotten, and missed only on the day when that happens.",
    .look = look_at_getters,
};

static bool is_open(const struct kodosis_type *type)
{
    return type->kind == KODOSIS_TYPE_STRUCT && type->declaration->extensible;
}

static void look_for_closed(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                            const struct kodosis_procedure *procedure)
{
    size_t count = kodosis_argument_count(procedure);
    bool open = count == 1 && is_open(procedure->parameters[0].type);

    if (!open)
        kodosis__lint_report(lint, rule, &procedure->position,
                             "'%s' does not take one extensible struct, so nothing can be added to its parameters",
                             procedure->name);
    if (procedure->result && !is_open(procedure->result))
        kodosis__lint_report(lint, rule, &procedure->position,
                             "'%s' does not return an extensible struct, so nothing can be added to its result",
                             procedure->name);
}

static void look_at_closed(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for_each_procedure(lint, rule, file, look_for_closed);
}

const struct kodosis_rule kodosis_rule_closed_parameters = {
    .name = "closed-parameters",
    .on = false,
    .wants = "every procedure takes one extensible struct, and returns one or void",
    .reason = "Parameters and results cannot be added later, not even optional ones. For interfaces whose callers are "
              "built by other people it is worth the few bytes; within one program it is not.",
    .look = look_at_closed,
};
