/* SPDX-License-Identifier: MIT */
/* Defaults of the members of extensible structs. */
#include "kodosis/compiler/check/initial.h"

#include "kodosis/compiler/check/constant.h"
#include "kodosis/compiler/limits.h"

static bool complain(struct kodosis_checker *checker, const struct kodosis_ast_value *value, const char *message,
                     const struct kodosis_type *type)
{
    kodosis_error(checker->diagnostics, &value->position, message, type->text);
    return false;
}

/* Whether the default is the empty one of a type that has no other. Reports an error if it is not. */
static bool is_empty(struct kodosis_checker *checker, const struct kodosis_ast_value *value,
                     const struct kodosis_type *type)
{
    switch (type->kind) {
    case KODOSIS_TYPE_LIST:
    case KODOSIS_TYPE_MAP:
        return value->kind == KODOSIS_AST_EMPTY ||
               complain(checker, value, "the only default of %s is an empty one: []", type);
    case KODOSIS_TYPE_BYTES:
        return (value->kind == KODOSIS_AST_STRING && !value->text_size) ||
               complain(checker, value, "the only default of %s is an empty one: \"\"", type);
    case KODOSIS_TYPE_OPTIONAL:
        return complain(checker, value, "%s needs no default: it is absent where the member is missing", type);
    default:
        return complain(checker, value, "%s has no default; make it optional<...>", type);
    }
}

static void evaluate(struct kodosis_checker *checker, struct kodosis_entry *entry,
                     const struct kodosis_ast_value *syntax, struct kodosis_member *member)
{
    const struct kodosis_type *type = member->type;
    struct kodosis_value *value;

    if (!kodosis_type_is_scalar(type) && type->kind != KODOSIS_TYPE_STRING && type->kind != KODOSIS_TYPE_ENUM) {
        is_empty(checker, syntax, type);
        return;
    }
    if (syntax->kind == KODOSIS_AST_EMPTY) {
        complain(checker, syntax, "[] is the default of a list or map, not of %s", type);
        return;
    }
    value = kodosis_memory_take(checker->memory, sizeof(*value));
    if (!kodosis__evaluate(checker, entry->unit, syntax, type, value))
        return;
    if (type->kind == KODOSIS_TYPE_STRING && value->text_size > KODOSIS_LIMIT_DEFAULT)
        kodosis_error(checker->diagnostics, &syntax->position, "a default of more than %d bytes",
                      KODOSIS_LIMIT_DEFAULT);
    member->initial = value;
}

void kodosis__check_initials(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    struct kodosis_declaration *declaration = entry->declaration;
    const struct kodosis_ast_member *syntax = entry->ast->members;
    bool missing = false;

    if (declaration->kind != KODOSIS_STRUCT || !declaration->extensible)
        return;
    for (size_t i = 0; i < declaration->member_count; i++, syntax = syntax->next) {
        struct kodosis_member *member = &entry->members[i];

        if (syntax->initial.present)
            evaluate(checker, entry, &syntax->initial, member);
        if (syntax->initial.present || member->type->kind == KODOSIS_TYPE_OPTIONAL)
            missing = true;
        else if (missing)
            kodosis_error(checker->diagnostics, &member->position,
                          "'%s' needs a default, or to be optional, because the member in front of it may be missing",
                          member->name);
        if (!missing)
            declaration->required = i + 1;
    }
}
