/* SPDX-License-Identifier: MIT */
/*
 * Parameters and results of procedures.
 */
#ifndef KODOSIS_COMPILER_C_CALLS_H
#define KODOSIS_COMPILER_C_CALLS_H

#include "kodosis/compiler/c/codec.h"

/* A list of arguments that is being built. It has room for all parameters and some arguments of the stub's own. */
struct c_arguments {
    const char **items;
    size_t count;
};

struct c_arguments c_arguments(struct c_emitter *emitter, const struct kodosis_procedure *procedure);
void c_add_argument(struct c_arguments *arguments, const char *argument);

/* The parameters as fields to write, in a function that uses the names of `taken` itself (see c_parameter). */
struct c_field *c_parameter_fields(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                                   const char *const *taken);

/*
 * Whether a stub returns a view of the result: it does for large blittable structs and arrays, which it would otherwise
 * copy.
 */
bool c_is_returned_as_view(const struct kodosis_type *type);

/*
 * Returns the expression for the encoded size of fields. If that is no constant, it first emits lines that compute
 * `body_size`.
 */
const char *c_body_size(struct c_emitter *emitter, const struct c_field *fields, size_t count);

/* Whether c_body_size uses the variable `body_size`. */
bool c_has_body_size(const struct c_field *fields, size_t count);

/* A parameter that is passed as c_argument declares it; `pointer` is the name behind a star. */
struct c_field c_value_field(const struct kodosis_type *type, const char *name, const char *pointer);

/*
 * Emits the lines of a function that writes one value (none if `type` is NULL) into the answer or element that `begin`
 * opens and the function `send` publishes.
 */
void c_emit_send(struct c_emitter *emitter, const struct kodosis_type *type, const char *begin, const char *send);

/* The name of a service's table. */
const char *c_interface(struct c_emitter *emitter, const struct kodosis_declaration *service);

#endif
