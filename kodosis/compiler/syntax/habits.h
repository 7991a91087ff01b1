/* SPDX-License-Identifier: MIT */
/*
 * Habits from other interface languages. For each of these the parser reports, once in a file, what this language has
 * instead, and reads on as if that were written where it can, so that one slip is one error.
 */
#ifndef KODOSIS_COMPILER_SYNTAX_HABITS_H
#define KODOSIS_COMPILER_SYNTAX_HABITS_H

#include "kodosis/compiler/syntax/cursor.h"

/* At a word where a declaration is expected: the kind that was meant ("message M {"), and the word is taken. */
bool kodosis__habit_declaration(struct kodosis_parser *parser, enum kodosis_declaration_kind *ret_kind);

/* "package x;" for a namespace: takes the word. */
bool kodosis__habit_namespace(struct kodosis_parser *parser);

/* "typedef", "#include" and others that have no counterpart: says so and skips it. */
bool kodosis__habit_refused(struct kodosis_parser *parser);

/* Annotations ("@x", "@x(1)"), wherever something begins: skipped. */
void kodosis__habit_annotation(struct kodosis_parser *parser);

/* "extends B", ": B" behind a name: skipped up to the '{'. */
void kodosis__habit_extends(struct kodosis_parser *parser);

/* In front of a member's or parameter's type: "repeated", "required", "optional" without brackets, "1:", "in", "const". */
void kodosis__habit_before_type(struct kodosis_parser *parser);

/* Behind the word "stream": a type without brackets. True if one stands there, which the caller takes as the elements'. */
bool kodosis__habit_stream(struct kodosis_parser *parser);

/* Behind a type: "int32?", "int32*", "int32&". */
void kodosis__habit_behind_type(struct kodosis_parser *parser);

/* Behind a member's name: "a[4]", "= 1", "@1", ": int32". False where the rest of the member makes no sense. */
bool kodosis__habit_behind_name(struct kodosis_parser *parser);

/* A declaration within a body, which is skipped. `column` is where the one around it begins. */
bool kodosis__habit_nested(struct kodosis_parser *parser, const struct kodosis_ast_name *around, uint32_t column);

/* At the beginning of a procedure: "rpc", "fn", "async" and the like, which is no type. The procedure makes no sense then. */
bool kodosis__habit_procedure(struct kodosis_parser *parser);

/* "throws" for "raises": takes the word. */
bool kodosis__habit_throws(struct kodosis_parser *parser);

#endif
