/* SPDX-License-Identifier: MIT */
/*
 * Size, write and read of sequences of values: the members of a struct, or parameters.
 */
#ifndef KODOSIS_COMPILER_C_CODEC_H
#define KODOSIS_COMPILER_C_CODEC_H

#include "kodosis/compiler/c/state.h"

/* A value with the C expression for it. The expression of what a pointer `p` points to is "*p". */
struct c_field {
    const struct kodosis_type *type;
    const char *expression;
    const char *record;                      /* the pointer to the struct that it is a member of, or NULL */
    const struct kodosis_declaration *owner; /* that struct */
    size_t index;                            /* in its members */
};

/*
 * Emits code that sets `offset` to the offset behind the fields. They begin at `from`: the same string as `offset`, or
 * "0".
 */
void c_size_fields(struct c_emitter *emitter, const struct c_field *fields, size_t count, const char *offset,
                   const char *from);
void c_write_fields(struct c_emitter *emitter, const struct c_field *fields, size_t count);

/* Runs longer than the runtime's zeros end the function after clearing `record`, if that is not NULL, or are split. */
void c_read_fields(struct c_emitter *emitter, const struct c_field *fields, size_t count, const char *record);

/* Whether writing or reading the fields uses a pointer `at`. */
bool c_fields_have_run(struct c_emitter *emitter, const struct c_field *fields, size_t count);

/* "&x" for "x", "p" for "*p". */
const char *c_address(struct c_emitter *emitter, const char *expression);

/* "x.member", "p->member" for "*p". */
const char *c_dot(struct c_emitter *emitter, const char *expression, const char *member);

/* Emits the check of `count` values that were copied or viewed as bytes, for types that are `checked`. */
void c_check_values(struct c_emitter *emitter, const struct kodosis_type *type, const char *first, const char *count,
                    const char *stride);

/* The same for a fixed array. */
void c_check_array(struct c_emitter *emitter, const struct kodosis_type *type, const char *expression);

/*
 * The sizeof of a blittable value. That of an array is a product, because sizeof of an array parameter is that of a
 * pointer.
 */
const char *c_size_of(struct c_emitter *emitter, const struct kodosis_type *type);

/* These emit the steps into and out of a value that may contain its own kind, for sizing, writing and reading. */
void c_enter_size(struct c_emitter *emitter);
void c_enter_write(struct c_emitter *emitter);
void c_enter_read(struct c_emitter *emitter);

#endif
