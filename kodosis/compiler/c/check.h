/* SPDX-License-Identifier: MIT */
/* Checks what only C forbids. */
#ifndef KODOSIS_COMPILER_C_CHECK_H
#define KODOSIS_COMPILER_C_CHECK_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/diagnostic.h"

/* Reports names that would mean two things in the generated C. The model may be emitted if there are none. */
void c_check(const struct kodosis_model *model, struct kodosis_diagnostics *diagnostics);

#endif
