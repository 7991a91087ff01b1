/* SPDX-License-Identifier: MIT */
/* Doc comments as HTML: paragraphs, lists and `names`, and nothing else that is special. */
#ifndef KODOSIS_COMPILER_DOC_COMMENT_H
#define KODOSIS_COMPILER_DOC_COMMENT_H

#include "kodosis/compiler/doc/links.h"

/*
 * Appends a doc comment; nothing for NULL. Empty lines divide paragraphs; lines that begin with "- " or "* " are items of a list; what
 * is between backquotes is code, and a link if it names a declaration.
 */
void doc_add_comment(const struct doc_page *page, const char *doc);

/* Appends its first sentence, or first line, in one line. */
void doc_add_summary(const struct doc_page *page, const char *doc);

#endif
