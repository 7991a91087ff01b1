/* SPDX-License-Identifier: MIT */
/* The types that are not made of other types, and the table of all types. */
#include "kodosis/compiler/check/types.h"

#include <string.h>

#include "kodosis/compiler/check/lookup.h"
#include "kodosis/compiler/check/resolve.h"
#include "kodosis/compiler/syntax/keyword.h"

enum {
    TYPE_KINDS = 1u << KODOSIS_ENUM | 1u << KODOSIS_STRUCT | 1u << KODOSIS_UNION | 1u << KODOSIS_ALIAS,
};

struct kodosis_type *kodosis__intern(struct kodosis_checker *checker, const struct kodosis_type *wanted,
                                     const char *text)
{
    struct kodosis_type *type = kodosis_table_find(&checker->interned, text);

    if (type)
        return type;
    type = kodosis_memory_take(checker->memory, sizeof(*type));
    *type = *wanted;
    type->text = kodosis_memory_copy(checker->memory, text, strlen(text));
    type->index = (uint32_t)checker->type_count;
    if (checker->type_count == checker->type_capacity) {
        checker->type_capacity = checker->type_capacity ? checker->type_capacity * 2 : 64;
        checker->types = kodosis_reallocate(checker->types, checker->type_capacity, sizeof(*checker->types));
    }
    checker->types[checker->type_count++] = type;
    kodosis_table_add(&checker->interned, type->text, type);
    return type;
}

const struct kodosis_type *kodosis__builtin(struct kodosis_checker *checker, enum kodosis_type_kind kind)
{
    return kodosis__intern(checker, &(struct kodosis_type){ .kind = kind }, kodosis_builtin_name(kind));
}

const struct kodosis_type *kodosis__no_type(struct kodosis_checker *checker)
{
    return kodosis__builtin(checker, KODOSIS_TYPE_INT8);
}

const struct kodosis_type *kodosis__named_type(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                               const struct kodosis_ast_name *name)
{
    struct kodosis_entry *entry = kodosis__find(checker, unit, name->text);
    enum kodosis_declaration_kind kind;

    if (!entry) {
        kodosis__unknown(checker, unit, name, "type", TYPE_KINDS);
        return kodosis__no_type(checker);
    }
    if (!kodosis__use(checker, unit, entry, &name->position))
        return kodosis__no_type(checker);
    kind = entry->declaration->kind;
    if (kind == KODOSIS_ALIAS)
        return kodosis__check_alias(checker, entry);
    if (1u << kind & TYPE_KINDS)
        return entry->type;
    kodosis_error(checker->diagnostics, &name->position, "'%s' is %s, not a type%s", name->text,
                  kodosis__kind_text(kind), kind == KODOSIS_ERROR ? "; errors can only be raised" : "");
    kodosis_note(checker->diagnostics, &entry->declaration->position, "it is declared here");
    return kodosis__no_type(checker);
}

const struct kodosis_type *kodosis__simple_type(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                                const struct kodosis_ast_type *ast)
{
    switch (ast->kind) {
    case KODOSIS_AST_TYPE_NAMED:
        return kodosis__named_type(checker, unit, &ast->name);
    case KODOSIS_AST_TYPE_BUILTIN:
        return kodosis__builtin(checker, ast->builtin);
    case KODOSIS_AST_TYPE_VOID:
        kodosis_error(checker->diagnostics, &ast->position, "'void' is only the result of a procedure, not a type");
        return kodosis__no_type(checker);
    default:
        return NULL;
    }
}
