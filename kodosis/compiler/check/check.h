/* SPDX-License-Identifier: MIT */
/*
 * The checker: from the syntax of all files to the model.
 */
#ifndef KODOSIS_COMPILER_CHECK_CHECK_H
#define KODOSIS_COMPILER_CHECK_CHECK_H

#include "kodosis/compiler/check/unit.h"

struct kodosis_check_input {
    struct kodosis_unit **units; /* each behind what it imports */
    size_t unit_count;
    struct kodosis_memory *memory; /* of the model */
    struct kodosis_diagnostics *diagnostics;
};

/* Checks what was parsed and makes the model; NULL after errors, these or earlier ones. */
const struct kodosis_model *kodosis_check(const struct kodosis_check_input *input);

#endif
