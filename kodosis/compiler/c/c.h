/*
 * The C emitter: from one file of a checked model to one header and one source file. `paper.kod` becomes `paper.h` and
 * `paper.c`.
 */
#ifndef KODOSIS_COMPILER_C_C_H
#define KODOSIS_COMPILER_C_C_H

#include "kodosis/compiler/diagnostic.h"
#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text.h"

/* Appends the name of what is generated from the file `name`: ".kod" becomes `suffix`, which is ".h" or ".c". */
void kodosis_c_add_name(struct kodosis_text *text, const char *name, const char *suffix);

/* Reports names that would be two things in the generated C. The model may be emitted if there are none. */
void kodosis_c_check(const struct kodosis_model *model, struct kodosis_diagnostics *diagnostics);

/* Appends the texts of both files. The same model and version give the same bytes. `version` is the compiler's. */
void kodosis_c_emit(const struct kodosis_model *model, const struct kodosis_file *file, const char *version,
                    struct kodosis_text *header, struct kodosis_text *source);

#endif
