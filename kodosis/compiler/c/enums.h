/* SPDX-License-Identifier: MIT */
/* The functions of enums. */
#ifndef KODOSIS_COMPILER_C_ENUMS_H
#define KODOSIS_COMPILER_C_ENUMS_H

#include "kodosis/compiler/c/state.h"

void c_emit_enum(struct c_emitter *emitter, const struct kodosis_declaration *declaration);

#endif
