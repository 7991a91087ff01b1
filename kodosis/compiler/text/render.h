/* SPDX-License-Identifier: MIT */
/* Diagnostics as text for a terminal, and as JSON. */
#ifndef KODOSIS_COMPILER_TEXT_RENDER_H
#define KODOSIS_COMPILER_TEXT_RENDER_H

#include "kodosis/compiler/text/diagnostic.h"

/* Writes everything in the order of the source: place, message, source line, caret, notes; then how many errors. */
void kodosis_diagnostics_render(struct kodosis_diagnostics *diagnostics, struct kodosis_text *text, bool colour);

/*
 * Writes the same as one JSON object: "diagnostics", in the order of the source, each with its "notes", and how many "errors"
 * and "warnings" there were, which may be more than are shown. The text must be empty.
 */
void kodosis_diagnostics_render_json(struct kodosis_diagnostics *diagnostics, struct kodosis_text *text);

#endif
