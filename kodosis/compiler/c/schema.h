/* SPDX-License-Identifier: MIT */
/* The description of a file. */
#ifndef KODOSIS_COMPILER_C_SCHEMA_H
#define KODOSIS_COMPILER_C_SCHEMA_H

#include "kodosis/compiler/c/state.h"

void c_declare_schema(struct c_emitter *emitter);
void c_emit_schema(struct c_emitter *emitter);

#endif
