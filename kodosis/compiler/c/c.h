/* SPDX-License-Identifier: MIT */
/*
 * The C emitter: from one file of a checked model to one header and one source file. `paper.kod` becomes `paper.h` and
 * `paper.c`.
 */
#ifndef KODOSIS_COMPILER_C_C_H
#define KODOSIS_COMPILER_C_C_H

#include "kodosis/compiler/emitter.h"

extern const struct kodosis_emitter kodosis_c_emitter;

#endif
