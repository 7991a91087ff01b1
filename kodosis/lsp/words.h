/* SPDX-License-Identifier: MIT */
/* Words, dots and what lies between them in the text of a file, read without the parser, which may not have got so far. */
#ifndef KODOSIS_LSP_WORDS_H
#define KODOSIS_LSP_WORDS_H

#include "kodosis/lsp/analysis.h"

/* Whether a byte may be in a name. */
bool lsp_is_word(char byte);

/* The offset behind a comment that begins here; the offset itself if none does. */
size_t lsp_behind_comment(const char *text, size_t size, size_t offset);

/* The offset behind blanks and comments. */
size_t lsp_behind_blanks(const char *text, size_t size, size_t offset);

/*
 * The offset behind the declaration, member, procedure, value or parameter that begins here: behind its ';' or '}', or in front of the
 * ',' or bracket that ends it.
 */
size_t lsp_behind_item(const char *text, size_t size, size_t offset);

/* The position of the part of a dotted name that is so many parts in front of the last. False if it has fewer parts. */
bool lsp_part_of_name(const struct lsp_analysis *analysis, const struct kodosis_ast_name *name, size_t from_end,
                      struct kodosis_position *ret_position);

#endif
