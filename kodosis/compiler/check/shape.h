/* SPDX-License-Identifier: MIT */
/* The canonical text of what a procedure sends, and its hash. */
#ifndef KODOSIS_COMPILER_CHECK_SHAPE_H
#define KODOSIS_COMPILER_CHECK_SHAPE_H

#include "kodosis/compiler/check/checker.h"

void kodosis__shape(struct kodosis_checker *checker, struct kodosis_procedure *procedure);

#endif
