/* SPDX-License-Identifier: MIT */
/* Sizes, alignments and the other facts of types. */
#ifndef KODOSIS_COMPILER_CHECK_LAYOUT_H
#define KODOSIS_COMPILER_CHECK_LAYOUT_H

#include "kodosis/compiler/check/checker.h"

/* Computes the layouts, of types none of which contains itself by value. */
void kodosis__check_layout(struct kodosis_checker *checker);

/* Finds the types that hold an fd, and reports what must not. Types may contain themselves. */
void kodosis__check_descriptors(struct kodosis_checker *checker);

#endif
