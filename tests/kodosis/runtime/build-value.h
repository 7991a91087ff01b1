/* SPDX-License-Identifier: MIT */
/* Random values of types that only a schema describes. */
#ifndef TESTS_CODEC_BUILD_VALUE_H
#define TESTS_CODEC_BUILD_VALUE_H

#include <kodosis/schema.h>

/*
 * Fills `ret_value` with a random value of a type that only the schema describes. What it points to comes from the arena.
 * `size` is about how many parts it may still have.
 */
void build_value(const struct kodosis_schema *schema, uint32_t type, struct kodosis_arena *arena, uint64_t *random,
                 int *size, void *ret_value);

#endif
