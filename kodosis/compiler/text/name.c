/* SPDX-License-Identifier: MIT */
/* Names in other spellings. */
#include "kodosis/compiler/text/name.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool begins_word(const char *name, size_t i)
{
    if (!i || !isupper((unsigned char)name[i]))
        return false;
    if (islower((unsigned char)name[i - 1]) || isdigit((unsigned char)name[i - 1]))
        return true;
    return isupper((unsigned char)name[i - 1]) && islower((unsigned char)name[i + 1]);
}

const char *kodosis_snake_case(struct kodosis_memory *memory, const char *name)
{
    size_t size = strlen(name);
    char *snake = kodosis_memory_take(memory, 2 * size + 1);
    char *out = snake;

    for (size_t i = 0; i < size; i++) {
        if (begins_word(name, i))
            *out++ = '_';
        *out++ = name[i] == '.' ? '_' : (char)tolower((unsigned char)name[i]);
    }
    return snake;
}

const char *kodosis_join(struct kodosis_memory *memory, const char *a, const char *separator, const char *b)
{
    size_t a_size = strlen(a);
    size_t separator_size = strlen(separator);
    size_t b_size = strlen(b);
    char *joined = kodosis_memory_take(memory, a_size + separator_size + b_size + 1);

    memcpy(joined, a, a_size);
    memcpy(joined + a_size, separator, separator_size);
    memcpy(joined + a_size + separator_size, b, b_size);
    return joined;
}

void kodosis_add_output_name(struct kodosis_text *text, const char *name, const char *suffix)
{
    size_t size = strlen(name);

    if (size > 4 && strcmp(name + size - 4, ".kod") == 0)
        size -= 4;
    kodosis_text_add(text, "%.*s%s", (int)size, name, suffix);
}
