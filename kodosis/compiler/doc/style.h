/* SPDX-License-Identifier: MIT */
/* What makes the pages look as they do: it stands in each of them, so that a page needs no other file. */
#ifndef KODOSIS_COMPILER_DOC_STYLE_H
#define KODOSIS_COMPILER_DOC_STYLE_H

/* The style sheet, in pieces, because C promises no more than 4,095 bytes for a literal; NULL ends it. */
extern const char *const doc_style[];

/* The script that searches; the index stands in front of it. */
extern const char *const doc_script[];

#endif
