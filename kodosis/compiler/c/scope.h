/* SPDX-License-Identifier: MIT */
/* Which file owns which name, and how a name gets out of the way of another. */
#ifndef KODOSIS_COMPILER_C_SCOPE_H
#define KODOSIS_COMPILER_C_SCOPE_H

#include "kodosis/compiler/c/state.h"
#include "kodosis/compiler/text/diagnostic.h"
#include "kodosis/compiler/text/table.h"

/* A name at file scope, and the file that has it. */
struct c_claim {
    const struct kodosis_file *file;
    const struct kodosis_position *position;
    bool written; /* as a declaration in the interface file, rather than made from one */
};

struct c_names {
    struct kodosis_diagnostics *diagnostics; /* or NULL */
    struct kodosis_table owned;
    struct kodosis_table macros;
    struct kodosis_table statics; /* of the emitter's file */
    const char **schemas;         /* by file index */
    uint64_t *seen;               /* a row of bits for each file: which files it includes, itself among them */
    size_t row;                   /* words of a row */
};

/* ---- Which files see which ---- */

/* Notes what `file` includes: itself, and what the files that it imports include, which were noted before. */
void c_see(struct c_names *names, const struct kodosis_file *file);
bool c_sees(const struct c_names *names, const struct kodosis_file *file, const struct kodosis_file *other);

/* ---- Getting out of the way ---- */

/* The name with an underscore behind it. */
const char *c_aside(struct c_emitter *emitter, const char *name);

/* A name at file scope: `name` with the file's namespace in front, and an underscore behind it if C has that name already. */
const char *c_scoped(struct c_emitter *emitter, const struct kodosis_file *file, const char *name);

/* The same in capitals, for macros. */
const char *c_upper(struct c_emitter *emitter, const struct kodosis_file *file, const char *name);

/* The claim of a name at file scope; NULL if no file owns it. */
const struct c_claim *c_owner_of(const struct c_emitter *emitter, const char *name);

/* Adds underscores to a name that applications do not write until its file owns no other thing of that name. */
const char *c_clear_of(struct c_emitter *emitter, const struct kodosis_file *file, const char *name);

/*
 * The name of a thing that is made from a declaration, with an underscore if a declaration of the same file has that
 * name.
 */
const char *c_yielding(struct c_emitter *emitter, const struct kodosis_file *file, const char *name);

/* A name inside of a struct or function of this file: it differs from all names that the file sees. */
const char *c_inside(struct c_emitter *emitter, const struct kodosis_file *file, const char *name);

#endif
