/* SPDX-License-Identifier: MIT */
/* The parser's bodies: members, enum values, procedures. */
#include "kodosis/compiler/syntax/body.h"

#include <ctype.h>
#include <string.h>

#include "kodosis/compiler/syntax/habits.h"
#include "kodosis/compiler/syntax/keyword.h"
#include "kodosis/compiler/syntax/type.h"
#include "kodosis/compiler/limits.h"
#include "kodosis/compiler/text/guess.h"

/* Counts one more, and reports an error at the first one beyond the limit. Returns whether it is within the limit. */
static bool count_one(struct kodosis_parser *parser, const struct kodosis_ast_name *name, size_t *count, size_t limit,
                      const char *what)
{
    if (*count == limit)
        kodosis_error(parser->diagnostics, &name->position, "more than %zu %s", limit, what);
    return (*count)++ < limit;
}

static bool is_sentence(const struct kodosis_token *token)
{
    if (!token->text_size || token->text_size > KODOSIS_LIMIT_DEFAULT)
        return false;
    for (size_t i = 0; i < token->text_size; i++)
        if ((unsigned char)token->text[i] < ' ')
            return false;
    return true;
}

bool kodosis__parse_deprecated(struct kodosis_parser *parser, const char **ret_sentence)
{
    if (!kodosis__accept_word(parser, "deprecated"))
        return true;
    if (parser->token.kind != KODOSIS_TOKEN_STRING)
        return kodosis__unexpected(parser, "a sentence in quotes behind 'deprecated': what to use instead");
    if (!is_sentence(&parser->token))
        kodosis_error(parser->diagnostics, &parser->token.position,
                      "'deprecated' has one line of text, of at most %d bytes: what to use instead",
                      KODOSIS_LIMIT_DEFAULT);
    *ret_sentence = parser->token.text;
    kodosis__advance(parser);
    return true;
}

/* ---- Structs, unions, errors ---- */

/* Reports "name: type", as other languages have it, and returns whether it stands here. */
static bool is_name_in_front(struct kodosis_parser *parser)
{
    const char *behind = parser->lexer.cursor;

    while (*behind == ' ' || *behind == '\t')
        behind++;
    if (*behind != ':')
        return false;
    kodosis__advance(parser);
    return !kodosis__habit_behind_name(parser);
}

/* Parses the default of a member behind its '='. */
static bool parse_initial(struct kodosis_parser *parser, struct kodosis_ast_value *ret_value)
{
    struct kodosis_ast_value value = { .kind = KODOSIS_AST_EMPTY, .present = true, .position = parser->token.position };

    if (!kodosis__accept_symbol(parser, '['))
        return kodosis__parse_value(parser, ret_value);
    *ret_value = value;
    return kodosis__expect_symbol(parser, ']', "behind '[': the only default of a list or map is an empty one");
}

/* `defaults` says that the member may have one. */
static bool parse_member(struct kodosis_parser *parser, const char *what, bool defaults,
                         struct kodosis_ast_member *member)
{
    member->doc = parser->token.doc;
    if (!kodosis__parse_deprecated(parser, &member->deprecated))
        return false;
    kodosis__habit_before_type(parser);
    if (parser->token.kind == KODOSIS_TOKEN_NAME && is_name_in_front(parser))
        return false;
    member->type = kodosis__parse_type(parser);
    if (!member->type)
        return false;
    kodosis__habit_behind_type(parser);
    if (!kodosis__parse_member_name(parser, what, &member->name))
        return false;
    if (defaults && kodosis__accept_symbol(parser, '='))
        return parse_initial(parser, &member->initial);
    return kodosis__habit_behind_name(parser);
}

/*
 * Expects the symbol at the end of a member. If it is missing where a line ends, the next line begins a member: nothing
 * is skipped.
 */
static void end_line(struct kodosis_parser *parser, char symbol, const char *where)
{
    bool fresh = parser->fresh_line;

    if (!kodosis__expect_symbol(parser, symbol, where) && !fresh)
        kodosis__recover(parser);
}

