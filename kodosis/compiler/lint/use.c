/* SPDX-License-Identifier: MIT */
/* Rules about what uses what, and what is said about it. */
#include <stdlib.h>

#include "kodosis/compiler/lint/design.h"
#include "kodosis/compiler/lint/lint.h"
#include "kodosis/compiler/syntax/keyword.h"
#include "kodosis/compiler/text/memory.h"

/* ---- What procedures are made of ---- */

struct uses {
    bool *used;                        /* by type */
    const struct kodosis_type **stack; /* whose parts are still to be looked at */
    size_t count;
};

static void use(struct uses *uses, const struct kodosis_type *type)
{
    if (!type || uses->used[type->index])
        return;
    uses->used[type->index] = true;
    uses->stack[uses->count++] = type;
}

static void use_declaration(struct uses *uses, const struct kodosis_declaration *declaration)
{
    if (declaration->kind == KODOSIS_ERROR || declaration->kind == KODOSIS_CONST || declaration->kind == KODOSIS_ALIAS)
        use(uses, declaration->type);
    for (size_t i = 0; i < declaration->procedure_count; i++) {
        use(uses, declaration->procedures[i].result);
        for (size_t k = 0; k < declaration->procedures[i].parameter_count; k++)
            use(uses, declaration->procedures[i].parameters[k].type);
    }
}

static void use_parts(struct uses *uses)
{
    while (uses->count) {
        const struct kodosis_type *type = uses->stack[--uses->count];

        use(uses, type->element);
        use(uses, type->key);
        for (size_t i = 0; type->declaration && i < type->declaration->member_count; i++)
            use(uses, type->declaration->members[i].type);
    }
}

static void find_uses(struct kodosis_lint *lint)
{
    const struct kodosis_model *model = lint->model;
    struct uses uses = { .stack = kodosis_reallocate(NULL, model->type_count + 1, sizeof(*uses.stack)) };

    lint->used = uses.used = kodosis_reallocate(NULL, model->type_count + 1, sizeof(*uses.used));
    for (size_t i = 0; i < model->type_count; i++)
        uses.used[i] = false;
    for (size_t i = 0; i < model->file_count; i++)
        for (size_t k = 0; k < model->files[i]->declaration_count; k++)
            use_declaration(&uses, model->files[i]->declarations[k]);
    use_parts(&uses);
    free(uses.stack);
}

static bool has_service(const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++)
        if (file->declarations[i]->kind == KODOSIS_SERVICE)
            return true;
    return false;
}

static void look_at_unused(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    if (!has_service(file))
        return;
    if (!lint->used)
        find_uses(lint);
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];
        bool is_type = each->kind == KODOSIS_STRUCT || each->kind == KODOSIS_UNION || each->kind == KODOSIS_ENUM;

        if (is_type && !lint->used[each->type->index])
            kodosis__lint_report(lint, rule, &each->position, "no procedure, error or constant is made of the %s '%s'",
                                 kodosis_declaration_words[each->kind], each->name);
    }
}

const struct kodosis_rule kodosis_rule_unused_type = {
    .name = "unused-type",
    .on = true,
    .wants = "in a file with services, every type is used by a procedure, an error or a constant",
    .reason =
        "What is left over from a change reads as if it were part of the interface, and its code is compiled into "
        "every program. Types for others belong into a file without services; all files of one run are looked at.",
    .look = look_at_unused,
};

/* ---- What is deprecated ---- */

static const struct kodosis_declaration *deprecated_in(const struct kodosis_type *type)
{
    while (type && !type->declaration) {
        const struct kodosis_declaration *in_key = type->key ? type->key->declaration : NULL;

        if (in_key && in_key->deprecated)
            return in_key;
        type = type->element;
    }
    return type && type->declaration->deprecated ? type->declaration : NULL;
}

static void tell_deprecated(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                            const struct kodosis_position *position, const char *name,
                            const struct kodosis_declaration *declaration)
{
    if (declaration)
        kodosis__lint_report(lint, rule, position, "'%s' uses '%s', which is deprecated: %s", name, declaration->name,
                             declaration->deprecated);
}

static void look_in_procedure(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                              const struct kodosis_procedure *procedure)
{
    if (procedure->deprecated || procedure->service->deprecated)
        return;
    for (size_t i = 0; i < procedure->parameter_count; i++)
        tell_deprecated(lint, rule, &procedure->parameters[i].position, procedure->parameters[i].name,
                        deprecated_in(procedure->parameters[i].type));
    tell_deprecated(lint, rule, &procedure->position, procedure->name, deprecated_in(procedure->result));
    for (size_t i = 0; i < procedure->raise_count; i++)
        if (procedure->raises[i]->deprecated)
            tell_deprecated(lint, rule, &procedure->position, procedure->name, procedure->raises[i]);
}

static void look_at_deprecated(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                               const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];

        for (size_t k = 0; !each->deprecated && k < each->member_count; k++)
            if (!each->members[k].deprecated)
                tell_deprecated(lint, rule, &each->members[k].position, each->members[k].name,
                                deprecated_in(each->members[k].type));
        for (size_t k = 0; k < each->procedure_count; k++)
            look_in_procedure(lint, rule, &each->procedures[k]);
    }
}

const struct kodosis_rule kodosis_rule_deprecated_use = {
    .name = "deprecated-use",
    .on = true,
    .wants = "what is made of a deprecated type, or raises a deprecated error, is deprecated itself",
    .reason = "Callers cannot leave alone what another part of the interface makes them use.",
    .look = look_at_deprecated,
};

/* ---- Comments ---- */

static void look_at_comments(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                             const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];

        if (!each->doc)
            kodosis__lint_report(lint, rule, &each->position, "the %s '%s' has no comment (///)",
                                 kodosis_declaration_words[each->kind], each->name);
        for (size_t k = 0; k < each->procedure_count; k++)
            if (!each->procedures[k].doc)
                kodosis__lint_report(lint, rule, &each->procedures[k].position,
                                     "the procedure '%s' has no comment (///)", each->procedures[k].name);
    }
}

const struct kodosis_rule kodosis_rule_undocumented = {
    .name = "undocumented",
    .on = false,
    .wants = "declarations and procedures have a comment in front: /// ...",
    .reason = "An interface file is all that a caller has. The comments go into the headers, the schema and the pages.",
    .look = look_at_comments,
};
