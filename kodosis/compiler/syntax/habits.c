/* SPDX-License-Identifier: MIT */
/* Diagnostics for habits from other interface languages. */
#include "kodosis/compiler/syntax/habits.h"

#include <ctype.h>
#include <string.h>

/* Each habit is reported once in a file. */
enum habit {
    ANNOTATION,
    ARRAY_BEHIND,
    CONST_MEMBER,
    DECLARATION,
    DIRECTION,
    EXTENDS,
    INCLUDE,
    NESTED,
    NUMBER,
    NUMBER_BEFORE,
    OPTIONAL_WORD,
    POINTER,
    PROCEDURE,
    QUESTION,
    REPEATED,
    REQUIRED,
    STREAM_WORD,
    THROWS,
    TYPE_BEHIND,
    TYPE_NAME,
};

static void tell(struct kodosis_parser *parser, enum habit habit, const char *sentence)
{
    if (!(parser->habits & 1u << habit))
        kodosis_error(parser->diagnostics, &parser->token.position, "%s", sentence);
    parser->habits |= 1u << habit;
}

/* The first byte behind the token that is neither a space nor a tab. */
static char next_byte(const struct kodosis_parser *parser)
{
    const char *at = parser->lexer.cursor;

    while (at < parser->lexer.end && (*at == ' ' || *at == '\t'))
        at++;
    return at < parser->lexer.end ? *at : '\0';
}

static bool begins_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static const char *behind_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

static const char *behind_word(const char *at)
{
    while (begins_word(*at) || (*at >= '0' && *at <= '9') || *at == '_' || *at == '.')
        at++;
    return at;
}

/* Whether a type and a name come behind the token, so that the token itself is neither. The text ends with a NUL. */
static bool type_and_name_follow(const struct kodosis_parser *parser)
{
    const char *at = behind_blanks(parser->lexer.cursor);
    size_t depth = 0;

    if (!begins_word(*at))
        return false;
    at = behind_blanks(behind_word(at));
    for (; *at == '<' || *at == '[' || (depth && *at && *at != '\n'); at++) {
        depth += *at == '<' || *at == '[';
        depth -= *at == '>' || *at == ']';
    }
    return begins_word(*behind_blanks(at));
}

/* Whether the token begins a procedure as other languages write it: with a type in front of "void", or its result behind. */
static bool result_follows(const struct kodosis_parser *parser)
{
    const char *at = behind_blanks(behind_word(behind_blanks(parser->lexer.cursor)));
    const char *inside;

    if (*at != '(')
        return type_and_name_follow(parser);
    inside = behind_blanks(at + 1);
    if (begins_word(*inside) && *behind_blanks(behind_word(inside)) == ')')
        return true; /* a parameter without a name */
    while (*at && *at != ')' && *at != ';' && *at != '\n')
        at++;
    at = *at == ')' ? behind_blanks(at + 1) : at;
    return !strncmp(at, "returns", 7) || !strncmp(at, "->", 2) || *at == ':';
}

static bool is_one_of(const struct kodosis_parser *parser, const char *const *words, size_t *ret_index)
{
    for (size_t i = 0; words[i]; i++)
        if (kodosis__at_word(parser, words[i])) {
            *ret_index = i;
            return true;
        }
    return false;
}

/* ---- Declarations ---- */

bool kodosis__habit_declaration(struct kodosis_parser *parser, enum kodosis_declaration_kind *ret_kind)
{
    static const char *const words[] = { "message",   "class",    "record",    "table",
                                         "interface", "protocol", "exception", NULL };
    static const enum kodosis_declaration_kind kinds[] = { KODOSIS_STRUCT, KODOSIS_STRUCT,  KODOSIS_STRUCT,
                                                           KODOSIS_STRUCT, KODOSIS_SERVICE, KODOSIS_SERVICE,
                                                           KODOSIS_ERROR };
    static const char *const sentences[] = {
        "a message is a struct here: struct Name { ... }",      "a class is a struct here: struct Name { ... }",
        "a record is a struct here: struct Name { ... }",       "a table is a struct here: struct Name { ... }",
        "an interface is a service here: service Name { ... }", "a protocol is a service here: service Name { ... }",
        "an exception is an error here: error Name { ... }",
    };
    size_t index;

    if (!is_one_of(parser, words, &index) || !begins_word(next_byte(parser)))
        return false;
    tell(parser, DECLARATION, sentences[index]);
    kodosis__advance(parser);
    *ret_kind = kinds[index];
    return true;
}