void kodosis__parse_members(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration)
{
    bool is_union = declaration->kind == KODOSIS_UNION;
    bool defaults = declaration->kind == KODOSIS_STRUCT && declaration->extensible;
    struct kodosis_ast_member **link = &declaration->members;

    while (!kodosis__at_symbol(parser, '}') && parser->token.kind != KODOSIS_TOKEN_END) {
        struct kodosis_ast_member *member;

        if (kodosis__habit_nested(parser, &declaration->name, declaration->start.column)) {
            declaration->broken = true;
            continue;
        }
        if (kodosis__at_declaration(parser))
            break;
        member = kodosis_memory_take(parser->memory, sizeof(*member));
        if (!parse_member(parser, "the name of the member", defaults, member)) {
            declaration->broken = true;
            kodosis__recover(parser);
            continue;
        }
        end_line(parser, ';', "behind the member");
        if (count_one(parser, &member->name, &declaration->count,
                      is_union ? KODOSIS_LIMIT_UNION_MEMBERS : KODOSIS_LIMIT_MEMBERS,
                      is_union ? "members in one union" : "members in one struct")) {
            *link = member;
            link = &member->next;
        }
    }
    kodosis__close_body(parser, &declaration->name);
}

/* ---- Enums ---- */

/* Whether a string comes behind the token: a value may also be called "deprecated". */
static bool sentence_follows(const struct kodosis_parser *parser)
{
    const char *behind = parser->lexer.cursor;

    while (isspace((unsigned char)*behind) || (behind[0] == '/' && behind[1] == '/'))
        behind += *behind == '/' ? strcspn(behind, "\n") : 1;
    return *behind == '"';
}

static bool parse_enumerator(struct kodosis_parser *parser, struct kodosis_ast_enumerator *enumerator)
{
    enumerator->doc = parser->token.doc;
    if (sentence_follows(parser) && !kodosis__parse_deprecated(parser, &enumerator->deprecated))
        return false;
    return kodosis__parse_member_name(parser, "the name of an enum value", &enumerator->name) &&
           (!kodosis__accept_symbol(parser, '=') || kodosis__parse_value(parser, &enumerator->value));
}

/*
 * Whether the token begins a declaration. Enum values may have names like "error", so a second word must stand behind
 * it.
 */
static bool at_next_declaration(const struct kodosis_parser *parser)
{
    const char *behind = parser->lexer.cursor;

    while (*behind == ' ' || *behind == '\t')
        behind++;
    return kodosis__at_declaration(parser) && isalpha((unsigned char)*behind);
}

/* Skips to behind the next ',' or in front of the '}'. */
static void recover_enumerator(struct kodosis_parser *parser)
{
    while (parser->token.kind != KODOSIS_TOKEN_END && !kodosis__at_symbol(parser, '}') && !at_next_declaration(parser))
        if (kodosis__accept_symbol(parser, ','))
            return;
        else
            kodosis__advance(parser);
}

void kodosis__parse_enumerators(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration)
{
    struct kodosis_ast_enumerator **link = &declaration->enumerators;

    while (!kodosis__at_symbol(parser, '}') && parser->token.kind != KODOSIS_TOKEN_END &&
           !at_next_declaration(parser)) {
        struct kodosis_ast_enumerator *enumerator = kodosis_memory_take(parser->memory, sizeof(*enumerator));

        if (!parse_enumerator(parser, enumerator)) {
            declaration->broken = true;
            recover_enumerator(parser);
            continue;
        }
        if (count_one(parser, &enumerator->name, &declaration->count, KODOSIS_LIMIT_MEMBERS, "values in one enum")) {
            *link = enumerator;
            link = &enumerator->next;
        }
        if (!kodosis__at_symbol(parser, '}') && !kodosis__expect_symbol(parser, ',', "behind the enum value") &&
            !parser->fresh_line)
            recover_enumerator(parser);
    }
    kodosis__close_body(parser, &declaration->name);
}

/* ---- Services ---- */

static void parse_flags(struct kodosis_parser *parser, struct kodosis_ast_procedure *procedure)
{
    for (;;) {
        struct kodosis_position position = parser->token.position;
        bool *flag;

        if (kodosis__at_word(parser, "oneway"))
            flag = &procedure->oneway;
        else if (kodosis__at_word(parser, "idempotent"))
            flag = &procedure->idempotent;
        else
            return;
        if (*flag)
            kodosis_error(parser->diagnostics, &position, "'%.*s' is there twice", (int)parser->token.size,
                          parser->token.start);
        *flag = true;
        kodosis__advance(parser);
    }
}

