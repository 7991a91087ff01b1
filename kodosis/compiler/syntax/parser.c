/* SPDX-License-Identifier: MIT */
/* From tokens to declarations. */
#include "kodosis/compiler/syntax/parser.h"

#include "kodosis/compiler/limits.h"
#include "kodosis/compiler/syntax/body.h"
#include "kodosis/compiler/syntax/habits.h"
#include "kodosis/compiler/syntax/keyword.h"
#include "kodosis/compiler/syntax/type.h"
#include "kodosis/compiler/text/guess.h"

/* ---- The file ---- */

static void parse_namespace(struct kodosis_parser *parser)
{
    struct kodosis_ast_name name;
    struct kodosis_position position = parser->token.position;
    const char *doc = parser->token.doc;

    kodosis__advance(parser);
    if (parser->ast->namespace_name.text) {
        kodosis_error(parser->diagnostics, &position, "a file has one namespace");
        kodosis_note(parser->diagnostics, &parser->ast->namespace_name.position, "this one");
        kodosis__recover(parser);
        return;
    }
    if (parser->ast->imports || parser->ast->declarations)
        kodosis_error(parser->diagnostics, &position, "the namespace comes first in a file");
    if (!kodosis__parse_dotted_name(parser, "the name of the namespace", &name)) {
        parser->ast->incomplete = true;
        kodosis__recover(parser);
        return;
    }
    parser->ast->namespace_name = name;
    parser->ast->doc = doc;
    if (!kodosis__expect_symbol(parser, ';', "behind the namespace") && !kodosis__at_declaration(parser))
        kodosis__recover(parser);
}

static void parse_import(struct kodosis_parser *parser)
{
    struct kodosis_ast_import *import = kodosis_memory_take(parser->memory, sizeof(*import));
    struct kodosis_ast_import **link;

    if (parser->ast->declarations)
        kodosis_error(parser->diagnostics, &parser->token.position, "imports come in front of all declarations");
    kodosis__advance(parser);
    if (parser->token.kind != KODOSIS_TOKEN_STRING) {
        kodosis__unexpected(parser, "the name of a file in quotes");
        parser->ast->incomplete = true;
        kodosis__recover(parser);
        return;
    }
    import->path = parser->token.text;
    import->position = parser->token.position;
    for (link = &parser->ast->imports; *link; link = &(*link)->next)
        ;
    if (parser->ast->import_count++ < KODOSIS_LIMIT_FILES)
        *link = import;
    else
        kodosis_error(parser->diagnostics, &import->position, "more than %d imports", KODOSIS_LIMIT_FILES);
    kodosis__advance(parser);
    if (!kodosis__expect_symbol(parser, ';', "behind the import") && !kodosis__at_declaration(parser))
        kodosis__recover(parser);
}

/* ---- Declarations ---- */

static bool parse_const(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration)
{
    declaration->type = kodosis__parse_type(parser);
    if (!declaration->type || !kodosis__parse_declared_name(parser, "the name of the constant", &declaration->name))
        return false;
    if (!kodosis__expect_symbol(parser, '=', "and the value of the constant") ||
        !kodosis__parse_constant_value(parser, &declaration->value) ||
        !kodosis__expect_symbol(parser, ';', "behind the constant"))
        kodosis__recover(parser);
    return true;
}

static bool parse_alias(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration)
{
    if (!kodosis__parse_declared_name(parser, "another name for a type", &declaration->name) ||
        !kodosis__expect_symbol(parser, '=', "and the type"))
        return false;
    declaration->type = kodosis__parse_type(parser);
    if (!declaration->type)
        return false;
    if (!kodosis__expect_symbol(parser, ';', "behind the type"))
        kodosis__recover(parser);
    return true;
}

static bool parse_enum(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration)
{
    if (!kodosis__parse_declared_name(parser, "the name of the enum", &declaration->name))
        return false;
    if (kodosis__accept_symbol(parser, ':')) {
        declaration->type = kodosis__parse_type(parser);
        if (!declaration->type)
            return false;
    }
    if (!kodosis__expect_symbol(parser, '{', "and the values of the enum"))
        return false;
    kodosis__parse_enumerators(parser, declaration);
    return true;
}

