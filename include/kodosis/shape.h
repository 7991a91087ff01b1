/* SPDX-License-Identifier: MIT */
/*
 * Canonical texts of procedures (docs/wire-format.md has their grammar): whether a caller and a callee that were compiled from
 * two versions of an interface file understand each other.
 */
#ifndef KODOSIS_SHAPE_H
#define KODOSIS_SHAPE_H

#include <kodosis/arena.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Whether two shapes match: they are the same, except that extensible structs and unions may have members at their end that
 * the other one lacks. The members of a struct that are always there are the same in both. Symmetric. Texts that follow no grammar match
 * nothing. Time and memory are in proportion to the texts' sizes; the memory is the arena's, and false is the answer where that
 * has none. Does not block; any thread.
 */
KODOSIS_API bool kodosis_shapes_match(const char *left, size_t left_size, const char *right, size_t right_size,
                                      struct kodosis_arena *arena);

#ifdef __cplusplus
}
#endif

#endif
