/* SPDX-License-Identifier: MIT */
/* Sizes, alignments and the other facts of types. */
#ifndef KODOSIS_COMPILER_CHECK_LAYOUT_H
#define KODOSIS_COMPILER_CHECK_LAYOUT_H

#include "kodosis/compiler/check/checker.h"

void kodosis__check_layout(struct kodosis_checker *checker);

#endif
