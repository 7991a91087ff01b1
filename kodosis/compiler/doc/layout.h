/* SPDX-License-Identifier: MIT */
/* The wire layout of values in words and numbers, as docs/wire-format.md has it. */
#ifndef KODOSIS_COMPILER_DOC_LAYOUT_H
#define KODOSIS_COMPILER_DOC_LAYOUT_H

#include "kodosis/compiler/doc/links.h"

/* Where the next of several values begins, counted from where the first does. */
struct doc_offset {
    bool known;
    uint64_t offset;    /* if it is known */
    bool aligned;       /* the first begins at a multiple of 8, so padding is known too */
    bool padded;        /* padding to 8 goes in front of the value */
    const char *behind; /* the name of the value in front, or NULL */
};

/* Appends the beginning of a value of the type, as "12" or "behind name", and goes on behind it. `name` is what it is called. */
void doc_add_offset(struct kodosis_text *html, struct doc_offset *offset, const struct kodosis_type *type,
                    const char *name);

/* Goes to the next multiple of 8, as in front of a member that may be missing. */
void doc_pad_offset(struct doc_offset *offset);

/* Appends how many bytes a value takes: "8" or "2 or more". */
void doc_add_size(struct kodosis_text *html, const struct kodosis_type *type);

/* Appends what the bytes of a value are, in words. */
void doc_add_encoding(struct kodosis_text *html, const struct kodosis_type *type);

/* Appends the facts of a declared type: size, alignment, what it may hold. */
void doc_add_facts(struct kodosis_text *html, const struct kodosis_type *type);

#endif
