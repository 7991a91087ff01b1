/* SPDX-License-Identifier: MIT */
/* The declarations of a file, each as a section of its page. */
#ifndef KODOSIS_COMPILER_DOC_SECTIONS_H
#define KODOSIS_COMPILER_DOC_SECTIONS_H

#include "kodosis/compiler/doc/links.h"

/* Appends a declaration. `excerpt` is what the C header says of it. */
void doc_add_section(const struct doc_page *page, const struct kodosis_declaration *declaration, const char *excerpt);

/* ---- For services ---- */

/* Appends "Deprecated" and the sentence; nothing for NULL. */
void doc_add_deprecated(const struct doc_page *page, const char *sentence);

/* Appends a small word beside a name. */
void doc_add_badge(const struct doc_page *page, const char *word);

/* Appends a piece of C that can be opened. */
void doc_add_c(const struct doc_page *page, const char *excerpt);

#endif
