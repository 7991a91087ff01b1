/* SPDX-License-Identifier: MIT */
/*
 * The checked model as JSON, for tools: docs/kodosis-language.md says what it holds.
 */
#ifndef KODOSIS_COMPILER_DESCRIBE_H
#define KODOSIS_COMPILER_DESCRIBE_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/text.h"

void kodosis_describe(const struct kodosis_model *model, struct kodosis_text *text);

#endif
