/* SPDX-License-Identifier: MIT */
/* Whole pages: what is around the sections. */
#ifndef KODOSIS_COMPILER_DOC_PAGE_H
#define KODOSIS_COMPILER_DOC_PAGE_H

#include "kodosis/compiler/doc/links.h"

/* Appends the page of a file. `version` is the compiler's. */
void doc_add_file_page(const struct kodosis_model *model, const struct kodosis_file *file, const char *version,
                       struct kodosis_text *html);

/* Appends the overview of all files. */
void doc_add_overview(const struct kodosis_model *model, const char *version, struct kodosis_text *html);

#endif
