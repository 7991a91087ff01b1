/* The checker's types: from syntax to the one type that it means. */
#include <inttypes.h>
#include <string.h>

#include "kodosis/compiler/check.h"
#include "kodosis/compiler/keyword.h"
#include "kodosis/compiler/limits.h"

enum {
    TYPE_KINDS = 1u << KODOSIS_ENUM | 1u << KODOSIS_STRUCT | 1u << KODOSIS_UNION,
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

/* What stands for a type that was reported as wrong, so that the rest can be checked. */
static const struct kodosis_type *nothing(struct kodosis_checker *checker)
{
    return kodosis__builtin(checker, KODOSIS_TYPE_INT8);
}

static const struct kodosis_type *resolve_name(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                               const struct kodosis_ast_name *name)
{
    struct kodosis_entry *entry = kodosis__find(checker, unit, name->text);
    enum kodosis_declaration_kind kind;

    if (!entry) {
        kodosis__unknown(checker, unit, name, "type", TYPE_KINDS);
        return nothing(checker);
    }
    if (!kodosis__use(checker, unit, entry, &name->position))
        return nothing(checker);
    kind = entry->declaration->kind;
    if (1u << kind & TYPE_KINDS)
        return entry->type;
    kodosis_error(checker->diagnostics, &name->position, "'%s' is %s, not a type%s", name->text,
                  kodosis__kind_text(kind), kind == KODOSIS_ERROR ? "; errors can only be raised" : "");
    kodosis_note(checker->diagnostics, &entry->declaration->position, "it is declared here");
    return nothing(checker);
}

static bool is_key(const struct kodosis_type *type)
{
    return kodosis_type_is_integer(type) || type->kind == KODOSIS_TYPE_BOOL || type->kind == KODOSIS_TYPE_ENUM ||
           type->kind == KODOSIS_TYPE_STRING;
}

static const struct kodosis_type *resolve_key(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                              const struct kodosis_ast_type *ast)
{
    const struct kodosis_type *key = kodosis__resolve(checker, unit, ast);

    if (is_key(key))
        return key;
    kodosis_error(checker->diagnostics, &ast->position,
                  "the key of a map is an integer, a bool, an enum or a string, not %s", key->text);
    return kodosis__builtin(checker, KODOSIS_TYPE_STRING);
}

static uint64_t resolve_count(struct kodosis_checker *checker, struct kodosis_unit *unit,
                              const struct kodosis_ast_value *ast)
{
    struct kodosis_value value = { 0 };

    if (!kodosis__evaluate(checker, unit, ast, kodosis__builtin(checker, KODOSIS_TYPE_INT64), &value))
        return 1;
    if (value.integer >= 1 && value.integer <= KODOSIS_LIMIT_FIXED_SIZE)
        return value.natural;
    kodosis_error(checker->diagnostics, &ast->position, "the size of a fixed array is between 1 and %d",
                  KODOSIS_LIMIT_FIXED_SIZE);
    return 1;
}

/* "int32[3][4]": the outer size comes first, in front of those that the element's text ends in. */
static void add_array_text(struct kodosis_text *text, const struct kodosis_type *array)
{
    const struct kodosis_type *base = array->element;

    while (base->kind == KODOSIS_TYPE_ARRAY)
        base = base->element;
    kodosis_text_add(text, "%s", base->text);
    for (; array->kind == KODOSIS_TYPE_ARRAY; array = array->element)
        kodosis_text_add(text, "[%" PRIu64 "]", array->count);
}

static const struct kodosis_type *compose(struct kodosis_checker *checker, const struct kodosis_type *wanted)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    const struct kodosis_type *type;

    if (wanted->kind == KODOSIS_TYPE_LIST)
        kodosis_text_add(&text, "list<%s>", wanted->element->text);
    else if (wanted->kind == KODOSIS_TYPE_OPTIONAL)
        kodosis_text_add(&text, "optional<%s>", wanted->element->text);
    else if (wanted->kind == KODOSIS_TYPE_MAP)
        kodosis_text_add(&text, "map<%s, %s>", wanted->key->text, wanted->element->text);
    else
        add_array_text(&text, wanted);
    type = kodosis__intern(checker, wanted, text.data);
    kodosis_text_clear(&text);
    return type;
}

const struct kodosis_type *kodosis__resolve(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                            const struct kodosis_ast_type *ast)
{
    struct kodosis_type wanted = { 0 };

    switch (ast->kind) {
    case KODOSIS_AST_TYPE_NAMED:
        return resolve_name(checker, unit, &ast->name);
    case KODOSIS_AST_TYPE_BUILTIN:
        return kodosis__builtin(checker, ast->builtin);
    case KODOSIS_AST_TYPE_VOID:
        kodosis_error(checker->diagnostics, &ast->position, "'void' is only the result of a procedure, not a type");
        return nothing(checker);
    case KODOSIS_AST_TYPE_LIST:
        wanted.kind = KODOSIS_TYPE_LIST;
        break;
    case KODOSIS_AST_TYPE_OPTIONAL:
        wanted.kind = KODOSIS_TYPE_OPTIONAL;
        break;
    case KODOSIS_AST_TYPE_MAP:
        wanted.kind = KODOSIS_TYPE_MAP;
        wanted.key = resolve_key(checker, unit, ast->key);
        break;
    case KODOSIS_AST_TYPE_ARRAY:
        wanted.kind = KODOSIS_TYPE_ARRAY;
        wanted.count = resolve_count(checker, unit, &ast->count);
        break;
    }
    wanted.element = kodosis__resolve(checker, unit, ast->element); /* as deep as the parser went, which is bounded */
    return compose(checker, &wanted);
}

void kodosis__resolve_members(struct kodosis_checker *checker, struct kodosis_unit *unit,
                              const struct kodosis_ast_member *syntax, struct kodosis_member *members)
{
    for (; syntax; syntax = syntax->next)
        (members++)->type = kodosis__resolve(checker, unit, syntax->type);
}
