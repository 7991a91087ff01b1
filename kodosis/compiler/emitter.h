/* SPDX-License-Identifier: MIT */
/*
 * The output languages. Each has a folder of its own with a table of this kind, and a line in emitters.c.
 */
#ifndef KODOSIS_COMPILER_EMITTER_H
#define KODOSIS_COMPILER_EMITTER_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/diagnostic.h"
#include "kodosis/compiler/text/text.h"

enum { KODOSIS_OUTPUTS_MAX = 4 };

struct kodosis_emitter {
    const char *name; /* "c": the language on the command line, and the folder */
    const char *const
        *outputs; /* the endings of the files that are written, in place of ".kod"; NULL behind the last */

    /* Reports what only this language forbids. The model may be emitted if nothing was reported. */
    void (*check)(const struct kodosis_model *model, struct kodosis_diagnostics *diagnostics);

    /* Appends the texts of one file's outputs. The same model and version give the same bytes. `version` is the compiler's. */
    void (*emit)(const struct kodosis_model *model, const struct kodosis_file *file, const char *version,
                 struct kodosis_text *ret_texts);
};

#endif
