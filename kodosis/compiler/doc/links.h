/* SPDX-License-Identifier: MIT */
/* The pages, where each declaration is on them, and types as links. */
#ifndef KODOSIS_COMPILER_DOC_LINKS_H
#define KODOSIS_COMPILER_DOC_LINKS_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/text.h"

/* A page while it is written. */
struct doc_page {
    const struct kodosis_model *model;
    const struct kodosis_file *file; /* that the page is about; NULL for the overview */
    struct kodosis_text *html;
};

/* Appends the path of a file's page, below the folder of all pages. No two files have the same, and none has "index.html". */
void doc_add_page_name(struct kodosis_text *text, const struct kodosis_file *file);

/* Appends the way from the page up to the folder of all pages: "../" for each folder that its file is in. */
void doc_add_way_up(const struct doc_page *page);

/* The name of a declaration on its page: a service's alias, if it has one, so that each has its own. */
const char *doc_anchor(const struct kodosis_declaration *declaration);

/* Appends the URL of a declaration, seen from the page. */
void doc_add_url(const struct doc_page *page, const struct kodosis_declaration *declaration);

/* Appends a declaration's name as a link: alone within its namespace, in full elsewhere. */
void doc_add_link(const struct doc_page *page, const struct kodosis_declaration *declaration);

/* Appends a type, with links. */
void doc_add_type(const struct doc_page *page, const struct kodosis_type *type);

/* The declaration that a dotted name means on the page; NULL if there is none. */
const struct kodosis_declaration *doc_find(const struct doc_page *page, const char *name, size_t size);

#endif
