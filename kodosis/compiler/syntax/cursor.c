/* SPDX-License-Identifier: MIT */
/* Where the parser stands, and how it goes on after an error. */
#include "kodosis/compiler/syntax/cursor.h"

#include <stdio.h>
#include <string.h>

#include "kodosis/compiler/syntax/keyword.h"
#include "kodosis/compiler/text/guess.h"

enum { FOUND_SHOWN = 40 };

void kodosis__advance(struct kodosis_parser *parser)
{
    const struct kodosis_token *token = &parser->token;
    uint32_t line = token->position.line;

    parser->behind = token->position;
    parser->behind.column += (uint32_t)token->size;
    parser->behind.length = 1;
    kodosis_lexer_next(&parser->lexer, &parser->token);
    parser->fresh_line = parser->token.position.line != line;
}

bool kodosis__at_symbol(const struct kodosis_parser *parser, char symbol)
{
    return parser->token.kind == KODOSIS_TOKEN_SYMBOL && parser->token.symbol == symbol;
}

bool kodosis__at_word(const struct kodosis_parser *parser, const char *word)
{
    const struct kodosis_token *token = &parser->token;

    return token->kind == KODOSIS_TOKEN_NAME && token->size == strlen(word) && !memcmp(token->start, word, token->size);
}

bool kodosis__accept_symbol(struct kodosis_parser *parser, char symbol)
{
    if (!kodosis__at_symbol(parser, symbol))
        return false;
    kodosis__advance(parser);
    return true;
}

bool kodosis__accept_word(struct kodosis_parser *parser, const char *word)
{
    if (!kodosis__at_word(parser, word))
        return false;
    kodosis__advance(parser);
    return true;
}

static void describe(const struct kodosis_token *token, char *room, size_t size)
{
    if (token->kind == KODOSIS_TOKEN_END)
        snprintf(room, size, "the end of the file");
    else if (token->kind == KODOSIS_TOKEN_STRING)
        snprintf(room, size, "a string");
    else if (token->size > FOUND_SHOWN)
        snprintf(room, size, "'%.*s...'", FOUND_SHOWN, token->start);
    else
        snprintf(room, size, "'%.*s'", (int)token->size, token->start);
}

bool kodosis__unexpected(struct kodosis_parser *parser, const char *what)
{
    char found[64];

    describe(&parser->token, found, sizeof(found));
    kodosis_error(parser->diagnostics, &parser->token.position, "expected %s, found %s", what, found);
    return false;
}

bool kodosis__suggest(struct kodosis_parser *parser, const char *word)
{
    const struct kodosis_token *token = &parser->token;
    struct kodosis_guess guess = kodosis_guess_begin(token->start, token->size);

    if (token->kind != KODOSIS_TOKEN_NAME || kodosis_is_keyword(token->start, token->size))
        return false;
    kodosis_guess_consider(&guess, word);
    if (guess.best)
        kodosis_error(parser->diagnostics, &token->position, "unknown word '%.*s'; did you mean '%s'?",
                      (int)token->size, token->start, word);
    return guess.best;
}

bool kodosis__expect_symbol(struct kodosis_parser *parser, char symbol, const char *where)
{
    char found[64];

    if (kodosis__accept_symbol(parser, symbol))
        return true;
    describe(&parser->token, found, sizeof(found));
    /* a symbol that is missing at the end of a line is shown there, not at the token of the next line */
    kodosis_error(parser->diagnostics, parser->fresh_line ? &parser->behind : &parser->token.position,
                  "expected '%c' %s, found %s", symbol, where, found);
    return false;
}

bool kodosis__at_declaration(const struct kodosis_parser *parser)
{
    for (size_t i = 0; i < KODOSIS_DECLARATION_WORDS; i++)
        if (kodosis__at_word(parser, kodosis_declaration_words[i]))
            return true;
    return kodosis__at_word(parser, "import") || kodosis__at_word(parser, "namespace") ||
           kodosis__at_word(parser, "extensible") || kodosis__at_word(parser, "flags");
}

void kodosis__recover(struct kodosis_parser *parser)
{
    size_t depth = 0;

    while (parser->token.kind != KODOSIS_TOKEN_END) {
        if (parser->fresh_line && kodosis__at_declaration(parser))
            return;
        if (!depth && kodosis__at_symbol(parser, '}'))
            return;
        if (!depth && kodosis__accept_symbol(parser, ';'))
            return;
        if (kodosis__at_symbol(parser, '{'))
            depth++;
        if (kodosis__at_symbol(parser, '}') && !--depth) {
            kodosis__advance(parser);
            return;
        }
        kodosis__advance(parser);
    }
}

void kodosis__close_body(struct kodosis_parser *parser, const struct kodosis_ast_name *open)
{
    char found[64];

    if (kodosis__accept_symbol(parser, '}')) {
        kodosis__accept_symbol(parser, ';');
        return;
    }
    describe(&parser->token, found, sizeof(found));
    kodosis_error(parser->diagnostics, &parser->token.position, "expected '}', found %s", found);
    kodosis_note(parser->diagnostics, &open->position, "to close '%s'", open->text);
}