bool kodosis__habit_namespace(struct kodosis_parser *parser)
{
    static const char *const words[] = { "package", "module", NULL };
    size_t index;

    if (!is_one_of(parser, words, &index) || !begins_word(next_byte(parser)))
        return false;
    kodosis_error(parser->diagnostics, &parser->token.position, "a file begins with its namespace: namespace name;");
    return true;
}

static void skip_line(struct kodosis_parser *parser)
{
    do
        kodosis__advance(parser);
    while (!parser->fresh_line && parser->token.kind != KODOSIS_TOKEN_END);
}

bool kodosis__habit_refused(struct kodosis_parser *parser)
{
    static const char *const names[] = { "typedef", "using", "alias", NULL };
    static const char *const includes[] = { "include", "syntax", "option", "require", NULL };
    size_t index;

    if (kodosis__at_symbol(parser, '#')) {
        tell(parser, INCLUDE, "another file is imported: import \"name.kod\";");
        skip_line(parser);
        return true;
    }
    if (is_one_of(parser, names, &index) && begins_word(next_byte(parser))) {
        tell(parser, TYPE_NAME, "another name for a type is declared so: type Name = int32;");
    } else if (is_one_of(parser, includes, &index)) {
        tell(parser, INCLUDE,
             index ? "there is no such line here; leave it out" : "another file is imported: import \"name.kod\";");
    } else {
        return false;
    }
    kodosis__recover(parser);
    return true;
}

void kodosis__habit_annotation(struct kodosis_parser *parser)
{
    while (kodosis__at_symbol(parser, '@')) {
        bool named = parser->lexer.cursor < parser->lexer.end && (isalnum((unsigned char)*parser->lexer.cursor));

        tell(parser, ANNOTATION,
             "there are no annotations; what is said about something goes into a comment in front: /// ...");
        kodosis__advance(parser);
        if (named)
            kodosis__advance(parser);
        if (kodosis__at_symbol(parser, '('))
            while (!kodosis__accept_symbol(parser, ')') && parser->token.kind != KODOSIS_TOKEN_END)
                kodosis__advance(parser);
    }
}

void kodosis__habit_extends(struct kodosis_parser *parser)
{
    if (!kodosis__at_word(parser, "extends") && !kodosis__at_symbol(parser, ':'))
        return;
    tell(parser, EXTENDS, "nothing extends another; make it a member: Base base;");
    while (!kodosis__at_symbol(parser, '{') && !kodosis__at_symbol(parser, ';') &&
           parser->token.kind != KODOSIS_TOKEN_END)
        kodosis__advance(parser);
}

bool kodosis__habit_nested(struct kodosis_parser *parser, const struct kodosis_ast_name *around, uint32_t column)
{
    size_t depth = 0;

    if (!kodosis__at_declaration(parser) || parser->token.position.column <= column)
        return false;
    if (!(parser->habits & 1u << NESTED)) {
        kodosis_error(parser->diagnostics, &parser->token.position,
                      "declarations do not nest; this one goes in front of '%s'", around->text);
        kodosis_note(parser->diagnostics, &around->position, "'%s' begins here", around->text);
    }
    parser->habits |= 1u << NESTED;
    parser->ast->incomplete = true;
    do {
        if (kodosis__at_symbol(parser, '{'))
            depth++;
        if (kodosis__at_symbol(parser, '}') && !--depth)
            break;
        if (!depth && kodosis__at_symbol(parser, ';'))
            break;
        kodosis__advance(parser);
    } while (parser->token.kind != KODOSIS_TOKEN_END);
    kodosis__advance(parser);
    /* "} t;" */
    if (parser->token.kind == KODOSIS_TOKEN_NAME && !parser->fresh_line && next_byte(parser) == ';')
        kodosis__advance(parser);
    kodosis__accept_symbol(parser, ';');
    return true;
}

/* ---- Members and parameters ---- */

