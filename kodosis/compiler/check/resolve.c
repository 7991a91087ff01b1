/* SPDX-License-Identifier: MIT */
/* The checker's types: from syntax to the one type that it means. */
#include "kodosis/compiler/check/resolve.h"

#include <inttypes.h>

#include "kodosis/compiler/check/constant.h"
#include "kodosis/compiler/check/types.h"
#include "kodosis/compiler/limits.h"

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

/* Adds the text of an array: the innermost element, then the sizes from the outermost on, as in "int32[3][4]". */
static void add_array_text(struct kodosis_text *text, const struct kodosis_type *array)
{
    const struct kodosis_type *base = array->element;

    while (base->kind == KODOSIS_TYPE_ARRAY)
        base = base->element;
    kodosis_text_add(text, "%s", base->text);
    for (; array->kind == KODOSIS_TYPE_ARRAY; array = array->element)
        kodosis_text_add(text, "[%" PRIu64 "]", array->count);
}

/* How many types are within one type: names of types may add up to more than the parser sees. */
static unsigned nesting_of(const struct kodosis_type *type)
{
    unsigned depth = 1;

    for (; type->kind >= KODOSIS_TYPE_ARRAY; type = type->element)
        depth++;
    return depth;
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
    const struct kodosis_type *simple = kodosis__simple_type(checker, unit, ast);

    if (simple)
        return simple;
    switch (ast->kind) {
    case KODOSIS_AST_TYPE_STREAM:
        kodosis_error(checker->diagnostics, &ast->position,
                      "no other type holds a stream; it is the last parameter or the result of a procedure");
        return kodosis__resolve(checker, unit, ast->element);
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
    default:
        break;
    }
    wanted.element = kodosis__resolve(checker, unit, ast->element); /* the parser bounds the recursion */
    if (nesting_of(wanted.element) >= KODOSIS_LIMIT_TYPE_NESTING) {
        kodosis_error(checker->diagnostics, &ast->position, "types nest more than %d deep", KODOSIS_LIMIT_TYPE_NESTING);
        return wanted.element;
    }
    return compose(checker, &wanted);
}

void kodosis__resolve_members(struct kodosis_checker *checker, struct kodosis_unit *unit,
                              const struct kodosis_ast_member *syntax, struct kodosis_member *members)
{
    for (; syntax; syntax = syntax->next)
        (members++)->type = kodosis__resolve(checker, unit, syntax->type);
}

/* ---- Other names for types ---- */

const struct kodosis_type *kodosis__check_alias(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    struct kodosis_declaration *declaration = entry->declaration;

    if (entry->state == KODOSIS_DONE)
        return entry->type;
    if (entry->state == KODOSIS_BUSY) {
        kodosis_error(checker->diagnostics, &declaration->position, "'%s' names itself", declaration->name);
        return kodosis__no_type(checker);
    }
    if (checker->alias_depth == KODOSIS_LIMIT_ALIAS_DEPTH) {
        kodosis_error(checker->diagnostics, &declaration->position,
                      "names of types refer to one another more than %d deep", KODOSIS_LIMIT_ALIAS_DEPTH);
        return kodosis__no_type(checker);
    }
    entry->state = KODOSIS_BUSY;
    checker->alias_depth++;
    declaration->type = kodosis__resolve(checker, entry->unit, entry->ast->type);
    entry->type = (struct kodosis_type *)declaration->type;
    checker->alias_depth--;
    entry->state = KODOSIS_DONE;
    return entry->type;
}
