/* SPDX-License-Identifier: MIT */
/* Typed errors: raising them, and finding out which one was raised. */
#ifndef KODOSIS_COMPILER_C_ERRORS_H
#define KODOSIS_COMPILER_C_ERRORS_H

#include "kodosis/compiler/c/state.h"

void c_declare_error(struct c_emitter *emitter, const struct kodosis_declaration *error);
void c_emit_error(struct c_emitter *emitter, const struct kodosis_declaration *error);

#endif