void kodosis__habit_before_type(struct kodosis_parser *parser)
{
    static const char *const directions[] = { "in", "out", "inout", NULL };
    size_t index;

    kodosis__habit_annotation(parser);
    if (parser->token.kind == KODOSIS_TOKEN_INTEGER && next_byte(parser) == ':') {
        tell(parser, NUMBER_BEFORE, "members have no numbers: they travel in the order in which they are written");
        kodosis__advance(parser);
        kodosis__advance(parser);
    }
    if (!begins_word(next_byte(parser)))
        return;
    if (kodosis__at_word(parser, "repeated") && type_and_name_follow(parser)) {
        tell(parser, REPEATED, "any number of values is a list: list<int32> name;");
        kodosis__advance(parser);
    } else if (kodosis__at_word(parser, "required") && type_and_name_follow(parser)) {
        tell(parser, REQUIRED, "every member is there anyway; what may be missing is optional<...>");
        kodosis__advance(parser);
    } else if (kodosis__at_word(parser, "optional")) {
        tell(parser, OPTIONAL_WORD, "what may be missing has its type in brackets: optional<int32> name;");
        kodosis__advance(parser);
    } else if (kodosis__at_word(parser, "const") && parser->behind.line == parser->token.position.line) {
        tell(parser, CONST_MEMBER, "members and parameters are never const");
        kodosis__advance(parser);
    } else if (is_one_of(parser, directions, &index) && type_and_name_follow(parser)) {
        tell(parser, DIRECTION, "parameters go to the service and the result comes back; several results are a struct");
        kodosis__advance(parser);
    }
}

bool kodosis__habit_stream(struct kodosis_parser *parser)
{
    if (parser->token.kind != KODOSIS_TOKEN_NAME || parser->fresh_line)
        return false;
    tell(parser, STREAM_WORD, "a stream has the type of its elements in brackets: stream<int32> name");
    return true;
}

void kodosis__habit_behind_type(struct kodosis_parser *parser)
{
    if (kodosis__at_symbol(parser, '?')) {
        tell(parser, QUESTION, "what may be missing is written optional<int32> name;");
        kodosis__advance(parser);
    }
    while (kodosis__at_symbol(parser, '*') || kodosis__at_symbol(parser, '&')) {
        tell(parser, POINTER,
             "there are no pointers; what may be missing is optional<...>, what may be many is list<...>");
        kodosis__advance(parser);
    }
}

bool kodosis__habit_behind_name(struct kodosis_parser *parser)
{
    while (kodosis__at_symbol(parser, '[')) {
        tell(parser, ARRAY_BEHIND, "the size of an array stands behind its type: int32[4] name;");
        while (!kodosis__accept_symbol(parser, ']')) {
            if (kodosis__at_symbol(parser, ';') || kodosis__at_symbol(parser, '}') ||
                parser->token.kind == KODOSIS_TOKEN_END)
                return false;
            kodosis__advance(parser);
        }
    }
    if (kodosis__at_symbol(parser, '=')) {
        tell(
            parser, NUMBER,
            "a member has no number, and a default only in an extensible struct: elsewhere every member is there, in the "
            "order in which it is written");
        kodosis__advance(parser);
        kodosis__accept_symbol(parser, '-');
        if (kodosis__accept_symbol(parser, '['))
            kodosis__accept_symbol(parser, ']');
        else
            kodosis__advance(parser);
    }
    kodosis__habit_annotation(parser);
    if (kodosis__at_symbol(parser, ':')) {
        tell(parser, TYPE_BEHIND, "the type stands in front of the name: int32 name;");
        return false;
    }
    return true;
}

/* ---- Procedures ---- */

bool kodosis__habit_procedure(struct kodosis_parser *parser)
{
    static const char *const words[] = { "rpc",    "fn",        "func",  "def",     "function",
                                         "method", "procedure", "async", "virtual", NULL };
    size_t index;

    kodosis__habit_annotation(parser);
    if (!is_one_of(parser, words, &index) || !result_follows(parser))
        return false;
    tell(parser, PROCEDURE, "a procedure is written like a function of C: Reply Name(Request request);");
    return true;
}

bool kodosis__habit_throws(struct kodosis_parser *parser)
{
    if (!kodosis__at_word(parser, "throws") && !kodosis__at_word(parser, "throw"))
        return false;
    tell(parser, THROWS, "errors are raised: raises (NotFound)");
    kodosis__advance(parser);
    return true;
}
