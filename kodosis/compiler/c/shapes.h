/* SPDX-License-Identifier: MIT */
/* C types. */
#ifndef KODOSIS_COMPILER_C_SHAPES_H
#define KODOSIS_COMPILER_C_SHAPES_H

#include "kodosis/compiler/c/state.h"

/* A declaration of `name` with this type: "const struct paper_point *name", "uint8_t id[16]". */
const char *c_declare(struct c_emitter *emitter, const struct kodosis_type *type, const char *name, bool constant);

/* The same of a pointer to such a value; an array's pointer is one to its first element. */
const char *c_declare_pointer(struct c_emitter *emitter, const struct kodosis_type *type, const char *name,
                              bool constant);

/*
 * The same of a pointer to a whole value: to an array, not to its first element. An array of structs or unions is wrapped
 * in a struct for that, whose member `items` it is. c_whole is the expression for the value.
 */
const char *c_declare_whole(struct c_emitter *emitter, const struct kodosis_type *type, const char *name,
                            bool constant);
const char *c_whole(struct c_emitter *emitter, const struct kodosis_type *type, const char *pointer);
bool c_whole_is_wrapped(const struct kodosis_type *type);

/* The type alone, for sizeof and casts. */
const char *c_type(struct c_emitter *emitter, const struct kodosis_type *type);

/* How a function takes a value: structs and unions by const pointer, arrays as C does, all else by value. */
const char *c_argument(struct c_emitter *emitter, const struct kodosis_type *type, const char *name);

bool c_is_record(const struct kodosis_type *type);        /* struct, union or error */
bool c_has_runtime_list(const struct kodosis_type *list); /* its struct and functions are the runtime's */
bool c_is_pointer_member(const struct kodosis_declaration *declaration, const struct kodosis_member *member);

#endif
