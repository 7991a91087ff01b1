/* SPDX-License-Identifier: MIT */
/* The functions of all types of a file. */
#ifndef KODOSIS_COMPILER_C_RECORDS_H
#define KODOSIS_COMPILER_C_RECORDS_H

#include "kodosis/compiler/c/state.h"

void c_emit_records(struct c_emitter *emitter);

#endif
