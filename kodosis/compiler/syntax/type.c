/* SPDX-License-Identifier: MIT */
/* The parser's names, values and types. */
#include "kodosis/compiler/syntax/type.h"

#include <string.h>

#include "kodosis/compiler/syntax/habits.h"
#include "kodosis/compiler/syntax/keyword.h"
#include "kodosis/compiler/limits.h"
#include "kodosis/compiler/text/guess.h"

/* ---- Names ---- */

static bool parse_name(struct kodosis_parser *parser, const char *what, bool reserved,
                       struct kodosis_ast_name *ret_name)
{
    const struct kodosis_token *token = &parser->token;

    if (token->kind != KODOSIS_TOKEN_NAME) {
        kodosis__unexpected(parser, what);
        return false;
    }
    if (reserved) {
        kodosis_error(parser->diagnostics, &token->position, "expected %s, but '%.*s' is a reserved word", what,
                      (int)token->size, token->start);
        return false;
    }
    ret_name->text = kodosis_memory_copy(parser->memory, token->start, token->size);
    ret_name->position = token->position;
    kodosis__advance(parser);
    return true;
}

bool kodosis__parse_declared_name(struct kodosis_parser *parser, const char *what, struct kodosis_ast_name *ret_name)
{
    return parse_name(parser, what, kodosis_is_keyword(parser->token.start, parser->token.size), ret_name);
}

bool kodosis__parse_member_name(struct kodosis_parser *parser, const char *what, struct kodosis_ast_name *ret_name)
{
    return parse_name(parser, what, kodosis_is_reserved(parser->token.start, parser->token.size), ret_name);
}

bool kodosis__parse_dotted_name(struct kodosis_parser *parser, const char *what, struct kodosis_ast_name *ret_name)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    struct kodosis_ast_name part;
    struct kodosis_ast_name whole = { 0 };
    size_t parts = 0;
    bool ok = true;

    do {
        ok = kodosis__parse_member_name(parser, parts ? "a name behind the '.'" : what, &part);
        if (!ok)
            break;
        if (!parts++)
            whole = part;
        kodosis_text_add(&text, parts > 1 ? ".%s" : "%s", part.text);
        if (part.position.line == whole.position.line)
            whole.position.length = part.position.column + part.position.length - whole.position.column;
        if (parts > KODOSIS_LIMIT_NAMESPACE + 2) {
            kodosis_error(parser->diagnostics, &whole.position, "a name of more than %d parts",
                          KODOSIS_LIMIT_NAMESPACE + 2);
            ok = false;
        }
    } while (ok && kodosis__accept_symbol(parser, '.'));

    if (ok) {
        whole.text = kodosis_memory_copy(parser->memory, text.data, text.size);
        *ret_name = whole;
    }
    kodosis_text_clear(&text);
    return ok;
}

/* ---- Values ---- */

static bool parse_word_value(struct kodosis_parser *parser, struct kodosis_ast_value *value)
{
    if (kodosis__at_word(parser, "true") || kodosis__at_word(parser, "false")) {
        value->kind = KODOSIS_AST_BOOL;
        value->integer = kodosis__at_word(parser, "true");
        kodosis__advance(parser);
        return true;
    }
    value->kind = KODOSIS_AST_NAME;
    if (!kodosis__parse_dotted_name(parser, "a value", &value->name))
        return false;
    value->position = value->name.position;
    return true;
}

bool kodosis__parse_value(struct kodosis_parser *parser, struct kodosis_ast_value *ret_value)
{
    struct kodosis_ast_value value = { .present = true, .position = parser->token.position };
    const struct kodosis_token *token = &parser->token;

    if (kodosis__accept_symbol(parser, '-')) {
        value.negative = true;
        if (token->kind != KODOSIS_TOKEN_INTEGER && token->kind != KODOSIS_TOKEN_FLOAT)
            return kodosis__unexpected(parser, "a number behind the '-'");
        if (token->position.line == value.position.line)
            value.position.length = token->position.column + token->position.length - value.position.column;
    }
    switch (token->kind) {
    case KODOSIS_TOKEN_INTEGER:
        value.kind = KODOSIS_AST_INTEGER;
        break;
    case KODOSIS_TOKEN_FLOAT:
        value.kind = KODOSIS_AST_FLOAT;
        break;
    case KODOSIS_TOKEN_STRING:
        value.kind = KODOSIS_AST_STRING;
        break;
    case KODOSIS_TOKEN_NAME:
        if (!parse_word_value(parser, &value))
            return false;
        *ret_value = value;
        return true;
    default:
        return kodosis__unexpected(parser, "a value (a number, a string, true, false or a name)");
    }
    value.too_large = token->too_large;
    value.too_small = token->too_small;
    value.integer = token->integer;
    value.real = token->real;
    value.text = token->text;
    value.text_size = token->text_size;
    kodosis__advance(parser);
    *ret_value = value;
    return true;
}

