/* SPDX-License-Identifier: MIT */
/* The functions of unions. */
#ifndef KODOSIS_COMPILER_C_UNIONS_H
#define KODOSIS_COMPILER_C_UNIONS_H

#include "kodosis/compiler/c/state.h"

void c_emit_union(struct c_emitter *emitter, const struct kodosis_declaration *declaration);

#endif
