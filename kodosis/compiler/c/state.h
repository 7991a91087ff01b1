/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the C emitter share, and the lines that they write. Texts that they build on the way (names, expressions)
 * live in the emitter's memory until the file is done.
 */
#ifndef KODOSIS_COMPILER_C_STATE_H
#define KODOSIS_COMPILER_C_STATE_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/memory.h"
#include "kodosis/compiler/text/text.h"

struct c_names;

struct c_emitter {
    const struct kodosis_model *model;
    const struct kodosis_file *file;
    struct kodosis_text *text; /* what is being written: the header or the source */
    struct kodosis_memory memory;
    struct c_names *names;
    const char **composites; /* by type index: the names of structs of lists, maps and arrays that were asked for */
    const char **stems;      /* by type index: the names of helpers behind their verbs */
    bool *declared;          /* by type index: the struct of this list or map stands in the header */
    bool *wrapped;           /* by type index: the header has a pointer to the struct around this array */
    bool *listed;            /* by type index: the header of the list's element declares the list */
    bool *inner;             /* by type index: a struct or union that no call passes by itself */
    bool bare;               /* doc comments are left out */
    bool cold;               /* calls seldom run the function that is being written */
    bool *renewed;           /* by type index: the source has the static function that reads a new value */
    bool *helped;            /* by type index: the static functions for this type stand in the source */

    /* schema.c: the types in its table, and by type index the place in it plus one */
    const struct kodosis_type **schema_types;
    uint32_t *schema_index;
    uint32_t schema_count;
    struct kodosis_text texts; /* what the tables point to: comments that are too long for a literal, defaults */
    unsigned long_texts;
    unsigned initials; /* defaults, as constants in memory */
};

void c_line(struct c_emitter *emitter, const char *format, ...) KODOSIS_PRINTF(2, 3);
const char *c_format(struct c_emitter *emitter, const char *format, ...) KODOSIS_PRINTF(2, 3);

static inline void c_gap(struct c_emitter *emitter)
{
    kodosis_text_add_bytes(emitter->text, "\n", 1);
}

static inline void c_open(struct c_emitter *emitter)
{
    c_line(emitter, "{");
    kodosis_text_indent(emitter->text);
}

static inline void c_close(struct c_emitter *emitter)
{
    kodosis_text_outdent(emitter->text);
    c_line(emitter, "}");
}

/*
 * The lines between c_body_begin and c_body_end become the body of `head`, a loop or condition, with braces if there
 * are several.
 */
struct c_body {
    struct kodosis_text *outer;
    struct kodosis_text text;
};

void c_body_begin(struct c_emitter *emitter, struct c_body *body);
void c_body_end(struct c_emitter *emitter, struct c_body *body, const char *head);

/* Emits a doc comment of the interface file as a C comment; nothing for NULL, and where they are left out. */
void c_doc(struct c_emitter *emitter, const char *doc);

/*
 * Emits `head` with its arguments, and `tail` behind the parenthesis; breaks lines at 120 columns and aligns them to
 * the parenthesis.
 */
void c_call(struct c_emitter *emitter, const char *head, const char *const *arguments, size_t count, const char *tail);

#endif
