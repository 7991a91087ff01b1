/* SPDX-License-Identifier: MIT */
/* Declarations of two versions, by their names. */
#ifndef KODOSIS_COMPILER_BREAKING_DECLARATIONS_H
#define KODOSIS_COMPILER_BREAKING_DECLARATIONS_H

#include "kodosis/compiler/breaking/graph.h"

/*
 * Compares the declarations of the requested files, services left out: what was removed, constants, names of types. Adds the pairs of
 * types that have one name.
 */
void kodosis__break_declarations(struct kodosis_breaks *breaks);

#endif
