/* SPDX-License-Identifier: MIT */
/* The functions of structs and errors. */
#ifndef KODOSIS_COMPILER_C_STRUCTS_H
#define KODOSIS_COMPILER_C_STRUCTS_H

#include "kodosis/compiler/c/state.h"

void c_emit_struct(struct c_emitter *emitter, const struct kodosis_declaration *declaration);

#endif
