/* SPDX-License-Identifier: MIT */
/* The parser's bodies, from behind the '{' to behind the '}'. */
#ifndef KODOSIS_COMPILER_SYNTAX_BODY_H
#define KODOSIS_COMPILER_SYNTAX_BODY_H

#include "kodosis/compiler/syntax/cursor.h"

/* Takes `deprecated "sentence"` if it stands here. False after an error. */
bool kodosis__parse_deprecated(struct kodosis_parser *parser, const char **ret_sentence);

void kodosis__parse_members(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration);
void kodosis__parse_enumerators(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration);
void kodosis__parse_procedures(struct kodosis_parser *parser, struct kodosis_ast_declaration *declaration);

#endif