/* Where a value that is made of values is read. */
struct nest {
    unsigned depth;
    size_t count; /* single values so far */
};

static bool parse_items(struct kodosis_parser *parser, struct nest *nest, struct kodosis_ast_value *ret_value);

static bool parse_part(struct kodosis_parser *parser, struct nest *nest, struct kodosis_ast_value *ret_value)
{
    struct kodosis_position position = parser->token.position;

    if (kodosis__at_symbol(parser, '[') || kodosis__at_symbol(parser, '{'))
        return parse_items(parser, nest, ret_value);
    if (nest->count++ == KODOSIS_LIMIT_ITEMS) {
        kodosis_error(parser->diagnostics, &position, "more than %d values in one constant", KODOSIS_LIMIT_ITEMS);
        return false;
    }
    return kodosis__parse_value(parser, ret_value);
}

/* Parses what is in brackets or braces. KODOSIS_LIMIT_TYPE_NESTING bounds the recursion. */
static bool parse_items(struct kodosis_parser *parser, struct nest *nest, struct kodosis_ast_value *ret_value)
{
    bool row = kodosis__at_symbol(parser, '[');
    char close = row ? ']' : '}';
    struct kodosis_ast_value value = { .kind = row ? KODOSIS_AST_ROW : KODOSIS_AST_BRACES,
                                       .present = true,
                                       .position = parser->token.position };
    struct kodosis_ast_item **link = &value.items;

    if (nest->depth == KODOSIS_LIMIT_TYPE_NESTING) {
        kodosis_error(parser->diagnostics, &value.position, "values nest more than %d deep",
                      KODOSIS_LIMIT_TYPE_NESTING);
        return false;
    }
    nest->depth++;
    kodosis__advance(parser);
    while (!kodosis__at_symbol(parser, close)) {
        struct kodosis_ast_item *item = kodosis_memory_take(parser->memory, sizeof(*item));

        if (!parse_part(parser, nest, &item->value))
            return false;
        *link = item;
        link = &item->next;
        value.item_count++;
        if (!kodosis__accept_symbol(parser, ','))
            break;
    }
    nest->depth--;
    *ret_value = value;
    return kodosis__expect_symbol(parser, close, "or ',' behind the value");
}

bool kodosis__parse_constant_value(struct kodosis_parser *parser, struct kodosis_ast_value *ret_value)
{
    struct nest nest = { 0, 0 };

    return parse_part(parser, &nest, ret_value);
}

/* ---- Types ---- */

static struct kodosis_ast_type *parse_nested(struct kodosis_parser *parser, unsigned depth);

static struct kodosis_ast_type *make_type(struct kodosis_parser *parser, enum kodosis_ast_type_kind kind)
{
    struct kodosis_ast_type *type = kodosis_memory_take(parser->memory, sizeof(*type));

    type->kind = kind;
    type->position = parser->token.position;
    return type;
}

/* Parses list<T>, optional<T>, map<K, V> or stream<T> from the word on. */
static struct kodosis_ast_type *parse_constructor(struct kodosis_parser *parser, enum kodosis_ast_type_kind kind,
                                                  unsigned depth)
{
    static const char *const examples[] = {
        [KODOSIS_AST_TYPE_LIST] = "and the type of the elements, as in list<int32>",
        [KODOSIS_AST_TYPE_OPTIONAL] = "and the type of the value, as in optional<int32>",
        [KODOSIS_AST_TYPE_MAP] = "and the types of key and value, as in map<string, int32>",
        [KODOSIS_AST_TYPE_STREAM] = "and the type of the elements, as in stream<int32>",
    };
    struct kodosis_ast_type *type = make_type(parser, kind);

    kodosis__advance(parser);
    if (kind == KODOSIS_AST_TYPE_STREAM && kodosis__habit_stream(parser)) {
        type->element = parse_nested(parser, depth);
        return type->element ? type : NULL;
    }
    if (!kodosis__expect_symbol(parser, '<', examples[kind]))
        return NULL;
    if (kind == KODOSIS_AST_TYPE_MAP) {
        type->key = parse_nested(parser, depth);
        if (!type->key || !kodosis__expect_symbol(parser, ',', "and the type of the values"))
            return NULL;
    }
    type->element = parse_nested(parser, depth);
    if (!type->element || !kodosis__expect_symbol(parser, '>', "behind the type"))
        return NULL;
    if (parser->behind.line == type->position.line)
        type->position.length = parser->behind.column - type->position.column;
    return type;
}

