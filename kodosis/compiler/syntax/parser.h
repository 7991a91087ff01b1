/* SPDX-License-Identifier: MIT */
/*
 * The parser: recursive descent over the grammar of docs/kodosis-language.md, its recursion bounded by the limit on nested
 * types. After an error it goes on behind the next ';' or '}'.
 */
#ifndef KODOSIS_COMPILER_SYNTAX_PARSER_H
#define KODOSIS_COMPILER_SYNTAX_PARSER_H

#include "kodosis/compiler/syntax/ast.h"

/* Parses one file into a tree in `memory`. Errors are reported; the tree has what was understood. */
struct kodosis_ast *kodosis_parse(const struct kodosis_file *file, struct kodosis_memory *memory,
                                  struct kodosis_diagnostics *diagnostics);

#endif