static bool parse_members(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration, const char *what)
{
    if (!kodosis__parse_declared_name(parser, what, &declaration->name))
        return false;
    kodosis__habit_extends(parser);
    if (!kodosis__expect_symbol(parser, '{', "and the members"))
        return false;
    kodosis__parse_members(parser, declaration);
    return true;
}

static bool parse_service(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration)
{
    if (!kodosis__parse_declared_name(parser, "the name of the service", &declaration->name))
        return false;
    if (kodosis__accept_word(parser, "version")) {
        if (parser->token.kind != KODOSIS_TOKEN_INTEGER)
            return kodosis__unexpected(parser, "the version, a number");
        if (!kodosis__parse_value(parser, &declaration->version))
            return false;
    }
    if (kodosis__accept_word(parser, "as") &&
        !kodosis__parse_declared_name(parser, "another name for the service", &declaration->alias))
        return false;
    kodosis__habit_extends(parser);
    if (!declaration->version.present && !declaration->alias.text && kodosis__suggest(parser, "version"))
        return false;
    if (!kodosis__at_symbol(parser, '{'))
        return kodosis__unexpected(parser, declaration->alias.text ? "'{' and the procedures of the service"
                                           : declaration->version.present
                                               ? "'as' or '{' and the procedures of the service"
                                               : "'version', 'as' or '{' and the procedures of the service");
    kodosis__advance(parser);
    kodosis__parse_procedures(parser, declaration);
    return true;
}

static bool parse_one(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration)
{
    switch (declaration->kind) {
    case KODOSIS_CONST:
        return parse_const(parser, declaration);
    case KODOSIS_ENUM:
        return parse_enum(parser, declaration);
    case KODOSIS_STRUCT:
        return parse_members(parser, declaration, "the name of the struct");
    case KODOSIS_UNION:
        return parse_members(parser, declaration, "the name of the union");
    case KODOSIS_ERROR:
        return parse_members(parser, declaration, "the name of the error");
    case KODOSIS_SERVICE:
        return parse_service(parser, declaration);
    case KODOSIS_ALIAS:
        return parse_alias(parser, declaration);
    }
    return false;
}

static enum kodosis_declaration_kind declaration_kind(const struct kodosis_parser *parser)
{
    size_t kind = 0;

    while (kind < KODOSIS_DECLARATION_WORDS && !kodosis__at_word(parser, kodosis_declaration_words[kind]))
        kind++;
    return (enum kodosis_declaration_kind)kind; /* the words are in the order of the kinds */
}

/* Takes the words in front of "struct", "union" or "enum". False, with an error reported, if another word follows. */
static bool parse_modifiers(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration)
{
    enum kodosis_declaration_kind kind;

    if (!kodosis__parse_deprecated(parser, &declaration->deprecated))
        return false;
    declaration->extensible = kodosis__accept_word(parser, "extensible");
    declaration->flags = kodosis__accept_word(parser, "flags");
    kind = declaration_kind(parser);
    if (declaration->deprecated && (kind == KODOSIS_CONST || kind > KODOSIS_ALIAS))
        return kodosis__unexpected(parser, "an enum, struct, union, error, service or type behind 'deprecated'");
    if (declaration->flags && kind != KODOSIS_ENUM)
        return kodosis__unexpected(parser, "'enum' behind 'flags'");
    if (declaration->extensible && kind != KODOSIS_ENUM && kind != KODOSIS_STRUCT && kind != KODOSIS_UNION)
        return kodosis__unexpected(parser, "'struct', 'union', 'enum' or 'flags enum' behind 'extensible'");
    return true;
}

/* Parses a declaration from behind its first word on, and appends it to the list. */
static void parse_declaration(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration,
                              struct kodosis_ast_declaration ***link)
{
    if (parser->ast->declaration_count == KODOSIS_LIMIT_DECLARATIONS)
        kodosis_error(parser->diagnostics, &declaration->start, "more than %d declarations in one file",
                      KODOSIS_LIMIT_DECLARATIONS);
    if (!parse_one(parser, declaration)) {
        /* its name may be used elsewhere: no error is reported there */
        parser->ast->incomplete = true;
        kodosis__recover(parser);
        kodosis__accept_symbol(parser, '}');
        return;
    }
    if (parser->ast->declaration_count >= KODOSIS_LIMIT_DECLARATIONS) {
        parser->ast->incomplete = true;
        return;
    }
    parser->ast->declaration_count++;
    **link = declaration;
    *link = &declaration->next;
}