static bool parse_parameters(struct kodosis_parser *parser, struct kodosis_ast_procedure *procedure)
{
    struct kodosis_ast_member **link = &procedure->parameters;

    if (!kodosis__expect_symbol(parser, '(', "and the parameters of the procedure"))
        return false;
    if (kodosis__accept_symbol(parser, ')'))
        return true;
    do {
        struct kodosis_ast_member *parameter = kodosis_memory_take(parser->memory, sizeof(*parameter));

        if (kodosis__at_word(parser, "deprecated"))
            kodosis_error(parser->diagnostics, &parser->token.position,
                          "a parameter cannot be deprecated: all of them are sent; deprecate the procedure");
        if (!parse_member(parser, "the name of the parameter", false, parameter))
            return false;
        if (count_one(parser, &parameter->name, &procedure->parameter_count, KODOSIS_LIMIT_PARAMETERS,
                      "parameters of one procedure")) {
            *link = parameter;
            link = &parameter->next;
        }
    } while (kodosis__accept_symbol(parser, ','));
    return kodosis__expect_symbol(parser, ')', "or ',' behind the parameter");
}

static bool parse_raises(struct kodosis_parser *parser, struct kodosis_ast_procedure *procedure)
{
    struct kodosis_ast_raise **link = &procedure->raises;
    bool bare = parser->habits && parser->token.kind == KODOSIS_TOKEN_NAME; /* "throws A, B" */

    if (!bare && !kodosis__expect_symbol(parser, '(', "and the errors that may be raised"))
        return false;
    do {
        struct kodosis_ast_raise *raise = kodosis_memory_take(parser->memory, sizeof(*raise));

        if (!kodosis__parse_dotted_name(parser, "the name of an error", &raise->name))
            return false;
        if (count_one(parser, &raise->name, &procedure->raise_count, KODOSIS_LIMIT_RAISES, "errors of one procedure")) {
            *link = raise;
            link = &raise->next;
        }
    } while (kodosis__accept_symbol(parser, ','));
    return bare || kodosis__expect_symbol(parser, ')', "or ',' behind the error");
}

/* A result type that is unknown may be a misspelt 'oneway' or 'idempotent' with a type behind it. */
static bool is_misspelt_flag(struct kodosis_parser *parser, const struct kodosis_ast_type *type)
{
    struct kodosis_guess guess;

    if (type->kind != KODOSIS_AST_TYPE_NAMED || parser->token.kind != KODOSIS_TOKEN_NAME)
        return false;
    if (!kodosis_is_reserved(parser->token.start, parser->token.size))
        return false;
    guess = kodosis_guess_begin(type->name.text, type->name.position.length);
    kodosis_guess_consider(&guess, "oneway");
    kodosis_guess_consider(&guess, "idempotent");
    if (guess.best)
        kodosis_error(parser->diagnostics, &type->position, "unknown word '%s'; did you mean '%s'?", type->name.text,
                      guess.best);
    return guess.best;
}

static bool parse_procedure(struct kodosis_parser *parser, struct kodosis_ast_procedure *procedure)
{
    procedure->doc = parser->token.doc;
    if (!kodosis__parse_deprecated(parser, &procedure->deprecated))
        return false;
    if (kodosis__habit_procedure(parser))
        return false;
    parse_flags(parser, procedure);
    procedure->result = kodosis__parse_type(parser);
    if (!procedure->result || is_misspelt_flag(parser, procedure->result))
        return false;
    if (!kodosis__parse_member_name(parser, "the name of the procedure", &procedure->name) ||
        !parse_parameters(parser, procedure))
        return false;
    if (kodosis__accept_word(parser, "raises") || kodosis__habit_throws(parser))
        return parse_raises(parser, procedure);
    return parser->fresh_line || !kodosis__suggest(parser, "raises");
}

void kodosis__parse_procedures(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration)
{
    struct kodosis_ast_procedure **link = &declaration->procedures;

    while (!kodosis__at_symbol(parser, '}') && parser->token.kind != KODOSIS_TOKEN_END) {
        struct kodosis_ast_procedure *procedure;

        if (kodosis__habit_nested(parser, &declaration->name, declaration->start.column)) {
            declaration->broken = true;
            continue;
        }
        if (kodosis__at_declaration(parser))
            break;
        procedure = kodosis_memory_take(parser->memory, sizeof(*procedure));

        if (!parse_procedure(parser, procedure)) {
            declaration->broken = true;
            kodosis__recover(parser);
            continue;
        }
        end_line(parser, ';', procedure->raises ? "behind the procedure" : "or 'raises' behind the procedure");
        if (count_one(parser, &procedure->name, &declaration->count, KODOSIS_LIMIT_PROCEDURES,
                      "procedures in one service")) {
            *link = procedure;
            link = &procedure->next;
        }
    }
    kodosis__close_body(parser, &declaration->name);
}
