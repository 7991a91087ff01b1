/* SPDX-License-Identifier: MIT */
/* The structs of lists and maps, and the structs around arrays. */
#ifndef KODOSIS_COMPILER_C_COMPOSITES_H
#define KODOSIS_COMPILER_C_COMPOSITES_H

#include "kodosis/compiler/c/state.h"

/* Notes which lists are declared beside their elements, in this file's header or one that it imports. */
void c_note_lists(struct c_emitter *emitter);

/*
 * Declares the list and map structs that a type needs, once. A list of a declared type stands in that type's header if it is
 * used there. All others are guarded, because several headers may need the same one.
 */
void c_declare_composites(struct c_emitter *emitter, const struct kodosis_type *type);

/* Notes that the header has a pointer to a whole value of this type. */
void c_note_pointer(struct c_emitter *emitter, const struct kodosis_type *type);

/* Declares the entries of all maps that were declared, and the structs around arrays. */
void c_declare_entries(struct c_emitter *emitter);

#endif