/* Parses a declaration, also one that begins with another language's word. False if none begins here. */
static bool begin_declaration(struct kodosis_parser *parser, struct kodosis_ast_declaration ***link)
{
    struct kodosis_ast_declaration *declaration = kodosis_memory_take(parser->memory, sizeof(*declaration));

    declaration->doc = parser->token.doc;
    declaration->start = parser->token.position;
    if (kodosis__at_declaration(parser) || kodosis__at_word(parser, "deprecated")) {
        if (!parse_modifiers(parser, declaration)) {
            parser->ast->incomplete = true;
            kodosis__recover(parser);
            kodosis__accept_symbol(parser, '}');
            return true;
        }
        declaration->kind = declaration_kind(parser);
        kodosis__advance(parser);
    } else if (!kodosis__habit_declaration(parser, &declaration->kind)) {
        return false;
    }
    parse_declaration(parser, declaration, link);
    return true;
}

static void refuse(struct kodosis_parser *parser)
{
    struct kodosis_guess guess = kodosis_guess_begin(parser->token.start, parser->token.size);

    if (parser->token.kind == KODOSIS_TOKEN_NAME) {
        for (size_t i = 0; i < KODOSIS_DECLARATION_WORDS; i++)
            kodosis_guess_consider(&guess, kodosis_declaration_words[i]);
        kodosis_guess_consider(&guess, "extensible");
        kodosis_guess_consider(&guess, "import");
        kodosis_guess_consider(&guess, "namespace");
    }
    if (guess.best)
        kodosis_error(parser->diagnostics, &parser->token.position,
                      "expected a declaration, found '%.*s'; did you mean '%s'?", (int)parser->token.size,
                      parser->token.start, guess.best);
    else
        kodosis__unexpected(parser, "a declaration (const, enum, struct, union, error, service or type)");
    parser->ast->incomplete = true;
    if (!kodosis__at_symbol(parser, '}'))
        kodosis__recover(parser);
    kodosis__accept_symbol(parser, '}');
}

/* Reports and skips what other languages have and this one has not. False if there is no such thing here. */
static bool skip_habit(struct kodosis_parser *parser)
{
    if (kodosis__at_symbol(parser, '@')) {
        kodosis__habit_annotation(parser);
        return true;
    }
    if (!kodosis__habit_refused(parser))
        return false;
    parser->ast->incomplete = true;
    return true;
}

struct kodosis_ast *kodosis_parse(const struct kodosis_file *file, struct kodosis_memory *memory,
                                  struct kodosis_diagnostics *diagnostics)
{
    struct kodosis_parser parser = { .memory = memory, .diagnostics = diagnostics };
    struct kodosis_ast_declaration **link;

    parser.ast = kodosis_memory_take(memory, sizeof(*parser.ast));
    link = &parser.ast->declarations;
    if (!kodosis_lexer_open(&parser.lexer, file, memory, diagnostics)) {
        parser.ast->incomplete = true;
        return parser.ast;
    }
    kodosis__advance(&parser);
    parser.fresh_line = true;
    if (kodosis__habit_namespace(&parser)) {
        parse_namespace(&parser);
    } else if (!kodosis__at_word(&parser, "namespace")) {
        kodosis__unexpected(&parser, "'namespace' and its name at the beginning of the file");
        parser.ast->incomplete = true;
    }
    while (parser.token.kind != KODOSIS_TOKEN_END) {
        if (kodosis__at_word(&parser, "namespace"))
            parse_namespace(&parser);
        else if (kodosis__at_word(&parser, "import"))
            parse_import(&parser);
        else if (!kodosis__accept_symbol(&parser, ';') && !begin_declaration(&parser, &link) && !skip_habit(&parser))
            refuse(&parser);
    }
    kodosis_lexer_close(&parser.lexer);
    return parser.ast;
}
