/* SPDX-License-Identifier: MIT */
/*
 * Values that a function reads from a message and gives to its caller: results of calls, elements of streams. They are read
 * into a variable, so that a failure leaves the caller's alone.
 */
#ifndef KODOSIS_COMPILER_C_OUTPUTS_H
#define KODOSIS_COMPILER_C_OUTPUTS_H

#include "kodosis/compiler/c/state.h"

/* The parameter through which the value is given: "int32_t *ret_value". */
const char *c_output(struct c_emitter *emitter, const struct kodosis_type *type, const char *name);

/* Declares the variable, and `at` where reading uses it. */
void c_declare_output(struct c_emitter *emitter, const struct kodosis_type *type, const char *variable);

/* Emits lines that read the variable by the pointer `reader`. */
void c_read_output(struct c_emitter *emitter, const struct kodosis_type *type, const char *variable);

/* Emits the line that gives the variable to the caller. */
void c_hand_out(struct c_emitter *emitter, const struct kodosis_type *type, const char *variable, const char *output);

#endif
