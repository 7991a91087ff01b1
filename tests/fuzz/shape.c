/* SPDX-License-Identifier: MIT */
/*
 * Compares any two canonical texts, which a line's end divides: the answer is the same both ways round, and comes without a step
 * beyond the texts. A text that is a shape matches itself, so what matches another one matches itself.
 */
#include <stdlib.h>

#include <kodosis/shape.h>

enum { MEMORY_MAX = 1 << 24 };

static bool match(const char *left, size_t left_size, const char *right, size_t right_size)
{
    struct kodosis_arena arena;
    bool answer;

    kodosis_arena_init(&arena, NULL, MEMORY_MAX);
    answer = kodosis_shapes_match(left, left_size, right, right_size, &arena);
    kodosis_arena_clear(&arena);
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t left_size = end ? (size_t)(end - data) : size;
    size_t right_size = end ? size - left_size - 1 : 0;
    char *left = malloc(left_size + 1);
    char *right = malloc(right_size + 1);
    bool answer;

    if (!left || !right)
        abort();
    if (size)
        memcpy(left, data, left_size);
    if (right_size)
        memcpy(right, end + 1, right_size);
    left = realloc(left, left_size ? left_size : 1); /* exactly the size, for the sanitizer */
    right = realloc(right, right_size ? right_size : 1);
    answer = match(left, left_size, right, right_size);
    if (answer != match(right, right_size, left, left_size))
        abort();
    if (answer && !match(left, left_size, left, left_size))
        abort();
    free(left);
    free(right);
    return 0;
}
