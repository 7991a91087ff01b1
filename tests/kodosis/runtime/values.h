/* SPDX-License-Identifier: MIT */
/* Encoding and decoding in memory of exactly the size, for tests of generated code. */
#ifndef TESTS_CODEC_VALUES_H
#define TESTS_CODEC_VALUES_H

#include <kodosis/schema.h>

/* The type's functions, with the value behind a plain pointer. */
struct values_type {
    const char *name; /* the full name */
    size_t size;
    uint64_t (*measure)(const void *value, uint64_t offset);
    void (*write)(struct kodosis_writer *writer, const void *value);
    void (*read)(struct kodosis_reader *reader, void *ret_value);
    bool (*equal)(const void *left, const void *right);
    size_t (*print)(const void *value, char *ret_text, size_t capacity);
};

/* clang-format off */
#define VALUES_TYPE(prefix, full_name)                                                                                 \
    static uint64_t prefix##_measure_any(const void *value, uint64_t offset)                                           \
    {                                                                                                                  \
        return prefix##_size(value, offset);                                                                           \
    }                                                                                                                  \
    static void prefix##_write_any(struct kodosis_writer *writer, const void *value)                                   \
    {                                                                                                                  \
        prefix##_write(writer, value);                                                                                 \
    }                                                                                                                  \
    static void prefix##_read_any(struct kodosis_reader *reader, void *ret_value)                                      \
    {                                                                                                                  \
        prefix##_read(reader, ret_value);                                                                              \
    }                                                                                                                  \
    static bool prefix##_equal_any(const void *left, const void *right)                                                \
    {                                                                                                                  \
        return prefix##_equal(left, right);                                                                            \
    }                                                                                                                  \
    static size_t prefix##_print_any(const void *value, char *ret_text, size_t capacity)                               \
    {                                                                                                                  \
        return prefix##_print(value, ret_text, capacity);                                                              \
    }                                                                                                                  \
    static const struct values_type prefix##_type = {                                                                  \
        full_name, sizeof(struct prefix), prefix##_measure_any, prefix##_write_any, prefix##_read_any,                 \
        prefix##_equal_any, prefix##_print_any,                                                                        \
    }
/* clang-format on */

#endif
