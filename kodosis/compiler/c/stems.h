/* SPDX-License-Identifier: MIT */
/* Words for types, which names are made of. */
#ifndef KODOSIS_COMPILER_C_STEMS_H
#define KODOSIS_COMPILER_C_STEMS_H

#include "kodosis/compiler/c/state.h"

/* The runtime's word for a scalar, string or bytes, or for an enum's integer: "int32". */
const char *c_word(const struct kodosis_type *type);

/* Whether C has a struct for a type: for lists, maps, and arrays of structs or unions (see c_declare_whole). */
bool c_has_struct(const struct kodosis_type *type);

/* The declaration that a composite type is named after: the first in it, looking at elements first; NULL if there is none. */
const struct kodosis_declaration *c_namesake(const struct kodosis_type *type);

/* Words for any type: "shape_list", "string_int64_map". Declared types of `file`, or NULL, stand without their namespace. */
const char *c_stem(struct c_emitter *emitter, const struct kodosis_type *type, const struct kodosis_file *file);

/* Whether the stem of a type can also be read as another type of that file. */
bool c_is_ambiguous(struct c_emitter *emitter, const struct kodosis_type *type, const struct kodosis_file *file,
                    const char *stem);

#endif
