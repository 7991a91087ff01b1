/* SPDX-License-Identifier: MIT */
/* The checker's services: results, parameters, errors. */
#include "kodosis/compiler/check/service.h"

#include <string.h>

#include "kodosis/compiler/check/lookup.h"
#include "kodosis/compiler/check/resolve.h"

static void check_result(struct kodosis_checker *checker, struct kodosis_entry *entry,
                         const struct kodosis_ast_procedure *syntax, struct kodosis_procedure *procedure)
{
    if (syntax->result->kind != KODOSIS_AST_TYPE_VOID)
        procedure->result = kodosis__resolve(checker, entry->unit, syntax->result);
    if (!syntax->oneway)
        return;
    if (procedure->result)
        kodosis_error(checker->diagnostics, &syntax->result->position,
                      "a oneway procedure has no reply, so its result is void, not %s", procedure->result->text);
    if (syntax->raises)
        kodosis_error(checker->diagnostics, &syntax->raises->name.position,
                      "a oneway procedure has no reply, so it raises no errors");
}

static struct kodosis_entry *find_error(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                        const struct kodosis_ast_name *name)
{
    struct kodosis_entry *found = kodosis__find(checker, unit, name->text);

    if (!found) {
        kodosis__unknown(checker, unit, name, "error", 1u << KODOSIS_ERROR);
        return NULL;
    }
    if (!kodosis__use(checker, unit, found, &name->position))
        return NULL;
    if (found->declaration->kind == KODOSIS_ERROR)
        return found;
    kodosis_error(checker->diagnostics, &name->position, "'%s' is %s; only errors are raised", name->text,
                  kodosis__kind_text(found->declaration->kind));
    kodosis_note(checker->diagnostics, &found->declaration->position, "it is declared here");
    return NULL;
}

static void check_raises(struct kodosis_checker *checker, struct kodosis_entry *entry,
                         const struct kodosis_ast_procedure *syntax, struct kodosis_procedure *procedure)
{
    const struct kodosis_declaration **raises =
        kodosis_memory_take_array(checker->memory, syntax->raise_count, sizeof(*raises));

    for (const struct kodosis_ast_raise *raise = syntax->raises; raise; raise = raise->next) {
        struct kodosis_entry *found = find_error(checker, entry->unit, &raise->name);
        bool again = false;

        if (!found)
            continue;
        found->raised = true;
        for (size_t i = 0; i < procedure->raise_count; i++)
            again |= raises[i] == found->declaration;
        if (again)
            kodosis_error(checker->diagnostics, &raise->name.position, "'%s' is there twice", raise->name.text);
        else
            raises[procedure->raise_count++] = found->declaration;
    }
    procedure->raises = raises;
}

void kodosis__check_service(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    const struct kodosis_ast_procedure *syntax = entry->ast->procedures;

    if (entry->declaration->kind != KODOSIS_SERVICE)
        return;
    for (size_t i = 0; syntax; syntax = syntax->next, i++) {
        struct kodosis_procedure *procedure = &entry->procedures[i];

        check_result(checker, entry, syntax, procedure);
        kodosis__resolve_members(checker, entry->unit, syntax->parameters,
                                 (struct kodosis_member *)procedure->parameters);
        check_raises(checker, entry, syntax, procedure);
    }
}
