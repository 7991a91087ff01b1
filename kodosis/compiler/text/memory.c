/* SPDX-License-Identifier: MIT */
/* The compiler's memory: an arena, and blocks that grow. */
#include "kodosis/compiler/text/memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 64 * 1024 };

struct kodosis_memory_block {
    struct kodosis_memory_block *next;
    alignas(max_align_t) char bytes[];
};

static _Noreturn void out_of_memory(void)
{
    fputs("kodosis: out of memory\n", stderr);
    exit(3);
}

static char *add_block(struct kodosis_memory *memory, size_t size)
{
    struct kodosis_memory_block *block = calloc(1, sizeof(*block) + size);

    if (!block)
        out_of_memory();
    block->next = memory->blocks;
    memory->blocks = block;
    return block->bytes;
}

void *kodosis_memory_take(struct kodosis_memory *memory, size_t size)
{
    char *taken;

    if (size > SIZE_MAX / 2)
        out_of_memory();
    size = ((size ? size : 1) + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (size > BLOCK_SIZE / 4)
        return add_block(memory, size);
    if (size > memory->left) {
        memory->cursor = add_block(memory, BLOCK_SIZE);
        memory->left = BLOCK_SIZE;
    }
    taken = memory->cursor;
    memory->cursor += size;
    memory->left -= size;
    return taken;
}

void *kodosis_memory_take_array(struct kodosis_memory *memory, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        out_of_memory();
    return kodosis_memory_take(memory, count * size);
}

char *kodosis_memory_copy(struct kodosis_memory *memory, const char *text, size_t size)
{
    char *copy = kodosis_memory_take(memory, size + 1);

    if (size)
        memcpy(copy, text, size);
    return copy;
}

void kodosis_memory_clear(struct kodosis_memory *memory)
{
    while (memory->blocks) {
        struct kodosis_memory_block *next = memory->blocks->next;

        free(memory->blocks);
        memory->blocks = next;
    }
    *memory = (struct kodosis_memory){ 0 };
}

void *kodosis_reallocate(void *block, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        out_of_memory();
    block = realloc(block, count && size ? count * size : 1);
    if (!block)
        out_of_memory();
    return block;
}
