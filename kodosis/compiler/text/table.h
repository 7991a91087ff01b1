/* SPDX-License-Identifier: MIT */
/*
 * A hash table from strings to pointers. Keys are borrowed and must stay; nothing is ever removed.
 */
#ifndef KODOSIS_COMPILER_TEXT_TABLE_H
#define KODOSIS_COMPILER_TEXT_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct kodosis_table_entry {
    const char *key;
    uint64_t hash;
    void *value;
};

struct kodosis_table {
    struct kodosis_table_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

/* The value for a key, or NULL. */
void *kodosis_table_find(const struct kodosis_table *table, const char *key);

/* Adds a key that is not there yet and returns NULL; otherwise returns its value and changes nothing. */
void *kodosis_table_add(struct kodosis_table *table, const char *key, void *value);

void kodosis_table_clear(struct kodosis_table *table);

/* FNV-1a, 64 bits. */
uint64_t kodosis_hash(const void *bytes, size_t size);

#endif
