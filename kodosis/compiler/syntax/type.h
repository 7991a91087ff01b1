/* SPDX-License-Identifier: MIT */
/* The parser's names, values and types. */
#ifndef KODOSIS_COMPILER_SYNTAX_TYPE_H
#define KODOSIS_COMPILER_SYNTAX_TYPE_H

#include "kodosis/compiler/syntax/cursor.h"

/* One word that may name a declaration (no keyword at all) or a member (no reserved word). */
bool kodosis__parse_declared_name(struct kodosis_parser *parser, const char *what, struct kodosis_ast_name *ret_name);
bool kodosis__parse_member_name(struct kodosis_parser *parser, const char *what, struct kodosis_ast_name *ret_name);
bool kodosis__parse_dotted_name(struct kodosis_parser *parser, const char *what, struct kodosis_ast_name *ret_name);
bool kodosis__parse_value(struct kodosis_parser *parser, struct kodosis_ast_value *ret_value);
/* The same, also "[...]" and "{ ... }", as constants have them. */
bool kodosis__parse_constant_value(struct kodosis_parser *parser, struct kodosis_ast_value *ret_value);
struct kodosis_ast_type *kodosis__parse_type(struct kodosis_parser *parser); /* NULL after an error */

#endif
