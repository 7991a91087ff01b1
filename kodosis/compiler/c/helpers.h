/* SPDX-License-Identifier: MIT */
/* Static functions for lists, maps, optionals and arrays. */
#ifndef KODOSIS_COMPILER_C_HELPERS_H
#define KODOSIS_COMPILER_C_HELPERS_H

#include "kodosis/compiler/c/state.h"

/* Gives the helpers of a type, and of those in it, their names. */
void c_name_helpers(struct c_emitter *emitter, const struct kodosis_type *type);

/* Emits the helpers of a type, and of those in it, unless the source has them already. */
void c_emit_helpers(struct c_emitter *emitter, const struct kodosis_type *type);

#endif