/* Reports a name with angle brackets behind it that is not list, optional, map or stream. */
static struct kodosis_ast_type *refuse_brackets(struct kodosis_parser *parser, const struct kodosis_ast_name *name)
{
    struct kodosis_guess guess = kodosis_guess_begin(name->text, strlen(name->text));

    kodosis_guess_consider(&guess, "list");
    kodosis_guess_consider(&guess, "optional");
    kodosis_guess_consider(&guess, "map");
    kodosis_guess_consider(&guess, "stream");
    kodosis_guess_consider_brackets(&guess);
    if (guess.best)
        kodosis_error(parser->diagnostics, &name->position, "unknown type '%s<...>'; did you mean '%s'?", name->text,
                      guess.best);
    else
        kodosis_error(parser->diagnostics, &name->position,
                      "unknown type '%s<...>'; there are list<...>, optional<...> and map<..., ...>", name->text);
    return NULL;
}

static struct kodosis_ast_type *parse_simple(struct kodosis_parser *parser, unsigned depth)
{
    enum kodosis_type_kind builtin;
    struct kodosis_ast_type *type;

    if (kodosis__at_word(parser, "list"))
        return parse_constructor(parser, KODOSIS_AST_TYPE_LIST, depth);
    if (kodosis__at_word(parser, "optional"))
        return parse_constructor(parser, KODOSIS_AST_TYPE_OPTIONAL, depth);
    if (kodosis__at_word(parser, "map"))
        return parse_constructor(parser, KODOSIS_AST_TYPE_MAP, depth);
    if (kodosis__at_word(parser, "stream"))
        return parse_constructor(parser, KODOSIS_AST_TYPE_STREAM, depth);
    if (kodosis__at_word(parser, "void")) {
        type = make_type(parser, KODOSIS_AST_TYPE_VOID);
        kodosis__advance(parser);
        return type;
    }
    if (kodosis_builtin_find(parser->token.start, parser->token.size, &builtin)) {
        type = make_type(parser, KODOSIS_AST_TYPE_BUILTIN);
        type->builtin = builtin;
        kodosis__advance(parser);
        return type;
    }
    type = make_type(parser, KODOSIS_AST_TYPE_NAMED);
    if (!kodosis__parse_dotted_name(parser, "a type", &type->name))
        return NULL;
    type->position = type->name.position;
    return kodosis__at_symbol(parser, '<') ? refuse_brackets(parser, &type->name) : type;
}

/*
 * Parses the sizes behind a type. As in C, int32[3][4] is three arrays of four: each size makes an array inside the one
 * before.
 */
static struct kodosis_ast_type *parse_sizes(struct kodosis_parser *parser, struct kodosis_ast_type *base,
                                            unsigned depth)
{
    struct kodosis_ast_type *outermost = base;
    struct kodosis_ast_type **inside = &outermost;

    while (kodosis__at_symbol(parser, '[')) {
        struct kodosis_ast_type *array = make_type(parser, KODOSIS_AST_TYPE_ARRAY);

        if (++depth > KODOSIS_LIMIT_TYPE_NESTING) {
            kodosis_error(parser->diagnostics, &parser->token.position, "types nest more than %d deep",
                          KODOSIS_LIMIT_TYPE_NESTING);
            return NULL;
        }
        kodosis__advance(parser);
        if (kodosis__at_symbol(parser, ']')) {
            kodosis_error(parser->diagnostics, &parser->token.position,
                          "expected the size of the fixed array; for a variable length write list<...>");
            return NULL;
        }
        if (!kodosis__parse_value(parser, &array->count) ||
            !kodosis__expect_symbol(parser, ']', "behind the size of the fixed array"))
            return NULL;
        array->element = base;
        array->position = base->position;
        *inside = array;
        inside = &array->element;
    }
    return outermost;
}

static struct kodosis_ast_type *parse_nested(struct kodosis_parser *parser, unsigned depth)
{
    struct kodosis_ast_type *type;

    if (depth == KODOSIS_LIMIT_TYPE_NESTING) {
        kodosis_error(parser->diagnostics, &parser->token.position, "types nest more than %d deep",
                      KODOSIS_LIMIT_TYPE_NESTING);
        return NULL;
    }
    type = parse_simple(parser, depth + 1);
    return type ? parse_sizes(parser, type, depth + 1) : NULL;
}

struct kodosis_ast_type *kodosis__parse_type(struct kodosis_parser *parser)
{
    return parse_nested(parser, 0);
}
