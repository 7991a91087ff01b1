/* SPDX-License-Identifier: MIT */
/* Claims all names of the files that come together in one program of C. */
#ifndef KODOSIS_COMPILER_C_CLAIMS_H
#define KODOSIS_COMPILER_C_CLAIMS_H

#include "kodosis/compiler/c/state.h"
#include "kodosis/compiler/text/diagnostic.h"

/*
 * Notes which file owns which name, for the emitter's file and all that it imports, or for all files if the emitter has
 * no file. Reports names that would mean two things, unless `diagnostics` is NULL.
 */
void c_claims_open(struct c_emitter *emitter, struct kodosis_diagnostics *diagnostics);
void c_claims_close(struct c_emitter *emitter);

#endif
