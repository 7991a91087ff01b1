/* SPDX-License-Identifier: MIT */
/*
 * Where the parser stands: the token it looks at, and how it goes on behind an error.
 */
#ifndef KODOSIS_COMPILER_SYNTAX_CURSOR_H
#define KODOSIS_COMPILER_SYNTAX_CURSOR_H

#include "kodosis/compiler/syntax/ast.h"

struct kodosis_parser {
    struct kodosis_lexer lexer;
    struct kodosis_token token;     /* the one looked at */
    struct kodosis_position behind; /* the place behind the token before it: where something may be missing */
    bool fresh_line;                /* the token is the first on its line */
    struct kodosis_memory *memory;
    struct kodosis_diagnostics *diagnostics;
    struct kodosis_ast *ast;
    uint32_t habits; /* bits of enum habit: the habits of other languages that were reported in this file */
};

void kodosis__advance(struct kodosis_parser *parser);
bool kodosis__at_symbol(const struct kodosis_parser *parser, char symbol);
bool kodosis__at_word(const struct kodosis_parser *parser, const char *word);

/* Takes the token if it is this one. */
bool kodosis__accept_symbol(struct kodosis_parser *parser, char symbol);
bool kodosis__accept_word(struct kodosis_parser *parser, const char *word);

/* Takes the symbol, or says that it was expected ("';' behind the member") and returns false. */
bool kodosis__expect_symbol(struct kodosis_parser *parser, char symbol, const char *where);

/* "expected WHAT, found TOKEN" at the token. Always false. */
bool kodosis__unexpected(struct kodosis_parser *parser, const char *what);

/* If the token looks like a misspelt `word`, says so and returns true. */
bool kodosis__suggest(struct kodosis_parser *parser, const char *word);

/* Skips what is broken, up to and with the next ';', or up to the '}' or declaration that ends the body. */
void kodosis__recover(struct kodosis_parser *parser);

/* Whether the token begins a declaration: const, enum, extensible, flags... */
bool kodosis__at_declaration(const struct kodosis_parser *parser);

/* Takes a body's '}', or reports that it is missing, with a note at the declaration that is still open. */
void kodosis__close_body(struct kodosis_parser *parser, const struct kodosis_ast_name *open);

#endif
