/* SPDX-License-Identifier: MIT */
/* What the C header has for each declaration, without the comments of the interface file. */
#ifndef KODOSIS_COMPILER_C_EXCERPTS_H
#define KODOSIS_COMPILER_C_EXCERPTS_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/text.h"

/*
 * Appends to ret_texts[i] what the header of `file` says of its i-th declaration: macro, typedef, struct and functions, proxy, handlers. The
 * structs of lists and maps, which several declarations share, are left out.
 */
void kodosis_c_excerpts(const struct kodosis_model *model, const struct kodosis_file *file,
                        struct kodosis_text *ret_texts);

#endif
