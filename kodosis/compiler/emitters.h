/* SPDX-License-Identifier: MIT */
/* Which output languages there are. */
#ifndef KODOSIS_COMPILER_EMITTERS_H
#define KODOSIS_COMPILER_EMITTERS_H

#include "kodosis/compiler/emitter.h"

/* The emitter with this name; NULL if there is none. */
const struct kodosis_emitter *kodosis_emitter_find(const char *name);

#endif
