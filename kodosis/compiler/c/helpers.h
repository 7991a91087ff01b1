/* Static functions for lists, maps, optionals and arrays. */
#ifndef KODOSIS_COMPILER_C_HELPERS_H
#define KODOSIS_COMPILER_C_HELPERS_H

#include "kodosis/compiler/c/state.h"

void c_emit_helpers(struct c_emitter *emitter, const struct kodosis_type *type);

#endif
