/* SPDX-License-Identifier: MIT */
/*
 * The compiler's memory: an arena for data that lives as long as the model, and plain blocks for data that grows. If
 * there is none left, the program reports that and ends with status 3.
 */
#ifndef KODOSIS_COMPILER_TEXT_MEMORY_H
#define KODOSIS_COMPILER_TEXT_MEMORY_H

#include <stddef.h>

struct kodosis_memory_block;

struct kodosis_memory {
    struct kodosis_memory_block *blocks;
    char *cursor;
    size_t left;
};

/* `size` cleared bytes, aligned for any type; never NULL. */
void *kodosis_memory_take(struct kodosis_memory *memory, size_t size);

/* The same for `count` elements; ends the program if the product overflows. */
void *kodosis_memory_take_array(struct kodosis_memory *memory, size_t count, size_t size);

/* A NUL-terminated copy. */
char *kodosis_memory_copy(struct kodosis_memory *memory, const char *text, size_t size);

/* Releases all that was taken. */
void kodosis_memory_clear(struct kodosis_memory *memory);

/* realloc that never returns NULL. */
void *kodosis_reallocate(void *block, size_t count, size_t size);

#endif
