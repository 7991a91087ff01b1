/* SPDX-License-Identifier: MIT */
/* A hash table from strings to pointers. */
#include "kodosis/compiler/text/table.h"

#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/text/memory.h"

enum { CAPACITY_MIN = 64 };

uint64_t kodosis_hash(const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < size; i++) {
        hash ^= byte[i];
        hash *= 0x100000001b3u;
    }
    return hash;
}

/* The entry with the key, or the free one where the key belongs. There is always a free entry. */
static struct kodosis_table_entry *locate(const struct kodosis_table *table, const char *key, uint64_t hash)
{
    size_t mask = table->capacity - 1;
    size_t index = (size_t)(hash ^ hash >> 32) & mask;

    while (table->entries[index].key && (table->entries[index].hash != hash || strcmp(table->entries[index].key, key)))
        index = (index + 1) & mask;
    return &table->entries[index];
}

static void grow(struct kodosis_table *table)
{
    struct kodosis_table old = *table;

    table->capacity = old.capacity ? old.capacity * 2 : CAPACITY_MIN;
    table->entries = kodosis_reallocate(NULL, table->capacity, sizeof(*table->entries));
    memset(table->entries, 0, table->capacity * sizeof(*table->entries));
    for (size_t i = 0; i < old.capacity; i++)
        if (old.entries[i].key)
            *locate(table, old.entries[i].key, old.entries[i].hash) = old.entries[i];
    free(old.entries);
}

void *kodosis_table_find(const struct kodosis_table *table, const char *key)
{
    return table->capacity ? locate(table, key, kodosis_hash(key, strlen(key)))->value : NULL;
}

void *kodosis_table_add(struct kodosis_table *table, const char *key, void *value)
{
    uint64_t hash = kodosis_hash(key, strlen(key));
    struct kodosis_table_entry *entry;

    if (table->count >= table->capacity / 2)
        grow(table);
    entry = locate(table, key, hash);
    if (entry->key)
        return entry->value;
    *entry = (struct kodosis_table_entry){ key, hash, value };
    table->count++;
    return NULL;
}

void kodosis_table_clear(struct kodosis_table *table)
{
    free(table->entries);
    *table = (struct kodosis_table){ 0 };
}
