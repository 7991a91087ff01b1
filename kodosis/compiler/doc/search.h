/* SPDX-License-Identifier: MIT */
/* The index of the search, which stands in each page. */
#ifndef KODOSIS_COMPILER_DOC_SEARCH_H
#define KODOSIS_COMPILER_DOC_SEARCH_H

#include "kodosis/compiler/doc/links.h"

/* Appends the line of JavaScript that says what there is, on all pages. */
void doc_add_index(const struct doc_page *page);

#endif
