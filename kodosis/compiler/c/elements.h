/* SPDX-License-Identifier: MIT */
/*
 * The functions that send and take the elements of streams: `_send` and `_next` of a call, and of a request. Where elements
 * go both ways, those of the request are `_request_send` and `_request_next`. None of these emits anything for a procedure
 * without streams.
 */
#ifndef KODOSIS_COMPILER_C_ELEMENTS_H
#define KODOSIS_COMPILER_C_ELEMENTS_H

#include "kodosis/compiler/c/state.h"

/* The caller's side. */
void c_declare_call_elements(struct c_emitter *emitter, const struct kodosis_procedure *procedure);
void c_emit_call_elements(struct c_emitter *emitter, const struct kodosis_procedure *procedure);

/* The side that answers. */
void c_declare_request_elements(struct c_emitter *emitter, const struct kodosis_declaration *service);
void c_emit_request_elements(struct c_emitter *emitter, const struct kodosis_procedure *procedure);

#endif
