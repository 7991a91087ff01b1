/* SPDX-License-Identifier: MIT */
/* Diagnostics as text for a terminal. */
#ifndef KODOSIS_COMPILER_TEXT_RENDER_H
#define KODOSIS_COMPILER_TEXT_RENDER_H

#include "kodosis/compiler/text/diagnostic.h"

/* Writes everything in the order of the source: place, message, source line, caret, notes; then how many errors. */
void kodosis_diagnostics_render(struct kodosis_diagnostics *diagnostics, struct kodosis_text *text, bool colour);

#endif
