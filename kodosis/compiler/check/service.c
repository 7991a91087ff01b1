/* SPDX-License-Identifier: MIT */
/* The checker's services: results, parameters, errors. */
#include "kodosis/compiler/check/service.h"

#include <string.h>

#include "kodosis/compiler/check/lookup.h"
#include "kodosis/compiler/check/resolve.h"
#include "kodosis/compiler/text/name.h"

/* Resolves the type of a parameter or result; of a stream, that of its elements. */
static const struct kodosis_type *resolve_streamed(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                                   const struct kodosis_ast_type *syntax)
{
    if (syntax->kind != KODOSIS_AST_TYPE_STREAM)
        return kodosis__resolve(checker, unit, syntax);
    while (syntax->element->kind == KODOSIS_AST_TYPE_STREAM) {
        syntax = syntax->element;
        kodosis_error(checker->diagnostics, &syntax->position, "the elements of a stream are no streams");
    }
    return kodosis__resolve(checker, unit, syntax->element);
}

static void check_oneway(struct kodosis_checker *checker, const struct kodosis_ast_procedure *syntax,
                         const struct kodosis_procedure *procedure)
{
    const char *text = procedure->result ? procedure->result->text : NULL;

    if (text && syntax->result->kind == KODOSIS_AST_TYPE_STREAM)
        text = kodosis_join(checker->memory, "stream<", text, ">");
    if (text)
        kodosis_error(checker->diagnostics, &syntax->result->position,
                      "a oneway procedure has no reply, so its result is void, not %s", text);
    if (syntax->raises)
        kodosis_error(checker->diagnostics, &syntax->raises->name.position,
                      "a oneway procedure has no reply, so it raises no errors");
}

static void check_result(struct kodosis_checker *checker, struct kodosis_entry *entry,
                         const struct kodosis_ast_procedure *syntax, struct kodosis_procedure *procedure)
{
    procedure->streams_out = syntax->result->kind == KODOSIS_AST_TYPE_STREAM;
    if (syntax->result->kind != KODOSIS_AST_TYPE_VOID)
        procedure->result = resolve_streamed(checker, entry->unit, syntax->result);
    if (syntax->oneway)
        check_oneway(checker, syntax, procedure);
}

/* Reports a stream that is not the last parameter, or that a oneway procedure has. */
static void check_stream(struct kodosis_checker *checker, const struct kodosis_ast_procedure *syntax,
                         const struct kodosis_ast_member *parameter)
{
    const struct kodosis_ast_member *behind = parameter->next;

    for (; behind && behind->type->kind != KODOSIS_AST_TYPE_STREAM; behind = behind->next)
        continue;
    if (behind)
        kodosis_error(checker->diagnostics, &parameter->type->position,
                      "a procedure has one stream as a parameter, and here are '%s' and '%s'", parameter->name.text,
                      behind->name.text);
    else if (parameter->next)
        kodosis_error(checker->diagnostics, &parameter->type->position,
                      "a stream is the last parameter, and behind '%s' is '%s'", parameter->name.text,
                      parameter->next->name.text);
    if (syntax->oneway)
        kodosis_error(checker->diagnostics, &parameter->type->position,
                      "a oneway procedure has no reply that ends a stream, so it takes none");
}

static void check_parameters(struct kodosis_checker *checker, struct kodosis_entry *entry,
                             const struct kodosis_ast_procedure *syntax, struct kodosis_procedure *procedure)
{
    struct kodosis_member *each = (struct kodosis_member *)procedure->parameters;

    for (const struct kodosis_ast_member *parameter = syntax->parameters; parameter; parameter = parameter->next) {
        procedure->streams_in = parameter->type->kind == KODOSIS_AST_TYPE_STREAM;
        if (procedure->streams_in)
            check_stream(checker, syntax, parameter);
        (each++)->type = resolve_streamed(checker, entry->unit, parameter->type);
    }
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
        check_parameters(checker, entry, syntax, procedure);
        check_raises(checker, entry, syntax, procedure);
    }
}
