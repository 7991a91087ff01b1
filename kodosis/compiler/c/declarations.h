/* SPDX-License-Identifier: MIT */
/* The header's constants, types and prototypes. */
#ifndef KODOSIS_COMPILER_C_DECLARATIONS_H
#define KODOSIS_COMPILER_C_DECLARATIONS_H

#include "kodosis/compiler/c/state.h"

void c_emit_constants(struct c_emitter *emitter);
void c_emit_declarations(struct c_emitter *emitter);

/* The source's part of the constants that are made of several values. */
void c_define_constants(struct c_emitter *emitter);

/* Emits what a declaration needs and others may need too: structs of lists, maps and arrays. Once each. */
void c_declare_shared(struct c_emitter *emitter, const struct kodosis_declaration *declaration);

/* Emits what only the declaration has; nothing for a service. */
void c_declare_alone(struct c_emitter *emitter, const struct kodosis_declaration *declaration);

#endif
