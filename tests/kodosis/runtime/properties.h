/* SPDX-License-Identifier: MIT */
/* A random interface: its schema, and the generated functions of its structs and unions. */
#ifndef TESTS_CODEC_PROPERTIES_H
#define TESTS_CODEC_PROPERTIES_H

#include "kodosis/runtime/values.h"

struct properties {
    const struct kodosis_schema *schema;
    const struct values_type *const *types;
    size_t type_count;
};

#endif
