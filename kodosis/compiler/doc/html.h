/* SPDX-License-Identifier: MIT */
/*
 * Writing HTML. Text that comes from an interface file, or is the name of one, always goes through here: nothing in it is markup.
 */
#ifndef KODOSIS_COMPILER_DOC_HTML_H
#define KODOSIS_COMPILER_DOC_HTML_H

#include "kodosis/compiler/text/text.h"

/* Appends a text: between tags, or in an attribute with double quotes. */
void doc_add_text(struct kodosis_text *html, const char *text);
void doc_add_bytes(struct kodosis_text *html, const char *text, size_t size);

/* Appends a path as a part of a URL: '/' stays, what means something in URLs is escaped. */
void doc_add_path(struct kodosis_text *html, const char *path);

/* Appends a text in quotes, as JavaScript has it, so that it ends no <script>. */
void doc_add_script_string(struct kodosis_text *html, const char *text);

#endif
