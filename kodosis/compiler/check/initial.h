/* SPDX-License-Identifier: MIT */
/* Defaults: what a reader takes for members of extensible structs that are not there. */
#ifndef KODOSIS_COMPILER_CHECK_INITIAL_H
#define KODOSIS_COMPILER_CHECK_INITIAL_H

#include "kodosis/compiler/check/checker.h"

/*
 * Evaluates the defaults of an extensible struct, whose members are resolved, and finds which members may be missing: the first one
 * that has a default or is optional, and all behind it.
 */
void kodosis__check_initials(struct kodosis_checker *checker, struct kodosis_entry *entry);

#endif
