/* SPDX-License-Identifier: MIT */
/*
 * What a change of interface files breaks: two models compared. docs/kodosis-language.md lists what breaks what.
 */
#ifndef KODOSIS_COMPILER_BREAKING_BREAKING_H
#define KODOSIS_COMPILER_BREAKING_BREAKING_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/diagnostic.h"

/* The kinds of breaks, as bits. */
enum {
    KODOSIS_BREAK_WIRE = 1,   /* a procedure is told apart when binding, or is not there; or a type has other bytes */
    KODOSIS_BREAK_SOURCE = 2, /* programs have to be changed before they compile */
    KODOSIS_BREAK_BEHAVIOUR = 4, /* all binds and compiles, and something means something else */
    KODOSIS_BREAK_NOTICE = 8,    /* breaks nothing, but its users want to know: deprecated */
    KODOSIS_BREAK_ALL = 15,
};

struct kodosis_comparison {
    const struct kodosis_model *old;
    const struct kodosis_model *new;
    unsigned kinds; /* those that are looked for */
};

/*
 * Reports what the step from the old model to the new one breaks: errors, and notes for mere notices, at the place in the new
 * files, or in the old ones where something is gone. Both models stay as long as the diagnostics. Returns the number of breaks,
 * notices left out.
 */
size_t kodosis_breaking(const struct kodosis_comparison *comparison, struct kodosis_diagnostics *diagnostics);

/* Whether a caller that was built with one of two procedures is granted the other one when it binds. Symmetric. */
bool kodosis_procedures_match(const struct kodosis_procedure *old, const struct kodosis_procedure *new);

#endif
