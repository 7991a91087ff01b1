/* SPDX-License-Identifier: MIT */
/*
 * `kodosis doc`: pages of HTML about what the files declare, one for each file and an overview, each whole by itself.
 */
#ifndef KODOSIS_COMPILER_DOC_DOC_H
#define KODOSIS_COMPILER_DOC_DOC_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/text.h"

/*
 * Writes the pages of all files of the model, and index.html, into a directory, which is made if need be. 0, or an errno value and, in
 * ret_failed, the path that could not be written. The same model and version give the same bytes.
 */
int kodosis_doc_write(const struct kodosis_model *model, const char *directory, const char *version,
                      struct kodosis_text *ret_failed);

#endif
