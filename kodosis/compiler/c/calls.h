/* SPDX-License-Identifier: MIT */
/*
 * Parameters and results of procedures.
 */
#ifndef KODOSIS_COMPILER_C_CALLS_H
#define KODOSIS_COMPILER_C_CALLS_H

#include "kodosis/compiler/c/codec.h"

/* A list of arguments in the making; room for all parameters and some of the stub's own. */
struct c_arguments {
    const char **items;
    size_t count;
};

struct c_arguments c_arguments(struct c_emitter *emitter, const struct kodosis_procedure *procedure);
void c_add_argument(struct c_arguments *arguments, const char *argument);

/* The parameters as fields to write, under their names in such a function. */
struct c_field *c_parameter_fields(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                                   const char *const *taken);

/* Whether a result is handed out where it lies: blittable structs and arrays too large to copy gladly. */
bool c_is_returned_as_view(const struct kodosis_type *type);

/* Computes the encoded size of fields: an expression, after lines that compute `body_size` where it is not a constant. */
const char *c_body_size(struct c_emitter *emitter, const struct c_field *fields, size_t count);

/* Whether that takes a variable. */
bool c_has_body_size(const struct c_field *fields, size_t count);

/* The lines of a function that writes one value (or none, for NULL) into the answer that `begin` opens. */
void c_emit_send(struct c_emitter *emitter, const struct kodosis_type *type, const char *begin);

/* The table of a service. */
const char *c_interface(struct c_emitter *emitter, const struct kodosis_declaration *service);

#endif
