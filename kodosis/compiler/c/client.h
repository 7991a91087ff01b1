/* SPDX-License-Identifier: MIT */
/* The client's side of a service. */
#ifndef KODOSIS_COMPILER_C_CLIENT_H
#define KODOSIS_COMPILER_C_CLIENT_H

#include "kodosis/compiler/c/state.h"

void c_declare_client(struct c_emitter *emitter, const struct kodosis_declaration *service);
void c_emit_client(struct c_emitter *emitter, const struct kodosis_declaration *service);

#endif
