/* SPDX-License-Identifier: MIT */
/* The server's side of a service. */
#ifndef KODOSIS_COMPILER_C_SERVER_H
#define KODOSIS_COMPILER_C_SERVER_H

#include "kodosis/compiler/c/state.h"

/* The table of a service, with the functions in it: both sides use it. */
void c_emit_interface(struct c_emitter *emitter, const struct kodosis_declaration *service);

void c_declare_server(struct c_emitter *emitter, const struct kodosis_declaration *service);
void c_emit_server(struct c_emitter *emitter, const struct kodosis_declaration *service);

#endif
