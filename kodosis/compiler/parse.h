/* What the files of the parser share. */
#ifndef KODOSIS_COMPILER_PARSE_H
#define KODOSIS_COMPILER_PARSE_H

#include "kodosis/compiler/ast.h"

struct kodosis_parser {
    struct kodosis_lexer lexer;
    struct kodosis_token token;     /* the one looked at */
    struct kodosis_position behind; /* the place behind the token before it: where something may be missing */
    bool fresh_line;                /* the token is the first on its line */
    struct kodosis_memory *memory;
    struct kodosis_diagnostics *diagnostics;
    struct kodosis_ast *ast;
};

/* ---- The token (parser.c) ---- */
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

/* Whether the token begins a declaration: const, enum, struct... */
bool kodosis__at_declaration(const struct kodosis_parser *parser);

/* A body's '}', or a complaint that names what is still open. */
void kodosis__close_body(struct kodosis_parser *parser, const struct kodosis_ast_name *open);

/* ---- Names, values, types (parse_type.c) ---- */

/* One word that may name a declaration (no keyword at all) or a member (no reserved word). */
bool kodosis__parse_declared_name(struct kodosis_parser *parser, const char *what, struct kodosis_ast_name *ret_name);
bool kodosis__parse_member_name(struct kodosis_parser *parser, const char *what, struct kodosis_ast_name *ret_name);
bool kodosis__parse_dotted_name(struct kodosis_parser *parser, const char *what, struct kodosis_ast_name *ret_name);
bool kodosis__parse_value(struct kodosis_parser *parser, struct kodosis_ast_value *ret_value);
struct kodosis_ast_type *kodosis__parse_type(struct kodosis_parser *parser); /* NULL after an error */

/* ---- Bodies (parse_body.c), from behind the '{' to behind the '}' ---- */
void kodosis__parse_members(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration);
void kodosis__parse_enumerators(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration);
void kodosis__parse_procedures(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration);

#endif
